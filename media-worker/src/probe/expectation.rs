//! What a call is to let us hear.

use std::fmt;

use super::ear::Heard;

/// What a call is to let us hear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Expectation {
    /// Somebody speaks.
    Speech,
    /// A tone of this frequency, in Hz.
    Tone(f64),
}

impl Expectation {
    /// Reads `speech` or `tone:620`; anything else is told in a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` cannot be expected: write speech, or for example tone:620");
        match text.split_once(':') {
            None if text == "speech" => Ok(Self::Speech),
            Some(("tone", hz)) => {
                let hz: u16 = hz.parse().map_err(|_| wrong())?;
                Ok(Self::Tone(f64::from(hz)))
            }
            Some(_) | None => Err(wrong()),
        }
    }

    /// Whether this is what was to be heard.
    pub(super) fn is_met_by(self, heard: Heard) -> bool {
        match (self, heard) {
            (Self::Speech, Heard::SpeechBegins) => true,
            (Self::Tone(expected), Heard::Tone { hz, .. } | Heard::Beep { hz, .. }) => {
                (hz - expected).abs() <= TOLERANCE * expected
            }
            (Self::Speech, Heard::SpeechEnds(_) | Heard::Tone { .. } | Heard::Beep { .. })
            | (Self::Tone(_), Heard::SpeechBegins | Heard::SpeechEnds(_)) => false,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Speech => f.write_str("speech"),
            Self::Tone(hz) => write!(f, "a tone of {hz:.0} Hz"),
        }
    }
}

/// What codecs may do to a tone.
const TOLERANCE: f64 = 0.02;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn speech_and_tones_are_expected_and_all_else_is_refused_with_a_remedy() {
        assert_eq!(Expectation::parse("speech"), Ok(Expectation::Speech));
        assert_eq!(Expectation::parse("tone:620"), Ok(Expectation::Tone(620.0)));
        for text in ["", "tone", "tone:high", "music:1", "speech:1"] {
            assert!(Expectation::parse(text).is_err_and(|sentence| sentence.contains("tone:620")));
        }
    }

    #[test]
    fn a_tone_is_known_by_its_frequency() {
        let length = Duration::from_secs(2);
        let expected = Expectation::Tone(620.0);
        assert!(expected.is_met_by(Heard::Tone { hz: 623.0, length }));
        assert!(!expected.is_met_by(Heard::Tone { hz: 440.0, length }));
        assert!(!expected.is_met_by(Heard::SpeechBegins));
        assert!(Expectation::Speech.is_met_by(Heard::SpeechBegins));
    }
}
