//! Comfort noise (RFC 3389), payload type 13: a sender's word that it is silent and how its silence sounds.

/// The static payload type.
pub const PAYLOAD_TYPE: u8 = 13;

/// The level in dBov (0 to -127) that a payload announces; the spectrum after it is not used.
pub fn level(payload: &[u8]) -> Option<i8> {
    payload.first().map(|byte| -((byte & 0x7f) as i8))
}

/// Makes white noise.
#[derive(Clone, Debug)]
pub struct Noise {
    state: u32,
}

impl Noise {
    /// A generator from a seed.
    pub fn new(seed: u32) -> Self {
        Self { state: seed | 1 }
    }

    /// Fills `out` with noise of a level in dBov; below -70 it is silence, and above -30 it is held there, since
    /// louder "comfort" is a fault or a joke.
    pub fn fill(&mut self, level: i8, out: &mut [i16]) {
        if level < SILENT {
            out.fill(0);
            return;
        }
        // Uniform noise of amplitude a has a root mean square of a / √3.
        let amplitude =
            FULL_SCALE * 10_f32.powf(f32::from(level.min(LOUDEST)) / 20.0) * 3_f32.sqrt();
        for sample in out {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 17;
            self.state ^= self.state << 5;
            *sample = (amplitude * (self.state as i32 as f32) / HALF_RANGE) as i16;
        }
    }
}

const SILENT: i8 = -70;
const LOUDEST: i8 = -30;
const FULL_SCALE: f32 = 32_767.0;
const HALF_RANGE: f32 = 2_147_483_648.0;
