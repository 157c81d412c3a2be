//! A media thread's way into the spool: neither blocks nor allocates.

use super::entry::frame_head;
use rtrb::Producer;
use std::thread::Thread;

/// Appends frames from one media thread. What does not fit, because the disk does not keep up, is dropped and counted, and its recording
/// marked as partial.
pub struct Appender {
    ring: Producer<u8>,
    writer: Thread,
    lost: Vec<(u64, u32)>,
    dropped: u64,
    urgent: bool,
}

impl Appender {
    pub(super) fn new(ring: Producer<u8>, writer: Thread) -> Self {
        Self {
            ring,
            writer,
            lost: Vec::with_capacity(MOST_LOSERS),
            dropped: 0,
            urgent: false,
        }
    }

    /// One packet of a recording: its RTP timestamp and payload. Frames of recordings that were never begun go nowhere.
    pub fn frame(&mut self, recording: u64, rtp_timestamp: u32, payload: &[u8]) {
        let fits = u16::try_from(payload.len()).is_ok();
        if !fits || self.ring.slots() < HEAD + payload.len() + KEPT_BACK {
            self.drop_frame(recording);
            return;
        }
        let len = payload.len() as u16;
        let mut head = [0; HEAD];
        let (subject, frame) = head.split_at_mut(SUBJECT);
        subject.copy_from_slice(&subject_head(FRAME, recording));
        frame.copy_from_slice(&frame_head(rtp_timestamp, len));
        // The reader waits for the rest of an entry that it sees only the first part of.
        let _ = self.ring.push_entire_slice(&head);
        let _ = self.ring.push_entire_slice(payload);
    }

    /// No more frames of that recording come.
    pub fn ended(&mut self, recording: u64) {
        self.urgent = true;
        // Without room, delivery merely waits its moment for the end that does not come.
        let _ = self.ring.push_entire_slice(&subject_head(ENDED, recording));
    }

    /// At the end of a tick: wakes the writer where it is urgent.
    pub fn flush(&mut self) {
        while let Some(&(recording, frames)) = self.lost.last() {
            if self.ring.slots() < SUBJECT + 4 {
                break;
            }
            let _ = self.ring.push_entire_slice(&subject_head(LOST, recording));
            let _ = self.ring.push_entire_slice(&frames.to_le_bytes());
            self.lost.pop();
        }
        let filling = self.ring.slots() < self.ring.buffer().capacity() / 2;
        if filling || self.urgent {
            self.writer.unpark();
            self.urgent = false;
        }
    }

    /// Frames dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn drop_frame(&mut self, recording: u64) {
        self.dropped += 1;
        if let Some((_, frames)) = self.lost.iter_mut().find(|(loser, _)| *loser == recording) {
            *frames = frames.saturating_add(1);
        } else if self.lost.len() < MOST_LOSERS {
            self.lost.push((recording, 1));
        }
    }
}

/// What a media thread said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    /// A frame, in the form of a run.
    Frame(u64, &'a [u8]),
    /// So many frames were dropped.
    Lost(u64, u32),
    /// No more comes.
    Ended(u64),
}

/// Takes one whole entry off the front; `None` where the rest of it is still on its way.
pub(super) fn next_said<'a>(rest: &mut super::entry::Reader<'a>) -> Option<Said<'a>> {
    let begun = rest.at;
    let said = whole_said(rest);
    if said.is_none() {
        rest.at = begun;
    }
    said
}

fn whole_said<'a>(rest: &mut super::entry::Reader<'a>) -> Option<Said<'a>> {
    let kind = rest.u8()?;
    let recording = rest.u64()?;
    match kind {
        FRAME => {
            let head = rest.at;
            rest.u32()?;
            let len = rest.u16()?;
            rest.take(usize::from(len))?;
            Some(Said::Frame(recording, rest.bytes.get(head..rest.at)?))
        }
        LOST => Some(Said::Lost(recording, rest.u32()?)),
        _ => Some(Said::Ended(recording)),
    }
}

fn subject_head(kind: u8, recording: u64) -> [u8; SUBJECT] {
    let mut head = [kind; SUBJECT];
    if let Some(number) = head.get_mut(1..) {
        number.copy_from_slice(&recording.to_le_bytes());
    }
    head
}

const FRAME: u8 = 1;
const LOST: u8 = 2;
const ENDED: u8 = 3;
const SUBJECT: usize = 9;
const HEAD: usize = SUBJECT + super::entry::FRAME_HEAD;
/// Room that frames leave for endings and losses.
const KEPT_BACK: usize = 16 << 10;
/// So many recordings at once can be told that they lost frames; more merely stay unmarked.
const MOST_LOSERS: usize = 1024;
