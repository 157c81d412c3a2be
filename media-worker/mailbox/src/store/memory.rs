//! A blob store in memory, for tests: it can be away, full, slow to lose, and counts what it is asked.

use super::{Blob, BlobStore, Condition, ETag, Medium, PutError, StoreError, check_key};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Blobs in memory that fail on demand.
#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

/// How a [`MemoryStore`] answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weather {
    /// As it should.
    #[default]
    Fair,
    /// Every request is an error.
    Away,
    /// Reads work, writes find no room.
    Full,
    /// The next so many requests work, then every request is an error.
    AwayAfter(u32),
    /// Writes happen, but the answer to them is lost.
    AnswersLost,
    /// The same with keys that end so; the others are answered.
    AnswersLostOf(&'static str),
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// How it answers from now on.
    pub fn set_weather(&self, weather: Weather) {
        self.inner().weather = weather;
    }

    /// Reads (gets and lists) asked so far.
    pub fn reads(&self) -> u32 {
        self.inner().reads
    }

    /// Writes (puts and deletes) asked so far.
    pub fn writes(&self) -> u32 {
        self.inner().writes
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl BlobStore for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
        check_key(key)?;
        let mut inner = self.inner();
        inner.reads += 1;
        inner.answers()?;
        let found = inner.blobs.get(key);
        Ok(found.map(|(bytes, version)| Blob {
            bytes: bytes.clone(),
            etag: etag(*version),
        }))
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<ETag, PutError> {
        check_key(key)?;
        let mut inner = self.inner();
        inner.writes += 1;
        inner.answers()?;
        if inner.weather == Weather::Full {
            return Err(PutError::Full(Medium::Bucket));
        }
        let there = inner.blobs.get(key).map(|(_, version)| etag(*version));
        let holds = match condition {
            Condition::Always => true,
            Condition::IfAbsent => there.is_none(),
            Condition::IfMatch(etag) => there == Some(etag),
        };
        if !holds {
            return Err(PutError::Precondition);
        }
        inner.versions += 1;
        let version = inner.versions;
        inner.blobs.insert(key.to_owned(), (bytes, version));
        let lost = match inner.weather {
            Weather::AnswersLost => true,
            Weather::AnswersLostOf(end) => key.ends_with(end),
            Weather::Fair | Weather::Away | Weather::Full | Weather::AwayAfter(_) => false,
        };
        if lost {
            return Err(PutError::Store(StoreError::Away("answer lost".into())));
        }
        Ok(etag(version))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        check_key(key)?;
        let mut inner = self.inner();
        inner.writes += 1;
        inner.answers()?;
        inner.blobs.remove(key);
        Ok(())
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut inner = self.inner();
        inner.reads += 1;
        inner.answers()?;
        let keys = inner.blobs.keys().filter(|key| key.starts_with(prefix));
        let keys = keys.filter(|key| start_after.is_none_or(|after| key.as_str() > after));
        Ok(keys.take(limit).cloned().collect())
    }
}

#[derive(Default)]
struct Inner {
    blobs: BTreeMap<String, (Bytes, u64)>,
    versions: u64,
    weather: Weather,
    reads: u32,
    writes: u32,
}

impl Inner {
    fn answers(&mut self) -> Result<(), StoreError> {
        match self.weather {
            Weather::Fair | Weather::Full | Weather::AnswersLost | Weather::AnswersLostOf(_) => {
                Ok(())
            }
            Weather::AwayAfter(0) | Weather::Away => Err(StoreError::Away("as told".into())),
            Weather::AwayAfter(left) => {
                self.weather = Weather::AwayAfter(left - 1);
                Ok(())
            }
        }
    }
}

fn etag(version: u64) -> ETag {
    ETag(version.to_string())
}
