//! The stores and the disk that mailboxes are measured on, counting what is asked of them.

use crate::report::Line;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mailbox::disk::{Disk, DiskFile, DiskLock, Listed, RealDisk};
use mailbox::store::{Blob, Condition, ETag, Put, PutError};
use mailbox::{
    BlobStore, FolderStore, MailboxId, Mailboxes, MailboxesOptions, Promise, S3Store, StoreError,
    played,
};
use switchboard_tests::s3::S3;

/// A place to keep messages in.
pub(crate) struct Kept {
    /// What it is called in the table.
    pub(crate) name: &'static str,
    pub(crate) store: Arc<Counting>,
    _folder: Option<tempfile::TempDir>,
    _service: Option<S3>,
}

/// What is measured on each of the stores.
pub(crate) fn on_each(measured: &impl AsyncFn(&Kept) -> Vec<Line>) -> Vec<Line> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut lines = Vec::new();
        for kept in stores().await {
            lines.extend(measured(&kept).await);
        }
        lines
    })
}

/// A folder on this machine's disk, and versitygw over another.
async fn stores() -> Vec<Kept> {
    let folder = tempfile::tempdir().expect("a folder");
    let local = FolderStore::open(folder.path()).expect("a store");
    let service = S3::start();
    let remote = S3Store::open(service.options("bench/")).await;
    vec![
        Kept {
            name: "folder",
            store: Counting::over(Arc::new(local)),
            _folder: Some(folder),
            _service: None,
        },
        Kept {
            name: "S3",
            store: Counting::over(Arc::new(remote)),
            _folder: None,
            _service: Some(service),
        },
    ]
}

/// A store that counts how often it is read.
pub(crate) struct Counting {
    store: Arc<dyn BlobStore>,
    reads: AtomicU64,
}

impl Counting {
    fn over(store: Arc<dyn BlobStore>) -> Arc<Self> {
        Arc::new(Self {
            store,
            reads: AtomicU64::new(0),
        })
    }

    /// Reads and listings so far.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl BlobStore for Counting {
    async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.store.get(key).await
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<ETag, PutError> {
        self.store.put(key, bytes, condition).await
    }

    async fn put_all(&self, puts: Vec<Put>) -> Vec<Result<ETag, PutError>> {
        self.store.put_all(puts).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.store.delete(key).await
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.store.list(prefix, start_after, limit).await
    }
}

/// A disk that counts the syncs of its files.
#[derive(Clone)]
pub(crate) struct Syncing {
    disk: Arc<RealDisk>,
    syncs: Arc<AtomicU64>,
}

impl Syncing {
    /// A disk in that folder.
    pub(crate) fn open(folder: &std::path::Path) -> Self {
        Self {
            disk: Arc::new(RealDisk::open(folder).expect("a disk")),
            syncs: Arc::default(),
        }
    }

    /// Syncs so far.
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

impl Disk for Syncing {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.disk.read(path)
    }

    fn read_at(&self, path: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.disk.read_at(path, offset, len)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<Listed>> {
        self.disk.list(dir)
    }

    fn make_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.make_dir(dir)
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(SyncingFile {
            file: self.disk.create(path)?,
            syncs: Arc::clone(&self.syncs),
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.disk.sync_all()
    }

    fn lock(&self, path: &str) -> io::Result<DiskLock> {
        self.disk.lock(path)
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<DiskLock>> {
        self.disk.try_lock(path)
    }
}

struct SyncingFile {
    file: Box<dyn DiskFile>,
    syncs: Arc<AtomicU64>,
}

impl DiskFile for SyncingFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.file.sync()
    }
}

/// The mailboxes of a worker on this store and disk.
pub(crate) fn mailboxes(store: &Arc<Counting>, disk: &Syncing, seed: u8) -> Mailboxes {
    let options = MailboxesOptions::new([seed; 32]);
    let store = Arc::clone(store);
    let opened = Mailboxes::open(store, Arc::new(disk.clone()), options);
    opened.expect("mailboxes").0
}

/// Somebody speaks for so long to these, and is promised that they get it; how long the promise took, and how many syncs.
pub(crate) async fn leave(
    mailboxes: &Mailboxes,
    disk: &Syncing,
    recipients: Vec<MailboxId>,
    spoken: Duration,
) -> (Promise, Duration, u64) {
    let draft = played::draft(played::delivery(recipients));
    let recording = played::speak(mailboxes, draft, spoken).expect("the spool takes it");
    let (begun, before) = (std::time::Instant::now(), disk.syncs());
    let promise = mailboxes
        .spool()
        .deliver(recording)
        .await
        .expect("the promise");
    (promise, begun.elapsed(), disk.syncs() - before)
}

/// A mailbox of this number.
pub(crate) fn mailbox(number: usize) -> MailboxId {
    MailboxId::new(format!("u{number}")).expect("a name")
}
