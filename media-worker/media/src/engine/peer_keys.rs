//! The keys that the peer of a bridged leg presses (RFC 4733), on their way to that leg: as events, or as tones where it has none.

use std::time::{Duration, Instant};

use super::play::FRAME;
use crate::dtmf::{self, Digit, EventPayload};

/// The peer's latest key press.
#[derive(Debug, Default)]
pub(super) enum PeerKeys {
    /// No key is pressed.
    #[default]
    Released,
    /// Passed on as an event: all its packets carry the timestamp of its beginning (RFC 4733 section 2.5.1.2).
    Event {
        ssrc: u32,
        /// The peer's timestamp of it, and ours.
        theirs: u32,
        ours: u32,
        /// The peer's audio says nothing until then.
        until: Instant,
    },
    /// Made heard as a tone.
    Tone(Tone),
}

/// A tone that sounds as long as the key is pressed.
#[derive(Debug)]
pub(super) struct Tone {
    digit: Digit,
    /// Frames of silence before it.
    pause: u32,
    played: u32,
    length: Length,
}

/// How long a tone lasts.
#[derive(Debug)]
enum Length {
    /// Until an end is heard of, or nothing more.
    Open { heard: Instant },
    /// So many frames in all.
    Frames(u32),
}

impl PeerKeys {
    /// Our timestamp for an event packet that belongs to the event now passed on.
    pub(super) fn known(&self, ssrc: u32, timestamp: u32) -> Option<u32> {
        match self {
            Self::Event {
                ssrc: known,
                theirs,
                ours,
                ..
            } if (*known, *theirs) == (ssrc, timestamp) => Some(*ours),
            Self::Released | Self::Event { .. } | Self::Tone(_) => None,
        }
    }

    /// An event packet is passed on with our timestamp.
    pub(super) fn passed(
        &mut self,
        ssrc: u32,
        theirs: u32,
        ours: u32,
        payload: &[u8],
        now: Instant,
    ) {
        let over = EventPayload::parse(payload).is_none_or(|event| event.end);
        let until = if over { now } else { now + NEXT_EVENT_PACKET };
        *self = Self::Event {
            ssrc,
            theirs,
            ours,
            until,
        };
    }

    /// An event packet is heard as a tone; `pressed` is the digit whose press it begins.
    pub(super) fn sound(&mut self, pressed: Option<Digit>, payload: &[u8], now: Instant) {
        let Some(event) = EventPayload::parse(payload) else {
            return;
        };
        if let Some(digit) = pressed {
            let pause = match self {
                Self::Tone(_) => PAUSE_FRAMES,
                Self::Released | Self::Event { .. } => 0,
            };
            *self = Self::Tone(Tone {
                digit,
                pause,
                played: 0,
                length: Length::Open { heard: now },
            });
        }
        if let Self::Tone(Tone { length, .. }) = self
            && let Length::Open { heard } = length
        {
            *heard = now;
            if event.end {
                let frames = u32::from(event.duration).div_ceil(UNITS_PER_FRAME);
                *length = Length::Frames(frames.max(SHORTEST_FRAMES));
            }
        }
    }

    /// Whether the peer's audio gives way to a key now.
    pub(super) fn mute(&self, now: Instant) -> bool {
        match self {
            Self::Released => false,
            Self::Event { until, .. } => now < *until,
            Self::Tone(_) => true,
        }
    }

    /// Fills `out` with the next 20 ms of the tone at a sample rate; `false` if none sounds.
    pub(super) fn tone(&mut self, rate: u32, now: Instant, out: &mut [i16]) -> bool {
        let Self::Tone(tone) = self else { return false };
        if tone.is_over(now) {
            *self = Self::Released;
            return false;
        }
        if tone.pause > 0 {
            tone.pause -= 1;
            out.fill(0);
        } else {
            dtmf::tone(tone.digit, rate, tone.played as usize * out.len(), out);
            tone.played += 1;
        }
        true
    }
}

impl Tone {
    fn is_over(&self, now: Instant) -> bool {
        match self.length {
            Length::Frames(frames) => self.pause == 0 && self.played >= frames,
            Length::Open { heard } => {
                self.played >= SHORTEST_FRAMES
                    && now.saturating_duration_since(heard) > NEXT_EVENT_PACKET
            }
        }
    }
}

/// Event packets come every 20 to 50 ms (RFC 4733 section 2.5.1.2); with two lost, the key is released.
const NEXT_EVENT_PACKET: Duration = Duration::from_millis(150);
/// Q.24: a tone of 40 ms is heard; a frame more for where it is cut.
const SHORTEST_FRAMES: u32 = 3;
/// Q.24: 40 ms between two digits.
const PAUSE_FRAMES: u32 = 2;
/// Of the events' 8 kHz clock.
const UNITS_PER_FRAME: u32 = FRAME.as_millis() as u32 * 8;
