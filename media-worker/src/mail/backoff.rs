//! How long to wait after which failure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// When a letter is tried again that was not taken for the so manieth time.
pub(super) fn of_letter(attempts: u32, now: Timestamp) -> Timestamp {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1).min(16)));
    after(now, doubled.min(LONGEST))
}

/// When a server is asked again that could not be used for the so manieth time.
pub(super) fn of_server(failures: u32) -> Duration {
    let doubled =
        SERVER_FIRST.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(16)));
    doubled.min(SERVER_LONGEST)
}

/// A moment later; the last there is, where there is none so late.
pub(super) fn after(now: Timestamp, time: Duration) -> Timestamp {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}

const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_mins(30);
const SERVER_FIRST: Duration = Duration::from_secs(2);
const SERVER_LONGEST: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let now = Timestamp::UNIX_EPOCH;
        let seconds = |attempts| of_letter(attempts, now).as_second();
        assert_eq!([1, 2, 3].map(seconds), [30, 60, 120]);
        assert_eq!([7, 40].map(seconds), [1800, 1800]);
        assert_eq!(
            [1, 2, 9, 99].map(|n| of_server(n).as_secs()),
            [2, 4, 300, 300]
        );
    }
}
