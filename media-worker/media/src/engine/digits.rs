//! Digits on a leg: from telephone events or tones, and back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::command::LegSpec;
use super::reception::since;
use crate::clip::Clip;
use crate::codec::Codec;
use crate::dtmf::{self, Detector, Digit, EventPacket, Receiver, Sender};

/// Listens for digits.
pub(super) struct DigitsIn {
    events: Receiver,
    tones: Option<Box<Tones>>,
    /// Until when keys that have come are accounted for, one a keystroke's time.
    accounted: Option<Instant>,
}

/// In-band detection, for legs without telephone-event.
struct Tones {
    rate: u32,
    detector: Detector,
}

impl DigitsIn {
    /// As SDP has it.
    pub(super) fn new(spec: &LegSpec) -> Self {
        Self {
            events: Receiver::new(),
            tones: listener(spec),
            accounted: None,
        }
    }

    /// As SDP has it from now on. The stream goes on, and a key that is pressed now with it: it is no second press.
    pub(super) fn redirect(&mut self, spec: &LegSpec) {
        self.tones = listener(spec);
    }

    /// A new stream has timestamps of its own.
    pub(super) fn restart(&mut self) {
        self.events = Receiver::new();
    }

    /// A packet of telephone-event.
    pub(super) fn event(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Option<Digit> {
        self.events.receive(timestamp, marker, payload)
    }

    /// Whether it wants to hear the audio.
    pub(super) fn listens(&self) -> bool {
        self.tones.is_some()
    }

    /// The next 20 ms of audio at a sample rate, `None` where nothing came: the first digit found in it.
    pub(super) fn hear(&mut self, rate: u32, pcm: Option<&[i16]>) -> Option<Digit> {
        let tones = self.tones.as_mut()?;
        if tones.rate != rate {
            **tones = Tones::new(rate);
        }
        let mut pressed = None;
        let quiet = SILENCE.get(..rate as usize / 50).unwrap_or_default();
        tones.detector.listen(pcm.unwrap_or(quiet), |digit| {
            pressed = pressed.or(Some(digit));
        });
        pressed
    }

    /// Whether a person could have pressed that many keys by now: floods of digits are not passed on, so that events stay
    /// bounded. Keys that a busy network or machine has held up come all at once, so it is their number that counts.
    pub(super) fn plausible(&mut self, now: Instant) -> bool {
        let begun = self.accounted.map_or(now, |accounted| accounted.max(now));
        let plausible = since(now, begun) < HELD_UP;
        if plausible {
            self.accounted = Some(begun + SHORTEST_KEYSTROKE);
        }
        plausible
    }
}

/// Tones are listened for only where events were not agreed.
fn listener(spec: &LegSpec) -> Option<Box<Tones>> {
    let listens = spec.telephone_event.is_none() && spec.inband_dtmf;
    listens.then(|| Box::new(Tones::new(spec.send.codec.sample_rate())))
}

impl Tones {
    fn new(rate: u32) -> Self {
        Self {
            rate,
            detector: Detector::new(rate),
        }
    }
}

/// Digits to send, one after the other.
#[derive(Default)]
pub(super) struct DigitsOut {
    waiting: VecDeque<Digit>,
    state: Dialing,
}

#[derive(Default)]
enum Dialing {
    #[default]
    Idle,
    /// RFC 4733: all packets of one event carry the timestamp of its beginning.
    Event { sender: Sender, timestamp: u32 },
    /// The tones themselves.
    Tone { clip: Clip, frame: usize },
    /// Between two digits.
    Pause { frames: u8 },
}

/// What a tick of dialing sends.
pub(super) enum Dial {
    /// No digit waits.
    Idle,
    /// A telephone event.
    Event(EventPacket, u32),
    /// A frame of tones.
    Frame(Clip, usize),
    /// Nothing, between two digits.
    Pause,
    /// The last digit is sent.
    Done,
}

impl DigitsOut {
    /// Adds digits; beyond a screenful they are dropped.
    pub(super) fn push(&mut self, digits: &[Digit]) {
        let room = MAX_WAITING.saturating_sub(self.waiting.len());
        self.waiting.extend(digits.iter().take(room));
    }

    /// Whether a digit is on its way.
    pub(super) fn is_dialing(&self) -> bool {
        !self.waiting.is_empty() || !matches!(self.state, Dialing::Idle)
    }

    /// The next 20 ms. `begin` gives the timestamp at which an event starts; `events` says whether events were agreed.
    pub(super) fn tick(&mut self, events: bool, codec: Codec, begin: impl FnOnce() -> u32) -> Dial {
        loop {
            match &mut self.state {
                Dialing::Idle => {
                    let Some(digit) = self.waiting.pop_front() else {
                        return Dial::Idle;
                    };
                    self.state = if events {
                        let sender = Sender::new(digit, EVENT_UNITS);
                        return self.start_event(sender, begin());
                    } else {
                        Dialing::Tone {
                            clip: tone(digit, codec),
                            frame: 0,
                        }
                    };
                }
                Dialing::Event { sender, timestamp } => match sender.next_packet(UNITS_PER_TICK) {
                    Some(packet) => return Dial::Event(packet, *timestamp),
                    None => {
                        self.state = Dialing::Pause {
                            frames: PAUSE_FRAMES,
                        }
                    }
                },
                Dialing::Tone { clip, frame } if *frame < clip.frame_count() => {
                    *frame += 1;
                    return Dial::Frame(clip.clone(), *frame - 1);
                }
                Dialing::Tone { .. } => {
                    self.state = Dialing::Pause {
                        frames: PAUSE_FRAMES,
                    }
                }
                Dialing::Pause { frames: 0 } => {
                    self.state = Dialing::Idle;
                    if self.waiting.is_empty() {
                        return Dial::Done;
                    }
                }
                Dialing::Pause { frames } => {
                    *frames -= 1;
                    return Dial::Pause;
                }
            }
        }
    }

    fn start_event(&mut self, mut sender: Sender, timestamp: u32) -> Dial {
        let packet = sender.next_packet(UNITS_PER_TICK);
        self.state = Dialing::Event { sender, timestamp };
        packet.map_or(Dial::Pause, |packet| Dial::Event(packet, timestamp))
    }
}

fn tone(digit: Digit, codec: Codec) -> Clip {
    let rate = codec.sample_rate();
    let mut pcm = vec![0; (rate * TONE_MS / 1000) as usize];
    dtmf::tone(digit, rate, 0, &mut pcm);
    Clip::encode_native(&pcm, codec)
}

/// Two keystrokes are never closer (Q.24: 40 ms of tone and 40 of pause; segments and jitter halve it).
const SHORTEST_KEYSTROKE: Duration = Duration::from_millis(40);
/// So many keystrokes may be held up: a PIN and what follows it.
const HELD_UP: Duration = SHORTEST_KEYSTROKE.saturating_mul(16);
/// 20 ms at 16 kHz.
const SILENCE: [i16; 320] = [0; 320];
const MAX_WAITING: usize = 128;
/// 100 ms at 8 kHz.
const EVENT_UNITS: u16 = 800;
const UNITS_PER_TICK: u16 = 160;
const PAUSE_FRAMES: u8 = 5;
const TONE_MS: u32 = 100;
