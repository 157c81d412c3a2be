//! How wrong PINs are slowed down (spec MC-A5).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The logins of one user from one side, as his home remembers them. Wrong PINs are counted over
/// all calls, so that hanging up before the third one does not help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockout {
    /// How often this side was locked since the last right PIN.
    rounds: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// Nothing wrong since the last right PIN or lock.
    #[default]
    Clear,
    /// So many wrong PINs, the last of them then.
    Suspicious { wrong: u32, last: Timestamp },
    /// No PIN is looked at before then.
    Locked { until: Timestamp },
}

/// What a home answers to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The PIN is right.
    Admitted,
    /// The PIN is wrong; another may be tried.
    Wrong,
    /// The PIN is wrong, and this side is locked for so long from now.
    LockedOut(Duration),
    /// This side is still locked for so long; the PIN was not looked at.
    Locked(Duration),
}

impl Lockout {
    /// One attempt: what is remembered from now on, and the answer. `is_right` is asked only when
    /// the side is not locked, so that guesses learn nothing meanwhile.
    pub fn attempt(self, now: Timestamp, is_right: impl FnOnce() -> bool) -> (Self, Verdict) {
        let lockout = self.as_of(now);
        let wrong = match lockout.state {
            State::Locked { until } => return (lockout, Verdict::Locked(between(now, until))),
            State::Clear => 0,
            State::Suspicious { wrong, .. } => wrong,
        };
        if is_right() {
            return (Self::default(), Verdict::Admitted);
        }
        if wrong + 1 < ATTEMPTS {
            let state = State::Suspicious {
                wrong: wrong + 1,
                last: now,
            };
            return (Self { state, ..lockout }, Verdict::Wrong);
        }
        let length = lock_length(lockout.rounds);
        let until = now.saturating_add(signed(length)).unwrap_or(Timestamp::MAX);
        let rounds = lockout.rounds.saturating_add(1);
        (
            Self {
                rounds,
                state: State::Locked { until },
            },
            Verdict::LockedOut(length),
        )
    }

    /// Whether nothing needs to be remembered any more.
    pub fn is_forgotten(self, now: Timestamp) -> bool {
        self.as_of(now) == Self::default()
    }

    /// What time has made of it: locks end, and after a quiet day all is forgotten.
    fn as_of(self, now: Timestamp) -> Self {
        let quiet_since = match self.state {
            State::Clear => return self,
            State::Suspicious { last, .. } => last,
            State::Locked { until } => until,
        };
        if now.duration_since(quiet_since) >= signed(FORGOTTEN_AFTER) {
            return Self::default();
        }
        match self.state {
            // The wrong PINs of the last round are told apart from its end only by the state, so
            // that the next round is remembered as the next even after the lock is over.
            State::Locked { until } if until <= now => Self {
                state: State::Suspicious {
                    wrong: 0,
                    last: until,
                },
                ..self
            },
            State::Clear | State::Suspicious { .. } | State::Locked { .. } => self,
        }
    }
}

/// How long the lock of this round lasts, counted from 0.
fn lock_length(round: u32) -> Duration {
    FIRST_LOCK
        .saturating_mul(2_u32.saturating_pow(round))
        .min(LONGEST_LOCK)
}

fn between(now: Timestamp, until: Timestamp) -> Duration {
    until.duration_since(now).unsigned_abs()
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// So many wrong PINs lock a side, and end a call.
pub(crate) const ATTEMPTS: u32 = 3;
const FIRST_LOCK: Duration = Duration::from_mins(1);
const LONGEST_LOCK: Duration = Duration::from_hours(1);
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    /// Attempts with a wrong PIN at these seconds.
    fn wrong_at(seconds: &[i64]) -> (Lockout, Vec<Verdict>) {
        let mut lockout = Lockout::default();
        let verdicts = seconds.iter().map(|&s| {
            let (next, verdict) = lockout.attempt(at(s), || false);
            lockout = next;
            verdict
        });
        let verdicts = verdicts.collect();
        (lockout, verdicts)
    }

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_third_wrong_pin_locks_for_a_minute() {
        let (_, verdicts) = wrong_at(&[0, 10, 20]);
        assert_eq!(
            verdicts,
            [Verdict::Wrong, Verdict::Wrong, Verdict::LockedOut(secs(60))]
        );
    }

    #[test]
    fn a_locked_side_does_not_look_at_the_pin() {
        let (lockout, _) = wrong_at(&[0, 0, 0]);
        let (next, verdict) = lockout.attempt(at(15), || panic!("looked at the PIN"));
        assert_eq!(verdict, Verdict::Locked(secs(45)));
        assert_eq!(next, lockout, "guessing on does not make the lock longer");
    }

    #[test]
    fn each_further_round_doubles_the_lock_up_to_an_hour() {
        let (mut lockout, mut now, mut lengths) = (Lockout::default(), 0, Vec::new());
        while lengths.len() < 9 {
            let (next, verdict) = lockout.attempt(at(now), || false);
            lockout = next;
            if let Verdict::LockedOut(length) = verdict {
                lengths.push(length.as_secs() / 60);
                now += length.as_secs() as i64;
            }
        }
        assert_eq!(lengths, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn the_right_pin_after_the_lock_forgets_everything() {
        let (lockout, _) = wrong_at(&[0, 0, 0]);
        let (lockout, verdict) = lockout.attempt(at(60), || true);
        assert_eq!((lockout, verdict), (Lockout::default(), Verdict::Admitted));
    }

    #[test]
    fn a_quiet_day_forgets_wrong_pins_and_locks() {
        const DAY: i64 = 24 * 3600;
        let (lockout, _) = wrong_at(&[0, 0]);
        assert!(!lockout.is_forgotten(at(DAY - 1)) && lockout.is_forgotten(at(DAY)));
        let (lockout, _) = wrong_at(&[0, 0, 0]);
        assert!(!lockout.is_forgotten(at(DAY)) && lockout.is_forgotten(at(DAY + 60)));
        assert!(Lockout::default().is_forgotten(at(0)));
    }

    proptest! {
        #[test]
        fn however_fast_one_guesses_few_pins_are_looked_at(gaps in prop::collection::vec(0_i64..40, 1..400)) {
            let (mut lockout, mut now, mut looked) = (Lockout::default(), 0_i64, 0_i64);
            for gap in gaps {
                now += gap;
                lockout = lockout.attempt(at(now), || { looked += 1; false }).0;
            }
            // Rounds of three; the sum of the locks before round n is at least 2^(n-1) - 1 minutes
            // until the hour is reached.
            let rounds = (0..40).filter(|&n| (1_i64 << n) - 1 <= now / 60).count() as i64;
            prop_assert!(looked <= 3 * (rounds + now / 3600), "{looked} looked at in {now} s");
        }
    }
}
