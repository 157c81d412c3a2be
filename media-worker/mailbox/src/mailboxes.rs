//! All mailboxes of a worker: the store, the spool before it, and the carrying between them.

use crate::details::{CallDetail, DetailsOf};
use crate::disk::Disk;
use crate::files::SharedFiles;
use crate::ids::{MailboxId, NameSource};
use crate::mailbox::{Cells, Mailbox};
use crate::message::Delivered;
use crate::outbox::{MailWanted, Outbox};
use crate::owners::Owners;
use crate::spool::{Appender, Spool, SpoolError, SpoolOptions};
use crate::storage::Storage;
use crate::store::{BlobStore, StoreError, Watched};
use crate::unreadable::Unreadable;
use crate::uploader::Uploader;
use jiff::civil::Date;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// The mailboxes on one store with the spool of one worker. Clones are the same.
#[derive(Clone)]
pub struct Mailboxes {
    pub(crate) shared: Arc<Shared>,
}

/// How a worker's mailboxes work.
#[derive(Clone, Debug)]
pub struct MailboxesOptions {
    /// The spool.
    pub spool: SpoolOptions,
    /// Seeds the names of messages and audio: from the system's randomness, never the same twice.
    pub seed: [u8; 32],
    /// This worker's name, which its call details are stored under.
    pub worker: String,
    /// How often call details are stored.
    pub store_details_every: Duration,
    /// For whose messages e-mails are to be sent.
    pub mail_wanted: MailWanted,
    /// Whose which mailbox is, for the log.
    pub owners: Owners,
    /// For how long the spool's disk is asked again for a recording that it does not give; then its message arrives without what is missing. A volume
    /// that fails as a whole may come back with all that it had: what it costs to wait is the room of a message.
    pub ask_disk_for: Duration,
}

impl MailboxesOptions {
    /// The usual ways, with this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            spool: SpoolOptions::default(),
            seed,
            worker: "worker".into(),
            store_details_every: Duration::from_mins(1),
            mail_wanted: MailWanted::Nobody,
            owners: Owners::default(),
            ask_disk_for: Duration::from_hours(6),
        }
    }
}

/// Attempts to carry a message to the store, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    /// Messages that arrived in every mailbox.
    pub stored: u64,
    /// Attempts that failed; each is made again.
    pub failed: u64,
}

pub(crate) struct Shared {
    /// What all requests go through: the store, watched.
    pub(crate) store: Arc<dyn BlobStore>,
    pub(crate) watched: Arc<Watched>,
    pub(crate) carried: Carried,
    pub(crate) spool: Spool,
    pub(crate) unreadable: Unreadable,
    pub(crate) names: Arc<NameSource>,
    pub(crate) worker: String,
    pub(crate) store_details_every: Duration,
    pub(crate) mail_wanted: MailWanted,
    pub(crate) owners: Owners,
    /// Told when errands are put into the outbox.
    pub(crate) errands: Notify,
    cells: Mutex<Cells>,
}

/// What [`Uploads`] is read from.
#[derive(Default)]
pub(crate) struct Carried {
    pub(crate) stored: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Mailboxes {
    /// Opens the spool on `disk` before `store`. Blocks while the spool recovers. Every message that arrives, also one found in the spool, is
    /// announced on the channel: the home updates counts and lamps.
    pub fn open(
        store: Arc<dyn BlobStore>,
        disk: Arc<dyn Disk>,
        options: MailboxesOptions,
    ) -> Result<(Self, UnboundedReceiver<Delivered>), SpoolError> {
        let names = Arc::new(NameSource::new(options.seed));
        let (announce, announced) = unbounded_channel();
        let spool = Spool::open(disk, &options.spool, names.clone(), announce)?;
        let MailboxesOptions {
            worker,
            store_details_every,
            mail_wanted,
            owners,
            ask_disk_for,
            ..
        } = options;
        let watched = Arc::new(Watched::new(store));
        let shared = Shared {
            store: watched.clone(),
            watched,
            carried: Carried::default(),
            spool,
            unreadable: Unreadable::new(ask_disk_for),
            names,
            worker,
            store_details_every,
            mail_wanted,
            owners,
            errands: Notify::new(),
            cells: Mutex::default(),
        };
        Ok((
            Self {
                shared: Arc::new(shared),
            },
            announced,
        ))
    }

    /// A user's mailbox. Nothing is read before it is asked something.
    pub fn mailbox(&self, id: &MailboxId) -> Mailbox {
        let mut cells = self
            .shared
            .cells
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Mailbox::new(self.shared.clone(), cells.of(id))
    }

    /// Where recordings begin and are promised.
    pub fn spool(&self) -> &Spool {
        &self.shared.spool
    }

    /// A media thread's way into the spool.
    pub fn writer(&self) -> Result<Appender, SpoolError> {
        self.shared.spool.writer()
    }

    /// Notes a call's details; they are in the store within a minute or so.
    pub fn append_detail(&self, detail: CallDetail) -> Result<(), SpoolError> {
        self.shared.spool.append_detail(detail)
    }

    /// A user's calls of one day (UTC), oldest first: those in the store and those on their way there.
    pub async fn details(
        &self,
        user: &DetailsOf,
        day: Date,
    ) -> Result<Vec<CallDetail>, StoreError> {
        crate::details::read(&self.shared, user, day).await
    }

    /// The e-mails that are to be sent about messages.
    pub fn outbox(&self) -> Outbox {
        Outbox::of(self)
    }

    /// The company's shared files.
    pub fn files(&self) -> SharedFiles<'_> {
        SharedFiles::of(&*self.shared.store)
    }

    /// How the store does, now and from now on.
    pub fn storage(&self) -> watch::Receiver<Storage> {
        self.shared.watched.storage()
    }

    /// What came of carrying messages so far.
    pub fn uploads(&self) -> Uploads {
        let Carried { stored, failed } = &self.shared.carried;
        Uploads {
            stored: stored.load(Ordering::Relaxed),
            failed: failed.load(Ordering::Relaxed),
        }
    }

    /// Carries promised messages and call details to the store, and looks how it does, for as long as it is polled. Spawn it once.
    pub async fn carry(&self) {
        let uploader = Uploader::new(self.clone());
        tokio::join!(uploader.run(), self.shared.watched.look_after());
    }

    /// Carries what is there now, once; whether nothing is left. For the end of a worker, and for tests.
    pub async fn carry_once(&self) -> bool {
        Uploader::new(self.clone()).carry_all().await
    }

    /// The same, unless `wanted` comes first: then the batch under way is given a moment to end, and the rest is left.
    pub async fn carry_until(&self, wanted: impl Future<Output = ()>) -> bool {
        let uploader = Uploader::new(self.clone());
        let mut carrying = pin!(uploader.carry_all());
        tokio::select! {
            all = &mut carrying => return all,
            () = wanted => uploader.leave_the_rest(),
        }
        // A batch that is cut off is carried again: every step of it may be done twice.
        timeout(LAST_BATCH, carrying).await.unwrap_or(false)
    }

    /// Stops the spool once what it has is synced.
    pub async fn close(&self) {
        self.shared.spool.close().await;
    }
}

/// Long enough for a batch over a good line, short enough for a worker that waits to start.
const LAST_BATCH: Duration = Duration::from_secs(2);
