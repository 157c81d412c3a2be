//! The worker's parts put together, and its life from start to stop.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use crds::Directory;
use jiff::Timestamp;
use mailbox::disk::RealDisk;
use mailbox::{Delivered, FolderStore, Mailboxes, MailboxesOptions};
use media::pairs::{Pairs, PairsConfig};
use prompts::Library;
use sip::digest::Authority;
use sip::endpoint::{Endpoint, EndpointConfig};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_local;
use tracing::{error, info, warn};

use super::figures::{self, Ticks};
use super::housekeeping;
use super::sockets::Sockets;
use crate::calls::{Exchange, MediaPool, News};
use crate::cli::{self, LogFormat};
use crate::edge::Edge;
use crate::homes::{HomeContext, Homes, Journal};
use crate::http::{self, Pages};
use crate::media_threads::{EventReceiver, MediaConfig, MediaThreads, Recorder};
use crate::metrics::Metrics;
use crate::random::Random;
use crate::signalling::{LocalAddresses, Signalling, StreamListener};
use crate::source::{Complaint, Snapshot, Source, Watching, setup_sheet};
use crate::voice::Voice;

/// A worker with all its parts, serving.
pub(super) struct Worker {
    exchange: Rc<Exchange>,
    source: Arc<Source>,
    ready: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
    metrics_address: SocketAddr,
    media_ports: Vec<u16>,
    media: MediaThreads,
    /// Ends when dropped.
    _watching: Watching,
}

impl Worker {
    pub(super) fn start(
        options: &cli::Standalone,
        source: &Arc<Source>,
        library: Library,
        sockets: Sockets,
    ) -> anyhow::Result<Self> {
        let random = Rc::new(Random::new(seed()?));
        let metrics = Metrics::new()?;
        let (directory, snapshots) = directories(source);
        let (stop, stopped) = watch::channel(false);

        let (mailboxes, delivered) = mailboxes(options, &random)?;
        let (media, media_events) = media(options, &mailboxes, &random)?;
        let pool = MediaPool::new(media.handle(), pairs(&media), Rc::clone(&random));
        metrics.register(Ticks::new(media.handle())?)?;

        let addresses = LocalAddresses::new(options.sip.ip(), options.advertise);
        let config = EndpointConfig {
            user_agent: format!("Switchboard/{}", env!("CARGO_PKG_VERSION")),
            ..EndpointConfig::default()
        };
        let endpoint = Endpoint::new(config, random.bytes());
        let (signalling, requests) = Signalling::new(endpoint, sockets.udp, addresses);

        let path = options.state.join("contacts");
        let (journal, entries) = Journal::open(&path, Timestamp::now())
            .with_context(|| format!("the journal of contacts {} can't be used", path.display()))?;
        let homes = Homes::new(HomeContext {
            signalling: Rc::clone(&signalling),
            mailboxes: mailboxes.clone(),
            journal,
            metrics: metrics.clone(),
            random: Rc::clone(&random),
            directory: directory.clone(),
        });
        let exchange = Exchange::new(
            signalling,
            pool,
            homes,
            mailboxes,
            Voice::new(library),
            metrics.clone(),
            News {
                directory,
                stop: stopped,
            },
        );
        let edge = Edge::new(Rc::clone(&exchange), authority(&exchange, &random));
        let ready = Arc::new(AtomicBool::new(false));
        let watching = source
            .watch()
            .context("the folder of manifests can't be watched")?;
        let metrics_address = sockets.metrics.local_addr()?;
        spawn_parts(&exchange, sockets.tcp, media_events, delivered, snapshots);
        spawn_http(
            sockets.metrics,
            Pages {
                metrics,
                ready: Arc::clone(&ready),
            },
        );
        spawn_local(edge.serve(requests));
        let homes = Rc::clone(&exchange.homes);
        spawn_local(async move { homes.restore(entries).await });
        let media_ports = ports_of(&media);
        Ok(Self {
            exchange,
            source: Arc::clone(source),
            ready,
            stop,
            metrics_address,
            media_ports,
            media,
            _watching: watching,
        })
    }

