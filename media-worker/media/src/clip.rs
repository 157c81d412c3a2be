//! Audio encoded once and shared by every leg that plays it.

use std::sync::Arc;
use std::time::Duration;

pub use crate::pcm::{Pcm, UnsupportedRate};

use crate::codec::{Codec, Encoder};
use crate::pcm::resample;

/// Ready-encoded audio in contiguous 20 ms frames; a clone shares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    codec: Codec,
    frames: Arc<[u8]>,
}

impl Clip {
    /// Milliseconds of one frame.
    pub const FRAME_MS: usize = 20;

    /// Encodes samples of any usual rate; the last frame is filled up with silence.
    pub fn encode(pcm: &[i16], sample_rate: u32, codec: Codec) -> Result<Clip, UnsupportedRate> {
        let resampled;
        let samples = if sample_rate == codec.sample_rate() {
            pcm
        } else {
            resampled = resample(pcm, sample_rate, codec.sample_rate())?;
            resampled.as_slice()
        };
        Ok(Self::encode_native(samples, codec))
    }

    /// Encodes samples that are at the codec's rate already; the last frame is filled up with silence.
    pub fn encode_native(pcm: &[i16], codec: Codec) -> Clip {
        let frame_bytes = codec.bytes(Self::FRAME_MS);
        let frame_samples = codec.samples(frame_bytes);
        let mut encoder = Encoder::new(codec);
        let mut frames = vec![0; pcm.len().div_ceil(frame_samples) * frame_bytes];
        let mut padded = vec![0; frame_samples];
        for (samples, frame) in pcm
            .chunks(frame_samples)
            .zip(frames.chunks_mut(frame_bytes))
        {
            padded.fill(0);
            for (to, from) in padded.iter_mut().zip(samples) {
                *to = *from;
            }
            encoder.encode(&padded, frame);
        }
        Clip {
            codec,
            frames: frames.into(),
        }
    }

    /// Silence, rounded up to whole frames.
    pub fn silence(duration: Duration, codec: Codec) -> Clip {
        let frames = (duration.as_millis() as usize).div_ceil(Self::FRAME_MS);
        Self::encode_native(
            &vec![0; frames * codec.samples(codec.bytes(Self::FRAME_MS))],
            codec,
        )
    }

    /// Takes bytes that are encoded already; what does not fill a 20 ms frame at the end is dropped.
    pub fn from_encoded(codec: Codec, bytes: &[u8]) -> Clip {
        let whole = bytes.len() - bytes.len() % codec.bytes(Self::FRAME_MS);
        Clip {
            codec,
            frames: bytes.get(..whole).unwrap_or_default().into(),
        }
    }

    /// The codec of its frames.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// How long it plays.
    pub fn duration(&self) -> Duration {
        Duration::from_millis((self.frame_count() * Self::FRAME_MS) as u64)
    }

    /// How many 20 ms frames it has.
    pub fn frame_count(&self) -> usize {
        self.frames.len() / self.codec.bytes(Self::FRAME_MS)
    }

    /// The 20 ms frame at an index, `None` past the end.
    pub fn frame(&self, index: usize) -> Option<&[u8]> {
        self.slice(index * Self::FRAME_MS, Self::FRAME_MS)
    }

    /// The payload of `ptime` milliseconds from `position` milliseconds on, `None` past the end. At the end it can be
    /// shorter, where the clip is no multiple of the ptime: a short last packet is legal and inaudible.
    pub fn slice(&self, position: usize, ptime: usize) -> Option<&[u8]> {
        let start = self.codec.bytes(position);
        let end = self
            .frames
            .len()
            .min(start.saturating_add(self.codec.bytes(ptime)));
        self.frames
            .get(start..end)
            .filter(|payload| !payload.is_empty())
    }

    /// All frames, contiguous.
    pub fn bytes(&self) -> &[u8] {
        &self.frames
    }
}
