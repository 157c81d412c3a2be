//! Call-progress tones by country (ITU-T E.180), and the beep before a recording.

mod plans;

use std::f64::consts::TAU;
use std::time::Duration;

use crate::clip::Clip;
use crate::codec::Codec;

/// A tone with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// The far end rings.
    Ringback,
    /// The far end is busy.
    Busy,
    /// No line is free, or the number does not work (reorder).
    Congestion,
    /// Dial now.
    Dial,
    /// Speak now.
    Beep,
}

/// The tones of one country. `Default` is what E.180 recommends, as most countries sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    ringback: &'static [Step],
    busy: &'static [Step],
    congestion: &'static [Step],
    dial: &'static [Step],
}

/// One piece of a cadence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Frequencies in Hz that sound together; none is a pause.
    pub hz: &'static [u16],
    /// Milliseconds.
    pub ms: u16,
}

impl Plan {
    /// The plan of an ISO 3166 two-letter country code in either case; E.180's for a country not listed.
    pub fn for_country(code: &str) -> Plan {
        let listed = plans::PLANS
            .iter()
            .find(|(codes, _)| codes.iter().any(|known| known.eq_ignore_ascii_case(code)));
        listed.map_or_else(Plan::default, |(_, plan)| *plan)
    }

    /// One cycle of a tone's cadence.
    pub fn cadence(&self, tone: Tone) -> &'static [Step] {
        match tone {
            Tone::Ringback => self.ringback,
            Tone::Busy => self.busy,
            Tone::Congestion => self.congestion,
            Tone::Dial => self.dial,
            Tone::Beep => plans::BEEP,
        }
    }

    /// A tone as a clip: one cycle, to be looped (but for the beep).
    pub fn clip(&self, tone: Tone, codec: Codec) -> Clip {
        let rate = codec.sample_rate();
        Clip::encode_native(&render(self.cadence(tone), rate), codec)
    }
}

impl Default for Plan {
    fn default() -> Self {
        plans::E180
    }
}

/// One cycle of a cadence as samples, rounded up to 20 ms. Pieces that sound begin and end softly, except where the
/// cadence is a single unbroken tone, which loops seamlessly since it lasts a whole second.
pub fn render(cadence: &[Step], rate: u32) -> Vec<i16> {
    let per_ms = (rate / 1000) as usize;
    let unbroken = matches!(cadence, [step] if step.ms.is_multiple_of(1000));
    let mut samples = Vec::new();
    for step in cadence {
        let count = usize::from(step.ms) * per_ms;
        let ramp = if unbroken { 0 } else { RAMP_MS * per_ms };
        samples.extend((0..count).map(|index| {
            let time = index as f64 / f64::from(rate);
            let sum: f64 = step
                .hz
                .iter()
                .map(|&hz| (TAU * f64::from(hz) * time).sin())
                .sum();
            let edge = (index + 1).min(count - index).min(ramp.max(1)) as f64 / ramp.max(1) as f64;
            (sum * AMPLITUDE * edge) as i16
        }));
    }
    samples.resize(samples.len().next_multiple_of(Clip::FRAME_MS * per_ms), 0);
    samples
}

/// The length of one cycle.
pub fn cycle(cadence: &[Step]) -> Duration {
    Duration::from_millis(cadence.iter().map(|step| u64::from(step.ms)).sum())
}

/// -16 dBFS for each frequency, some -13 dBm0: E.180 2 asks for -10 to -15 at the line.
const AMPLITUDE: f64 = 5_193.0;
/// Against clicks.
const RAMP_MS: usize = 4;
