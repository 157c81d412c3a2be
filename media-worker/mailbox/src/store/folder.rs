//! A blob store in a local folder: every blob a file.

use super::temporary::Temporary;
use super::{Blob, BlobStore, Condition, ETag, Medium, Put, PutError, StoreError, check_key};
use crate::disk::{Disk, Listed, RealDisk, is_full, parent};
use crate::layout;
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Blobs as files of one folder, durable, and safe to share between processes of one machine.
///
/// A write goes to a file beside, is synced, renamed over the blob, and the folder synced; of several at once, all are written, then
/// synced together, then renamed, then synced together. Conditional writes compare and rename under a lock between processes. What a
/// crash left beside is removed at the next start.
#[derive(Clone)]
pub struct FolderStore {
    inner: Arc<Inner>,
}

impl FolderStore {
    /// Uses the folder, making it where it is missing.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        Self::on(Arc::new(RealDisk::open(folder)?))
    }

    /// The same over any disk.
    pub fn on(disk: Arc<dyn Disk>) -> io::Result<Self> {
        disk.make_dir(BLOBS)?;
        let inner = Inner {
            temporary: Temporary::open(&*disk)?,
            disk,
            conditional: Mutex::new(()),
            known_dirs: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// How many mailboxes a folder has; it is not opened, and need not exist.
    pub fn mailboxes_in(folder: impl AsRef<Path>) -> usize {
        let mailboxes = folder.as_ref().join(BLOBS).join(layout::MAILBOXES);
        let holds_something = |mailbox: &Path| {
            let messages = std::fs::read_dir(mailbox.join("messages"));
            let any = messages.is_ok_and(|mut messages| messages.next().is_some());
            any || mailbox.join("index").exists()
        };
        let there = std::fs::read_dir(mailboxes).into_iter().flatten().flatten();
        there
            .filter(|mailbox| holds_something(&mailbox.path()))
            .count()
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.inner.clone();
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.map_err(|error| StoreError::Away(error.to_string()))
    }
}

#[async_trait]
impl BlobStore for FolderStore {
    async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
        check_key(key)?;
        let key = key.to_owned();
        self.blocking(move |inner| inner.get(&key)).await?
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<ETag, PutError> {
        check_key(key)?;
        let key = key.to_owned();
        self.blocking(move |inner| inner.put(&key, &bytes, &condition))
            .await?
    }

    async fn put_all(&self, puts: Vec<Put>) -> Vec<Result<ETag, PutError>> {
        let asked = puts.len();
        let checked = puts.iter().try_for_each(|put| check_key(&put.key));
        let done = match checked {
            Ok(()) => self.blocking(move |inner| inner.put_all(&puts)).await,
            Err(error) => Err(error),
        };
        done.unwrap_or_else(|error| vec![Err(error.into()); asked])
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        check_key(key)?;
        let key = key.to_owned();
        self.blocking(move |inner| inner.delete(&key)).await?
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let (prefix, after) = (prefix.to_owned(), start_after.map(str::to_owned));
        self.blocking(move |inner| inner.list(&prefix, after.as_deref(), limit))
            .await?
    }
}

struct Inner {
    disk: Arc<dyn Disk>,
    temporary: Temporary,
    /// Threads of this process take turns here, processes at the lock file: a lock file alone does not part threads.
    conditional: Mutex<()>,
    known_dirs: Mutex<HashSet<String>>,
}

impl Inner {
    fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
        match self.disk.read(&path_of(key)) {
            Ok(bytes) => {
                let etag = etag_of(&bytes);
                Ok(Some(Blob {
                    bytes: bytes.into(),
                    etag,
                }))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(away(&error)),
        }
    }

    /// Two syncs for all rather than two for each.
    fn put_all(&self, puts: &[Put]) -> Vec<Result<ETag, PutError>> {
        let mut written = Vec::with_capacity(puts.len());
        let outcome = self.put_together(puts, &mut written);
        for temporary in written.iter().flatten() {
            // Best effort: what stays is removed at the next start.
            let _ = self.disk.remove(temporary);
        }
        outcome.unwrap_or_else(|error| vec![Err(put_error(&error)); puts.len()])
    }

    /// `written` is where the bytes are that have not got their names.
    fn put_together(
        &self,
        puts: &[Put],
        written: &mut Vec<Option<String>>,
    ) -> io::Result<Vec<Result<ETag, PutError>>> {
        for put in puts {
            let temporary = self.temporary.name();
            let created = self.disk.create(&temporary);
            written.push(Some(temporary));
            created?.append(&put.bytes)?;
            self.ensure_dir(parent(&path_of(&put.key)))?;
        }
        self.disk.sync_all()?;
        let _turn = self
            .conditional
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let _lock = self.disk.lock(LOCK)?;
        let mut answers = Vec::with_capacity(puts.len());
        for (put, temporary) in puts.iter().zip(written.iter_mut()) {
            let Some(from) = temporary.as_deref() else {
                continue;
            };
            let placed = self.place(from, &put.key, &put.condition);
            if placed.is_ok() {
                *temporary = None;
            }
            answers.push(placed.map(|()| etag_of(&put.bytes)));
        }
        self.disk.sync_all()?;
        Ok(answers)
    }

    fn put(&self, key: &str, bytes: &Bytes, condition: &Condition) -> Result<ETag, PutError> {
        let path = path_of(key);
        let temporary = self.temporary.name();
        let written = self
            .write(&temporary, bytes)
            .and_then(|()| self.ensure_dir(parent(&path)));
        let placed = written
            .map_err(|error| put_error(&error))
            .and_then(|()| self.place_alone(&temporary, key, condition));
        if placed.is_err() {
            // Best effort: what stays is removed at the next start.
            let _ = self.disk.remove(&temporary);
        }
        placed?;
        self.disk
            .sync_dir(parent(&path))
            .map_err(|error| put_error(&error))?;
        Ok(etag_of(bytes))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.disk.create(path)?;
        file.append(bytes)?;
        file.sync()
    }

    fn place_alone(
        &self,
        temporary: &str,
        key: &str,
        condition: &Condition,
    ) -> Result<(), PutError> {
        if *condition == Condition::Always {
            return self.place(temporary, key, condition);
        }
        let _turn = self
            .conditional
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let _lock = self.disk.lock(LOCK).map_err(|error| put_error(&error))?;
        self.place(temporary, key, condition)
    }

    /// Gives written bytes their name, if the condition holds; nobody else may do so meanwhile.
    fn place(&self, temporary: &str, key: &str, condition: &Condition) -> Result<(), PutError> {
        let there = || Ok::<_, PutError>(self.get(key)?.map(|blob| blob.etag));
        let holds = match condition {
            Condition::Always => true,
            Condition::IfAbsent => there()?.is_none(),
            Condition::IfMatch(etag) => there()?.as_ref() == Some(etag),
        };
        if !holds {
            return Err(PutError::Precondition);
        }
        self.disk
            .rename(temporary, &path_of(key))
            .map_err(|error| put_error(&error))
    }

    fn ensure_dir(&self, dir: &str) -> io::Result<()> {
        let mut known = self
            .known_dirs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !known.contains(dir) {
            self.disk.make_dir(dir)?;
            if known.len() >= MOST_KNOWN_DIRS {
                known.clear();
            }
            known.insert(dir.to_owned());
        }
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), StoreError> {
        let path = path_of(key);
        match self
            .disk
            .remove(&path)
            .and_then(|()| self.disk.sync_dir(parent(&path)))
        {
            Ok(()) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(away(&error)),
        }
    }

    fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        let top = parent(prefix);
        self.walk(top, prefix, after, limit, &mut keys)
            .map_err(|error| away(&error))?;
        Ok(keys)
    }

    /// Depth first, in byte order of whole keys: a folder sorts as its name with `/`.
    fn walk(
        &self,
        dir: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        keys: &mut Vec<String>,
    ) -> io::Result<()> {
        let listed = self.disk.list(path_of(dir).trim_end_matches('/'))?;
        let mut names: Vec<String> = listed.into_iter().map(sorting_name).collect();
        names.sort_unstable();
        for name in names {
            if keys.len() >= limit {
                return Ok(());
            }
            let key = if dir.is_empty() {
                name
            } else {
                format!("{dir}/{name}")
            };
            if let Some(sub) = key.strip_suffix('/') {
                let may_match = key.starts_with(prefix) || prefix.starts_with(&key);
                let passed =
                    after.is_some_and(|after| !after.starts_with(&key) && after > key.as_str());
                if may_match && !passed {
                    self.walk(sub, prefix, after, limit, keys)?;
                }
            } else if key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after) {
                keys.push(key);
            }
        }
        Ok(())
    }
}

