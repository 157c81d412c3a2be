//! What a log means: which recordings are open, promised, settled, and which segments are still needed. Pure.

use super::entry::{Entry, Promised};
use crate::details::CallDetail;
use crate::ids::{AudioId, MailboxId, MessageId, NameSource, Place};
use crate::message::{Delivery, Introduction, Message, MessageState};
use media::codec::Codec;
use media::recording::Recording;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// A recording's purpose as the log keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredDraft {
    /// `None` for a scratch recording (a greeting, a name), which nothing is promised about.
    pub(crate) message: Option<StoredMessage>,
    /// The codec's name.
    pub(crate) codec: String,
    /// A shorter one is no message.
    pub(crate) min_length: Duration,
}

/// A message to be: named from the start, so that carrying it to the store twice changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredMessage {
    pub(crate) id: MessageId,
    /// What is recorded: the message, or the introduction to one that is forwarded.
    pub(crate) audio: AudioId,
    /// Where the recording of a forwarded message is put for its recipients, if only one mailbox could hear it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) copy: Option<AudioId>,
    pub(crate) delivery: Delivery,
}

impl StoredMessage {
    /// A message to be.
    pub(crate) fn new(delivery: Delivery, names: &NameSource) -> Self {
        let id = names.message();
        let shared = || names.audio(delivery.received);
        let (audio, copy) = match (&delivery.forwards, delivery.recipients.as_slice()) {
            (Some(forwarded), _) => match forwarded.message.audio.place() {
                Place::Shared { .. } => (shared(), None),
                Place::InRecord(_) => (shared(), Some(shared())),
            },
            (None, [_]) => (AudioId::in_record(&id), None),
            (None, _) => (shared(), None),
        };
        Self {
            id,
            audio,
            copy,
            delivery,
        }
    }

    /// All audio that the message refers to: its recording and those of introductions.
    pub(crate) fn refers_to(&self) -> impl Iterator<Item = &AudioId> {
        let forwarded = self.delivery.forwards.as_ref().map(|it| &it.message);
        let words = forwarded.into_iter().flat_map(|it| &it.introductions);
        [&self.audio]
            .into_iter()
            .chain(&self.copy)
            .chain(forwarded.map(|message| &message.audio))
            .chain(words.map(|introduction| &introduction.audio))
    }
}

/// Where in the log a run of frames is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
    pub(crate) len: u32,
}

impl Extent {
    /// Whether it is in that segment, at or after that place.
    fn is_at(&self, segment: u64, from: u64) -> bool {
        self.segment == segment && self.offset >= from
    }
}

/// What has come of a recording so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Audio is coming.
    Recording,
    /// Audio is complete; the caller reviews it.
    Ended,
    /// A message that the caller was told is sent.
    Promised(Promised),
}

/// One recording in the log.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) draft: Arc<StoredDraft>,
    pub(crate) stage: Stage,
    pub(crate) extents: Vec<Extent>,
    pub(crate) lost: u32,
    pub(crate) states: HashMap<MailboxId, MessageState>,
    first_segment: u64,
    /// The first timestamp, and how far beyond it the furthest one is.
    span: Option<(u32, u32)>,
    last_frame: Duration,
}

impl Record {
    /// How long the audio is, from the first frame's beginning to the last one's end.
    pub(crate) fn duration(&self) -> Duration {
        let clock = Codec::from_name(&self.draft.codec).map_or(DEFAULT_CLOCK, Codec::clock_rate);
        let span = self.span.map_or(0, |(_, span)| span);
        (Duration::from_secs(u64::from(span)) / clock + self.last_frame)
            .min(Recording::MAX_DURATION)
    }

    /// The message as it shows in a mailbox.
    pub(crate) fn message(&self, mailbox: &MailboxId) -> Option<Message> {
        let Stage::Promised(Promised { partial, .. }) = self.stage else {
            return None;
        };
        let message = self.draft.message.as_ref()?;
        let state = self
            .states
            .get(mailbox)
            .copied()
            .unwrap_or(MessageState::New);
        Some(message.as_message(self.duration(), partial, state))
    }

