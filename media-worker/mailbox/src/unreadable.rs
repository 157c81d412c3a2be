//! Recordings that the spool's disk no longer gives whole: they are asked for again for hours, as it may come back.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// For how long the disk has been asked for which recordings.
pub(crate) struct Unreadable {
    patience: Duration,
    asked: Mutex<HashMap<u64, Asked>>,
}

#[derive(Default)]
struct Asked {
    time: Duration,
    /// When the disk was last asked, if it worked.
    last: Option<Instant>,
}

impl Unreadable {
    /// None yet; each is asked for again for that long.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            patience,
            asked: Mutex::default(),
        }
    }

    /// Notes that the disk does not give this one now; whether it has been asked for long enough. No time counts in which the disk does not work: then
    /// all that it has is away, and nothing is lost yet.
    pub(crate) fn is_given_up(&self, recording: u64, disk_works: bool, now: Instant) -> bool {
        let mut asked = self.asked();
        let asked = asked.entry(recording).or_default();
        if !disk_works {
            asked.last = None;
            return false;
        }
        if let Some(last) = asked.last.replace(now) {
            asked.time += now.duration_since(last).min(LONGEST_PAUSE);
        }
        asked.time >= self.patience
    }

    /// The disk has given these, or the spool has them no longer.
    pub(crate) fn forget(&self, recordings: &[u64]) {
        self.asked()
            .retain(|recording, _| !recordings.contains(recording));
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<u64, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who carries messages asks more often than that. After a longer pause, as while the store is away, nobody has asked meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MailboxesOptions;

    const MINUTE: Duration = Duration::from_mins(1);

    /// How many minutes go by, from `now` on, until a recording is given up that the disk is asked for each minute.
    fn minutes(unreadable: &Unreadable, mut now: Instant) -> u32 {
        let mut minutes = 0;
        while !unreadable.is_given_up(1, true, now) {
            now += MINUTE;
            minutes += 1;
        }
        minutes
    }

    #[test]
    fn the_disk_is_asked_for_six_hours() {
        let unreadable = Unreadable::new(MailboxesOptions::new([1; 32]).ask_disk_for);
        assert_eq!(minutes(&unreadable, Instant::now()), 6 * 60);
    }

    #[test]
    fn no_time_counts_in_which_the_disk_does_not_work_or_is_not_asked() {
        let unreadable = Unreadable::new(10 * MINUTE);
        let mut now = Instant::now();
        for works in [true, false, false, true, false] {
            assert!(!unreadable.is_given_up(1, works, now));
            now += 60 * MINUTE;
        }
        assert_eq!(minutes(&unreadable, now), 10);
        assert!(!unreadable.is_given_up(1, false, now), "not at that moment");
        assert!(!unreadable.is_given_up(2, true, now));
        assert!(!unreadable.is_given_up(2, true, now + 60 * MINUTE));
        assert_eq!(minutes(&unreadable, now), 0, "the first has waited enough");
    }

    #[test]
    fn what_was_given_meanwhile_is_waited_for_anew() {
        let unreadable = Unreadable::new(10 * MINUTE);
        let now = Instant::now();
        assert_eq!(minutes(&unreadable, now), 10);
        unreadable.forget(&[1]);
        assert_eq!(minutes(&unreadable, now), 10);
    }
}
