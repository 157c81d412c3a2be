//! The parts that a worker is put together from.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use crds::Directory;
use mailbox::disk::RealDisk;
use mailbox::{BlobStore, Delivered, Mailboxes, MailboxesOptions, Owners};
use media::engine::EngineConfig;
use media::pairs::{Pairs, PairsConfig};
use sip::digest::Authority;
use tokio::sync::{mpsc, watch};

use crate::mail;
use crate::media_threads::{EventReceiver, MediaConfig, MediaThreads, Recorder};
use crate::random::Random;

/// How media are served.
#[derive(Clone, Debug)]
pub(super) struct MediaPlan {
    /// The address to bind to.
    pub(super) bind: IpAddr,
    /// The ports; `0-0` asks the system for eight.
    pub(super) ports: RangeInclusive<u16>,
    /// Whether a leg may send before the far side has.
    pub(super) send_first: bool,
}

/// The mailboxes on `store`, with the spool in the state folder before it; call details are stored under `worker`.
pub(super) fn mailboxes(
    state: &Path,
    store: Arc<dyn BlobStore>,
    worker: String,
    directory: &watch::Receiver<Arc<Directory>>,
    random: &Random,
) -> anyhow::Result<(Mailboxes, mpsc::UnboundedReceiver<Delivered>)> {
    let disk = RealDisk::open(state)
        .with_context(|| format!("{} can't be used for the spool", state.display()))?;
    let options = MailboxesOptions {
        worker,
        mail_wanted: mail::wanted(directory.clone()),
        owners: owners(directory.clone()),
        ..MailboxesOptions::new(random.bytes())
    };
    Ok(Mailboxes::open(store, Arc::new(disk), options)?)
}

/// Whose each mailbox is, by the directory in force.
fn owners(directory: watch::Receiver<Arc<Directory>>) -> Owners {
    Owners::known(move |mailbox| {
        let directory = directory.borrow();
        let user = directory.user_of_mailbox(mailbox.as_str())?;
        Some(user.name.to_string())
    })
}

/// The media threads, each with a way into the spool.
pub(super) fn media(
    plan: &MediaPlan,
    mailboxes: &Mailboxes,
    random: &Random,
) -> anyhow::Result<(MediaThreads, EventReceiver)> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let config = MediaConfig {
        bind: plan.bind,
        ports: ports(&plan.ports),
        threads,
        engine: EngineConfig {
            send_first: plan.send_first,
            ..EngineConfig::default()
        },
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
            plan.ports.start(),
            plan.ports.end()
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

/// Who waits on which port.
pub(super) fn pairs(media: &MediaThreads) -> Pairs {
    let handle = media.handle();
    Pairs::new(PairsConfig {
        threads: handle.threads(),
        ports_per_thread: handle.ports_per_thread(),
        rest: PAIR_REST,
        max_legs: MAX_LEGS,
    })
}

/// Every media port, in order.
pub(super) fn ports_of(media: &MediaThreads) -> Vec<u16> {
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

/// Challenges under the system's key; without one, under a key of this process.
pub(super) fn authority(directory: &Directory, random: &Random) -> Authority {
    let system = directory.system();
    let key: Arc<[u8]> = system
        .nonce_key
        .clone()
        .unwrap_or_else(|| Arc::new(random.bytes::<32>()));
    let issuer = format!("{:08x}{:08x}", random.u32(), random.u32());
    Authority::new(&key, &*system.domain, &issuer, Instant::now())
}

/// 256 bits from the system.
pub(super) fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system gives no randomness")?;
    Ok(seed)
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

const FREE_MEDIA_PORTS: usize = 8;
const MAX_LEGS: usize = 4000;
/// Longer than packets of an old call are on their way.
const PAIR_REST: Duration = Duration::from_secs(5);
