//! WAV files in memory.

use std::io::Cursor;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::pcm::Pcm;

/// Why bytes are no WAV file that we can read.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// It is damaged or no WAV file.
    #[error("not a readable WAV file: {0}")]
    Format(#[from] hound::Error),
    /// It has no channels or no sample rate.
    #[error("a WAV file of {channels} channels at {rate} Hz")]
    Empty {
        /// Channels per sample.
        channels: u16,
        /// Samples per second.
        rate: u32,
    },
}

/// Reads integer or float samples of any depth; channels are mixed to mono.
pub fn read(bytes: &[u8]) -> Result<Pcm, WavError> {
    let mut reader = WavReader::new(Cursor::new(bytes))?;
    let WavSpec {
        channels,
        sample_rate,
        bits_per_sample,
        sample_format,
    } = reader.spec();
    if channels == 0 || sample_rate == 0 {
        return Err(WavError::Empty {
            channels,
            rate: sample_rate,
        });
    }
    let channels = usize::from(channels);
    let samples = match sample_format {
        SampleFormat::Int => {
            let samples = reader.samples::<i32>();
            let samples = samples.map(|it| it.map(|value| to_16_bits(value, bits_per_sample)));
            mixed(samples, channels)?
        }
        SampleFormat::Float => {
            let samples = reader.samples::<f32>();
            mixed(
                samples.map(|it| it.map(|value| (value * FULL_SCALE) as i16)),
                channels,
            )?
        }
    };
    Ok(Pcm {
        samples,
        rate: sample_rate,
    })
}

/// Writes a mono file of 16-bit samples.
pub fn write(pcm: &Pcm) -> Result<Vec<u8>, WavError> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: pcm.rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::with_capacity(44 + 2 * pcm.samples.len()));
    let mut writer = WavWriter::new(&mut bytes, spec)?;
    for &sample in &pcm.samples {
        writer.write_sample(sample)?;
    }
    writer.finalize()?;
    Ok(bytes.into_inner())
}

fn to_16_bits(value: i32, bits: u16) -> i16 {
    let value = i64::from(value);
    let scaled = if bits > 16 {
        value >> (bits - 16).min(63)
    } else {
        value << (16 - bits)
    };
    scaled.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}

/// The mean of the channels. They are mixed as they come: all of them together would take the room of the mix several times.
fn mixed(
    samples: impl Iterator<Item = Result<i16, hound::Error>>,
    channels: usize,
) -> Result<Vec<i16>, hound::Error> {
    let mut mix = Vec::new();
    let mut moment = Vec::with_capacity(channels);
    for sample in samples {
        moment.push(sample?);
        if moment.len() == channels {
            mix.push(mean(&moment));
            moment.clear();
        }
    }
    if !moment.is_empty() {
        mix.push(mean(&moment));
    }
    Ok(mix)
}

fn mean(channels: &[i16]) -> i16 {
    let sum: i64 = channels.iter().map(|&sample| i64::from(sample)).sum();
    (sum / (channels.len().max(1) as i64)) as i16
}

const FULL_SCALE: f32 = 32_767.0;
