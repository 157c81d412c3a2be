//! Calls: who is rung, how two phones are joined, and the applications that answer in their place.

mod announce;
mod applications;
mod attempt;
mod breath;
mod connected;
mod details;
mod formats;
mod hearing;
mod inbound;
mod incoming;
mod info;
mod line;
mod media;
mod negotiation;
mod office;
mod origin;
mod outside;
mod party;
mod recall;
mod ring;
mod sending;
mod stage;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use crds::Directory;
use mailbox::Mailboxes;
use sip::endpoint::{SessionEvent, SessionId};
use sip::syntax::{HeaderName, Headers};
use tokio::sync::watch;

pub use hearing::Heard;
pub use inbound::{Arrival, take};
pub use media::{MediaAddresses, MediaPool};
pub use office::Spoken;
pub use origin::Origin;

use crate::homes::Homes;
use crate::metrics::Metrics;
use crate::recordings::Recordings;
use crate::signalling::Signalling;
use crate::traces::Traces;
use crate::trunks::Trunks;
use crate::voice::Voice;

/// What a call hears of.
#[derive(Debug)]
pub enum CallEvent {
    /// From one of its sessions. Boxed: a channel sets room for many events aside at once.
    Session(SessionId, Box<SessionEvent>),
    /// From one of its media legs.
    Media(::media::engine::Event),
}

/// The way to a call. A queue that sets no room aside: most calls are quiet most of the time.
pub type EventSender = futures::channel::mpsc::UnboundedSender<CallEvent>;
/// Where a call hears its events.
pub type EventReceiver = futures::channel::mpsc::UnboundedReceiver<CallEvent>;

/// Everything that calls share.
pub struct Exchange {
    /// SIP.
    pub signalling: Rc<Signalling>,
    /// Media.
    pub media: Rc<MediaPool>,
    /// The users' homes.
    pub homes: Rc<Homes>,
    /// The trunks.
    pub trunks: Rc<Trunks>,
    /// Messages and call details.
    pub mailboxes: Mailboxes,
    /// What is spoken.
    pub voice: Voice,
    /// What is recorded among the shared files.
    pub recordings: Rc<Recordings>,
    /// The figures.
    pub metrics: Metrics,
    /// Traces of calls.
    pub traces: Traces,
    directory: watch::Receiver<Arc<Directory>>,
    life: watch::Receiver<Life>,
    calls: Cell<u64>,
}

/// What changes while calls are made.
#[derive(Debug)]
pub struct News {
    /// The directory in force.
    pub directory: watch::Receiver<Arc<Directory>>,
    /// How long the worker lives.
    pub life: watch::Receiver<Life>,
}

/// How far a worker's life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Life {
    /// It takes calls.
    Serving,
    /// It waits for its calls to end and takes no others, but those for help.
    Draining,
    /// It ends the calls it has.
    Stopping,
}

impl Exchange {
    /// What calls work with.
    #[allow(
        clippy::too_many_arguments,
        reason = "its parts, each named by its type"
    )]
    pub fn new(
        signalling: Rc<Signalling>,
        media: Rc<MediaPool>,
        homes: Rc<Homes>,
        trunks: Rc<Trunks>,
        mailboxes: Mailboxes,
        voice: Voice,
        recordings: Rc<Recordings>,
        metrics: Metrics,
        news: News,
    ) -> Rc<Self> {
        Rc::new(Self {
            signalling,
            media,
            homes,
            trunks,
            recordings,
            mailboxes,
            voice,
            metrics,
            traces: Traces::default(),
            directory: news.directory,
            life: news.life,
            calls: Cell::new(0),
        })
    }

    /// The directory in force.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.borrow())
    }

    /// Tells when the worker stops.
    pub fn stopping(&self) -> Stopping {
        Stopping(self.life.clone())
    }

    /// How far the worker's life has come.
    pub fn life(&self) -> Life {
        *self.life.borrow()
    }

    /// How many calls there are now.
    pub fn calls_in_progress(&self) -> i64 {
        self.metrics.calls_active.with_label_values(&["in"]).get()
    }

    fn next_call(&self) -> u64 {
        self.calls.set(self.calls.get() + 1);
        self.calls.get()
    }
}

/// Waits for the worker to stop.
#[derive(Debug)]
pub struct Stopping(watch::Receiver<Life>);

impl Stopping {
    /// Done when the worker stops.
    pub async fn stopped(&mut self) {
        if self
            .0
            .wait_for(|life| *life == Life::Stopping)
            .await
            .is_err()
        {
            // Whoever could stop us is gone without saying so.
            std::future::pending::<()>().await;
        }
    }
}

/// Retry-After, for 503 (RFC 3261 section 21.5.4).
pub fn retry_soon() -> Headers {
    let mut headers = Headers::default();
    headers.push(HeaderName::RetryAfter, "5");
    headers
}
