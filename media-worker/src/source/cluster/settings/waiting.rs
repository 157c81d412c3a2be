//! Whose change is tried again when.
use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

/// Users whose changes could not be written: each waits longer after each failure of his own.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<String, Wait>);

#[derive(Clone, Copy, Debug)]
struct Wait {
    until: Instant,
    delay: Duration,
}

impl Waiting {
    /// When this user's change is tried again; none if it has not failed.
    pub(super) fn until(&self, user: &str) -> Option<Instant> {
        self.0.get(user).map(|wait| wait.until)
    }

    /// It has failed now; for how long it waits.
    pub(super) fn put_off(&mut self, user: &str, now: Instant) -> Duration {
        let failed = self.0.get(user);
        let delay = failed.map_or(FIRST_DELAY, |wait| (wait.delay * 2).min(LONGEST_DELAY));
        let until = now + delay;
        self.0.insert(user.to_owned(), Wait { until, delay });
        delay
    }

    /// It is written, or there is none any more.
    pub(super) fn forget(&mut self, user: &str) {
        self.0.remove(user);
    }
}

const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_waits_for_himself_and_longer_after_each_failure() {
        let now = Instant::now();
        let mut waiting = Waiting::default();
        let delays: Vec<Duration> = (0..9).map(|_| waiting.put_off("anna", now)).collect();
        assert_eq!(delays[..3], [250, 500, 1000].map(Duration::from_millis));
        assert_eq!(delays[8], LONGEST_DELAY);
        assert_eq!(waiting.until("anna"), Some(now + LONGEST_DELAY));
        assert_eq!(waiting.until("mary"), None);
        assert!(waiting.until("mary") < waiting.until("anna"), "she is next");
        waiting.forget("anna");
        assert_eq!(waiting.put_off("anna", now), FIRST_DELAY);
    }
}
