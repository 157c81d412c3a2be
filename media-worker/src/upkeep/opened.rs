//! A store opened to be looked after: nobody's mark is claimed, and no worker's spool is touched.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use mailbox::disk::TwinDisk;
use mailbox::{BlobStore, FolderStore, Mailboxes, MailboxesOptions, S3Store};

use crate::cli::{Here, StoreAt};
use crate::storage;

/// The store that the options name.
pub(super) async fn store(at: &StoreAt) -> anyhow::Result<Arc<dyn BlobStore>> {
    if at.store == HERE {
        return here(at).await;
    }
    let Some(bucket) = at.store.strip_prefix("s3://") else {
        return in_folder(Path::new(&at.store));
    };
    let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
    if bucket.is_empty() {
        bail!("{} names no bucket: write s3://BUCKET/PREFIX", at.store);
    }
    Ok(in_bucket(at, bucket, prefix).await)
}

/// What the worker uses in whose Pod this runs.
async fn here(at: &StoreAt) -> anyhow::Result<Arc<dyn BlobStore>> {
    let Here {
        bucket,
        prefix,
        state,
    } = &at.here;
    if let Some(bucket) = bucket.as_deref().filter(|bucket| !bucket.is_empty()) {
        return Ok(in_bucket(at, bucket, prefix).await);
    }
    let Some(state) = state else {
        bail!(
            "{HERE} is what a worker uses, and this is no worker's Pod: write s3://BUCKET/PREFIX, or the folder that a worker was \
             given with --state"
        );
    };
    in_folder(state)
}

async fn in_bucket(at: &StoreAt, bucket: &str, prefix: &str) -> Arc<dyn BlobStore> {
    let options = storage::s3(&at.service, bucket.to_owned(), prefix.to_owned());
    Arc::new(S3Store::open(options).await)
}

fn in_folder(state: &Path) -> anyhow::Result<Arc<dyn BlobStore>> {
    let folder = state.join("store");
    // Opening would make one.
    if !folder.is_dir() {
        bail!(
            "{} has no messages: give the folder that a worker was given with --state",
            state.display()
        );
    }
    let store = FolderStore::open(&folder)
        .with_context(|| format!("{} can't be used", folder.display()))?;
    Ok(Arc::new(store))
}

/// The mailboxes of a store, with a spool in memory that stays empty.
pub(super) fn mailboxes(store: Arc<dyn BlobStore>) -> anyhow::Result<Mailboxes> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system gives no randomness")?;
    let nothing = Arc::new(TwinDisk::new());
    let (mailboxes, _announced) = Mailboxes::open(store, nothing, MailboxesOptions::new(seed))?;
    Ok(mailboxes)
}

/// A folder of that name is `./here`.
const HERE: &str = "here";
