//! From one codec into another.

use super::halfband::Halfband;
use crate::codec::{Codec, Decoder, Encoder};

/// Recodes one stream payload by payload: what is in order already, or keeps its place in time by its timestamps.
pub(super) struct Recoder {
    decoder: Decoder,
    voice: Voice,
}

/// Encodes linear audio of any codec's rate into one codec.
pub(super) struct Voice {
    encoder: Encoder,
    halfband: Halfband,
}

impl Recoder {
    /// From `from` to `to`.
    pub(super) fn new(from: Codec, to: Codec) -> Self {
        Self {
            decoder: Decoder::new(from),
            voice: Voice::new(to),
        }
    }

    /// Whether this recodes into that codec.
    pub(super) fn makes(&self, to: Codec) -> bool {
        self.voice.codec() == to
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
            let Some(room) = out.get_mut(written..) else {
                break;
            };
            let pcm = decoded.get(..count).unwrap_or_default();
            written += self.voice.encode(pcm, from.sample_rate(), room).len();
        }
        out.get(..written).unwrap_or_default()
    }
}

impl Voice {
    /// Into `codec`.
    pub(super) fn new(codec: Codec) -> Self {
        Self {
            encoder: Encoder::new(codec),
            halfband: Halfband::default(),
        }
    }

    /// What it encodes into.
    pub(super) fn codec(&self) -> Codec {
        self.encoder.codec()
    }

    /// Encodes up to 20 ms of audio into `out`.
    pub(super) fn encode<'a>(&mut self, pcm: &[i16], rate: u32, out: &'a mut [u8]) -> &'a [u8] {
        let mut resampled = [0; PIECE_SAMPLES];
        let wanted = self.encoder.codec().sample_rate();
        let pcm = match pcm {
            pcm if rate == wanted => pcm,
            pcm if rate < wanted => self.halfband.double(pcm, &mut resampled),
            pcm => self.halfband.halve(pcm, &mut resampled),
        };
        let written = self.encoder.encode(pcm, out);
        out.get(..written).unwrap_or_default()
    }
}

/// 20 ms of any codec.
const PIECE_BYTES: usize = 160;
const PIECE_SAMPLES: usize = 320;
const MAX_PIECES: usize = 10;

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
