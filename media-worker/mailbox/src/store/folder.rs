//! A blob store in a local folder: every blob a file.

use super::{Blob, BlobStore, Condition, ETag, PutError, StoreError, check_key};
use crate::disk::{Disk, Listed, RealDisk, is_full, parent};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Blobs as files of one folder, durable, and safe to share between processes of one machine.
///
/// A write goes to a file beside, is synced, renamed over the blob, and the folder synced. Conditional writes compare and rename under
/// a lock between processes.
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
        disk.make_dir(TEMPORARY)?;
        disk.make_dir(BLOBS)?;
        let inner = Inner {
            disk,
            next_temporary: AtomicU64::new(0),
            conditional: Mutex::new(()),
            known_dirs: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
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

    async fn put_all(&self, blobs: Vec<(String, Bytes)>) -> Result<(), PutError> {
        for (key, _) in &blobs {
            check_key(key)?;
        }
        self.blocking(move |inner| inner.put_all(&blobs)).await?
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
    next_temporary: AtomicU64,
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

    /// One sync for each folder rather than for each blob.
    fn put_all(&self, blobs: &[(String, Bytes)]) -> Result<(), PutError> {
        let mut dirs = BTreeSet::new();
        for (key, bytes) in blobs {
            let path = path_of(key);
            self.write_in_place(key, &path, bytes, &Condition::Always)?;
            dirs.insert(parent(&path).to_owned());
        }
        for dir in dirs {
            self.disk
                .sync_dir(&dir)
                .map_err(|error| put_error(&error))?;
        }
        Ok(())
    }

    fn put(&self, key: &str, bytes: &Bytes, condition: &Condition) -> Result<ETag, PutError> {
        let path = path_of(key);
        self.write_in_place(key, &path, bytes, condition)?;
        self.disk
            .sync_dir(parent(&path))
            .map_err(|error| put_error(&error))?;
        Ok(etag_of(bytes))
    }

    /// All of a write but the sync of its folder.
    fn write_in_place(
        &self,
        key: &str,
        path: &str,
        bytes: &[u8],
        condition: &Condition,
    ) -> Result<(), PutError> {
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = format!("{TEMPORARY}/{}-{number}", std::process::id());
        let written = self
            .write(&temporary, bytes)
            .and_then(|()| self.ensure_dir(parent(path)));
        let placed = written.map_err(|error| put_error(&error));
        let placed = placed.and_then(|()| self.place(&temporary, path, key, condition));
        if placed.is_err() {
            // Best effort: what stays is an unnamed rest in the temporary folder.
            let _ = self.disk.remove(&temporary);
        }
        placed
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.disk.create(path)?;
        file.append(bytes)?;
        file.sync()
    }

    fn place(
        &self,
        temporary: &str,
        path: &str,
        key: &str,
        condition: &Condition,
    ) -> Result<(), PutError> {
        let rename = || {
            self.disk
                .rename(temporary, path)
                .map_err(|error| put_error(&error))
        };
        if *condition == Condition::Always {
            return rename();
        }
        let _turn = self
            .conditional
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let _lock = self.disk.lock(LOCK).map_err(|error| put_error(&error))?;
        let there = self.get(key)?.map(|blob| blob.etag);
        let holds = match condition {
            Condition::Always => true,
            Condition::IfAbsent => there.is_none(),
            Condition::IfMatch(etag) => there.as_ref() == Some(etag),
        };
        if holds {
            rename()
        } else {
            Err(PutError::Precondition)
        }
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
        PutError::Full
    } else {
        PutError::Store(away(error))
    }
}

const BLOBS: &str = "blobs";
const TEMPORARY: &str = "tmp";
const LOCK: &str = "lock";
const MOST_KNOWN_DIRS: usize = 10_000;
const MIXED_CHUNK: usize = 509;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