    /// Who gets it: every recipient for whom it has not become too long.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = &MailboxId> {
        self.named().filter(|recipient| self.fits(recipient))
    }

    /// Recipients for whom it has become too long.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &MailboxId> {
        self.named().filter(|recipient| !self.fits(recipient))
    }

    /// Whether this mailbox gets it.
    pub(crate) fn is_for(&self, mailbox: &MailboxId) -> bool {
        self.named().any(|recipient| recipient == mailbox) && self.fits(mailbox)
    }

    fn named(&self) -> impl Iterator<Item = &MailboxId> {
        let message = self.draft.message.as_ref();
        message.into_iter().flat_map(|it| &it.delivery.recipients)
    }

    fn fits(&self, recipient: &MailboxId) -> bool {
        let message = self.draft.message.as_ref();
        let most = message.and_then(|it| it.delivery.most.get(recipient));
        let length = match self.stage {
            Stage::Promised(Promised {
                length: Some(length),
                ..
            }) => length,
            Stage::Promised(_) | Stage::Recording | Stage::Ended => self.duration(),
        };
        most.is_none_or(|most| length <= *most + LENIENCE)
    }

    /// Bytes of audio, as in the log.
    pub(crate) fn bytes(&self) -> u64 {
        self.extents
            .iter()
            .map(|extent| u64::from(extent.len))
            .sum()
    }

    /// Whether it is long enough to be a message.
    pub(crate) fn is_long_enough(&self) -> bool {
        !self.extents.is_empty() && self.duration() >= self.draft.min_length
    }
}

/// The first and the last timestamp of a run, and the length of its last payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunTimes {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) last_len: u16,
}

impl RunTimes {
    /// The times of a run of frames.
    pub(crate) fn of(run: &[u8]) -> Option<Self> {
        let mut frames = super::entry::frames(run);
        let (first, payload) = frames.next()?;
        let (last, payload) = frames.last().unwrap_or((first, payload));
        Some(Self {
            first,
            last,
            last_len: payload.len() as u16,
        })
    }
}

/// Everything in the log that is not settled.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    records: BTreeMap<u64, Record>,
    details: BTreeMap<u64, (u64, CallDetail)>,
    next_recording: u64,
    next_detail: u64,
}

impl Ledger {
    /// Applies an entry found in or written to that segment. What concerns an unknown recording changes nothing.
    pub(crate) fn apply(&mut self, entry: Entry, segment: u64) {
        match entry {
            Entry::Begin(id, draft) => self.begin(id, *draft, segment),
            Entry::Frames(..) => {}
            Entry::Lost(id, frames) => self.with(id, |record| {
                record.lost = record.lost.saturating_add(frames);
            }),
            Entry::Ended(id) => self.with(id, |record| {
                if record.stage == Stage::Recording {
                    record.stage = Stage::Ended;
                }
            }),
            Entry::Promised(id, promised) => {
                self.with(id, |record| record.stage = Stage::Promised(promised));
            }
            Entry::Discarded(id) | Entry::Settled(id) => drop(self.records.remove(&id)),
            Entry::State(id, change) => self.with(id, |record| {
                record.states.insert(change.mailbox, change.state);
            }),
            Entry::Detail(number, detail) => {
                self.next_detail = self.next_detail.max(number + 1);
                self.details.insert(number, (segment, *detail));
            }
            Entry::DetailsStored(number) => {
                self.next_detail = self.next_detail.max(number + 1);
                self.details = self.details.split_off(&(number + 1));
            }
            Entry::Again(written, from) => self.forget_audio(written, from),
        }
    }

    /// Notes where a run of frames is.
    pub(crate) fn add_frames(&mut self, id: u64, extent: Extent, times: RunTimes) {
        self.with(id, |record| {
            let (first, furthest) = record.span.unwrap_or((times.first, 0));
            let ahead = times.last.wrapping_sub(first);
            // A late packet from before the first one wraps around and is no length.
            let ahead = if ahead > u32::MAX / 2 { 0 } else { ahead };
            record.span = Some((first, furthest.max(ahead)));
            // Every codec of ours is 8 bytes a millisecond on the wire.
            record.last_frame = Duration::from_millis(u64::from(times.last_len) / 8);
            record.extents.push(extent);
        });
    }

