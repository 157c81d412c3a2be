//! Concealment of lost audio, at the decoder's output and so the same for every codec.
//!
//! Pitch repetition in the manner of G.711 Appendix I, without its fixed delay: the last pitch period is repeated,
//! cross-faded at the seams, at full level for 10 ms, then faded to silence by 60 ms. A plain fade buzzes at the frame
//! rate when single frames are lost, which is the common case; anything longer than 60 ms cannot be guessed and is better silent.

/// Conceals losses in one stream of linear audio. Its buffers are allocated once.
pub struct Concealer {
    rate: u32,
    history: Vec<i16>,
    period: Vec<i16>,
    state: Conceal,
}

impl Concealer {
    /// A concealer for audio of a sample rate.
    pub fn new(sample_rate: u32) -> Self {
        let rate = sample_rate.max(MIN_RATE);
        let samples = |ms: u32| (rate * ms / 1000) as usize;
        Self {
            rate,
            history: vec![0; samples(HISTORY_MS)],
            period: Vec::with_capacity(samples(HISTORY_MS)),
            state: Conceal::Good,
        }
    }

    /// Samples of 20 ms.
    pub fn frame_samples(&self) -> usize {
        self.samples(20)
    }

    /// Learns from good audio, and after a loss blends its start with the concealment's continuation.
    pub fn good(&mut self, pcm: &mut [i16]) {
        if let Conceal::Lost { position, gone } = self.state {
            let blend = self.samples(SEAM_MS).min(pcm.len());
            for (index, sample) in pcm.iter_mut().take(blend).enumerate() {
                let synthetic = self.synthetic(position + index, gone + index);
                let weight = (index + 1) as f32 / (blend + 1) as f32;
                *sample = (f32::from(*sample) * weight + synthetic * (1.0 - weight)) as i16;
            }
            self.state = Conceal::Good;
        }
        self.remember(pcm);
    }

    /// Fills `out` with what may have been lost.
    pub fn conceal(&mut self, out: &mut [i16]) {
        let (position, gone) = match self.state {
            Conceal::Good => {
                self.take_period();
                (0, 0)
            }
            Conceal::Lost { position, gone } => (position, gone),
        };
        for (index, sample) in out.iter_mut().enumerate() {
            *sample = self.synthetic(position + index, gone + index) as i16;
        }
        let period = self.period.len().max(1);
        let gone = (gone + out.len()).min(self.samples(FADE_END_MS));
        self.state = Conceal::Lost {
            position: (position + out.len()) % period,
            gone,
        };
        self.remember(out);
    }

    fn remember(&mut self, pcm: &[i16]) {
        let keep = self.history.len();
        let news = pcm
            .get(pcm.len().saturating_sub(keep)..)
            .unwrap_or_default();
        self.history.rotate_left(news.len());
        let start = keep - news.len();
        if let Some(tail) = self.history.get_mut(start..) {
            tail.copy_from_slice(news);
        }
    }

    /// Copies the last pitch period, its end cross-faded into what preceded it, so that it repeats without a click.
    fn take_period(&mut self) {
        let lag = self.pitch();
        let start = self.history.len() - lag;
        self.period.clear();
        self.period
            .extend_from_slice(self.history.get(start..).unwrap_or_default());
        let seam = self.samples(SEAM_MS).min(lag / 4).min(start);
        let before = self.history.get(start - seam..start).unwrap_or_default();
        let tail = self.period.iter_mut().skip(lag - seam);
        for (index, (sample, &earlier)) in tail.zip(before).enumerate() {
            let weight = (index + 1) as f32 / (seam + 1) as f32;
            *sample = (f32::from(*sample) * (1.0 - weight) + f32::from(earlier) * weight) as i16;
        }
    }

    /// The lag at which the end of the history resembles itself most: 5 to 15 ms as in Appendix I, so 66 to 200 Hz, and higher pitches by a multiple.
    fn pitch(&self) -> usize {
        let window = self.samples(WINDOW_MS);
        let (shortest, longest) = (self.samples(MIN_LAG_MS), self.samples(MAX_LAG_MS));
        let step = (self.rate / MIN_RATE).max(1) as usize;
        let coarse = self.best_lag(
            (shortest..=longest).step_by(COARSE * step),
            window,
            COARSE * step,
        );
        let around = coarse.saturating_sub(COARSE * step).max(shortest)
            ..=(coarse + COARSE * step).min(longest);
        self.best_lag(around, window, step)
    }

    fn best_lag(&self, lags: impl Iterator<Item = usize>, window: usize, step: usize) -> usize {
        let end = self.history.len();
        let target = self.history.get(end - window..).unwrap_or_default();
        let mut best = (f32::MIN, self.samples(MIN_LAG_MS));
        for lag in lags {
            let candidate = self
                .history
                .get(end - window - lag..end - lag)
                .unwrap_or_default();
            let (mut product, mut energy) = (0.0_f32, 1.0_f32);
            for (&a, &b) in target.iter().zip(candidate).step_by(step) {
                product += f32::from(a) * f32::from(b);
                energy += f32::from(b) * f32::from(b);
            }
            let score = product / energy.sqrt();
            if score > best.0 {
                best = (score, lag);
            }
        }
        best.1
    }

    fn synthetic(&self, position: usize, gone: usize) -> f32 {
        let sample = self
            .period
            .get(position % self.period.len().max(1))
            .copied()
            .unwrap_or(0);
        let (start, end) = (self.samples(FADE_START_MS), self.samples(FADE_END_MS));
        let gain = end.saturating_sub(gone).min(end - start) as f32 / (end - start) as f32;
        f32::from(sample) * gain
    }

    fn samples(&self, ms: u32) -> usize {
        (self.rate * ms / 1000) as usize
    }
}

enum Conceal {
    Good,
    /// Where in the period, and how long, in samples.
    Lost {
        position: usize,
        gone: usize,
    },
}

const MIN_RATE: u32 = 8_000;
const HISTORY_MS: u32 = 40;
const WINDOW_MS: u32 = 20;
const MIN_LAG_MS: u32 = 5;
const MAX_LAG_MS: u32 = 15;
const FADE_START_MS: u32 = 10;
const FADE_END_MS: u32 = 60;
const SEAM_MS: u32 = 2;
const COARSE: usize = 2;
