//! Signals for the tests.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file is a crate and uses some of them"
)]

use std::f64::consts::TAU;

/// Sines that sound together, each at an amplitude.
pub fn sines(parts: &[(f64, f64)], rate: u32, ms: u32) -> Vec<i16> {
    (0..rate * ms / 1000)
        .map(|index| {
            let time = f64::from(index) / f64::from(rate);
            parts
                .iter()
                .map(|(hz, amplitude)| amplitude * (TAU * hz * time).sin())
                .sum::<f64>() as i16
        })
        .collect()
}

/// A small generator of uniform noise in -1..1.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

pub fn noise(amplitude: f64, rate: u32, ms: u32, seed: u64) -> Vec<i16> {
    let mut random = Random(seed);
    (0..rate * ms / 1000)
        .map(|_| (amplitude * random.unit()) as i16)
        .collect()
}

/// Like a voice: a gliding pitch of many harmonics under moving formants, in syllables, with hissing between them.
pub fn speech(rate: u32, ms: u32, seed: u64) -> Vec<i16> {
    let mut random = Random(seed);
    let (mut phase, mut pitch, mut formants, mut voiced) =
        (0.0, 140.0, [600.0, 1500.0, 2500.0], true);
    let syllable = rate / 5;
    (0..rate * ms / 1000)
        .map(|index| {
            if index % syllable == 0 {
                pitch = 150.0 + 70.0 * random.unit();
                formants = [
                    550.0 + 300.0 * random.unit(),
                    1500.0 + 600.0 * random.unit(),
                    2600.0 + 400.0 * random.unit(),
                ];
                voiced = random.below(5) > 0;
            }
            let into = f64::from(index % syllable) / f64::from(syllable);
            let envelope = (into * std::f64::consts::PI).sin();
            let glide = pitch * (1.0 + 0.15 * into);
            phase += TAU * glide / f64::from(rate);
            let sample = if voiced {
                (1..20)
                    .map(|harmonic| {
                        let hz = glide * f64::from(harmonic);
                        let gain: f64 = formants
                            .iter()
                            .map(|formant| 1.0 / (1.0 + ((hz - formant) / 120.0).powi(2)))
                            .sum();
                        gain * (phase * f64::from(harmonic)).sin()
                    })
                    .sum::<f64>()
            } else {
                0.3 * random.unit()
            };
            (6000.0 * envelope * sample) as i16
        })
        .collect()
}

pub fn mix(a: &[i16], b: &[i16]) -> Vec<i16> {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}
