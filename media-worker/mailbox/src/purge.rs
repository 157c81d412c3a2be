//! Deleting for good: a mailbox when its user is deleted, everything when the system is.
//!
//! Nothing is deleted that is not under the mark of the system that asks, and what is done twice is done once: a deletion that was cut off
//! goes on with the next.

use crate::ids::MailboxId;
use crate::layout;
use crate::owner::{self, MARK, Owner};
use crate::store::{BlobStore, StoreError, TRACE};
use futures::stream::{self, StreamExt, TryStreamExt};

/// Deletes everything of a system, its mark last; returns how many blobs. Where there is no mark, nothing is known to be its own, and
/// nothing is deleted.
pub async fn system(store: &dyn BlobStore, of: &Owner) -> Result<usize, StoreError> {
    if !owns(store, of).await? {
        return Ok(0);
    }
    let mut deleted = 0;
    // Not whatever has the prefix: another system's prefix may be within ours.
    for part in layout::PARTS {
        deleted += delete_all(store, part).await?;
    }
    store.delete(TRACE).await?;
    store.delete(MARK).await?;
    Ok(deleted)
}

/// Deletes a mailbox of a system; returns how many blobs. Audio that others have as well stays, the rest of it is swept.
pub async fn mailbox(
    store: &dyn BlobStore,
    of: &Owner,
    mailbox: &MailboxId,
) -> Result<usize, StoreError> {
    if !owns(store, of).await? {
        return Ok(0);
    }
    let errands = delete_all(store, &layout::outbox(mailbox)).await?;
    Ok(errands + delete_all(store, &layout::mailbox(mailbox)).await?)
}

async fn owns(store: &dyn BlobStore, claimant: &Owner) -> Result<bool, StoreError> {
    match owner::of(store).await? {
        Some(owner) if owner.uid == claimant.uid => Ok(true),
        Some(owner) => Err(owner::taken(owner, claimant)),
        None => Ok(false),
    }
}

/// Page by page from the start: what was deleted is not listed again.
async fn delete_all(store: &dyn BlobStore, prefix: &str) -> Result<usize, StoreError> {
    let mut deleted = 0;
    loop {
        let page = store.list(prefix, None, PAGE).await?;
        if page.is_empty() {
            return Ok(deleted);
        }
        deleted += page.len();
        // Gathered first: the compiler cannot see that a stream of borrowing closures may go to another thread.
        let deletions: Vec<_> = page.iter().map(|key| store.delete(key)).collect();
        stream::iter(deletions)
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
    }
}

const PAGE: usize = 1000;
const AT_ONCE: usize = 16;