fn sorting_name(listed: Listed) -> String {
    if listed.is_dir {
        listed.name + "/"
    } else {
        listed.name
    }
}

fn path_of(key: &str) -> String {
    format!("{BLOBS}/{key}")
}

/// Content names the version: the same content twice is the same version, which no reader can tell apart.
fn etag_of(bytes: &[u8]) -> ETag {
    let mut reversed = crc32fast::Hasher::new();
    for chunk in bytes.rchunks(MIXED_CHUNK) {
        reversed.update(
            &(chunk.len() as u64 ^ u64::from(crc32fast::hash(chunk)).wrapping_mul(MIX))
                .to_le_bytes(),
        );
    }
    ETag(format!(
        "{:08x}{:08x}-{:x}",
        crc32fast::hash(bytes),
        reversed.finalize(),
        bytes.len()
    ))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}

fn away(error: &io::Error) -> StoreError {
    StoreError::Away(error.to_string())
}

fn put_error(error: &io::Error) -> PutError {
    if is_full(error) {
        PutError::Full(Medium::Disk)
    } else {
        PutError::Store(away(error))
    }
}

const BLOBS: &str = "blobs";
const LOCK: &str = "lock";
const MOST_KNOWN_DIRS: usize = 10_000;
const MIXED_CHUNK: usize = 509;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
