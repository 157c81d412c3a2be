//! An adaptive jitter buffer.
//!
//! Used where audio is decoded (transcoding, in-band digits); a plain bridge relays without one.
//! All memory is taken when it is made.

mod delay;
mod store;

use std::time::{Duration, Instant};

use crate::rtp::{Header, Unwrapper};
use delay::DelayEstimate;
use store::{SLOTS, Slot, Store};

/// Orders the packets of one RTP stream and gives them out steadily.
pub struct JitterBuffer {
    clock_rate: u32,
    epoch: Option<Instant>,
    stream: Option<Stream>,
    jump: Option<(u32, u16)>,
    store: Store,
    delay: DelayEstimate,
    counters: Counters,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inserted {
    /// It waits for its turn.
    Stored,
    /// Its turn has passed.
    Late,
    /// It is there already.
    Duplicate,
    /// It fits neither the sequence nor the clock; the next one, if it continues this one, restarts the stream.
    Discarded,
    /// It belongs to a new source or a restarted one; what was left of the old is gone.
    Restarted,
    /// It is empty or longer than any payload we agree to.
    Oversized,
}

/// What to play next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playout<'a> {
    /// The next packet's payload.
    Frame {
        /// Its RTP timestamp.
        timestamp: u32,
        /// Its payload.
        payload: &'a [u8],
    },
    /// A packet is missing (or playout is being slowed by a frame): conceal so much.
    Lost {
        /// How long, in timestamp units.
        units: u32,
    },
    /// Nothing is due: the stream has not begun, pauses, or has ended.
    Silent,
}

/// What happened, as counts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets played.
    pub played: u64,
    /// Frames concealed for want of a packet.
    pub lost: u64,
    /// Packets that came after their turn.
    pub late: u64,
    /// Packets that came twice.
    pub duplicate: u64,
    /// Packets skipped to shorten the delay or for want of room.
    pub skipped: u64,
    /// Frames inserted to lengthen the delay.
    pub stretched: u64,
    /// Restarts by a new source or a jump.
    pub restarted: u64,
}

impl JitterBuffer {
    /// The longest payload that it takes: 200 ms of 64 kbit/s.
    pub const MAX_PAYLOAD: usize = 1600;

    /// A buffer for a stream whose RTP clock runs at `clock_rate`.
    pub fn new(clock_rate: u32) -> Self {
        let clock_rate = clock_rate.max(1000);
        Self {
            clock_rate,
            epoch: None,
            stream: None,
            jump: None,
            store: Store::new(),
            delay: DelayEstimate::new(clock_rate),
            counters: Counters::default(),
        }
    }

    /// Takes a packet that arrives `now`. `units` is how much time its payload covers, in timestamp units.
    pub fn insert(
        &mut self,
        header: &Header,
        payload: &[u8],
        units: u32,
        now: Instant,
    ) -> Inserted {
        if payload.is_empty() || payload.len() > Self::MAX_PAYLOAD || units == 0 {
            return Inserted::Oversized;
        }
        let arrival = self.elapsed(now);
        let known = self.stream.is_some();
        let Some(place) = self.place(header) else {
            let continues = self.jump == Some((header.ssrc, header.sequence));
            let other_source = self
                .stream
                .as_ref()
                .is_some_and(|stream| stream.ssrc != header.ssrc);
            if known && !continues && !other_source {
                self.jump = Some((header.ssrc, header.sequence.wrapping_add(1)));
                return Inserted::Discarded;
            }
            self.restart(header, units);
            let place = self.place(header).unwrap_or_default();
            self.delay.observe(place.timestamp, arrival);
            self.store(place, payload, units);
            self.counters.restarted += u64::from(known);
            return if known {
                Inserted::Restarted
            } else {
                Inserted::Stored
            };
        };
        self.jump = None;
        if let Some(stream) = &mut self.stream {
            stream.confirm(header, units);
        }
        self.delay.observe(place.timestamp, arrival);
        self.admit(place, payload, units)
    }

