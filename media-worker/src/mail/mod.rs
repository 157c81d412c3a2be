//! E-mail: messages mailed to their owners (spec MB-7), and their e-mails counted (MB-8), on a thread of its own.
//!
//! Nothing on the path of a call waits for it: encoding a recording and securing a connection cost what calls must not notice.

mod backoff;
mod counting;
mod errand;
mod letters;
mod mailer;
mod post;
mod refusals;

use std::sync::Arc;
use std::thread;

use anyhow::Context;
use crds::Directory;
use mail::Patience;
use mailbox::{MailWanted, MailboxId, Mailboxes};
use prompts::MailCatalogue;
use tokio::sync::{mpsc, watch};

pub use post::{Post, Question};
pub use refusals::Refusals;

use crate::metrics::Metrics;
use crds::report::Finding;
use crds::user::EmailMode;

/// What the room works with.
pub struct MailContext {
    /// Messages, and the e-mails that are to be sent about them.
    pub mailboxes: Mailboxes,
    /// The directory in force.
    pub directory: watch::Receiver<Arc<Directory>>,
    /// What is written.
    pub texts: MailCatalogue,
    /// This worker's name, under which it holds what it is at.
    pub worker: String,
    /// The figures.
    pub metrics: Metrics,
    /// How long servers are waited for.
    pub patience: Patience,
}

/// What comes out of the room.
pub struct Room {
    /// The way in.
    pub post: Post,
    /// Mailboxes that it has changed: their owners' lamps follow.
    pub changed: mpsc::UnboundedReceiver<MailboxId>,
}

/// Begins to send and to count.
///
/// # Errors
/// When the thread can't be started.
pub fn start(context: MailContext) -> anyhow::Result<Room> {
    let (questions, asked) = mpsc::channel(MOST_WAITING);
    let (tell_changed, changed) = mpsc::unbounded_channel();
    let (tell_finding, finding) = watch::channel(None::<Finding>);
    let refusals = Refusals::default();
    let post = Post {
        questions,
        finding,
        refusals: refusals.clone(),
    };
    let metrics = context.metrics.clone();
    let mailer = mailer::Mailer::new(context, tell_changed, tell_finding, refusals);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime of e-mail can't be started")?;
    thread::Builder::new()
        .name("mail".to_owned())
        .spawn(move || {
            let room = tokio::task::LocalSet::new();
            room.spawn_local(mailer.run());
            room.block_on(&runtime, counting::answer(asked, metrics));
        })
        .context("the thread of e-mail can't be started")?;
    Ok(Room { post, changed })
}

/// For whose messages e-mails are sent, by the directory in force when they arrive.
pub fn wanted(directory: watch::Receiver<Arc<Directory>>) -> MailWanted {
    MailWanted::For(Arc::new(move |mailbox| {
        let directory = directory.borrow();
        let user = directory.user_of_mailbox(mailbox.as_str());
        directory.system().mail.is_some()
            && user.is_some_and(|user| user.email.is_some() && user.email_mode != EmailMode::Off)
    }))
}

/// Logins that wait for their e-mails to be counted.
const MOST_WAITING: usize = 256;
