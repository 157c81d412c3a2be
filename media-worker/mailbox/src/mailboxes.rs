//! All mailboxes of a worker: the store, the spool before it, and the carrying between them.

use crate::details::{CallDetail, DetailsOf};
use crate::disk::Disk;
use crate::ids::{MailboxId, NameSource};
use crate::mailbox::{Cell, Mailbox};
use crate::message::Delivered;
use crate::spool::{Appender, Spool, SpoolError, SpoolOptions};
use crate::store::{BlobStore, StoreError};
use crate::uploader::Uploader;
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

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
}

impl MailboxesOptions {
    /// The usual ways, with this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            spool: SpoolOptions::default(),
            seed,
            worker: "worker".into(),
            store_details_every: Duration::from_mins(1),
        }
    }
}

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn BlobStore>,
    pub(crate) spool: Spool,
    pub(crate) names: Arc<NameSource>,
    pub(crate) worker: String,
    pub(crate) store_details_every: Duration,
    cells: Mutex<HashMap<MailboxId, Weak<Cell>>>,
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
            ..
        } = options;
        let shared = Shared {
            store,
            spool,
            names,
            worker,
            store_details_every,
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
        if let Some(cell) = cells.get(id).and_then(Weak::upgrade) {
            return Mailbox::new(self.shared.clone(), cell);
        }
        if cells.len() == cells.capacity() {
            cells.retain(|_, cell| cell.strong_count() > 0);
        }
        let cell = Arc::new(Cell::new(id.clone()));
        cells.insert(id.clone(), Arc::downgrade(&cell));
        Mailbox::new(self.shared.clone(), cell)
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

    /// Carries promised messages and call details to the store, for as long as it is polled. Spawn it once.
    pub async fn carry(&self) {
        Uploader::new(self.clone()).run().await;
    }

    /// Carries what is there now, once; whether nothing is left. For the end of a worker, and for tests.
    pub async fn carry_once(&self) -> bool {
        Uploader::new(self.clone()).carry_all().await
    }

    /// Stops the spool once what it has is synced.
    pub async fn close(&self) {
        self.shared.spool.close().await;
    }
}
