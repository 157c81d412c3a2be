//! The store as the mailboxes use it: what every request meets is noted.

use super::{Blob, BlobStore, Condition, ETag, Put, PutError, StoreError};
use crate::storage::{Health, Storage};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// A store and how it does. While it is away, readers are answered at once most of the time; writers wait as long as it takes.
pub(crate) struct Watched {
    store: Arc<dyn BlobStore>,
    health: Health,
}

impl Watched {
    pub(crate) fn new(store: Arc<dyn BlobStore>) -> Self {
        Self {
            store,
            health: Health::new(),
        }
    }

    /// How the store does, now and from now on.
    pub(crate) fn storage(&self) -> watch::Receiver<Storage> {
        self.health.watch()
    }

    /// What is read next is asked of the store in any case: by the one who carries, who has waited long enough before.
    pub(crate) fn try_in_earnest(&self) {
        self.health.end_rest();
    }

    /// Asks something of the store from time to time, for as long as it is polled: a read while it is well, a write to learn whether it is.
    pub(crate) async fn look_after(&self) {
        let storage = self.storage();
        loop {
            let well = *storage.borrow() == Storage::Writable;
            if well {
                sleep(LOOK).await;
                let since = Instant::now();
                self.health.read(&self.store.get(TRACE).await, since);
            } else {
                // The outcome is noted; nothing else depends on it.
                let _ = self.put(TRACE, Bytes::new(), Condition::Always).await;
                sleep(LOOK_AGAIN).await;
            }
        }
    }
}

#[async_trait]
impl BlobStore for Watched {
    async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
        if let Some(error) = self.health.resting() {
            return Err(error);
        }
        let since = Instant::now();
        let read = self.store.get(key).await;
        self.health.read(&read, since);
        read
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<ETag, PutError> {
        let since = Instant::now();
        let written = self.store.put(key, bytes, condition).await;
        self.health.written(&written, since);
        written
    }

    async fn put_all(&self, puts: Vec<Put>) -> Vec<Result<ETag, PutError>> {
        let since = Instant::now();
        let written = self.store.put_all(puts).await;
        let telling = written
            .iter()
            .find(|answer| !matches!(answer, Ok(_) | Err(PutError::Precondition)))
            .or(written.first());
        if let Some(answer) = telling {
            self.health.written(answer, since);
        }
        written
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let since = Instant::now();
        let deleted = self.store.delete(key).await;
        let as_write = deleted.clone().map_err(PutError::from);
        self.health.written(&as_write, since);
        deleted
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        if let Some(error) = self.health.resting() {
            return Err(error);
        }
        let since = Instant::now();
        let listed = self.store.list(prefix, start_after, limit).await;
        self.health.read(&listed, since);
        listed
    }
}

/// Written to learn whether the store takes anything; holds nothing.
pub(crate) const TRACE: &str = "trace";
const LOOK: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_secs(5);
