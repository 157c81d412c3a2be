//! Recordings that the spool's disk no longer gives whole: they are asked for again for a while, as it may come back.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Since when the disk does not give which recordings.
pub(crate) struct Unreadable {
    patience: Duration,
    since: Mutex<HashMap<u64, Instant>>,
}

impl Unreadable {
    /// None yet; each is asked for again for that long.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            patience,
            since: Mutex::default(),
        }
    }

    /// Notes that the disk does not give this one; whether it has been asked for long enough.
    pub(crate) fn is_given_up(&self, recording: u64) -> bool {
        let mut since = self.since();
        let since = since.entry(recording).or_insert_with(Instant::now);
        since.elapsed() >= self.patience
    }

    /// The spool has these no longer.
    pub(crate) fn forget(&self, recordings: &[u64]) {
        self.since()
            .retain(|recording, _| !recordings.contains(recording));
    }

    fn since(&self) -> MutexGuard<'_, HashMap<u64, Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
