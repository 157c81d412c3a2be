//! Loudness of encoded frames, cheaply, and how long a stream has been silent.

use std::sync::LazyLock;
use std::time::Duration;

use crate::codec::{Codec, Decoder, LowBand};

/// Follows the level of one encoded stream and how long nobody has spoken.
///
/// Speech is what stands out from the background, so that the steady noise of a car or a fan is silence, too; but what
/// is louder than -30 dBFS never is.
pub struct Tracker {
    codec: Codec,
    meter: Meter,
    floor: f32,
    silent: Duration,
    sounded: Duration,
    loudest: f32,
}

impl Tracker {
    /// A tracker of a stream in a codec.
    pub fn new(codec: Codec) -> Self {
        let meter = match codec {
            Codec::Pcmu => Meter::Table(&PCMU_ENERGY),
            Codec::Pcma => Meter::Table(&PCMA_ENERGY),
            Codec::G722 => Meter::LowBand(LowBand::new()),
        };
        Self {
            codec,
            meter,
            floor: MIN_FLOOR,
            silent: Duration::ZERO,
            sounded: Duration::ZERO,
            loudest: 0.0,
        }
    }

    /// Listens to a payload and returns its mean square, 32767² being a full-scale square wave.
    pub fn hear(&mut self, payload: &[u8]) -> f32 {
        let level = self.meter.mean_square(payload);
        let length = self.length(payload);
        self.loudest = self.loudest.max(level);
        let threshold = (self.floor * ABOVE_FLOOR).clamp(MIN_SPEECH, MAX_THRESHOLD);
        if level > threshold {
            self.silent = Duration::ZERO;
        } else {
            self.silent = self.silent.saturating_add(length);
        }
        if is_sound(level) {
            self.sounded = self.sounded.saturating_add(length);
        }
        // The floor falls at once and rises slowly: between words it is the background.
        let rise = 1.0 + RISE_PER_SECOND * length.as_secs_f32();
        self.floor = level.min(self.floor * rise).clamp(MIN_FLOOR, MAX_FLOOR);
        level
    }

    /// Counts time in which nothing was sent (discontinuous transmission, loss) as silence.
    pub fn gap(&mut self, length: Duration) {
        self.silent = self.silent.saturating_add(length);
    }

    /// How long it has been silent up to now.
    pub fn silent_for(&self) -> Duration {
        self.silent
    }

    /// Whether anybody may have spoken, however softly and beside whatever noise. A click of the line or of a key is shorter than
    /// the shortest word.
    pub fn may_have_spoken(&self) -> bool {
        self.sounded >= WORD
    }

    /// The loudest frame so far in dBFS (0 is a full-scale sine wave).
    pub fn peak_dbfs(&self) -> f32 {
        10.0 * (2.0 * self.loudest / (FULL_SCALE * FULL_SCALE))
            .max(1e-10)
            .log10()
    }

    fn length(&self, payload: &[u8]) -> Duration {
        let units = u64::from(self.codec.units(payload.len()));
        Duration::from_micros(units * 1_000_000 / u64::from(self.codec.clock_rate()))
    }
}

/// Whether a frame of this mean square may have a voice in it, however soft and whatever the noise.
pub fn is_sound(level: f32) -> bool {
    level > MIN_SOUND
}

enum Meter {
    Table(&'static [f32; 256]),
    LowBand(LowBand),
}

impl Meter {
    fn mean_square(&mut self, payload: &[u8]) -> f32 {
        let count = payload.len().max(1) as f32;
        let sum: f32 = match self {
            Meter::Table(table) => payload
                .iter()
                .filter_map(|&byte| table.get(usize::from(byte)))
                .sum(),
            Meter::LowBand(decoder) => {
                let mut samples = [0; PIECE];
                payload
                    .chunks(PIECE)
                    .map(|piece| {
                        let written = decoder.decode(piece, &mut samples);
                        samples
                            .iter()
                            .take(written)
                            .map(|&sample| square(sample))
                            .sum::<f32>()
                    })
                    .sum()
            }
        };
        sum / count
    }
}

fn square(sample: i16) -> f32 {
    f32::from(sample) * f32::from(sample)
}

fn energies(codec: Codec) -> [f32; 256] {
    let codes: [u8; 256] = std::array::from_fn(|code| code as u8);
    let mut samples = [0; 256];
    Decoder::new(codec).decode(&codes, &mut samples);
    samples.map(square)
}

static PCMU_ENERGY: LazyLock<[f32; 256]> = LazyLock::new(|| energies(Codec::Pcmu));
static PCMA_ENERGY: LazyLock<[f32; 256]> = LazyLock::new(|| energies(Codec::Pcma));

/// No word is shorter.
const WORD: Duration = Duration::from_millis(100);
const PIECE: usize = 160;
const FULL_SCALE: f32 = 32_767.0;
/// -48 dBFS: nothing softer is speech.
const MIN_SPEECH: f32 = 8_500.0;
/// -54 dBFS: what is softer is the line alone. A whisper is louder, and better an empty message is kept than a soft one lost.
const MIN_SOUND: f32 = 2_135.0;
/// -30 dBFS: everything louder is sound.
const MAX_THRESHOLD: f32 = 537_000.0;
/// 8 dB.
const ABOVE_FLOOR: f32 = 6.3;
const MIN_FLOOR: f32 = MIN_SPEECH / ABOVE_FLOOR;
const MAX_FLOOR: f32 = MAX_THRESHOLD / ABOVE_FLOOR;
/// 1.5 dB per second: a background that sets in is learned within a few seconds, a long word is not.
const RISE_PER_SECOND: f32 = 0.41;
