//! The index of one mailbox: its messages in order, their states, its greetings.

use crate::ids::{AudioId, GreetingSlot, MessageId};
use crate::message::{Change, Counts, Folder, Message, MessageState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// All that is known of a mailbox, in one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    version: u32,
    /// By time received, oldest first.
    messages: Vec<Message>,
    #[serde(default)]
    pub(crate) greetings: BTreeMap<GreetingSlot, AudioId>,
    #[serde(default)]
    pub(crate) name: Option<AudioId>,
}

/// An index object that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadIndex {
    #[error("not an index: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("index version {0} is newer than this program")]
    Version(u32),
}

impl Index {
    /// An index without anything in it.
    pub(crate) fn new() -> Self {
        Self {
            version: VERSION,
            ..Self::default()
        }
    }

    /// Reads a stored index.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, BadIndex> {
        let index: Self = serde_json::from_slice(bytes)?;
        if index.version > VERSION {
            return Err(BadIndex::Version(index.version));
        }
        Ok(index)
    }

    /// The index as stored.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Puts a message in its place by time; `false` where it already is, in whatever state.
    pub(crate) fn insert(&mut self, message: Message) -> bool {
        if self.get(&message.id).is_some() {
            return false;
        }
        let order = |m: &Message| (m.received, m.id.clone());
        let at = self
            .messages
            .partition_point(|m| order(m) < order(&message));
        self.messages.insert(at, message);
        true
    }

    /// The message of that name.
    pub(crate) fn get(&self, id: &MessageId) -> Option<&Message> {
        self.messages.iter().find(|message| &message.id == id)
    }

    /// Every message, oldest first, the trash included.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// Changes a message's state; `None` where there is no such message, else whether that changed anything.
    pub(crate) fn set_state(&mut self, id: &MessageId, change: Change) -> Option<bool> {
        let message = self.messages.iter_mut().find(|message| &message.id == id)?;
        let state = change.apply(message.state);
        let changed = state != message.state;
        message.state = state;
        Some(changed)
    }

    /// Changes a message's state if it is what one thinks; whether it was.
    pub(crate) fn move_from(
        &mut self,
        id: &MessageId,
        from: MessageState,
        to: MessageState,
    ) -> bool {
        let found = self
            .messages
            .iter_mut()
            .find(|message| &message.id == id && message.state == from);
        found.map(|message| message.state = to).is_some()
    }

    /// The states of all messages that are not new.
    pub(crate) fn states(&self) -> BTreeMap<&MessageId, MessageState> {
        let changed = self
            .messages
            .iter()
            .filter(|message| message.state != MessageState::New);
        changed
            .map(|message| (&message.id, message.state))
            .collect()
    }

    /// Takes a message out, whatever its state; whether it was there.
    pub(crate) fn take_out(&mut self, id: &MessageId) -> bool {
        let before = self.messages.len();
        self.messages.retain(|message| &message.id != id);
        self.messages.len() < before
    }

    /// Takes messages out for good, unless they were restored meanwhile; whether any was there.
    pub(crate) fn remove(&mut self, expired: &[MessageId]) -> bool {
        let before = self.messages.len();
        self.messages
            .retain(|message| message.state.folder().is_some() || !expired.contains(&message.id));
        self.messages.len() < before
    }

    /// What of this another index of the mailbox does not have: messages, whatever their state there, greetings for other occasions, a name
    /// where it has none.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        rest.messages
            .retain(|message| other.get(&message.id).is_none());
        rest.greetings
            .retain(|slot, _| !other.greetings.contains_key(slot));
        rest.name = rest.name.filter(|_| other.name.is_none());
        rest
    }

    /// Leaves out messages, greetings and name of which nobody could hear the recording; which ones those were.
    pub(crate) fn retain_audible(&mut self, is_there: impl Fn(&AudioId) -> bool) -> Vec<AudioId> {
        let messages = self.messages.iter().map(|message| &message.audio);
        let all = messages.chain(self.greetings.values()).chain(&self.name);
        let left_out = all.filter(|audio| !is_there(audio)).cloned().collect();
        self.messages.retain(|message| is_there(&message.audio));
        self.greetings.retain(|_, audio| is_there(audio));
        self.name = self.name.take().filter(&is_there);
        left_out
    }

    /// Every recording that the mailbox refers to.
    pub(crate) fn audio(&self) -> impl Iterator<Item = &AudioId> {
        let introductions = self
            .messages
            .iter()
            .flat_map(|message| &message.introductions)
            .map(|i| &i.audio);
        self.messages
            .iter()
            .map(|message| &message.audio)
            .chain(introductions)
            .chain(self.greetings.values())
            .chain(&self.name)
    }
}

/// New and saved messages and their length.
pub(crate) fn count<'a>(messages: impl Iterator<Item = &'a Message>) -> Counts {
    let mut counts = Counts::default();
    let mut total = Duration::ZERO;
    for message in messages {
        match message.state.folder() {
            Some(Folder::New) => counts.new += 1,
            Some(Folder::Saved) => counts.saved += 1,
            None => continue,
        }
        total += message.duration;
    }
    counts.seconds = total.as_secs();
    counts
}

const VERSION: u32 = 1;