    /// Says where everything is; and to people also who can be rung and how, with passwords, which have no place in a log.
    pub(super) fn introduce(&self, log: LogFormat, out: &mut impl Write) -> anyhow::Result<()> {
        let sip = self.exchange.signalling.udp_address();
        let media = list(&self.media_ports);
        let state = self.source.state().folder().display();
        let snapshot = Arc::clone(&self.source.snapshots().borrow());
        match log {
            LogFormat::Json => {
                info!(%sip, media, %state, metrics = %self.metrics_address, "serving");
                snapshot.complaints.iter().for_each(complain);
            }
            LogFormat::Text => {
                writeln!(
                    out,
                    "{}",
                    setup_sheet(
                        &snapshot.directory,
                        &snapshot.credentials,
                        &self.reached_at(sip)
                    )
                )?;
                for complaint in &snapshot.complaints {
                    writeln!(out, "  {complaint}")?;
                }
                writeln!(out, "  SIP      {sip} (UDP and TCP)")?;
                writeln!(out, "  media    UDP {media}")?;
                writeln!(out, "  state    {state}")?;
                writeln!(out, "  metrics  http://{}/metrics", self.metrics_address)?;
                writeln!(out)?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// The address to type into a phone: where SIP is bound to every address, the one that leads out of this machine.
    fn reached_at(&self, sip: SocketAddr) -> String {
        let elsewhere = IpAddr::from(DOCUMENTATION_NET);
        let address = self.exchange.signalling.addresses().towards(elsewhere);
        let address = if address.is_unspecified() {
            IpAddr::from([127, 0, 0, 1])
        } else {
            address
        };
        SocketAddr::new(address, sip.port()).to_string()
    }

    /// Serves until SIGTERM or SIGINT; then ends the calls, carries what is recorded, and returns.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        self.ready.store(true, Ordering::Relaxed);
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be heard")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be heard")?;
        let spool = self.source.state().folder().join("spool");
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = second.tick() => figures::read(&self.exchange, &spool),
            }
        }
        info!("stopping");
        self.ready.store(false, Ordering::Relaxed);
        // The calls hear of it, deliver what was being recorded, and tell their phones.
        self.stop.send_replace(true);
        let deadline = Instant::now() + STOP_LIMIT;
        while self.exchange.calls_in_progress() > 0 && Instant::now() < deadline {
            tokio::time::sleep(STOP_POLL).await;
        }
        // A BYE or a 503 that was lost is sent again.
        let settle = Instant::now() + SETTLE;
        while self
            .exchange
            .signalling
            .with(|endpoint, _| endpoint.session_count())
            > 0
            && Instant::now() < settle
        {
            tokio::time::sleep(STOP_POLL).await;
        }
        self.media.stop();
        if !self.exchange.mailboxes.carry_once().await {
            warn!("not all messages could be stored: they wait in the spool for the next start");
        }
        self.exchange.mailboxes.close().await;
        info!("stopped");
        Ok(())
    }
}

/// The directory of each snapshot, for those who need nothing else.
fn directories(source: &Source) -> (watch::Receiver<Arc<Directory>>, Directories) {
    let snapshots = source.snapshots();
    let first = Arc::clone(&snapshots.borrow().directory);
    let (sender, receiver) = watch::channel(first);
    (receiver, Directories { snapshots, sender })
}

struct Directories {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    sender: watch::Sender<Arc<Directory>>,
}

impl Directories {
    /// Puts each new snapshot in force, and says aloud what is wrong with it.
    async fn follow(mut self) {
        while self.snapshots.changed().await.is_ok() {
            let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
            snapshot.complaints.iter().for_each(complain);
            info!(
                people = snapshot.directory.users().len(),
                "the manifests have changed"
            );
            self.sender.send_replace(Arc::clone(&snapshot.directory));
        }
    }
}

/// Says aloud what is wrong with the manifests.
fn complain(complaint: &Complaint) {
    if complaint.is_error() {
        error!("{complaint}");
    } else {
        warn!("{complaint}");
    }
}

fn mailboxes(
    options: &cli::Standalone,
    random: &Random,
) -> anyhow::Result<(Mailboxes, mpsc::UnboundedReceiver<Delivered>)> {
    let folder = &options.state;
    let store = FolderStore::open(folder.join("store"))
        .with_context(|| format!("{} can't be used as a store", folder.display()))?;
    let disk = RealDisk::open(folder)
        .with_context(|| format!("{} can't be used for the spool", folder.display()))?;
    Ok(Mailboxes::open(
        Arc::new(store),
        Arc::new(disk),
        MailboxesOptions::new(random.bytes()),
    )?)
}

fn media(
    options: &cli::Standalone,
    mailboxes: &Mailboxes,
    random: &Random,
) -> anyhow::Result<(MediaThreads, EventReceiver)> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let config = MediaConfig {
        bind: options.sip.ip(),
        ports: ports(&options.media),
        threads,
        engine: media::engine::EngineConfig::default(),
        seed: random.bytes(),
    };
    let mut writers = (0..threads)
        .map(|_| mailboxes.writer())
        .collect::<Result<Vec<_>, _>>()?
        .into_iter();
    MediaThreads::start(&config, |_| match writers.next() {
        Some(writer) => Box::new(SpoolRecorder(writer)) as Box<dyn Recorder>,
        None => Box::new(()),
    })
    .with_context(|| {
        format!(
            "media ports {}-{} can't be used: choose others with --media",
            options.media.start(),
            options.media.end()
        )
    })
}

