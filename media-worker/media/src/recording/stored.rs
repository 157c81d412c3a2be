//! The bytes of a stored recording.
//!
//! `SWRC`, a version, a codec, then for each packet a variable-length timestamp step (as the difference from what the
//! previous payload's length predicts, so that it is 0 but for pauses and losses) and a length with the payload,
//! then a 0 length as the end and the CRC-32 of all before it.

use super::Recording;
use crate::codec::Codec;

/// Why bytes are no stored recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// Another kind of file.
    #[error("not a stored recording")]
    Magic,
    /// Written by a later version.
    #[error("unknown version {0} of a stored recording")]
    Version(u8),
    /// Written with a codec that this version does not know.
    #[error("unknown codec {0} in a stored recording")]
    Codec(u8),
    /// It ends in the middle.
    #[error("a stored recording cut short")]
    Truncated,
    /// A packet that no recording holds, or more of them than one may.
    #[error("a stored recording out of bounds")]
    OutOfBounds,
    /// Bytes have changed, or follow the end.
    #[error("a stored recording with a wrong checksum")]
    Checksum,
}

pub(super) fn write(recording: &Recording) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + recording.payloads.len() + 4 * recording.packets.len());
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.push(codec_to_byte(recording.codec));
    let mut predicted = 0;
    for (timestamp, payload) in recording.packets() {
        put_varint(&mut bytes, payload.len() as u32);
        put_varint(&mut bytes, zigzag(timestamp.wrapping_sub(predicted) as i32));
        bytes.extend_from_slice(payload);
        predicted = timestamp.wrapping_add(recording.codec.units(payload.len()));
    }
    put_varint(&mut bytes, 0);
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

pub(super) fn read(bytes: &[u8]) -> Result<Recording, StoredError> {
    let (recording, end) = parse(bytes)?;
    let end = end?;
    let (content, checksum) = bytes.split_at_checked(end).ok_or(StoredError::Truncated)?;
    let checksum: [u8; 4] = checksum.try_into().map_err(|_| StoredError::Checksum)?;
    if crc32fast::hash(content) != u32::from_le_bytes(checksum) {
        return Err(StoredError::Checksum);
    }
    Ok(recording)
}

pub(super) fn salvage(bytes: &[u8]) -> Result<Recording, StoredError> {
    parse(bytes).map(|(recording, _)| recording)
}

/// The recording as far as it reads, and the offset behind its end mark or why it was not reached.
fn parse(bytes: &[u8]) -> Result<(Recording, Result<usize, StoredError>), StoredError> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.take(MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(StoredError::Magic);
    }
    let &[version, codec] = reader.take(2).ok_or(StoredError::Truncated)? else {
        return Err(StoredError::Truncated);
    };
    if version != VERSION {
        return Err(StoredError::Version(version));
    }
    let codec = codec_from_byte(codec).ok_or(StoredError::Codec(codec))?;
    let mut recording = Recording::new(codec);
    let end = parse_packets(&mut reader, &mut recording).map(|()| reader.at);
    Ok((recording, end))
}

fn parse_packets(reader: &mut Reader<'_>, recording: &mut Recording) -> Result<(), StoredError> {
    let mut predicted = 0_u32;
    loop {
        let length = reader.varint()?;
        if length == 0 {
            return Ok(());
        }
        let timestamp = predicted.wrapping_add(unzigzag(reader.varint()?) as u32);
        if length as usize > Recording::MAX_PAYLOAD {
            return Err(StoredError::OutOfBounds);
        }
        let payload = reader.take(length as usize).ok_or(StoredError::Truncated)?;
        if !recording.push(timestamp, payload) {
            return Err(StoredError::OutOfBounds);
        }
        predicted = timestamp.wrapping_add(recording.codec.units(payload.len()));
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn varint(&mut self) -> Result<u32, StoredError> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let &[byte] = self.take(1).ok_or(StoredError::Truncated)? else {
                return Err(StoredError::Truncated);
            };
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(StoredError::OutOfBounds)
    }
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

const fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

const fn unzigzag(value: u32) -> i32 {
    ((value >> 1) as i32) ^ -((value & 1) as i32)
}

const fn codec_to_byte(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
    }
}

const fn codec_from_byte(byte: u8) -> Option<Codec> {
    Codec::from_static_payload(byte)
}

const MAGIC: &[u8; 4] = b"SWRC";
const VERSION: u8 = 1;
