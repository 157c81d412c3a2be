//! The owner mark: everything under a prefix belongs to one `PhoneSystem`, known by its UID.

use crate::record::to_bytes;
use crate::store::{BlobStore, Condition, PutError, StoreError};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A `PhoneSystem`, as its mark in the store names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its UID, which alone decides.
    pub uid: String,
    /// Its namespace and name, for people.
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneSystem {} (UID {})", self.name, self.uid)
    }
}

/// Whose everything in the store is; `None` where nobody has claimed it.
pub async fn of(store: &dyn BlobStore) -> Result<Option<Owner>, StoreError> {
    let mark = store.get(MARK).await?;
    Ok(mark.map(|blob| read(&blob.bytes)))
}

/// Makes everything in the store the claimant's: where nobody has claimed it, or where its owner's UID is the one in `adopts`, as after a
/// restore under another UID. Claiming what is one's own changes nothing. Another's is [`StoreError::PrefixTaken`].
pub async fn claim(
    store: &dyn BlobStore,
    claimant: &Owner,
    adopts: Option<&str>,
) -> Result<(), PutError> {
    for _ in 0..MOST_CONFLICTS {
        let condition = match store.get(MARK).await? {
            None => Condition::IfAbsent,
            Some(mark) => match read(&mark.bytes) {
                owner if owner.uid == claimant.uid => return Ok(()),
                owner if adopts == Some(&*owner.uid) => Condition::IfMatch(mark.etag),
                owner => return Err(taken(owner, claimant).into()),
            },
        };
        match store.put(MARK, to_bytes(claimant).into(), condition).await {
            Ok(_) => return Ok(()),
            // Someone else was first, or the answer to our own was lost: look again who it is.
            Err(PutError::Precondition) => {}
            Err(error) => return Err(error),
        }
    }
    Err(PutError::Precondition)
}

/// What is to be said of another's storage.
pub(crate) fn taken(owner: Owner, claimant: &Owner) -> StoreError {
    StoreError::PrefixTaken {
        owner,
        claimant: claimant.clone(),
    }
}

/// A mark that cannot be read is still somebody's.
fn read(bytes: &[u8]) -> Owner {
    serde_json::from_slice(bytes).unwrap_or_else(|_| Owner {
        uid: "unreadable".into(),
        name: "unknown".into(),
    })
}

/// The key of the mark.
pub(crate) const MARK: &str = "owner";
const MOST_CONFLICTS: u32 = 4;
