//! Recording what the far side says, as it arrives.

use std::time::{Duration, Instant};

use super::command::{Event, LegId, RecordEnd};
use super::play::FRAME;
use super::reception::since;
use super::transcode::Recoder;
use super::turn::Turn;
use crate::codec::Codec;
use crate::silence::{Tracker, is_sound};

/// A recording in progress.
pub(super) struct Recording {
    id: u64,
    codec: Codec,
    started: Instant,
    silence: Option<Duration>,
    max: Duration,
    packet_at: Instant,
    /// When something was last heard that may be a voice.
    sound_at: Instant,
    input: Option<Input>,
    level: Tracker,
    held: Held,
    /// Only for packets in another codec than the recording's.
    recoder: Option<Box<Recoder>>,
}

/// How the far side's timestamps map to the recording's.
#[derive(Debug, Clone, Copy)]
struct Input {
    ssrc: u32,
    shift: u32,
}

impl Recording {
    /// Starts now, in this codec.
    pub(super) fn new(
        id: u64,
        codec: Codec,
        silence: Option<Duration>,
        max: Duration,
        now: Instant,
    ) -> Self {
        Self {
            id,
            codec,
            started: now,
            silence,
            max,
            packet_at: now,
            sound_at: now,
            input: None,
            level: Tracker::new(codec),
            held: Held::new(silence.unwrap_or_default()),
            recoder: None,
        }
    }

    /// Takes one packet's audio.
    pub(super) fn packet(
        &mut self,
        ssrc: u32,
        timestamp: u32,
        codec: Codec,
        payload: &[u8],
        turn: &mut Turn<'_>,
    ) {
        let mut recoded = [0; MAX_RECODED];
        let payload = if codec == self.codec {
            payload
        } else {
            let recoder = self
                .recoder
                .get_or_insert_with(|| Box::new(Recoder::new(codec, self.codec)));
            recoder.recode(codec, payload, &mut recoded)
        };
        let Some(at) = self.place(ssrc, timestamp, turn.now) else {
            return;
        };
        self.level.gap(self.unheard(turn.now));
        let level = self.level.hear(payload);
        self.packet_at = turn.now;
        if payload.is_empty() {
            return;
        }
        if is_sound(level) {
            self.sound_at = turn.now;
        }
        let quiet = self.silence.is_some() && since(self.sound_at, turn.now) > KEPT_SILENCE;
        if quiet && self.held.has_room_for(payload) {
            self.held.push(at, payload);
        } else {
            self.held.release(self.id, turn);
            turn.rec.frame(self.id, at, payload);
        }
    }

    /// What ends the recording at this moment, if anything does.
    pub(super) fn due(&self, now: Instant) -> Option<RecordEnd> {
        if since(self.started, now) >= self.max {
            return Some(RecordEnd::MaxLength);
        }
        let silent = self.silent_for(now);
        self.silence
            .is_some_and(|silence| silent >= silence)
            .then_some(RecordEnd::Silence)
    }

    /// How long nobody has spoken up to this moment.
    fn silent_for(&self, now: Instant) -> Duration {
        self.level.silent_for() + self.unheard(now)
    }

    /// For how long no packet has come that should have: the far side suppresses silence, or is gone.
    fn unheard(&self, now: Instant) -> Duration {
        let waited = since(self.packet_at, now);
        if waited > LATE {
            waited.saturating_sub(FRAME)
        } else {
            Duration::ZERO
        }
    }

    /// Ends it. The silence that it waited in vain for the end of is no part of it.
    pub(super) fn end(mut self, leg: LegId, why: RecordEnd, turn: &mut Turn<'_>) {
        // What is too soft for the rule of silence may be a voice all the same: only what is as good as nothing is left out.
        let left_out = match why {
            RecordEnd::Silence => since(self.sound_at, turn.now).saturating_sub(KEPT_SILENCE),
            RecordEnd::Stopped | RecordEnd::MaxLength | RecordEnd::LegClosed => {
                self.held.release(self.id, turn);
                Duration::ZERO
            }
        };
        turn.rec.ended(self.id);
        turn.tell(Event::RecordEnded {
            leg,
            recording: self.id,
            why,
            duration: since(self.started, turn.now).saturating_sub(left_out),
            spoken: self.level.may_have_spoken(),
            level: self.level.peak_dbfs(),
        });
    }

    /// The packet's time in the recording. Timestamps that leave real time far behind or ahead (a new stream, a sender that
    /// jumps) are tied to the moment of arrival again, so nobody can stretch a recording beyond the time it took.
    fn place(&mut self, ssrc: u32, timestamp: u32, now: Instant) -> Option<u32> {
        let clock = self.codec.clock_rate();
        let arrival =
            (since(self.started, now).as_millis() as u64 * u64::from(clock) / 1000) as u32;
        if let Some(input) = self.input.filter(|input| input.ssrc == ssrc) {
            let at = timestamp.wrapping_sub(input.shift);
            let off = at.wrapping_sub(arrival) as i32;
            if off.unsigned_abs() <= clock * SLACK_SECONDS {
                // Older than the beginning.
                return (at < u32::MAX / 2).then_some(at);
            }
        }
        self.input = Some(Input {
            ssrc,
            shift: timestamp.wrapping_sub(arrival),
        });
        Some(arrival)
    }
}

/// Frames of a silence, which are recorded only if it does not end the recording.
struct Held {
    /// Where each belongs in the recording, and its length; its payload follows the previous one's in `payloads`.
    frames: Vec<(u32, usize)>,
    payloads: Vec<u8>,
}

impl Held {
    /// With room for so long a silence: no packet has to make any.
    fn new(silence: Duration) -> Self {
        let frames = (silence.as_millis() / FRAME.as_millis()) as usize;
        Self {
            // Some phones send 10 ms at a time.
            frames: Vec::with_capacity(2 * frames),
            payloads: Vec::with_capacity(frames * FRAME_BYTES),
        }
    }

    /// Whether this fits without more memory: who sends more in a silence than a voice has is no phone.
    fn has_room_for(&self, payload: &[u8]) -> bool {
        self.frames.len() < self.frames.capacity()
            && self.payloads.len() + payload.len() <= self.payloads.capacity()
    }

    fn push(&mut self, at: u32, payload: &[u8]) {
        self.frames.push((at, payload.len()));
        self.payloads.extend_from_slice(payload);
    }

    /// Records them: the silence was a pause.
    fn release(&mut self, recording: u64, turn: &mut Turn<'_>) {
        let mut start = 0;
        for (at, length) in self.frames.drain(..) {
            let payload = self.payloads.get(start..start + length).unwrap_or_default();
            turn.rec.frame(recording, at, payload);
            start += length;
        }
        self.payloads.clear();
    }
}

/// So much of the silence that ends a recording is kept: the message does not break off, and a single word is long enough for one.
const KEPT_SILENCE: Duration = Duration::from_secs(1);
/// A frame's bytes on the wire, in every codec of ours.
const FRAME_BYTES: usize = 160;
/// A packet this late is missing.
const LATE: Duration = Duration::from_millis(100);
const SLACK_SECONDS: u32 = 2;
/// 200 ms, the longest packet, in the widest codec.
const MAX_RECODED: usize = 1600;
