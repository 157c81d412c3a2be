//! One incoming stream as linear audio, 20 ms a tick: put in order, decoded, its losses concealed.

use std::time::{Duration, Instant};

use crate::codec::{Codec, Decoder};
use crate::comfort::{self, Noise};
use crate::jitter::{Counters, JitterBuffer, Playout};
use crate::plc::Concealer;
use crate::rtp::Header;

/// A stream that is listened to and not only passed on. Nothing of it allocates but the beginning and a change of codec.
pub(super) struct Decoding {
    codec: Codec,
    jitter: JitterBuffer,
    decoder: Decoder,
    concealer: Concealer,
    noise: Noise,
    /// The level of the silence that the far side has announced (RFC 3389) and not ended with audio.
    comfort: Option<i8>,
    rest: Rest,
    payload: Box<[u8]>,
    frame: [i16; MAX_SAMPLES],
    heard: usize,
}

/// What is left of what the jitter buffer gave last.
#[derive(Clone, Copy)]
enum Rest {
    Nothing,
    /// These bytes of `payload`.
    Payload {
        start: usize,
        end: usize,
    },
    /// So many samples to conceal.
    Lost {
        samples: usize,
    },
}

impl Decoding {
    /// Nothing heard yet.
    pub(super) fn new(codec: Codec) -> Self {
        Self {
            codec,
            jitter: JitterBuffer::new(codec.clock_rate()),
            decoder: Decoder::new(codec),
            concealer: Concealer::new(codec.sample_rate()),
            noise: Noise::new(NOISE_SEED),
            comfort: None,
            rest: Rest::Nothing,
            payload: vec![0; JitterBuffer::MAX_PAYLOAD].into_boxed_slice(),
            frame: [0; MAX_SAMPLES],
            heard: 0,
        }
    }

    /// The codec of the stream now.
    pub(super) fn codec(&self) -> Codec {
        self.codec
    }

    /// Takes a packet of audio.
    pub(super) fn insert(&mut self, codec: Codec, header: &Header, payload: &[u8], now: Instant) {
        if codec != self.codec {
            self.adopt(codec);
        }
        self.comfort = None;
        let units = codec.units(payload.len());
        self.jitter.insert(header, payload, units, now);
    }

    /// Takes a packet of comfort noise (RFC 3389): what is missing from now on is silence and not lost.
    pub(super) fn comfort_noise(&mut self, payload: &[u8]) {
        self.comfort = comfort::level(payload);
    }

    /// Makes the next 20 ms.
    pub(super) fn advance(&mut self, now: Instant) {
        let rate = self.codec.sample_rate();
        let wanted = rate as usize / FRAMES_PER_SECOND;
        let mut frame = [0; MAX_SAMPLES];
        let mut filled = 0;
        while let Some(room) = frame
            .get_mut(filled..wanted)
            .filter(|room| !room.is_empty())
        {
            if matches!(self.rest, Rest::Nothing) {
                let micros = filled as u64 * 1_000_000 / u64::from(rate);
                self.rest = self.take(now + Duration::from_micros(micros));
            }
            filled += match self.rest {
                Rest::Payload { start, end } => self.decode(start, end, room),
                Rest::Lost { samples } => self.conceal(samples, room),
                Rest::Nothing if filled == 0 && self.comfort.is_none() => break,
                Rest::Nothing => self.quiet(room),
            };
        }
        self.frame = frame;
        self.heard = filled;
    }

    /// The 20 ms made last; `None` while nothing comes.
    pub(super) fn frame(&self) -> Option<&[i16]> {
        self.frame
            .get(..self.heard)
            .filter(|frame| !frame.is_empty())
    }

    /// What became of the packets so far.
    pub(super) fn counters(&self) -> Counters {
        self.jitter.counters()
    }

    fn adopt(&mut self, codec: Codec) {
        self.codec = codec;
        self.jitter.reset();
        self.decoder = Decoder::new(codec);
        self.concealer = Concealer::new(codec.sample_rate());
        self.rest = Rest::Nothing;
        self.heard = 0;
    }

    fn take(&mut self, now: Instant) -> Rest {
        match self.jitter.pop(now) {
            Playout::Frame { payload, .. } => {
                if let Some(room) = self.payload.get_mut(..payload.len()) {
                    room.copy_from_slice(payload);
                }
                Rest::Payload {
                    start: 0,
                    end: payload.len(),
                }
            }
            Playout::Lost { units } => {
                let per_unit = self.codec.sample_rate() / self.codec.clock_rate();
                Rest::Lost {
                    samples: (units * per_unit) as usize,
                }
            }
            Playout::Silent => Rest::Nothing,
        }
    }

    fn decode(&mut self, start: usize, end: usize, room: &mut [i16]) -> usize {
        let bytes = (room.len() / self.codec.samples(1)).min(end - start);
        let piece = self.payload.get(start..start + bytes).unwrap_or_default();
        let written = self.decoder.decode(piece, room);
        let samples = room.get_mut(..written).unwrap_or_default();
        self.concealer.good(samples);
        let start = start + bytes;
        self.rest = if start < end && written > 0 {
            Rest::Payload { start, end }
        } else {
            Rest::Nothing
        };
        written
    }

