//! Linear audio and its resampling.

use std::time::Duration;

use rubato::audioadapter_buffers::number_to_float::InterleavedNumbers;
use rubato::{Fft, FixedSync, Resampler as _};

/// Mono linear audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pcm {
    /// The samples.
    pub samples: Vec<i16>,
    /// Samples per second.
    pub rate: u32,
}

/// A sample rate from which (or to which) no audio is converted: 0, absurdly high, or in an unworkable ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot convert audio from {from} Hz to {to} Hz")]
pub struct UnsupportedRate {
    /// The rate of the audio in hand.
    pub from: u32,
    /// The rate asked for.
    pub to: u32,
}

impl Pcm {
    /// How long it plays.
    pub fn duration(&self) -> Duration {
        let micros = self.samples.len() as u64 * 1_000_000 / u64::from(self.rate.max(1));
        Duration::from_micros(micros)
    }

    /// The same audio at another rate.
    pub fn resampled(&self, rate: u32) -> Result<Pcm, UnsupportedRate> {
        Ok(Pcm {
            samples: resample(&self.samples, self.rate, rate)?,
            rate,
        })
    }
}

/// Converts mono samples from one rate to another, band-limited and without delay at the start.
pub fn resample(samples: &[i16], from: u32, to: u32) -> Result<Vec<i16>, UnsupportedRate> {
    let unsupported = UnsupportedRate { from, to };
    if from == to && from > 0 {
        return Ok(samples.to_vec());
    }
    // The transform is as long as the ratio's terms: all rates in use share a divisor of 25 and more.
    if from.max(to) > MAX_RATE || greatest_common_divisor(from, to) < MIN_COMMON_DIVISOR {
        return Err(unsupported);
    }
    if samples.is_empty() {
        return Ok(Vec::new());
    }
    // It is made floats piece by piece: as a whole they would take twice the room.
    let input = InterleavedNumbers::<&[i16], f32>::new(samples, 1, samples.len())
        .map_err(|_| unsupported)?;
    let mut resampler = Fft::<f32>::new(from as usize, to as usize, CHUNK, 1, FixedSync::Input)
        .map_err(|_| unsupported)?;
    let output = resampler
        .process_all(&input, samples.len(), None)
        .map_err(|_| unsupported)?;
    // `as` saturates: an overshoot of the filter clips instead of wrapping.
    Ok(output
        .take_data()
        .into_iter()
        .map(|sample| (sample * FULL_SCALE).round() as i16)
        .collect())
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

const CHUNK: usize = 1024;
/// What the resampler takes for 1.
const FULL_SCALE: f32 = 32_768.0;
const MAX_RATE: u32 = 192_000;
const MIN_COMMON_DIVISOR: u32 = 25;
