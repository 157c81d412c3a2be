//! A store opened to be looked after: nobody's mark is claimed, and no worker's spool is touched.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use mailbox::disk::TwinDisk;
use mailbox::{BlobStore, FolderStore, Mailboxes, MailboxesOptions, S3Store};

use crate::cli::StoreAt;
use crate::storage;

/// The store that the options name.
pub(super) async fn store(at: &StoreAt) -> anyhow::Result<Arc<dyn BlobStore>> {
    if let Some(bucket) = at.store.strip_prefix("s3://") {
        let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        if bucket.is_empty() {
            bail!("{} names no bucket: write s3://BUCKET/PREFIX", at.store);
        }
        let options = storage::s3(&at.service, bucket.to_owned(), folder_like(prefix));
        return Ok(Arc::new(S3Store::open(options).await));
    }
    let folder = Path::new(&at.store).join("store");
    // Opening would make one.
    if !folder.is_dir() {
        bail!(
            "{} has no messages: give the folder that a worker was given with --state",
            at.store
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

/// Keys are `PREFIX/…`, as the operator makes them.
fn folder_like(prefix: &str) -> String {
    if prefix.is_empty() || prefix.ends_with('/') {
        prefix.to_owned()
    } else {
        format!("{prefix}/")
    }
}
