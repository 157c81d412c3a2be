//! Who may open the spool: one process at a time. A worker asks for it, and whoever carries in its absence gives way.
//!
//! Both the lock and the wish for it are locks of the operating system on files in the state folder, so that neither outlives its process.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The right to open the spool of a state folder, until dropped.
#[derive(Debug)]
pub struct SpoolLock {
    _held: File,
    wanted: File,
}

/// The lock cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it and keeps it.
    #[error("another process uses the state folder {}", .0.display())]
    InUse(PathBuf),
    /// A file of it cannot be used.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl SpoolLock {
    /// Takes the lock of a folder, and lets whoever has it know that it is wanted. Blocks, at most for `patience`.
    pub fn take(folder: &Path, patience: Duration) -> Result<Self, LockError> {
        let (lock, wanted) = (open(folder, LOCK)?, open(folder, WANTED)?);
        let end = Instant::now() + patience;
        let mut wish = false;
        loop {
            if try_lock(&lock, folder, LOCK)? {
                // The wish is fulfilled; the next one's must be seen.
                let wanted = open(folder, WANTED)?;
                return Ok(Self {
                    _held: lock,
                    wanted,
                });
            }
            if Instant::now() >= end {
                return Err(LockError::InUse(folder.to_owned()));
            }
            wish = wish || try_lock(&wanted, folder, WANTED)?;
            std::thread::sleep(ASK_AGAIN);
        }
    }

    /// Takes the lock if nobody has it or waits for it.
    pub fn take_if_free(folder: &Path) -> Result<Option<Self>, LockError> {
        let lock = open(folder, LOCK)?;
        if !try_lock(&lock, folder, LOCK)? {
            return Ok(None);
        }
        let lock = Self {
            _held: lock,
            wanted: open(folder, WANTED)?,
        };
        Ok((!lock.is_wanted()).then_some(lock))
    }

    /// Whether someone waits for the lock.
    pub fn is_wanted(&self) -> bool {
        match self.wanted.try_lock_shared() {
            Ok(()) => {
                // Nothing depends on it: the next look, and the end of the process, unlock as well.
                let _ = self.wanted.unlock();
                false
            }
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => false,
        }
    }

    /// Returns when someone waits for the lock.
    pub async fn wanted(&self) {
        while !self.is_wanted() {
            sleep(LOOK).await;
        }
    }
}

fn open(folder: &Path, name: &str) -> Result<File, LockError> {
    let path = folder.join(name);
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| LockError::Io { path, error })
}

/// Whether the lock on that file is ours now.
fn try_lock(file: &File, folder: &Path, name: &str) -> Result<bool, LockError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(LockError::Io {
            path: folder.join(name),
            error,
        }),
    }
}

const LOCK: &str = "lock";
const WANTED: &str = "wanted";
const ASK_AGAIN: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_millis(50);
