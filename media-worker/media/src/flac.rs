//! FLAC files in memory.

use std::io::Cursor;

use claxon::FlacReader;

use crate::pcm::Pcm;

/// Why bytes are no FLAC file that we can read.
#[derive(Debug, thiserror::Error)]
pub enum FlacError {
    /// It is damaged or no FLAC file.
    #[error("not a readable FLAC file: {0}")]
    Format(#[from] claxon::Error),
    /// It has no channels or no sample rate.
    #[error("a FLAC file of {channels} channels at {rate} Hz")]
    Empty {
        /// Channels per sample.
        channels: u32,
        /// Samples per second.
        rate: u32,
    },
    /// It plays longer than it may.
    #[error("a FLAC file of more than {0} samples")]
    TooLong(usize),
}

/// Reads samples of any depth; channels are mixed to mono. A few bytes can stand for hours of silence: of more than `most`
/// samples nothing is read.
pub fn read(bytes: &[u8], most: usize) -> Result<Pcm, FlacError> {
    let mut reader = FlacReader::new(Cursor::new(bytes))?;
    let info = reader.streaminfo();
    let (channels, rate, bits) = (info.channels, info.sample_rate, info.bits_per_sample);
    if channels == 0 || rate == 0 {
        return Err(FlacError::Empty { channels, rate });
    }
    let mut samples = Vec::new();
    let mut blocks = reader.blocks();
    let mut buffer = Vec::new();
    while let Some(block) = blocks.read_next_or_eof(buffer)? {
        if samples.len() + block.duration() as usize > most {
            return Err(FlacError::TooLong(most));
        }
        for at in 0..block.duration() {
            let of_channels =
                (0..block.channels()).map(|channel| i64::from(block.sample(channel, at)));
            let mean = of_channels.sum::<i64>() / i64::from(block.channels().max(1));
            samples.push(to_16_bits(mean, bits));
        }
        buffer = block.into_buffer();
    }
    Ok(Pcm { samples, rate })
}

fn to_16_bits(value: i64, bits: u32) -> i16 {
    let scaled = if bits > 16 {
        value >> (bits - 16).min(63)
    } else {
        value << (16 - bits)
    };
    scaled.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}