    /// The recording of that number.
    pub(crate) fn get(&self, id: u64) -> Option<&Record> {
        self.records.get(&id)
    }

    /// Whether audio of that recording is still coming.
    pub(crate) fn is_recording(&self, id: u64) -> bool {
        self.get(id)
            .is_some_and(|record| record.stage == Stage::Recording)
    }

    /// All recordings that are not settled, oldest first.
    pub(crate) fn records(&self) -> impl Iterator<Item = (u64, &Record)> {
        self.records.iter().map(|(&id, record)| (id, record))
    }

    /// Call details not stored yet, oldest first.
    pub(crate) fn details(&self) -> impl Iterator<Item = (u64, &CallDetail)> {
        self.details
            .iter()
            .map(|(&number, (_, detail))| (number, detail))
    }

    /// A number that no recording in the log has.
    pub(crate) fn next_recording(&self) -> u64 {
        self.next_recording
    }

    /// A number that no call detail in the log has.
    pub(crate) fn next_detail(&self) -> u64 {
        self.next_detail
    }

    /// The oldest segment that something unsettled is in.
    pub(crate) fn oldest_needed(&self) -> Option<u64> {
        let records = self.records.values().map(|record| record.first_segment);
        records
            .chain(self.details.values().map(|(segment, _)| *segment))
            .min()
    }

    /// Marks as damaged every recording with audio at or after a place that the disk failed to keep.
    pub(crate) fn doubt(&mut self, segment: u64, from: u64) {
        for record in self
            .records
            .values_mut()
            .filter(|record| record.extents.iter().any(|it| it.is_at(segment, from)))
        {
            record.lost = record.lost.saturating_add(1);
        }
    }

    /// The disk may not have kept the promise, and nobody was told of it.
    pub(crate) fn take_back(&mut self, id: u64) {
        self.with(id, |record| {
            if matches!(record.stage, Stage::Promised(_)) {
                record.stage = Stage::Ended;
            }
        });
    }

    /// Audio at or after this place is written again elsewhere; it counts there.
    pub(crate) fn forget_audio(&mut self, segment: u64, from: u64) {
        for record in self.records.values_mut() {
            record.extents.retain(|it| !it.is_at(segment, from));
        }
    }

    fn begin(&mut self, id: u64, draft: StoredDraft, segment: u64) {
        self.next_recording = self.next_recording.max(id + 1);
        let record = Record {
            draft: Arc::new(draft),
            stage: Stage::Recording,
            extents: Vec::new(),
            lost: 0,
            states: HashMap::new(),
            first_segment: segment,
            span: None,
            last_frame: Duration::ZERO,
        };
        self.records.entry(id).or_insert(record);
    }

    fn with(&mut self, id: u64, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.records.get_mut(&id) {
            change(record);
        }
    }
}

impl StoredMessage {
    /// The message as its recipients have it, once so much was recorded.
    fn as_message(&self, recorded: Duration, partial: bool, state: MessageState) -> Message {
        let Self {
            id,
            audio,
            copy,
            delivery,
        } = self;
        let Some(forwarded) = &delivery.forwards else {
            return Message {
                id: id.clone(),
                sender: delivery.sender.clone(),
                received: delivery.received,
                duration: recorded,
                audio: audio.clone(),
                introductions: Vec::new(),
                left: None,
                partial,
                state,
            };
        };
        let original = &forwarded.message;
        let introduction = Introduction {
            by: delivery.sender.clone(),
            audio: audio.clone(),
            duration: recorded,
        };
        let before = original.introductions.iter().cloned();
        Message {
            id: id.clone(),
            sender: original.sender.clone(),
            received: delivery.received,
            duration: original.duration,
            audio: copy.as_ref().unwrap_or(&original.audio).clone(),
            introductions: std::iter::once(introduction).chain(before).collect(),
            left: Some(original.left.unwrap_or(original.received)),
            partial: partial || original.partial,
            state,
        }
    }
}

const DEFAULT_CLOCK: u32 = 8000;
/// A recording that is ended at its greatest length may have another packet or two.
const LENIENCE: Duration = Duration::from_secs(1);
