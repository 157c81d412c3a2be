//! The worker's parts put together.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use ::mail::Patience;
use anyhow::Context;
use jiff::Timestamp;
use mailbox::BlobStore;
use prompts::Library;
use sip::endpoint::{Endpoint, EndpointConfig, Event};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_local;

use super::figures::Ticks;
use super::following::Following;
use super::parts::{self, MediaPlan};
use super::shown::Shown;
use super::sockets::{Sockets, Tls};
use super::tasks;
use crate::calls::{Exchange, Life, MediaPool, News};
use crate::edge::Edge;
use crate::homes::{Entry, HomeContext, Homes, Journal};
use crate::mail::{self, MailContext, Post};
use crate::media_threads::MediaThreads;
use crate::random::Random;
use crate::recordings::Recordings;
use crate::signalling::{Advertised, LocalAddresses, Signalling};
use crate::source::Source;
use crate::statuses::Statuses;
use crate::storage::LeftBehind;
use crate::trunks::{TrunkContext, Trunks};
use crate::voice::Voice;

/// What a worker is built from, whichever command asks for it.
pub(super) struct Blueprint {
    /// Its directory.
    pub(super) source: Source,
    /// Whom it tells of phones and messages.
    pub(super) statuses: Statuses,
    /// Its state folder.
    pub(super) state: PathBuf,
    /// Where messages are kept.
    pub(super) store: Arc<dyn BlobStore>,
    /// What lies elsewhere.
    pub(super) left_behind: LeftBehind,
    /// The name that its call details are stored under.
    pub(super) name: String,
    /// What it says.
    pub(super) library: Library,
    /// Its sockets, bound.
    pub(super) sockets: Sockets,
    /// Its media.
    pub(super) media: MediaPlan,
    /// The address that phones are told to send to, where a person gives one.
    pub(super) advertise: Option<IpAddr>,
    /// What it shows to machines.
    pub(super) shown: Shown,
}

/// A worker with all its parts, serving.
pub(super) struct Worker {
    pub(super) exchange: Rc<Exchange>,
    pub(super) source: Rc<Source>,
    pub(super) state: PathBuf,
    pub(super) shown: Shown,
    pub(super) tls_address: Option<SocketAddr>,
    /// Whether TLS could be served from the start.
    pub(super) has_certificate: bool,
    pub(super) life: watch::Sender<Life>,
    pub(super) media_ports: Vec<u16>,
    pub(super) media: MediaThreads,
    pub(super) post: Post,
    pub(super) left_behind: LeftBehind,
}

impl Worker {
    pub(super) fn start(blueprint: Blueprint) -> anyhow::Result<Self> {
        let Blueprint {
            source,
            state,
            sockets,
            shown,
            ..
        } = blueprint;
        let metrics = &shown.metrics;
        let random = Rc::new(Random::new(parts::seed()?));
        let source = Rc::new(source);
        let (directory, following) = Following::new(&source, shown.report.clone());
        let name = blueprint.name;
        let (mailboxes, delivered) =
            parts::mailboxes(&state, blueprint.store, name.clone(), &directory, &random)?;
        let room = mail::start(MailContext {
            mailboxes: mailboxes.clone(),
            directory: directory.clone(),
            texts: blueprint.library.mail(),
            worker: name,
            metrics: metrics.clone(),
            patience: Patience::default(),
        })?;
        let (media, media_events) = parts::media(&blueprint.media, &mailboxes, &random)?;
        let pool = MediaPool::new(media.handle(), parts::pairs(&media), Rc::clone(&random));
        metrics.register(Ticks::new(media.handle())?)?;

        let advertised = blueprint.advertise.map(|address| Advertised {
            addresses: vec![address],
            ports: None,
        });
        let addresses = LocalAddresses::new(blueprint.media.bind, advertised);
        let (signalling, requests) =
            Signalling::new(endpoint(random.bytes()), sockets.udp, addresses);

        let path = state.join("contacts");
        let (journal, entries) = Journal::open(&path, Timestamp::now())
            .with_context(|| format!("the journal of contacts {} can't be used", path.display()))?;
        let (life, lives) = watch::channel(Life::Serving);
        let trunks = Trunks::new(TrunkContext {
            signalling: Rc::clone(&signalling),
            random: Rc::clone(&random),
            metrics: metrics.clone(),
            directory: directory.clone(),
            life: lives.clone(),
            statuses: blueprint.statuses.clone(),
        });
        let recordings = Recordings::start(mailboxes.clone(), blueprint.statuses.clone());
        let homes = Homes::new(HomeContext {
            signalling: Rc::clone(&signalling),
            mailboxes: mailboxes.clone(),
            post: room.post.clone(),
            journal,
            metrics: metrics.clone(),
            random: Rc::clone(&random),
            directory: directory.clone(),
            source: Rc::clone(&source),
            report: shown.report.clone(),
            statuses: blueprint.statuses,
        });
        let voice = Voice::new(blueprint.library);
        let news = News {
            directory,
            life: lives,
        };
        let exchange = Exchange::new(
            signalling,
            pool,
            homes,
            trunks,
            mailboxes,
            voice,
            recordings,
            metrics.clone(),
            news,
        );
        let authority = parts::authority(&exchange.directory(), &random);
        let edge = Edge::new(Rc::clone(&exchange), authority);
        let tls_address = sockets.tls.as_ref().map(Tls::address).transpose()?;
        let has_certificate = sockets.tls.as_ref().is_some_and(Tls::has_certificate);
        tasks::spawn_signalling(&exchange, sockets.tcp, sockets.tls, &shown.report);
        tasks::spawn_media(&exchange, media_events);
        tasks::spawn_mail(&exchange, delivered, room.changed);
        spawn_local(following.follow(Rc::clone(&exchange)));
        let homes = Rc::clone(&exchange.homes);
        spawn_local(take_up(homes, entries, edge, requests));
        spawn_local(Rc::clone(&exchange.trunks).follow());
        Ok(Self {
            exchange,
            source,
            state,
            shown,
            tls_address,
            has_certificate,
            life,
            media_ports: parts::ports_of(&media),
            media,
            post: room.post,
            left_behind: blueprint.left_behind,
        })
    }
}

fn endpoint(seed: [u8; 32]) -> Endpoint {
    let config = EndpointConfig {
        user_agent: format!("Switchboard/{}", env!("CARGO_PKG_VERSION")),
        ..EndpointConfig::default()
    };
    Endpoint::new(config, seed)
}

/// Serves, once every home has what the journal kept: phones are known, and logins locked, before the first call is taken. Until then, for
/// some milliseconds, what arrives waits.
async fn take_up(
    homes: Rc<Homes>,
    entries: Vec<Entry>,
    edge: Rc<Edge>,
    requests: mpsc::UnboundedReceiver<Event>,
) {
    homes.restore(entries).await;
    edge.serve(requests).await;
}