    /// Gives what to play next, at the moment when it is to sound. Whoever takes 20 ms at a time from packets of another
    /// length asks when the last ones are used up, for the moment at which they are.
    pub fn pop(&mut self, now: Instant) -> Playout<'_> {
        let arrival = self.elapsed(now);
        let Some(stream) = &mut self.stream else {
            return Playout::Silent;
        };
        let due = self.store.first(stream.next_sequence);
        match (&stream.phase, due) {
            (Phase::Filling, None) => Playout::Silent,
            (Phase::Filling, Some(slot)) => {
                if self.delay.current(slot.timestamp, arrival) < self.delay.target(slot.units) {
                    return Playout::Silent;
                }
                self.play(slot)
            }
            (Phase::Playing { .. }, Some(slot)) => self.play_due(slot, arrival),
            (Phase::Playing { next, starved }, None) => {
                let units = stream.units;
                let (next, starved) = (*next, *starved + units);
                if starved > self.clock_rate / STARVED_DIVISOR {
                    stream.phase = Phase::Filling;
                    return Playout::Silent;
                }
                stream.phase = Phase::Playing {
                    next: next + i64::from(units),
                    starved,
                };
                self.counters.lost += 1;
                Playout::Lost { units }
            }
        }
    }

    /// The delay that it aims at now.
    pub fn target_delay(&self) -> Duration {
        let units = self.stream.as_ref().map_or(0, |stream| stream.units);
        Duration::from_micros(
            self.delay.target(units).max(0) as u64 * 1_000_000 / u64::from(self.clock_rate),
        )
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Forgets the stream, as when a leg is taken off hold.
    pub fn reset(&mut self) {
        self.stream = None;
        self.jump = None;
        self.store.clear();
        self.delay = DelayEstimate::new(self.clock_rate);
    }

    fn play_due(&mut self, slot: Slot, arrival: i64) -> Playout<'_> {
        let Some(Stream {
            phase: Phase::Playing { next, .. },
            units,
            ..
        }) = &self.stream
        else {
            return Playout::Silent;
        };
        let (next, units) = (*next, *units);
        let frame = i64::from(units);
        let excess = self.delay.current(next, arrival) - self.delay.target(units);
        if excess < -frame {
            // Playing too early: hold one frame back.
            self.counters.stretched += 1;
            return Playout::Lost { units };
        }
        if slot.timestamp > next {
            if slot.timestamp - next > i64::from(self.clock_rate) / PAUSE_DIVISOR {
                // A pause of the sender: the next talk spurt begins when its own first packet is due.
                if self.delay.current(slot.timestamp, arrival) >= self.delay.target(units) {
                    return self.play(slot);
                }
                self.set_phase(Phase::Playing {
                    next: next + frame,
                    starved: 0,
                });
                return Playout::Silent;
            }
            // A loss: time passes, faster when the delay is too long.
            let hole = slot.timestamp - next;
            let step = if excess > frame { 2 * frame } else { frame };
            self.set_phase(Phase::Playing {
                next: next + step.min(hole),
                starved: 0,
            });
            self.counters.lost += 1;
            return Playout::Lost {
                units: frame.min(hole) as u32,
            };
        }
        if self.delay.shorten(excess, frame) {
            self.store.remove(slot);
            self.counters.skipped += 1;
            let after = self
                .stream
                .as_ref()
                .and_then(|stream| self.store.first(stream.next_sequence));
            return match after {
                Some(following) => self.play(following),
                None => self.play(slot),
            };
        }
        self.play(slot)
    }

    fn play(&mut self, slot: Slot) -> Playout<'_> {
        self.store.remove(slot);
        self.set_phase(Phase::Playing {
            next: slot.timestamp + i64::from(slot.units),
            starved: 0,
        });
        if let Some(stream) = &mut self.stream {
            stream.next_sequence = slot.sequence + 1;
        }
        self.counters.played += 1;
        Playout::Frame {
            timestamp: slot.timestamp as u32,
            payload: self.store.payload(slot),
        }
    }

    fn set_phase(&mut self, phase: Phase) {
        if let Some(stream) = &mut self.stream {
            stream.phase = phase;
        }
    }

    /// Where a packet belongs in the current stream, `None` if in no believable place.
    fn place(&self, header: &Header) -> Option<Place> {
        let stream = self
            .stream
            .as_ref()
            .filter(|stream| stream.ssrc == header.ssrc)?;
        let sequence = stream.sequences.clone().unwrap(header.sequence);
        let timestamp = stream.timestamp
            + i64::from(header.timestamp.wrapping_sub(stream.timestamp as u32) as i32);
        let near = stream.highest.abs_diff(sequence) <= MAX_SEQUENCE_STEP;
        // A long pause (hold, mute) moves the clock far with the very next sequence number, but never back.
        let rate = i64::from(self.clock_rate);
        let steady = (-rate * MAX_SECONDS_BACK..=rate * MAX_SECONDS_AHEAD)
            .contains(&(timestamp - stream.timestamp));
        (near && steady).then_some(Place {
            sequence,
            timestamp,
        })
    }

    fn admit(&mut self, place: Place, payload: &[u8], units: u32) -> Inserted {
        let Some(stream) = &mut self.stream else {
            return Inserted::Discarded;
        };
        let passed = match stream.phase {
            Phase::Filling => false,
            Phase::Playing { next, .. } => place.timestamp < next,
        };
        if place.sequence < stream.next_sequence || passed {
            self.counters.late += 1;
            return Inserted::Late;
        }
        if self.store.contains(place.sequence) {
            self.counters.duplicate += 1;
            return Inserted::Duplicate;
        }
        let oldest_kept = place.sequence.saturating_sub(SLOTS as u64 - 1);
        if oldest_kept > stream.next_sequence {
            // No room: nobody plays, or a burst after a stall. The oldest give way.
            stream.next_sequence = oldest_kept;
            self.counters.skipped += self.store.remove_before(oldest_kept);
        }
        self.store(place, payload, units);
        Inserted::Stored
    }

    fn store(&mut self, place: Place, payload: &[u8], units: u32) {
        self.counters.skipped += self
            .store
            .put(place.sequence, place.timestamp, units, payload);
    }

    fn restart(&mut self, header: &Header, units: u32) {
        self.store.clear();
        self.jump = None;
        self.delay.restart();
        let mut sequences = Unwrapper::default();
        let highest = sequences.unwrap(header.sequence);
        self.stream = Some(Stream {
            ssrc: header.ssrc,
            sequences,
            highest,
            // Those that left before the first to arrive may still come.
            next_sequence: highest.saturating_sub(SLOTS as u64 / 2),
            timestamp: CLOCK_START + i64::from(header.timestamp),
            units,
            phase: Phase::Filling,
        });
    }

    fn elapsed(&mut self, now: Instant) -> i64 {
        let since = now.saturating_duration_since(*self.epoch.get_or_insert(now));
        (since.as_micros() * u128::from(self.clock_rate) / 1_000_000) as i64
    }
}