/// `0-0` asks the system for eight.
fn ports(range: &RangeInclusive<u16>) -> Vec<u16> {
    if *range.end() == 0 {
        vec![0; FREE_MEDIA_PORTS]
    } else {
        range.clone().collect()
    }
}

fn pairs(media: &MediaThreads) -> Pairs {
    let handle = media.handle();
    Pairs::new(PairsConfig {
        threads: handle.threads(),
        ports_per_thread: handle.ports_per_thread(),
        rest: PAIR_REST,
        max_legs: MAX_LEGS,
    })
}

fn ports_of(media: &MediaThreads) -> Vec<u16> {
    let handle = media.handle();
    let mut ports: Vec<u16> = (0..handle.threads())
        .flat_map(|thread| (0..handle.ports_per_thread()).map(move |port| (thread, port)))
        .filter_map(|(thread, port)| {
            handle
                .local_addr(thread, port)
                .map(|address| address.port())
        })
        .collect();
    ports.sort_unstable();
    ports
}

fn authority(exchange: &Exchange, random: &Random) -> Authority {
    let directory = exchange.directory();
    let system = directory.system();
    let key: Arc<[u8]> = system
        .nonce_key
        .clone()
        .unwrap_or_else(|| Arc::new(random.bytes::<32>()));
    let issuer = format!("{:08x}{:08x}", random.u32(), random.u32());
    Authority::new(&key, &*system.domain, &issuer, Instant::now())
}

fn spawn_parts(
    exchange: &Rc<Exchange>,
    tcp: StreamListener,
    mut media_events: EventReceiver,
    mut delivered: mpsc::UnboundedReceiver<Delivered>,
    directories: Directories,
) {
    let signalling = Rc::clone(&exchange.signalling);
    spawn_local(tcp.accept(Rc::clone(&signalling)));
    spawn_local(Rc::clone(&signalling).run_timers());
    spawn_local(async move {
        if let Err(error) = signalling.receive_udp().await {
            error!(%error, "SIP over UDP has failed: restart the worker");
        }
    });
    let pool = Rc::clone(&exchange.media);
    spawn_local(async move {
        while let Some(event) = media_events.recv().await {
            pool.dispatch(event);
        }
    });
    spawn_local(directories.follow());
    spawn_local(housekeeping::keep(Rc::clone(exchange)));
    let mailboxes = exchange.mailboxes.clone();
    spawn_local(async move { mailboxes.carry().await });
    let exchange = Rc::clone(exchange);
    spawn_local(async move {
        while let Some(delivered) = delivered.recv().await {
            let directory = exchange.directory();
            if let Some(user) = directory.user_of_mailbox(delivered.mailbox.as_str()) {
                exchange.homes.mailbox_changed(&user.name).await;
            }
        }
    });
}

fn spawn_http(listener: TcpListener, pages: Pages) {
    spawn_local(async move {
        if let Err(error) = http::serve(listener, pages, std::future::pending()).await {
            error!(%error, "metrics are no longer served");
        }
    });
}

/// 256 bits from the system.
fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system gives no randomness")?;
    Ok(seed)
}

/// `20000-20007`, or the ports one by one where the system chose them.
fn list(ports: &[u16]) -> String {
    match (ports.first(), ports.last()) {
        (Some(first), Some(last)) if usize::from(last - first) + 1 == ports.len() => {
            format!("{first}-{last}")
        }
        _ => ports
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// A media thread's way into the spool.
struct SpoolRecorder(mailbox::Appender);

impl media::engine::RecordSink for SpoolRecorder {
    fn frame(&mut self, recording: u64, rtp_timestamp: u32, payload: &[u8]) {
        self.0.frame(recording, rtp_timestamp, payload);
    }

    fn ended(&mut self, recording: u64) {
        self.0.ended(recording);
    }
}

impl Recorder for SpoolRecorder {
    fn flush(&mut self) {
        self.0.flush();
    }
}

/// Nobody's address (RFC 5737): the way to it is the way out.
const DOCUMENTATION_NET: [u8; 4] = [192, 0, 2, 1];
const FREE_MEDIA_PORTS: usize = 8;
const MAX_LEGS: usize = 4000;
/// Longer than packets of an old call are on their way.
const PAIR_REST: Duration = Duration::from_secs(5);
const STOP_LIMIT: Duration = Duration::from_secs(5);
const STOP_POLL: Duration = Duration::from_millis(20);
const SETTLE: Duration = Duration::from_secs(2);
