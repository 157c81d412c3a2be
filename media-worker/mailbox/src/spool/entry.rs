//! What a log consists of: entries within chunks within segments.
//!
//! A segment is a file that begins with [`MAGIC`]. A chunk is `length u32, crc u32, body`, the checksum over the segment's number and the
//! body: it is whole or it counts for nothing. A body is entries: `tag u8, subject u64, length u32, data`.
//! Frames are `timestamp u32, length u16, payload`. All numbers are little-endian.

use super::ledger::StoredDraft;
use crate::details::CallDetail;
use crate::ids::MailboxId;
use crate::message::MessageState;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Entry {
    /// A recording began.
    Begin(u64, Box<StoredDraft>),
    /// Audio of a recording arrived: where its frames are within the body.
    Frames(u64, Span),
    /// So many of a recording's frames were dropped.
    Lost(u64, u32),
    /// No more audio comes.
    Ended(u64),
    /// The message is promised.
    Promised(u64, Promised),
    /// The recording is not wanted.
    Discarded(u64),
    /// The message is where it belongs; nothing here is needed any more.
    Settled(u64),
    /// An owner changed a promised message's state.
    State(u64, StateChanged),
    /// A call ended.
    Detail(u64, Box<CallDetail>),
    /// Call details up to this one are stored.
    DetailsStored(u64),
    /// What that segment has from there on is written again after this: the disk had failed to sync it.
    Again(u64, u64),
}

/// The promise of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Promised {
    pub(crate) partial: bool,
    /// How long the recording was then: it decides who gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) length: Option<Duration>,
}

/// A promised message's new state in one mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateChanged {
    pub(crate) mailbox: MailboxId,
    pub(crate) state: MessageState,
}

/// A part of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) offset: usize,
    pub(crate) len: usize,
}

/// Writes an entry's bytes. Frames are written by [`put_frames`].
pub(crate) fn put(body: &mut Vec<u8>, entry: &Entry) {
    match entry {
        Entry::Begin(id, draft) => put_json(body, BEGIN, *id, draft),
        Entry::Frames(..) => {}
        Entry::Lost(id, frames) => put_raw(body, LOST, *id, &frames.to_le_bytes()),
        Entry::Ended(id) => put_raw(body, ENDED, *id, &[]),
        Entry::Promised(id, promised) => put_json(body, PROMISED, *id, promised),
        Entry::Discarded(id) => put_raw(body, DISCARDED, *id, &[]),
        Entry::Settled(id) => put_raw(body, SETTLED, *id, &[]),
        Entry::State(id, change) => put_json(body, STATE, *id, change),
        Entry::Detail(number, detail) => put_json(body, DETAIL, *number, detail),
        Entry::DetailsStored(number) => put_raw(body, DETAILS_STORED, *number, &[]),
        Entry::Again(segment, from) => put_raw(body, AGAIN, *segment, &from.to_le_bytes()),
    }
}

/// Writes a run of one recording's frames and says where they came to be.
pub(crate) fn put_frames(body: &mut Vec<u8>, recording: u64, frames: &[u8]) -> Span {
    put_raw(body, FRAMES, recording, frames);
    Span {
        offset: body.len() - frames.len(),
        len: frames.len(),
    }
}

/// The entries of a body that was read whole; one that makes no sense ends them.
pub(crate) fn entries(body: &[u8]) -> impl Iterator<Item = Entry> + '_ {
    let mut rest = Reader { bytes: body, at: 0 };
    std::iter::from_fn(move || next_entry(&mut rest))
}

/// The frames of a run: timestamp and payload.
pub(crate) fn frames(run: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = Reader { bytes: run, at: 0 };
    std::iter::from_fn(move || {
        let timestamp = rest.u32()?;
        let len = rest.u16()?;
        Some((timestamp, rest.take(usize::from(len))?))
    })
}

/// Wraps a body as a chunk of that segment.
pub(crate) fn put_chunk(out: &mut Vec<u8>, segment: u64, body: &[u8]) {
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&checksum(segment, body).to_le_bytes());
    out.extend_from_slice(body);
}

