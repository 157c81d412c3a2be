//! Where blobs are kept: a local folder, memory for tests, object storage.

pub mod contract;
mod folder;
mod memory;
mod owned;
mod s3;
mod temporary;
mod watched;

pub use folder::FolderStore;
pub use memory::{MemoryStore, Weather};
pub use owned::OwnedStore;
pub use s3::{S3Credentials, S3Keys, S3Options, S3Store};

pub(crate) use watched::{TRACE, Watched};

use crate::owner::Owner;
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;

/// A store of named byte strings with conditional writes.
///
/// Keys are parts of `A-Z a-z 0-9 . _ -`, none beginning with a dot, joined by `/`. No key is also the folder part of another.
/// A write is durable and visible to every reader once `put` has returned; a reader sees one whole version or another.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// The blob of that key, `None` where there is none.
    async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError>;
    /// Writes a blob, if the condition holds.
    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<ETag, PutError>;
    /// Writes several blobs, each if its condition holds, faster than one by one where the store can. They come in ascending [`Put::rank`].
    ///
    /// Answers in the order given. After an error other than [`PutError::Precondition`] the rest may not have been written and have errors
    /// too, and nothing of a higher rank has been.
    async fn put_all(&self, puts: Vec<Put>) -> Vec<Result<ETag, PutError>> {
        let mut answers = Vec::with_capacity(puts.len());
        let mut failed = None;
        for put in puts {
            let answer = match &failed {
                Some(error) => Err(PutError::clone(error)),
                None => self.put(&put.key, put.bytes, put.condition).await,
            };
            if let Err(error) = &answer
                && *error != PutError::Precondition
            {
                failed = Some(error.clone());
            }
            answers.push(answer);
        }
        answers
    }
    /// Removes a blob; a missing one is fine.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;
    /// At most `limit` keys that begin with `prefix` and come after `start_after`, in byte order.
    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError>;
}

/// Names one version of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag(pub String);

/// A blob as read.
#[derive(Clone, Debug)]
pub struct Blob {
    /// Its content.
    pub bytes: Bytes,
    /// The version read, for [`Condition::IfMatch`].
    pub etag: ETag,
}

/// One of several writes.
#[derive(Clone, Debug)]
pub struct Put {
    /// Where.
    pub key: String,
    /// What.
    pub bytes: Bytes,
    /// When it may happen.
    pub condition: Condition,
    /// It is visible only after all of lower rank; among equals, any may be first.
    pub rank: u8,
}

/// When a write may happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Whatever is there.
    Always,
    /// Only where there is no blob of that key.
    IfAbsent,
    /// Only over this version.
    IfMatch(ETag),
}

/// Why a store did not answer.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum StoreError {
    /// The store cannot be reached or failed; trying again may help.
    #[error("the store is away: {0}")]
    Away(String),
    /// The store does not accept who we are, or does not allow us what we ask.
    #[error("the store refuses the credentials: {0}")]
    CredentialsRefused(String),
    /// The bucket does not exist.
    #[error("there is no bucket {0}")]
    BucketMissing(String),
    /// Everything under the prefix belongs to another system, whose mark is there.
    #[error("the storage belongs to {owner}, not to {claimant}")]
    PrefixTaken {
        /// Whose mark is there.
        owner: Owner,
        /// Who wants it.
        claimant: Owner,
    },
    /// The key breaks the rules of [`BlobStore`].
    #[error("bad key {0:?}")]
    BadKey(String),
}

/// Why a write did not happen.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PutError {
    /// The condition did not hold: someone else was there first.
    #[error("the blob has changed meanwhile")]
    Precondition,
    /// No room is left.
    #[error("{0}")]
    Full(Medium),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What blobs are kept on, of which each is given room in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// The disk of a worker's state folder, which has its spool, too.
    Disk,
    /// A bucket of a service.
    Bucket,
}

impl fmt::Display for Medium {
    /// That it is full, and the remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disk => {
                "the disk of the worker's state folder is full: make room on it, or make it bigger"
            }
            Self::Bucket => "storage is full: make room, or raise the bucket's quota",
        })
    }
}

impl Medium {
    /// What becomes of messages while it is full.
    pub(crate) fn meanwhile(self) -> &'static str {
        match self {
            Self::Disk => "Until then no messages are taken; those that were taken are safe",
            Self::Bucket => "Messages wait on the worker's disk",
        }
    }
}

/// All keys under a prefix, page by page.
pub async fn list_all(store: &dyn BlobStore, prefix: &str) -> Result<Vec<String>, StoreError> {
    let mut keys: Vec<String> = Vec::new();
    loop {
        let page = store
            .list(prefix, keys.last().map(String::as_str), LIST_PAGE)
            .await?;
        let full = page.len() >= LIST_PAGE;
        keys.extend(page);
        if !full {
            return Ok(keys);
        }
    }
}

/// Checks a key against the rules of [`BlobStore`].
pub(crate) fn check_key(key: &str) -> Result<(), StoreError> {
    let good_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    if key.len() <= LONGEST_KEY && key.split('/').all(good_part) {
        Ok(())
    } else {
        Err(StoreError::BadKey(key.to_owned()))
    }
}

const LIST_PAGE: usize = 1000;
const LONGEST_KEY: usize = 900;
