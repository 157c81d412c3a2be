//! A store opened to be looked after: nobody's mark is claimed, and no worker's spool is touched.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use mailbox::disk::TwinDisk;
use mailbox::{BlobStore, FolderStore, Mailboxes, MailboxesOptions, S3Store};

use crate::cli::{Here, StoreAt};
use crate::storage;

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the state folder of a worker.
    Folder(PathBuf),
    /// In a bucket.
    Bucket {
        /// The URL of the service; none is AWS.
        endpoint: Option<String>,
        /// Its name.
        bucket: String,
        /// What every key begins with, without the `/` at the end.
        prefix: String,
    },
}

/// The place that the options name.
pub(super) fn place(at: &StoreAt) -> anyhow::Result<Place> {
    if at.store == HERE {
        return here(at);
    }
    let Some(bucket) = at.store.strip_prefix("s3://") else {
        return Ok(folder(Path::new(&at.store)));
    };
    let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
    if bucket.is_empty() {
        bail!("{} names no bucket: write s3://BUCKET/PREFIX", at.store);
    }
    Ok(in_bucket(at, bucket, prefix))
}

/// The store that the options name.
pub(super) async fn store(at: &StoreAt) -> anyhow::Result<Arc<dyn BlobStore>> {
    if let Place::Folder(state) = place(at)?
        && !state.join(STORE).is_dir()
    {
        // Opening would make one.
        bail!(
            "{} has no messages: give the folder that a worker was given with --state",
            state.display()
        );
    }
    new(at).await
}

/// The same; a state folder whose worker has kept its messages elsewhere so far gets a store.
pub(super) async fn new(at: &StoreAt) -> anyhow::Result<Arc<dyn BlobStore>> {
    match place(at)? {
        Place::Folder(state) => in_folder(&state),
        Place::Bucket { bucket, prefix, .. } => {
            let options = storage::s3(&at.service, bucket, prefix);
            Ok(Arc::new(S3Store::open(options).await))
        }
    }
}

/// What the worker uses in whose Pod this runs.
fn here(at: &StoreAt) -> anyhow::Result<Place> {
    let Here {
        bucket,
        prefix,
        state,
    } = &at.here;
    if let Some(bucket) = bucket.as_deref().filter(|bucket| !bucket.is_empty()) {
        return Ok(in_bucket(at, bucket, prefix));
    }
    let Some(state) = state else {
        bail!(
            "{HERE} is what a worker uses, and this is no worker's Pod: write s3://BUCKET/PREFIX, or the folder that a worker was \
             given with --state"
        );
    };
    Ok(folder(state))
}

fn in_bucket(at: &StoreAt, bucket: &str, prefix: &str) -> Place {
    Place::Bucket {
        endpoint: at.service.endpoint.clone().filter(|url| !url.is_empty()),
        bucket: bucket.to_owned(),
        prefix: prefix.trim_end_matches('/').to_owned(),
    }
}

/// By its one true name, so that the same folder is known again.
fn folder(state: &Path) -> Place {
    Place::Folder(state.canonicalize().unwrap_or_else(|_| state.to_owned()))
}

fn in_folder(state: &Path) -> anyhow::Result<Arc<dyn BlobStore>> {
    let folder = state.join(STORE);
    if !folder.is_dir() && !state.join(SPOOL).is_dir() {
        bail!(
            "{} is no state folder: give the one that a worker was given with --state",
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

/// What a worker has in its state folder.
const STORE: &str = "store";
const SPOOL: &str = "spool";
/// A folder of that name is `./here`.
const HERE: &str = "here";