/// The source now heard.
struct Stream {
    ssrc: u32,
    sequences: Unwrapper,
    highest: u64,
    next_sequence: u64,
    timestamp: i64,
    units: u32,
    phase: Phase,
}

impl Stream {
    fn confirm(&mut self, header: &Header, units: u32) {
        let sequence = self.sequences.unwrap(header.sequence);
        self.highest = self.highest.max(sequence);
        let step = header.timestamp.wrapping_sub(self.timestamp as u32) as i32;
        self.timestamp += i64::from(step);
        self.units = units;
    }
}

enum Phase {
    /// Waiting until the first packet is as old as the target delay.
    Filling,
    /// The timestamp due next, and for how long there was nothing.
    Playing { next: i64, starved: u32 },
}

#[derive(Clone, Copy, Default)]
struct Place {
    sequence: u64,
    timestamp: i64,
}

const MAX_SEQUENCE_STEP: u64 = 1000;
const MAX_SECONDS_AHEAD: i64 = 300;
const MAX_SECONDS_BACK: i64 = 1;
/// After a fifth of a second without packets, the next one begins a new talk spurt.
const STARVED_DIVISOR: u32 = 5;
/// A hole of more than a quarter of a second is a pause of the sender and not to be concealed.
const PAUSE_DIVISOR: i64 = 4;
const CLOCK_START: i64 = 1 << 33;
