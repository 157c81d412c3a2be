//! How often a user calls outside: so many times within any hour (spec MC-O3).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The outside calls that a user has begun lately.
#[derive(Debug, Default)]
pub(super) struct OutsideCalls(VecDeque<Instant>);

impl OutsideCalls {
    /// Counts one more call, if there were fewer than `limit` within the hour before.
    pub(super) fn begin(&mut self, limit: u32, now: Instant) -> bool {
        while self
            .0
            .front()
            .is_some_and(|began| now.duration_since(*began) >= HOUR)
        {
            self.0.pop_front();
        }
        let may = self.0.len() < limit as usize;
        if may {
            self.0.push_back(now);
        }
        may
    }
}

const HOUR: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_any_hour_there_are_so_many_and_no_more() {
        let mut calls = OutsideCalls::default();
        let began = Instant::now();
        let minutes = |minutes| began + Duration::from_mins(minutes);
        for (at, may) in [
            (0, true),
            (30, true),
            (59, false),
            (60, true),
            (61, false),
            (90, true),
        ] {
            assert_eq!(calls.begin(2, minutes(at)), may, "minute {at}");
        }
    }
}
