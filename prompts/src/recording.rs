//! Recordings: mono FLAC on disk, 16-bit samples in memory.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

/// Decoded mono audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Pcm {
    /// The samples.
    pub samples: Vec<i16>,
    /// Samples per second; 16,000 for all that the recipe makes.
    pub rate: u32,
}

impl Default for Pcm {
    fn default() -> Self {
        Self {
            samples: Vec::new(),
            rate: 16_000,
        }
    }
}

impl Pcm {
    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.rate.max(1)))
    }
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file is not there, cannot be read, or is no FLAC.
    #[error(transparent)]
    Flac(#[from] claxon::Error),
    /// It is not mono of 16 bits.
    #[error("{channels} channels of {bits} bits instead of mono of 16 bits")]
    Shape {
        /// Channels it has.
        channels: u32,
        /// Bits per sample it has.
        bits: u32,
    },
}

/// Reads a FLAC file of one channel and 16 bits.
pub fn read_flac(path: &Path) -> Result<Pcm, RecordingError> {
    let file = File::open(path).map_err(claxon::Error::from)?;
    let mut reader = claxon::FlacReader::new(BufReader::new(file))?;
    let info = reader.streaminfo();
    if info.channels != 1 || info.bits_per_sample != 16 {
        return Err(RecordingError::Shape {
            channels: info.channels,
            bits: info.bits_per_sample,
        });
    }
    let samples = reader
        .samples()
        .map(|sample| sample.map(|s| s as i16))
        .collect::<Result<_, _>>()?;
    Ok(Pcm {
        samples,
        rate: info.sample_rate,
    })
}

/// The words that a recording says: the title in its file, as the recipe wrote it.
pub fn read_title(path: &Path) -> Result<Option<String>, RecordingError> {
    let file = File::open(path).map_err(claxon::Error::from)?;
    let reader = claxon::FlacReader::new(BufReader::new(file))?;
    let title = reader.get_tag("TITLE").next().map(str::to_owned);
    Ok(title)
}
