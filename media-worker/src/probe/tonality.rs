//! What a short piece of audio is: quiet, one pure tone, or any other sound.

use media::analysis;

/// One piece of audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    /// Nothing that stands out from the background.
    Quiet,
    /// A single frequency.
    Pure(Pitch),
    /// Speech, music, several tones.
    Sound,
}

/// A frequency and how loud it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pitch {
    /// Hz.
    pub(super) hz: f64,
    /// dBFS.
    pub(super) level: f64,
}

impl Pitch {
    /// Whether both are pieces of one steady tone.
    pub(super) fn is_steady_with(self, other: Pitch) -> bool {
        (self.hz - other.hz).abs() <= 0.03 * self.hz && (self.level - other.level).abs() <= 3.0
    }
}

/// Follows the background, so that steady noise is quiet; what is louder than -30 dBFS never is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Background {
    floor: f64,
}

impl Background {
    /// A background that has not been heard yet.
    pub(super) fn new() -> Self {
        Background {
            floor: FLOOR_RANGE.0,
        }
    }

    /// Says what a piece is that lasts some 20 ms.
    pub(super) fn judge(&mut self, pcm: &[i16], rate: u32) -> Piece {
        let level = analysis::level(pcm);
        let threshold = self.floor + ABOVE_FLOOR;
        // The floor falls at once and rises slowly: between words it is the background.
        self.floor = level
            .min(self.floor + RISE)
            .clamp(FLOOR_RANGE.0, FLOOR_RANGE.1);
        if level <= threshold {
            return Piece::Quiet;
        }
        match pure_frequency(pcm, rate) {
            Some(hz) => Piece::Pure(Pitch { hz, level }),
            None => Piece::Sound,
        }
    }
}

/// The frequency that has nearly all the energy, if one has. A sine wave obeys x[n+1] + x[n-1] = 2 cos(w) x[n]: the w
/// that fits best is the candidate, and the energy at it is the proof.
fn pure_frequency(pcm: &[i16], rate: u32) -> Option<f64> {
    let (mut product, mut square) = (0.0, 0.0);
    for window in pcm.windows(3) {
        let &[before, middle, after] = window else {
            continue;
        };
        let middle = f64::from(middle);
        product += middle * (f64::from(before) + f64::from(after));
        square += middle * middle;
    }
    let cosine = product / (2.0 * square);
    if !cosine.is_finite() || cosine.abs() >= 1.0 {
        return None;
    }
    let hz = cosine.acos() / std::f64::consts::TAU * f64::from(rate);
    let loss = analysis::level(pcm) - analysis::tone_level(pcm, rate, hz);
    (hz >= LOWEST_TONE && loss <= MAX_LOSS).then_some(hz)
}

/// From -48 to -30 dBFS a sound stands out, 8 dB above the floor.
const FLOOR_RANGE: (f64, f64) = (-56.0, -38.0);
const ABOVE_FLOOR: f64 = 8.0;
/// 1.5 dB per second, for pieces of 20 ms.
const RISE: f64 = 0.03;
/// Hz. Below, a hummed vowel is as pure as a tone.
const LOWEST_TONE: f64 = 350.0;
/// dB: nine tenths of the energy are in the tone.
const MAX_LOSS: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;
    use media::tone::{Step, render};

    fn judged(hz: &'static [u16], rate: u32) -> Piece {
        let pcm = render(&[Step { hz, ms: 1000 }], rate);
        Background::new().judge(&pcm[..rate as usize / 50], rate)
    }

    #[test]
    fn a_single_frequency_is_pure_and_two_are_not() {
        for rate in [8_000, 16_000] {
            for hz in [&[425], &[1000], &[1400]] {
                let Piece::Pure(pitch) = judged(hz, rate) else {
                    panic!("{hz:?} at {rate} is not pure");
                };
                assert!((pitch.hz - f64::from(hz[0])).abs() < 5.0, "{pitch:?}");
                assert!((pitch.level + 16.0).abs() < 0.5, "{pitch:?}");
            }
            assert_eq!(judged(&[480, 620], rate), Piece::Sound);
        }
    }

    #[test]
    fn steady_noise_becomes_quiet_but_loud_sound_never() {
        // A fixed linear congruence: noise that is the same in every run.
        let mut state = 1_u32;
        let mut noise = |amplitude: i32| -> Vec<i16> {
            (0..160)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    ((state >> 16) as i32 % (2 * amplitude) - amplitude) as i16
                })
                .collect()
        };
        let mut background = Background::new();
        for _ in 0..500 {
            background.judge(&noise(300), 8_000);
        }
        assert_eq!(background.judge(&noise(300), 8_000), Piece::Quiet);
        for _ in 0..2_000 {
            assert_eq!(background.judge(&noise(5_000), 8_000), Piece::Sound);
        }
    }
}
