//! What the spool and the local store need of a disk, so that a test can take the power away at any step.

mod real;
mod twin;

pub use real::RealDisk;
pub use twin::TwinDisk;

use rustix::io::Errno;
use std::io;

/// A folder with files in it. Paths are relative to it and use `/`.
///
/// Nothing is durable before it is synced: bytes by [`DiskFile::sync`], names (creation, renaming, removal) by
/// [`Disk::sync_dir`] of the folder that holds them, all of it by [`Disk::sync_all`].
pub trait Disk: Send + Sync + 'static {
    /// The whole file.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// `len` bytes from `offset`; fewer are an error.
    fn read_at(&self, path: &str, offset: u64, len: usize) -> io::Result<Vec<u8>>;
    /// Names in a folder, in no order; a missing folder is empty.
    fn list(&self, dir: &str) -> io::Result<Vec<Listed>>;
    /// Makes a folder and its parents, durably; existing ones are fine.
    fn make_dir(&self, dir: &str) -> io::Result<()>;
    /// A new empty file open for appending; an existing one of that name is emptied.
    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Renames a file, replacing the target.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;
    /// Makes all that was written and named before durable, in one go: cheaper than many single syncs, but it may wait for others' writes too.
    fn sync_all(&self) -> io::Result<()>;
    /// An exclusive lock between processes, held until the value is dropped.
    fn lock(&self, path: &str) -> io::Result<DiskLock>;
    /// The same, `None` where someone else holds it.
    fn try_lock(&self, path: &str) -> io::Result<Option<DiskLock>>;
}

/// A lock, held until dropped.
pub type DiskLock = Box<dyn Send + Sync>;

/// A file open for appending.
pub trait DiskFile: Send {
    /// Appends all the bytes; after an error some of them may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file to `len` bytes; the next append continues there.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
    /// Makes what was appended durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name, without its folder.
    pub name: String,
    /// A folder rather than a file.
    pub is_dir: bool,
}

/// The folder part of a path; empty for a name at the top.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// Whether an error says that the disk (or a quota on it) is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Whether an error says that the disk does not have, or cannot give, what was written there.
pub(crate) fn is_lost(error: &io::Error) -> bool {
    let missing = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
    );
    missing || error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

/// Whether a disk keeps what is written now; one that is full would if it had room. The file is there for that only.
pub(crate) fn works(disk: &dyn Disk, path: &str) -> bool {
    let tried = disk.create(path).and_then(|mut file| {
        file.append(b"?")?;
        file.sync()
    });
    // Best effort: the next time it is emptied.
    let _ = disk.remove(path);
    match tried {
        Ok(()) => true,
        Err(error) => is_full(&error),
    }
}
