//! How the store does, as a value that others can watch.

use crate::owner::Owner;
use crate::store::{Medium, PutError, StoreError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How the store did when it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// It was not asked yet.
    #[default]
    Untried,
    /// It takes what is written.
    Writable,
    /// It does not.
    Troubled(Trouble),
}

/// What is the matter with a store, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It cannot be reached or fails.
    #[error(
        "storage does not answer: {0}. Messages wait on the worker's disk; see that the service runs, and that \
         spec.storage.s3.endpoint leads to it from the worker's Pod"
    )]
    Away(String),
    /// It refuses the credentials, or what is asked with them.
    #[error(
        "storage refuses the credentials: {0}. Write accessKeyId and secretAccessKey of an account that may read, write, \
         list and delete in the bucket into the Secret that spec.storage.s3.credentialsSecretRef names"
    )]
    CredentialsRefused(String),
    /// The bucket does not exist.
    #[error("there is no bucket {0}: create it, or correct spec.storage.s3.bucket")]
    BucketMissing(String),
    /// The prefix is another system's.
    #[error(
        "the storage belongs to {owner}, not to {claimant}: choose another spec.storage.s3.prefix; or, if this system \
         replaces the other, let it adopt the storage with the annotation switchboard.dev/adopt-storage: {}", owner.uid
    )]
    PrefixTaken {
        /// Whose mark is there.
        owner: Owner,
        /// Who wants it.
        claimant: Owner,
    },
    /// No room is left.
    #[error("{}. {}", .0, .0.meanwhile())]
    Full(Medium),
}

/// What requests meet, gathered.
pub(crate) struct Health {
    met: Mutex<Met>,
    told: watch::Sender<Storage>,
}

/// What the last read and the last write met: a read that works says nothing about writing.
#[derive(Default)]
struct Met {
    reading: Option<Trouble>,
    writing: Option<Trouble>,
    /// Until when readers are told at once what the last one waited for.
    rest: Option<(Instant, StoreError)>,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self {
            met: Mutex::default(),
            told: watch::channel(Storage::Untried).0,
        }
    }

    /// How the store does, now and from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<Storage> {
        self.told.subscribe()
    }

    /// The error to answer a reader with rather than let a caller wait for it again.
    pub(crate) fn resting(&self) -> Option<StoreError> {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, error) = met.rest.as_ref()?;
        (Instant::now() < *until).then(|| error.clone())
    }

    /// The next reader is to try in earnest.
    pub(crate) fn end_rest(&self) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.rest = None;
    }

    /// Notes what came of reading; `since` is when it was asked.
    pub(crate) fn read<T>(&self, outcome: &Result<T, StoreError>, since: Instant) {
        let trouble = match outcome {
            Ok(_) => None,
            Err(StoreError::BadKey(_)) => return,
            Err(error) => Some(Trouble::from(error)),
        };
        self.note(|met| {
            met.reading = trouble;
            if let Err(error) = outcome {
                met.rest_after(since, error);
            }
        });
    }

    /// Notes what came of writing or deleting.
    pub(crate) fn written<T>(&self, outcome: &Result<T, PutError>, since: Instant) {
        let error = match outcome {
            Err(PutError::Store(StoreError::BadKey(_))) => return,
            // The condition was looked at: the store works.
            Ok(_) | Err(PutError::Precondition) => {
                return self.note(|met| *met = Met::default());
            }
            Err(PutError::Full(medium)) => {
                return self.note(|met| met.writing = Some(Trouble::Full(*medium)));
            }
            Err(PutError::Store(error)) => error,
        };
        self.note(|met| {
            met.writing = Some(Trouble::from(error));
            met.rest_after(since, error);
        });
    }

    fn note(&self, note: impl FnOnce(&mut Met)) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut met);
        let storage = match met.writing.as_ref().or(met.reading.as_ref()) {
            Some(trouble) => Storage::Troubled(trouble.clone()),
            None => Storage::Writable,
        };
        self.told.send_if_modified(|told| {
            let changed = *told != storage;
            if changed {
                say(told, &storage);
                *told = storage;
            }
            changed
        });
    }
}