    fn conceal(&mut self, samples: usize, room: &mut [i16]) -> usize {
        let count = samples.min(room.len());
        let piece = room.get_mut(..count).unwrap_or_default();
        if self.comfort.is_some() {
            self.quiet(piece);
        } else {
            self.concealer.conceal(piece);
        }
        self.rest = if count < samples {
            Rest::Lost {
                samples: samples - count,
            }
        } else {
            Rest::Nothing
        };
        count
    }

    fn quiet(&mut self, room: &mut [i16]) -> usize {
        self.noise.fill(self.comfort.unwrap_or(i8::MIN), room);
        self.concealer.good(room);
        room.len()
    }
}

const FRAMES_PER_SECOND: usize = 50;
/// 20 ms at 16 kHz.
const MAX_SAMPLES: usize = 320;
/// Any will do: it is noise that nobody should tell from other noise.
const NOISE_SEED: u32 = 0x5eed;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{is_tone, level};
    use crate::clip::Clip;
    use crate::engine::tests::start;

    const TONE_HZ: f64 = 1000.0;

    fn tone(codec: Codec, ms: usize) -> Clip {
        let rate = codec.sample_rate();
        let wave = |n: usize| {
            let phase = std::f64::consts::TAU * TONE_HZ * n as f64 / f64::from(rate);
            (phase.sin() * 8000.0) as i16
        };
        let pcm: Vec<i16> = (0..rate as usize * ms / 1000).map(wave).collect();
        Clip::encode_native(&pcm, codec)
    }

    fn header(n: usize, units: usize) -> Header {
        Header {
            marker: false,
            payload_type: 0,
            sequence: n as u16,
            timestamp: (n * units) as u32,
            ssrc: 1,
        }
    }

    /// Packets of `ptime` through a decoding, but those that `lost` names; what was heard each 20 ms.
    fn heard(codec: Codec, ptime: usize, lost: impl Fn(usize) -> bool) -> Vec<i16> {
        let clip = tone(codec, 3000);
        let mut decoding = Decoding::new(codec);
        let (began, mut pcm, mut packet) = (start(), Vec::new(), 0);
        for tick in 1..=150 {
            let now = began + Duration::from_millis(20) * tick;
            while (packet + 1) * ptime <= tick as usize * 20 {
                if !lost(packet)
                    && let Some(payload) = clip.slice(packet * ptime, ptime)
                {
                    let units = codec.bytes(ptime);
                    decoding.insert(codec, &header(packet, units), payload, now);
                }
                packet += 1;
            }
            decoding.advance(now);
            pcm.extend_from_slice(decoding.frame().unwrap_or_default());
        }
        pcm
    }

    /// The least level of pieces of `ms` in a second and a half.
    fn quietest(pcm: &[i16], rate: u32, ms: usize) -> f64 {
        let rate = rate as usize;
        let pieces = pcm[rate / 2..rate * 2].chunks(rate * ms / 1000);
        pieces.map(level).fold(0.0, f64::min)
    }

    #[test]
    fn packets_of_any_length_come_out_as_one_tone() {
        for codec in Codec::ALL {
            for ptime in [10, 20, 30, 40, 60, 100, 200] {
                let pcm = heard(codec, ptime, |_| false);
                let rate = codec.sample_rate();
                assert!(
                    is_tone(&pcm, rate, &[TONE_HZ], -20.0),
                    "{codec:?} in {ptime} ms"
                );
                let quietest = quietest(&pcm, rate, 10);
                assert!(quietest > -16.0, "{codec:?} in {ptime} ms: {quietest}");
            }
        }
    }

    #[test]
    fn single_losses_are_not_holes() {
        for codec in Codec::ALL {
            let pcm = heard(codec, 20, |n| n % 20 == 7);
            let quietest = quietest(&pcm, codec.sample_rate(), 20);
            assert!(quietest > -20.0, "{codec:?}: {quietest}");
        }
    }

    #[test]
    fn after_comfort_noise_silence_sounds_as_announced_until_speech_returns() {
        let codec = Codec::Pcmu;
        let clip = tone(codec, 200);
        let mut decoding = Decoding::new(codec);
        let began = start();
        let mut levels = Vec::new();
        for tick in 0..100 {
            let now = began + Duration::from_millis(20) * tick;
            if tick < 10 {
                let payload = clip.frame(tick as usize).unwrap();
                decoding.insert(codec, &header(tick as usize, 160), payload, now);
            } else if tick == 10 {
                decoding.comfort_noise(&[50]);
            }
            decoding.advance(now);
            levels.push(decoding.frame().map(level));
        }
        let noise = levels[60].unwrap();
        assert!((-51.0..-43.0).contains(&noise), "{noise}");
        assert_eq!(
            levels
                .iter()
                .skip(10)
                .filter(|level| level.is_none())
                .count(),
            0
        );
    }

    #[test]
    fn a_stream_that_ends_falls_silent() {
        let pcm = heard(Codec::G722, 20, |n| n >= 50);
        let seconds = pcm.len() as f64 / 16_000.0;
        assert!((0.98..1.3).contains(&seconds), "{seconds}");
        assert!(level(&pcm[pcm.len() - 1600..]) < -60.0);
    }
}
