//! Digits on a leg: from telephone events or tones, and back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::command::LegSpec;
use super::reception::since;
use crate::clip::Clip;
use crate::codec::{Codec, Decoder};
use crate::dtmf::{Detector, Digit, EventPacket, Receiver, Sender};

/// Listens for digits.
pub(super) struct DigitsIn {
    events: Receiver,
    tones: Option<Box<Tones>>,
    last: Option<Instant>,
}

/// In-band detection, for legs without telephone-event.
struct Tones {
    decoder: Decoder,
    detector: Detector,
}

impl DigitsIn {
    /// As SDP has it: tones are listened for only where events were not agreed.
    pub(super) fn new(spec: &LegSpec) -> Self {
        let tones = (spec.telephone_event.is_none() && spec.inband_dtmf)
            .then(|| Box::new(Tones::new(spec.send.codec)));
        Self {
            events: Receiver::new(),
            tones,
            last: None,
        }
    }

    /// A new stream has timestamps of its own.
    pub(super) fn restart(&mut self) {
        self.events = Receiver::new();
    }

    /// A packet of telephone-event.
    pub(super) fn event(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Option<Digit> {
        self.events.receive(timestamp, marker, payload)
    }

    /// A packet of audio: the first digit found in it.
    pub(super) fn audio(&mut self, codec: Codec, payload: &[u8]) -> Option<Digit> {
        let tones = self.tones.as_mut()?;
        if tones.decoder.codec() != codec {
            **tones = Tones::new(codec);
        }
        let mut pressed = None;
        for piece in payload.chunks(PIECE_BYTES).take(MAX_PIECES) {
            let mut samples = [0; PIECE_SAMPLES];
            let count = tones.decoder.decode(piece, &mut samples);
            tones
                .detector
                .listen(samples.get(..count).unwrap_or_default(), |digit| {
                    pressed = pressed.or(Some(digit));
                });
        }
        pressed
    }

    /// Whether a person could have pressed a key now: floods of digits are not passed on, so that events stay bounded.
    pub(super) fn plausible(&mut self, now: Instant) -> bool {
        let plausible = self
            .last
            .is_none_or(|last| since(last, now) >= SHORTEST_KEYSTROKE);
        if plausible {
            self.last = Some(now);
        }
        plausible
    }
}

impl Tones {
    fn new(codec: Codec) -> Self {
        Self {
            decoder: Decoder::new(codec),
            detector: Detector::new(codec.sample_rate()),
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

/// The two tones of a digit, 7 dB below full scale together.
fn tone(digit: Digit, codec: Codec) -> Clip {
    let (row, column) = digit.frequencies();
    let rate = codec.sample_rate() as f32;
    let count = (codec.sample_rate() * TONE_MS / 1000) as usize;
    let wave = |hz: u16, n: usize| (std::f32::consts::TAU * f32::from(hz) * n as f32 / rate).sin();
    let pcm: Vec<i16> = (0..count)
        .map(|n| ((wave(row, n) + wave(column, n)) * TONE_AMPLITUDE) as i16)
        .collect();
    Clip::encode_native(&pcm, codec)
}

/// Two keystrokes are never closer (Q.24: 40 ms of tone and 40 of pause; segments and jitter halve it).
const SHORTEST_KEYSTROKE: Duration = Duration::from_millis(40);
const PIECE_BYTES: usize = 160;
const PIECE_SAMPLES: usize = 320;
const MAX_PIECES: usize = 10;
const MAX_WAITING: usize = 128;
/// 100 ms at 8 kHz.
const EVENT_UNITS: u16 = 800;
const UNITS_PER_TICK: u16 = 160;
const PAUSE_FRAMES: u8 = 5;
const TONE_MS: u32 = 100;
const TONE_AMPLITUDE: f32 = 7000.0;