impl Met {
    /// A store that fails at once may be asked at once: only waiting is saved.
    fn rest_after(&mut self, since: Instant, error: &StoreError) {
        if since.elapsed() >= LONG_WAIT {
            self.rest = Some((Instant::now() + REST, error.clone()));
        }
    }
}

impl From<&StoreError> for Trouble {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Away(why) => Self::Away(why.clone()),
            StoreError::BadKey(_) => Self::Away(error.to_string()),
            StoreError::CredentialsRefused(why) => Self::CredentialsRefused(why.clone()),
            StoreError::BucketMissing(bucket) => Self::BucketMissing(bucket.clone()),
            StoreError::PrefixTaken { owner, claimant } => Self::PrefixTaken {
                owner: owner.clone(),
                claimant: claimant.clone(),
            },
        }
    }
}

/// Says a change aloud, once.
fn say(before: &Storage, now: &Storage) {
    match (before, now) {
        (_, Storage::Troubled(trouble)) => tracing::warn!("{trouble}"),
        (Storage::Troubled(_), Storage::Writable) => tracing::info!("the storage works again"),
        (_, Storage::Writable | Storage::Untried) => {}
    }
}

/// A caller notices such a wait.
const LONG_WAIT: Duration = Duration::from_millis(500);
/// So long nobody else waits for a store that let one wait in vain.
const REST: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::TwinDisk;
    use crate::store::{BlobStore, Condition, FolderStore};
    use std::sync::Arc;

    fn away<T>() -> Result<T, StoreError> {
        Err(StoreError::Away("as told".to_owned()))
    }

    fn long_ago() -> Instant {
        Instant::now().checked_sub(LONG_WAIT).unwrap()
    }

    #[tokio::test]
    async fn after_one_has_waited_in_vain_the_next_is_told_at_once() {
        let health = Health::new();
        health.read::<()>(&away(), Instant::now());
        assert_eq!(health.resting(), None, "that was no long wait");
        health.read::<()>(&away(), long_ago());
        assert_eq!(health.resting(), away::<()>().err());
        health.end_rest();
        assert_eq!(health.resting(), None);
        health.read::<()>(&away(), long_ago());
        health.written(&Ok(()), long_ago());
        assert_eq!(health.resting(), None, "it works again");
    }

    #[tokio::test]
    async fn a_full_disk_is_not_told_with_the_remedy_for_a_bucket() {
        let told = |medium| Trouble::Full(medium).to_string();
        assert!(told(Medium::Bucket).contains("quota"));
        let disk = TwinDisk::new();
        let store = FolderStore::on(Arc::new(disk.clone())).unwrap();
        disk.set_capacity(Some(0));
        let put = store.put("files/a.wav", "sound".into(), Condition::Always);
        let put = put.await;
        assert_eq!(put, Err(PutError::Full(Medium::Disk)));
        let said = put.unwrap_err().to_string();
        assert!(said.contains("make room on it"), "{said}");
        let said = told(Medium::Disk);
        assert!(!said.contains("bucket") && !said.contains("wait"), "{said}");
    }

    #[tokio::test]
    async fn that_reading_works_says_nothing_about_writing() {
        let health = Health::new();
        let storage = health.watch();
        assert_eq!(*storage.borrow(), Storage::Untried);
        let full = Err(PutError::Full(Medium::Bucket));
        health.written::<()>(&full, Instant::now());
        health.read(&Ok(()), Instant::now());
        let full = Trouble::Full(Medium::Bucket);
        assert_eq!(*storage.borrow(), Storage::Troubled(full));
        health.written::<()>(&Err(PutError::Precondition), Instant::now());
        assert_eq!(*storage.borrow(), Storage::Writable);
    }
}
