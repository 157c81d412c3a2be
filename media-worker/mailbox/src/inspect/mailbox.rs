//! Looking through one mailbox.

use super::{Finding, Wrong, finding};
use crate::ids::{AudioId, MailboxId, MessageId, Place};
use crate::index::Index;
use crate::layout;
use crate::message::{Message, MessageState};
use crate::record::{self, DeliveryRecord};
use crate::store::{BlobStore, StoreError};
use media::recording::Recording;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What was found in a mailbox.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) found: Vec<Finding>,
    /// The shared recordings that it refers to.
    pub(super) referred: Vec<String>,
}

/// Looks through a mailbox with records of these messages beside its index.
pub(super) async fn look(
    store: &dyn BlobStore,
    id: &MailboxId,
    messages: &[MessageId],
    audio: &BTreeMap<String, String>,
) -> Result<Looked, StoreError> {
    let mut looked = Looked::default();
    let key = layout::index(id);
    let index = match store.get(&key).await? {
        Some(blob) => Index::from_bytes(&blob.bytes).ok(),
        None => None,
    };
    if index.is_none() {
        looked.note(key, Wrong::IndexLost(id.clone()));
    }
    let index = index.unwrap_or_else(Index::new);
    let mut readable = HashSet::new();
    for message in messages {
        let key = layout::message(id, message);
        match read(store, &key, message).await? {
            Record::Gone => {}
            Record::Good(record) => {
                readable.insert(message.clone());
                let refers = refers_to(&record.message);
                looked
                    .referred
                    .extend(refers.map(|it| layout::audio(id, it)));
                if index.get(message).is_none() {
                    looked.note(key, Wrong::NotIndexed(id.clone()));
                }
            }
            Record::Bad(wrong) => looked.note(key, wrong),
        }
    }
    looked.indexed(id, &index, messages, audio);
    looked.greetings(id, &index, audio);
    let states: Option<BTreeMap<MessageId, MessageState>> =
        crate::rebuild::read(store, &layout::states(id)).await?;
    let copied = states.unwrap_or_default();
    let copied: BTreeMap<&MessageId, MessageState> =
        copied.iter().map(|(id, state)| (id, *state)).collect();
    if copied != index.states()
        && looked
            .found
            .iter()
            .all(|it| !matches!(it.wrong, Wrong::IndexLost(_)))
    {
        looked.note(layout::states(id), Wrong::StatesDiffer(id.clone()));
    }
    Ok(looked)
}

impl Looked {
    fn note(&mut self, key: String, wrong: Wrong) {
        self.found.push(finding(key, wrong));
    }

    /// What the index says of messages must be there.
    fn indexed(
        &mut self,
        id: &MailboxId,
        index: &Index,
        messages: &[MessageId],
        audio: &BTreeMap<String, String>,
    ) {
        let there: BTreeSet<&MessageId> = messages.iter().collect();
        for message in index.messages() {
            let refers = refers_to(message).map(|it| layout::audio(id, it));
            self.referred.extend(refers);
            let has_record = there.contains(&message.id);
            let has_audio = match message.audio.place() {
                Place::InRecord(of) => there.contains(&of),
                Place::Shared { .. } => audio.contains_key(&layout::audio(id, &message.audio)),
            };
            let key = layout::message(id, &message.id);
            let (id, name) = (id.clone(), message.id.clone());
            match (has_record, has_audio) {
                (true, true) => {}
                (false, true) => self.note(key, Wrong::RecordMissing(id, name)),
                (_, false) => self.note(key, Wrong::AudioMissing(id, name)),
            }
        }
    }

    fn greetings(&mut self, id: &MailboxId, index: &Index, audio: &BTreeMap<String, String>) {
        let named = index.name.iter().map(|it| (layout::name(id), it));
        let greetings = index.greetings.iter();
        let greetings = greetings.map(|(slot, it)| (layout::greeting(id, slot), it));
        let all: Vec<(String, &AudioId)> = named.chain(greetings).collect();
        for (key, of) in all {
            let recording = layout::audio(id, of);
            if !audio.contains_key(&recording) {
                self.note(key, Wrong::GreetingMissing(id.clone()));
            }
            self.referred.push(recording);
        }
    }
}

enum Record {
    Good(Box<DeliveryRecord>),
    Bad(Wrong),
    /// Removed since it was listed.
    Gone,
}

/// A message's record, with the recording in it, if that is where it is.
async fn read(store: &dyn BlobStore, key: &str, message: &MessageId) -> Result<Record, StoreError> {
    let Some(blob) = store.get(key).await? else {
        return Ok(Record::Gone);
    };
    let (json, audio) = record::split(&blob.bytes);
    let record: DeliveryRecord = match serde_json::from_slice(json) {
        Ok(record) => record,
        Err(error) => return Ok(Record::Bad(Wrong::Unreadable(error.to_string()))),
    };
    if record.message.id != *message {
        let why = "it is the record of another message".to_owned();
        return Ok(Record::Bad(Wrong::Unreadable(why)));
    }
    Ok(match (record.message.audio.place(), audio) {
        (Place::InRecord(_), None) => Record::Bad(Wrong::AudioDamaged("there is none".to_owned())),
        (Place::InRecord(_), Some(audio)) => match Recording::from_bytes(audio) {
            Ok(_) => Record::Good(Box::new(record)),
            Err(error) => Record::Bad(Wrong::AudioDamaged(error.to_string())),
        },
        (Place::Shared { .. }, _) => Record::Good(Box::new(record)),
    })
}

/// Whether a recording that several may refer to is unharmed.
pub(super) async fn shared_audio(
    store: &dyn BlobStore,
    key: &str,
) -> Result<Option<Wrong>, StoreError> {
    let Some(blob) = store.get(key).await? else {
        return Ok(None);
    };
    let read = Recording::from_bytes(&blob.bytes);
    Ok(read
        .err()
        .map(|error| Wrong::AudioDamaged(error.to_string())))
}

fn refers_to(message: &Message) -> impl Iterator<Item = &AudioId> {
    let introductions = message.introductions.iter().map(|it| &it.audio);
    std::iter::once(&message.audio).chain(introductions)
}
