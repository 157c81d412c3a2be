//! The message that is left.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media::clip::{Clip, Pcm};
use media::codec::Codec;

/// A recording to speak.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// What it is, to be told.
    pub(super) name: String,
    pcm: Pcm,
}

impl Message {
    /// Reads a WAV or FLAC file; without one, the sample message of the prompts. What is wrong is told in a sentence.
    pub(super) fn load(file: Option<&Path>) -> Result<Self, String> {
        let file = match file {
            Some(file) => file.to_owned(),
            None => sample()?,
        };
        let unreadable = |why: String| format!("{} cannot be spoken: {why}", file.display());
        let is_flac = file
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("flac"));
        let pcm = if is_flac {
            let read = prompts::read_flac(&file).map_err(|error| unreadable(error.to_string()))?;
            Pcm {
                samples: read.samples,
                rate: read.rate,
            }
        } else {
            let bytes = std::fs::read(&file).map_err(|error| unreadable(error.to_string()))?;
            media::wav::read(&bytes).map_err(|error| unreadable(error.to_string()))?
        };
        if pcm.samples.is_empty() {
            return Err(unreadable("it is empty".to_owned()));
        }
        // Refused now rather than when the beep has been heard.
        pcm.resampled(WIDEST)
            .map_err(|error| unreadable(error.to_string()))?;
        Ok(Message {
            name: file.display().to_string(),
            pcm,
        })
    }

    /// A tone of two seconds, by whose frequency the message can be known again.
    pub(super) fn tone(hz: u16) -> Self {
        let step = TAU * f64::from(hz) / f64::from(WIDEST);
        let samples =
            (0..TONE_SECONDS * WIDEST).map(|n| (AMPLITUDE * (step * f64::from(n)).sin()) as i16);
        Message {
            name: format!("a tone of {hz} Hz"),
            pcm: Pcm {
                samples: samples.collect(),
                rate: WIDEST,
            },
        }
    }

    /// The message in a codec.
    pub(super) fn clip(&self, codec: Codec) -> Clip {
        Clip::encode(&self.pcm.samples, self.pcm.rate, codec)
            .unwrap_or_else(|_| Clip::silence(self.pcm.duration(), codec))
    }

    /// How long it is.
    pub(super) fn duration(&self) -> Duration {
        self.pcm.duration()
    }
}

fn sample() -> Result<PathBuf, String> {
    let named = std::env::var_os(prompts::FOLDER_VARIABLE).map(PathBuf::from);
    let program = std::env::current_exe().unwrap_or_default();
    let working = std::env::current_dir().unwrap_or_default();
    prompts::locate(named.as_deref(), &program, &working)
        .map(|folder| prompts::sample_message(&folder))
        .ok_or_else(|| {
            format!(
                "the sample message was not found. Name a recording (--leave-message FILE), or the prompts folder ({})",
                prompts::FOLDER_VARIABLE
            )
        })
}

const WIDEST: u32 = 16_000;
const TONE_SECONDS: u32 = 2;
/// -16 dBFS, as loud as the tones of the network.
const AMPLITUDE: f64 = 7_344.0;
