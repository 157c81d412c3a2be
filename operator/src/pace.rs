//! How soon a namespace is compiled again: at once when it is calm, less often while changes flood in.
use std::time::{Duration, Instant};

/// How soon a namespace is compiled again.
///
/// Each time costs a walk over all objects, and up to sixteen Secrets to write. So compiling takes half of the time at
/// most; but a User who is applied to a calm namespace causes three or four changes one after the other, and they hardly
/// wait.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long may be compiled without a pause.
    credit: Duration,
    /// When that was so.
    at: Instant,
    /// How long it took last.
    took: Duration,
    /// How long further changes are waited for, by how many came last.
    gathering: Duration,
}

impl Pace {
    /// That of a namespace which has been calm until now.
    pub const fn new(now: Instant) -> Self {
        Self {
            credit: MOST_CREDIT,
            at: now,
            took: Duration::ZERO,
            gathering: SHORTEST_PAUSE,
        }
    }

    /// How long to wait before compiling.
    pub fn pause(&self, now: Instant) -> Duration {
        let missing = self.took.saturating_sub(self.credit_at(now));
        let worth_it = self.took / WORTH;
        missing.max(worth_it).max(self.gathering_at(now))
    }

    /// Notes that it was compiled for so many changes.
    pub fn compiled(&mut self, began: Instant, ended: Instant, changes: usize) {
        let took = ended.duration_since(began);
        self.credit = self.credit_at(began).saturating_sub(took);
        self.at = ended;
        self.took = took;
        let gathered = EACH_CHANGE * u32::try_from(changes).unwrap_or(u32::MAX);
        self.gathering = gathered.clamp(SHORTEST_PAUSE, LONGEST_GATHERING);
    }

    /// How many came last tells how many are coming only while they still do.
    fn gathering_at(&self, now: Instant) -> Duration {
        if now.saturating_duration_since(self.at) < LONGEST_GATHERING {
            self.gathering
        } else {
            SHORTEST_PAUSE
        }
    }

    fn credit_at(&self, now: Instant) -> Duration {
        MOST_CREDIT.min(self.credit + now.saturating_duration_since(self.at))
    }
}

const MOST_CREDIT: Duration = Duration::from_secs(2);
const SHORTEST_PAUSE: Duration = Duration::from_millis(3);
const LONGEST_GATHERING: Duration = Duration::from_secs(1);
/// What is made for a User comes one after the other: compiling that takes long waits this part of it, or it would begin with the
/// first and be done again for the next.
const WORTH: u32 = 8;
/// How much longer is gathered for each change that came last time.
const EACH_CHANGE: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::*;

    const TOOK: Duration = Duration::from_millis(400);

    /// Compiles as often as it may from `from` on, while one change after the other comes; how long it paused each time.
    fn pauses(pace: &mut Pace, from: Instant, times: usize) -> Vec<Duration> {
        let mut now = from;
        let mut pauses = Vec::new();
        for _ in 0..times {
            let pause = pace.pause(now);
            pace.compiled(now + pause, now + pause + TOOK, 1);
            now += pause + TOOK;
            pauses.push(pause);
        }
        pauses
    }

    #[test]
    fn a_few_changes_one_after_the_other_hardly_wait_and_a_flood_takes_half_of_the_time() {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        let paused = pauses(&mut pace, began, 20);
        assert!(
            paused[..4].iter().all(|pause| *pause <= TOOK / WORTH),
            "{paused:?}"
        );
        assert!(
            paused[10..]
                .iter()
                .all(|pause| *pause + SHORTEST_PAUSE >= TOOK),
            "{paused:?}"
        );
        let calm_again = began + Duration::from_mins(10);
        let paused = pauses(&mut pace, calm_again, 4);
        assert!(
            paused.iter().all(|pause| *pause <= TOOK / WORTH),
            "{paused:?}"
        );
    }

    #[test]
    fn the_more_changes_come_the_longer_they_are_gathered() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.compiled(now, now, 100);
        assert_eq!(pace.pause(now), Duration::from_millis(200));
        pace.compiled(now, now, 1_000_000);
        assert_eq!(pace.pause(now), LONGEST_GATHERING);
    }

    #[test]
    fn the_first_change_after_a_flood_has_ended_does_not_wait() {
        let started = Instant::now();
        let mut pace = Pace::new(started);
        pace.compiled(started, started, 1_000_000);
        let after = |waited| pace.pause(started + waited);
        assert_eq!(after(LONGEST_GATHERING / 2), LONGEST_GATHERING);
        assert_eq!(after(2 * LONGEST_GATHERING), SHORTEST_PAUSE);
    }
}
