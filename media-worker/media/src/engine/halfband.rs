//! Between 8 and 16 kHz, sample by sample.

/// Changes the rate by two with a half-band filter: flat to 3.4 kHz, what would alias 40 dB down and more.
#[derive(Default)]
pub(super) struct Halfband {
    history: [f32; TAPS],
    odd: bool,
}

impl Halfband {
    /// Twice the samples of `pcm`, as far as `out` has room.
    pub(super) fn double<'a>(&mut self, pcm: &[i16], out: &'a mut [i16]) -> &'a [i16] {
        let mut pairs = out.chunks_exact_mut(2);
        for (sample, pair) in pcm.iter().zip(&mut pairs) {
            for (slot, input) in pair.iter_mut().zip([f32::from(*sample) * 2.0, 0.0]) {
                self.push(input);
                *slot = self.value();
            }
        }
        out.get(..pcm.len() * 2).unwrap_or_default()
    }

    /// Half the samples of `pcm`; of an odd one out the half comes next time.
    pub(super) fn halve<'a>(&mut self, pcm: &[i16], out: &'a mut [i16]) -> &'a [i16] {
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

const TAPS: usize = 31;

/// A windowed (Kaiser, beta 5) sinc with its corner at a quarter of the higher rate: the tap in the middle, then every other one
/// outwards; those between are zero, and both sides are equal.
const MIDDLE: f32 = 0.500_053;
const ODD: [f32; 8] = [
    0.315_196, -0.096_969, 0.049_364, -0.027_255, 0.014_676, -0.007_204, 0.002_945, -0.000_779,
];
