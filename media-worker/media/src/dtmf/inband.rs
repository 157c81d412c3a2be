//! DTMF tones in the audio itself (ITU-T Q.23, Q.24).

use super::Digit;

/// Finds digits in the linear audio of one stream.
#[derive(Clone, Debug)]
pub struct Detector {
    block: usize,
    filters: [Filter; 8],
    energy: f32,
    filled: usize,
    state: Listening,
}

impl Detector {
    /// A detector for audio of a sample rate.
    pub fn new(sample_rate: u32) -> Self {
        let rate = sample_rate.max(1) as f32;
        Self {
            block: (rate * BLOCK_SECONDS) as usize,
            filters: FREQUENCIES.map(|hz| Filter::new(hz, rate)),
            energy: 0.0,
            filled: 0,
            state: Listening::Nothing,
        }
    }

    /// Listens to more samples and calls `press` with each digit when it has sounded long enough (some 25 ms), once.
    pub fn listen(&mut self, pcm: &[i16], mut press: impl FnMut(Digit)) {
        for &sample in pcm {
            let sample = f32::from(sample);
            self.energy += sample * sample;
            for filter in &mut self.filters {
                filter.push(sample);
            }
            self.filled += 1;
            if self.filled >= self.block
                && let Some(digit) = self.end_block()
            {
                press(digit);
            }
        }
    }

    fn end_block(&mut self) -> Option<Digit> {
        let heard = self.classify();
        self.energy = 0.0;
        self.filled = 0;
        for filter in &mut self.filters {
            filter.reset();
        }
        let (next, pressed) = std::mem::take(&mut self.state).hear(heard);
        self.state = next;
        pressed
    }

    fn classify(&self) -> Option<Digit> {
        let block = self.block as f32;
        if self.energy < MIN_MEAN_SQUARE * block {
            return None;
        }
        // A tone of amplitude a has a mean square of a²/2 and a Goertzel power of (a·n/2)².
        let powers = self.filters.map(|filter| filter.power() * 2.0 / block);
        let [r0, r1, r2, r3, c0, c1, c2, c3] = powers;
        let (row, row_power) = clear_peak([r0, r1, r2, r3])?;
        let (column, column_power) = clear_peak([c0, c1, c2, c3])?;
        let twist_fits = column_power < row_power * MAX_NORMAL_TWIST
            && row_power < column_power * MAX_REVERSE_TWIST;
        let pure = row_power + column_power > MIN_PURITY * self.energy;
        (twist_fits && pure).then(|| KEYPAD.get(row)?.get(column).copied())?
    }
}

/// The index and power of the strongest of four, if it stands out from the other three.
fn clear_peak(powers: [f32; 4]) -> Option<(usize, f32)> {
    let (peak, power) = powers
        .into_iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let stands_out = powers
        .iter()
        .enumerate()
        .all(|(index, &other)| index == peak || other * MIN_PEAK < power);
    stands_out.then_some((peak, power))
}

/// What the detector has heard so far.
#[derive(Clone, Debug, Default)]
enum Listening {
    #[default]
    Nothing,
    /// In the last block only.
    Candidate(Digit),
    /// Reported, and sounding until so many blocks without it.
    Pressed { digit: Digit, missing: u8 },
}

impl Listening {
    fn hear(self, heard: Option<Digit>) -> (Listening, Option<Digit>) {
        let begin = heard.map_or(Listening::Nothing, Listening::Candidate);
        match (self, heard) {
            (Listening::Candidate(first), Some(digit)) if digit == first => {
                (Listening::Pressed { digit, missing: 0 }, Some(digit))
            }
            (Listening::Pressed { digit, .. }, Some(same)) if same == digit => {
                (Listening::Pressed { digit, missing: 0 }, None)
            }
            // A single bad block is an interruption by noise (Q.24: up to 10 ms), not a release.
            (Listening::Pressed { digit, missing: 0 }, None) => {
                (Listening::Pressed { digit, missing: 1 }, None)
            }
            (Listening::Nothing | Listening::Candidate(_) | Listening::Pressed { .. }, _) => {
                (begin, None)
            }
        }
    }
}

/// One Goertzel filter.
#[derive(Clone, Copy, Debug)]
struct Filter {
    coefficient: f32,
    last: f32,
    before: f32,
}

impl Filter {
    fn new(hz: f32, rate: f32) -> Self {
        Self {
            coefficient: 2.0 * (std::f32::consts::TAU * hz / rate).cos(),
            last: 0.0,
            before: 0.0,
        }
    }

    fn push(&mut self, sample: f32) {
        let next = self.coefficient * self.last + sample - self.before;
        self.before = self.last;
        self.last = next;
    }

    fn power(self) -> f32 {
        self.last * self.last + self.before * self.before
            - self.coefficient * self.last * self.before
    }

    fn reset(&mut self) {
        self.last = 0.0;
        self.before = 0.0;
    }
}

const FREQUENCIES: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0];
const KEYPAD: [[Digit; 4]; 4] = [
    [Digit::One, Digit::Two, Digit::Three, Digit::A],
    [Digit::Four, Digit::Five, Digit::Six, Digit::B],
    [Digit::Seven, Digit::Eight, Digit::Nine, Digit::C],
    [Digit::Star, Digit::Zero, Digit::Pound, Digit::D],
];
/// 12.75 ms: narrow enough to part the rows, and two whole blocks fit into the shortest press (40 ms, Q.24).
const BLOCK_SECONDS: f32 = 0.012_75;
/// -39 dBFS for both tones together.
const MIN_MEAN_SQUARE: f32 = 130_000.0;
/// The column may be 8 dB louder than the row (Q.24 allows 4 to 10).
const MAX_NORMAL_TWIST: f32 = 6.3;
/// The row may be 6 dB louder than the column (Q.24 allows 4 to 6, by country).
const MAX_REVERSE_TWIST: f32 = 4.0;
/// The peak of a group is 5 dB above its neighbours.
const MIN_PEAK: f32 = 3.2;
/// The two tones hold this share of all energy; speech spreads it. A tone off by 1.5 % loses up to 0.3 of its own.
const MIN_PURITY: f32 = 0.7;
