//! What a media thread tells about itself, readable from any thread at any time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use media::engine::Counters;

/// Upper bounds of the histogram `switchboard_media_tick_seconds`.
pub const TICK_BUCKETS_SECONDS: [f64; 8] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02];

/// One thread's numbers.
#[derive(Debug, Default)]
pub struct ThreadStats {
    late_ticks: AtomicU64,
    legs: AtomicU64,
    dropped: AtomicU64,
    ticks: Mutex<TickTimes>,
    counters: Mutex<Counters>,
}

/// How long ticks took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TickTimes {
    /// Ticks that took at most [`TICK_BUCKETS_SECONDS`] and more than the bound before.
    pub buckets: [u64; TICK_BUCKETS_SECONDS.len()],
    /// All ticks.
    pub count: u64,
    /// The time of all ticks together.
    pub sum: Duration,
}

impl ThreadStats {
    /// Ticks that began more than 5 ms after their time.
    pub fn late_ticks(&self) -> u64 {
        self.late_ticks.load(Ordering::Relaxed)
    }

    /// Legs open at the last tick.
    pub fn legs(&self) -> u64 {
        self.legs.load(Ordering::Relaxed)
    }

    /// Packets that the kernel refused to send.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// How long ticks took.
    pub fn ticks(&self) -> TickTimes {
        self.ticks.lock().map(|ticks| *ticks).unwrap_or_default()
    }

    /// The engine's counters as of the last tick or so.
    pub fn counters(&self) -> Counters {
        self.counters
            .lock()
            .map(|counters| *counters)
            .unwrap_or_default()
    }

    pub(super) fn late(&self) {
        self.late_ticks.fetch_add(1, Ordering::Relaxed);
    }

    /// Publishes a tick. Where somebody reads just now, the numbers wait for the next tick and the media does not.
    pub(super) fn tick(&self, own: &TickTimes, counters: Counters, legs: usize, dropped: u64) {
        self.legs.store(legs as u64, Ordering::Relaxed);
        self.dropped.store(dropped, Ordering::Relaxed);
        if let Ok(mut ticks) = self.ticks.try_lock() {
            *ticks = *own;
        }
        if let Ok(mut shared) = self.counters.try_lock() {
            *shared = counters;
        }
    }
}

impl TickTimes {
    pub(super) fn add(&mut self, took: Duration) {
        let bucket = TICK_BUCKETS_SECONDS
            .iter()
            .position(|bound| took.as_secs_f64() <= *bound);
        if let Some(bucket) = bucket.and_then(|bucket| self.buckets.get_mut(bucket)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum += took;
    }
}
