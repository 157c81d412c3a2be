//! From one codec into another, packet by packet.
//!
//! A packet is recoded as it arrives and keeps its place in time, so that nothing is delayed here; loss and jitter reach the
//! far side as they were, and its jitter buffer and concealment deal with them once.

use crate::codec::{Codec, Decoder, Encoder};

/// Recodes one stream.
pub(super) struct Recoder {
    decoder: Decoder,
    encoder: Encoder,
    halfband: Halfband,
}

impl Recoder {
    /// From `from` to `to`.
    pub(super) fn new(from: Codec, to: Codec) -> Self {
        Self {
            decoder: Decoder::new(from),
            encoder: Encoder::new(to),
            halfband: Halfband::default(),
        }
    }

    /// Whether this recodes into that codec.
    pub(super) fn makes(&self, to: Codec) -> bool {
        self.encoder.codec() == to
    }

    /// Recodes a payload into `out`; of a payload longer than 200 ms the rest is dropped. A change of the incoming codec
    /// starts decoding anew (and allocates, once a change).
    pub(super) fn recode<'a>(
        &mut self,
        from: Codec,
        payload: &[u8],
        out: &'a mut [u8],
    ) -> &'a [u8] {
        if self.decoder.codec() != from {
            self.decoder = Decoder::new(from);
        }
        let mut written = 0;
        for piece in payload.chunks(PIECE_BYTES).take(MAX_PIECES) {
            let mut decoded = [0; PIECE_SAMPLES];
            let count = self.decoder.decode(piece, &mut decoded);
            let mut resampled = [0; PIECE_SAMPLES];
            let (rate, wanted) = (from.sample_rate(), self.encoder.codec().sample_rate());
            let pcm = match decoded.get(..count).unwrap_or_default() {
                pcm if rate == wanted => pcm,
                pcm if rate < wanted => self.halfband.double(pcm, &mut resampled),
                pcm => self.halfband.halve(pcm, &mut resampled),
            };
            let Some(room) = out.get_mut(written..) else {
                break;
            };
            written += self.encoder.encode(pcm, room);
        }
        out.get(..written).unwrap_or_default()
    }
}

/// Changes the rate by two with a half-band filter: flat to 3.4 kHz, what would alias 40 dB down and more.
#[derive(Default)]
struct Halfband {
    history: [f32; TAPS],
    odd: bool,
}

impl Halfband {
    fn double<'a>(&mut self, pcm: &[i16], out: &'a mut [i16]) -> &'a [i16] {
        let mut pairs = out.chunks_exact_mut(2);
        for (sample, pair) in pcm.iter().zip(&mut pairs) {
            for (slot, input) in pair.iter_mut().zip([f32::from(*sample) * 2.0, 0.0]) {
                self.push(input);
                *slot = self.value();
            }
        }
        out.get(..pcm.len() * 2).unwrap_or_default()
    }

    fn halve<'a>(&mut self, pcm: &[i16], out: &'a mut [i16]) -> &'a [i16] {
        let mut written = 0;
        for sample in pcm {
            self.push(f32::from(*sample));
            self.odd = !self.odd;
            if !self.odd
                && let Some(slot) = out.get_mut(written)
            {
                *slot = self.value();
                written += 1;
            }
        }
        out.get(..written).unwrap_or_default()
    }

    fn push(&mut self, sample: f32) {
        self.history.copy_within(1.., 0);
        if let Some(last) = self.history.last_mut() {
            *last = sample;
        }
    }

    fn value(&self) -> i16 {
        let (before, rest) = self.history.split_at(TAPS / 2);
        let (middle, after) = rest.split_at(1);
        let odd = before
            .iter()
            .rev()
            .step_by(2)
            .zip(after.iter().step_by(2))
            .zip(ODD);
        let sides: f32 = odd.map(|((a, b), tap)| (a + b) * tap).sum();
        let middle: f32 = middle.iter().map(|sample| sample * MIDDLE).sum();
        (sides + middle) as i16
    }
}

/// 20 ms of any codec.
const PIECE_BYTES: usize = 160;
const PIECE_SAMPLES: usize = 320;
const MAX_PIECES: usize = 10;
const TAPS: usize = 31;

/// A windowed (Kaiser, beta 5) sinc with its corner at a quarter of the higher rate: the tap in the middle, then every other one
/// outwards; those between are zero, and both sides are equal.
const MIDDLE: f32 = 0.500_053;
const ODD: [f32; 8] = [
    0.315_196, -0.096_969, 0.049_364, -0.027_255, 0.014_676, -0.007_204, 0.002_945, -0.000_779,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f32, rate: f32, count: usize) -> Vec<i16> {
        (0..count)
            .map(|n| ((std::f32::consts::TAU * hz * n as f32 / rate).sin() * 8000.0) as i16)
            .collect()
    }

    fn rms(pcm: &[i16]) -> f32 {
        (pcm.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / pcm.len() as f32).sqrt()
    }

    /// A tone through from -> to, decoded again.
    fn through(from: Codec, to: Codec, hz: f32) -> Vec<i16> {
        let pcm = sine(hz, from.sample_rate() as f32, from.sample_rate() as usize);
        let mut encoded = vec![0; 8000];
        Encoder::new(from).encode(&pcm, &mut encoded);
        let mut recoder = Recoder::new(from, to);
        let mut decoder = Decoder::new(to);
        let mut heard = Vec::new();
        for payload in encoded.chunks(160) {
            let mut out = [0; 160];
            let recoded = recoder.recode(from, payload, &mut out);
            assert_eq!(recoded.len(), 160, "20 ms stay 20 ms");
            let mut samples = [0; 320];
            let count = decoder.decode(recoded, &mut samples);
            heard.extend_from_slice(&samples[..count]);
        }
        heard.split_off(to.sample_rate() as usize / 10)
    }

    #[test]
    fn speech_frequencies_keep_their_loudness() {
        for (from, to) in [
            (Codec::Pcmu, Codec::G722),
            (Codec::G722, Codec::Pcma),
            (Codec::Pcma, Codec::Pcmu),
        ] {
            for hz in [300.0, 1000.0, 3000.0] {
                let level = rms(&through(from, to, hz)) / (8000.0 / std::f32::consts::SQRT_2);
                assert!(
                    (0.85..1.15).contains(&level),
                    "{from:?} to {to:?} at {hz} Hz: {level}"
                );
            }
        }
    }

    #[test]
    fn what_narrowband_cannot_carry_does_not_alias() {
        let level = rms(&through(Codec::G722, Codec::Pcmu, 6000.0));
        assert!(level < 250.0, "{level}");
    }
}
