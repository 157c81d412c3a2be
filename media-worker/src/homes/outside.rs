//! How often a user calls outside: so many times within any hour, also when the worker is restarted meanwhile (spec MC-O3).

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The outside calls that a user has begun lately, counted by the minute: however many they are, they take little room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideCalls(VecDeque<(i64, u32)>);

impl OutsideCalls {
    /// Counts one more call, if there were fewer than `limit` within the hour before.
    pub(super) fn begin(&mut self, limit: u32, now: Timestamp) -> bool {
        self.forget(now);
        let begun: u32 = self.0.iter().map(|(_, calls)| *calls).sum();
        if begun >= limit {
            return false;
        }
        let now = minute(now);
        match self.0.back_mut() {
            Some((minute, calls)) if *minute == now => *calls += 1,
            Some(_) | None => self.0.push_back((now, 1)),
        }
        true
    }

    /// Forgets what was more than an hour ago, or lies ahead since the clock was set back.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let now = minute(now);
        self.0
            .retain(|(minute, _)| now.abs_diff(*minute) <= MINUTES.into());
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// A call at the end of the first minute counts until the end of the last.
const MINUTES: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    /// This many minutes and a half after the beginning.
    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_000_020 + minutes * 60 + 30).unwrap()
    }

    #[test]
    fn within_any_hour_there_are_so_many_and_no_more() {
        let mut calls = OutsideCalls::default();
        for (minute, may) in [
            (0, true),
            (30, true),
            (59, false),
            (61, true),
            (62, false),
            (91, true),
        ] {
            assert_eq!(calls.begin(2, at(minute)), may, "minute {minute}");
        }
    }

    #[test]
    fn many_calls_take_no_more_room_than_the_minutes_of_an_hour() {
        let mut calls = OutsideCalls::default();
        for minute in 0..300 {
            for _ in 0..20 {
                assert!(calls.begin(10_000, at(minute)));
            }
        }
        assert_eq!(calls.0.len(), 61);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut calls = OutsideCalls::default();
        assert!(calls.begin(1, at(500)));
        assert!(calls.begin(1, at(0)));
    }
}