/// The whole chunks of a segment file: where each body begins, and the body. Ends at the first torn or rotten one.
pub(crate) fn chunks(segment: u64, file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let whole = file.starts_with(MAGIC);
    let mut rest = Reader {
        bytes: file,
        at: if whole { MAGIC.len() } else { file.len() },
    };
    std::iter::from_fn(move || {
        let len = rest.u32()?;
        let crc = rest.u32()?;
        let at = rest.at;
        let body = rest.take(len as usize)?;
        (crc == checksum(segment, body)).then_some((at, body))
    })
}

/// A frame's bytes before its payload, as in a run.
pub(crate) fn frame_head(timestamp: u32, payload_len: u16) -> [u8; FRAME_HEAD] {
    let mut head = [0; FRAME_HEAD];
    let (time, len) = head.split_at_mut(4);
    time.copy_from_slice(&timestamp.to_le_bytes());
    len.copy_from_slice(&payload_len.to_le_bytes());
    head
}

/// The first bytes of every segment.
pub(crate) const MAGIC: &[u8; 8] = b"SBspool1";
/// Bytes of a chunk before its body.
pub(crate) const CHUNK_HEAD: usize = 8;
/// Bytes of a frame before its payload.
pub(crate) const FRAME_HEAD: usize = 6;

/// Reads numbers and slices off the front of bytes.
pub(crate) struct Reader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    /// The next `len` bytes, if there are so many.
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// The next byte.
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// The next two bytes.
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next four bytes.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next eight bytes.
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

fn next_entry(rest: &mut Reader<'_>) -> Option<Entry> {
    let tag = rest.u8()?;
    let id = rest.u64()?;
    let len = rest.u32()? as usize;
    let offset = rest.at;
    let data = rest.take(len)?;
    match tag {
        BEGIN => serde_json::from_slice(data)
            .ok()
            .map(|draft| Entry::Begin(id, draft)),
        FRAMES => Some(Entry::Frames(id, Span { offset, len })),
        LOST => data
            .try_into()
            .ok()
            .map(|frames| Entry::Lost(id, u32::from_le_bytes(frames))),
        ENDED => Some(Entry::Ended(id)),
        PROMISED => serde_json::from_slice(data)
            .ok()
            .map(|promised| Entry::Promised(id, promised)),
        DISCARDED => Some(Entry::Discarded(id)),
        SETTLED => Some(Entry::Settled(id)),
        STATE => serde_json::from_slice(data)
            .ok()
            .map(|change| Entry::State(id, change)),
        DETAIL => serde_json::from_slice(data)
            .ok()
            .map(|detail| Entry::Detail(id, detail)),
        DETAILS_STORED => Some(Entry::DetailsStored(id)),
        AGAIN => data
            .try_into()
            .ok()
            .map(|from| Entry::Again(id, u64::from_le_bytes(from))),
        _ => None,
    }
}

fn put_json(body: &mut Vec<u8>, tag: u8, id: u64, value: &impl Serialize) {
    if let Ok(json) = serde_json::to_vec(value) {
        put_raw(body, tag, id, &json);
    }
}

fn put_raw(body: &mut Vec<u8>, tag: u8, id: u64, data: &[u8]) {
    body.push(tag);
    body.extend_from_slice(&id.to_le_bytes());
    body.extend_from_slice(&(data.len() as u32).to_le_bytes());
    body.extend_from_slice(data);
}

fn checksum(segment: u64, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&segment.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

const BEGIN: u8 = 1;
const FRAMES: u8 = 2;
const LOST: u8 = 3;
const ENDED: u8 = 4;
const PROMISED: u8 = 5;
const DISCARDED: u8 = 6;
const SETTLED: u8 = 7;
const STATE: u8 = 8;
const DETAIL: u8 = 9;
const DETAILS_STORED: u8 = 10;
const AGAIN: u8 = 11;
