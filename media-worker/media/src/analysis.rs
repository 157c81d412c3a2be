//! Measures of audio: what tests and the probe judge a call by. Levels are in dBFS, 0 being a full-scale sine wave.

use std::f64::consts::TAU;
use std::time::Duration;

/// A tone found in audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoundTone {
    /// Hz.
    pub hz: f64,
    /// dBFS.
    pub level: f64,
}

/// The level of audio as a whole; silence is [`SILENCE`].
pub fn level(pcm: &[i16]) -> f64 {
    decibels(energy(pcm) / pcm.len().max(1) as f64)
}

/// The level of one frequency (Goertzel), in a band as narrow as the audio is long.
pub fn tone_level(pcm: &[i16], rate: u32, hz: f64) -> f64 {
    let power = goertzel(pcm.iter().map(|&sample| f64::from(sample)), rate, hz);
    let length = pcm.len().max(1) as f64;
    // A sine of amplitude a gives (a·n/2)²; its mean square is a²/2.
    decibels(2.0 * power / (length * length))
}

/// The tones at `min_level` or above, strongest first, in the loudest fifth of a second. Tones closer than 25 Hz are one.
pub fn find_tones(pcm: &[i16], rate: u32, min_level: f64) -> Vec<FoundTone> {
    let length = (rate as usize / 5).max(1);
    let loudest = pcm
        .chunks(length)
        .max_by(|a, b| energy(a).total_cmp(&energy(b)))
        .unwrap_or_default();
    // A Hann window keeps a tone's skirts within two bins; its coherent gain is one half.
    let count = loudest.len().max(1) as f64;
    let windowed: Vec<f64> = loudest
        .iter()
        .enumerate()
        .map(|(index, &sample)| f64::from(sample) * (1.0 - (TAU * index as f64 / count).cos()))
        .collect();
    let measure =
        |hz: f64| decibels(2.0 * goertzel(windowed.iter().copied(), rate, hz) / (count * count));
    let bin = f64::from(rate) / count;
    let mut grid: Vec<FoundTone> = (2..loudest.len() / 2)
        .map(|index| FoundTone {
            hz: index as f64 * bin,
            level: measure(index as f64 * bin),
        })
        .filter(|point| point.level > min_level - GRID_LOSS)
        .collect();
    grid.sort_by(|a, b| b.level.total_cmp(&a.level));
    let mut tones: Vec<FoundTone> = Vec::new();
    for point in grid {
        let tone = refine(point, bin, &measure);
        if tone.level >= min_level && !tones.iter().any(|known| is_skirt(tone, *known, bin)) {
            tones.push(tone);
        }
    }
    tones
}

/// Whether all of some frequencies are there at `min_level`, and nothing else within 10 dB of the weakest of them.
pub fn is_tone(pcm: &[i16], rate: u32, frequencies: &[f64], min_level: f64) -> bool {
    let found = find_tones(pcm, rate, min_level);
    let expected = |tone: &FoundTone| {
        frequencies
            .iter()
            .any(|hz| (hz - tone.hz).abs() <= 0.015 * hz)
    };
    let weakest = found
        .iter()
        .filter(|tone| expected(tone))
        .map(|tone| tone.level)
        .fold(0.0, f64::min);
    found.iter().filter(|tone| expected(tone)).count() == frequencies.len()
        && found
            .iter()
            .all(|tone| expected(tone) || tone.level < weakest - 10.0)
}

/// The level of each successive piece of a length.
pub fn levels(pcm: &[i16], rate: u32, piece: Duration) -> Vec<f64> {
    let samples = (piece.as_micros() as u64 * u64::from(rate) / 1_000_000).max(1) as usize;
    pcm.chunks(samples).map(level).collect()
}

/// How much of the audio, in pieces of 20 ms, is at or above a level.
pub fn active(pcm: &[i16], rate: u32, min_level: f64) -> Duration {
    let pieces = levels(pcm, rate, PIECE);
    PIECE
        * pieces
            .into_iter()
            .filter(|&level| level >= min_level)
            .count() as u32
}

/// The longest stretch, in pieces of 20 ms, below a level.
pub fn longest_silence(pcm: &[i16], rate: u32, below: f64) -> Duration {
    let pieces = levels(pcm, rate, PIECE);
    let longest = pieces
        .split(|&level| level >= below)
        .map(<[f64]>::len)
        .max()
        .unwrap_or(0);
    PIECE * longest as u32
}

/// The share of samples at full scale: over 0.001 one hears it.
pub fn clipping(pcm: &[i16]) -> f64 {
    let clipped = pcm
        .iter()
        .filter(|sample| sample.unsigned_abs() >= 32_124)
        .count();
    clipped as f64 / pcm.len().max(1) as f64
}

/// The signal-to-noise ratio in dB of `heard` against the `reference` that it should equal, sample by sample.
pub fn snr(reference: &[i16], heard: &[i16]) -> f64 {
    let noise: f64 = reference
        .iter()
        .zip(heard)
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
        .sum();
    10.0 * (energy(reference).max(1e-9) / noise.max(1e-9)).log10()
}

/// The level of digital silence.
pub const SILENCE: f64 = -120.0;

/// Whether a tone is another's: too close to tell apart, or where the window's side lobes are (-31 dB, falling).
fn is_skirt(tone: FoundTone, known: FoundTone, bin: f64) -> bool {
    let distance = (known.hz - tone.hz).abs();
    distance < SAME_TONE_BINS * bin
        || distance < SKIRT_BINS * bin && tone.level < known.level - 28.0
}

fn refine(point: FoundTone, bin: f64, measure: &impl Fn(f64) -> f64) -> FoundTone {
    let mut best = point;
    let mut width = bin / 2.0;
    while width > 0.3 {
        for hz in [best.hz - width, best.hz + width] {
            let level = measure(hz);
            if level > best.level {
                best = FoundTone { hz, level };
            }
        }
        width /= 2.0;
    }
    best
}

fn goertzel(samples: impl Iterator<Item = f64>, rate: u32, hz: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hz / f64::from(rate.max(1))).cos();
    let (mut last, mut before) = (0.0_f64, 0.0_f64);
    for sample in samples {
        let next = coefficient * last + sample - before;
        before = last;
        last = next;
    }
    last * last + before * before - coefficient * last * before
}

fn energy(pcm: &[i16]) -> f64 {
    pcm.iter().map(|&sample| f64::from(sample).powi(2)).sum()
}

/// Of a mean square, against that of a full-scale sine.
fn decibels(mean_square: f64) -> f64 {
    let full = 32_767.0_f64 * 32_767.0 / 2.0;
    (10.0 * (mean_square / full).max(1e-12).log10()).max(SILENCE)
}

const PIECE: Duration = Duration::from_millis(20);
const SAME_TONE_BINS: f64 = 5.0;
const SKIRT_BINS: f64 = 30.0;
/// Half a bin off the grid, a tone is lower by 1.4 dB.
const GRID_LOSS: f64 = 2.0;
