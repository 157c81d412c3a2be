//! What a message is: sender, time, audio, state; and how many a mailbox takes.

use crate::ids::{AudioId, MailboxId, MessageId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Who left a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sender {
    /// A user of this system.
    Internal {
        /// The User's name.
        user: String,
        /// His primary extension.
        extension: String,
        /// His display name.
        name: String,
    },
    /// Someone from outside.
    External {
        /// The number he called from, if shown.
        number: Option<String>,
        /// The name that came with the call, if any.
        name: Option<String>,
    },
}

/// A forwarder's words before a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    /// Who forwarded.
    pub by: Sender,
    /// What he said.
    pub audio: AudioId,
    /// How long.
    pub duration: Duration,
}

/// A message as its mailbox shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its name.
    pub id: MessageId,
    /// Who left it.
    pub sender: Sender,
    /// When it came into this mailbox's hands: when recording it began, or the introduction of who forwarded it.
    pub received: Timestamp,
    /// How long the recording is, introductions not counted.
    pub duration: Duration,
    /// The recording.
    pub audio: AudioId,
    /// Forwarders' words, first the last forwarder's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub introductions: Vec<Introduction>,
    /// When it was left at first, where it was forwarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Timestamp>,
    /// The recording was cut short or has a gap, by a crash or a disk that did not keep up.
    #[serde(default)]
    pub partial: bool,
    /// Where it is.
    pub state: MessageState,
}

/// Where a message is in its mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageState {
    /// Not heard yet: lights the lamp.
    New,
    /// Heard and kept.
    Saved,
    /// Deleted, restorable until it expires.
    Trash {
        /// Deleted when.
        since: Timestamp,
        /// What a restored message becomes again.
        was: Folder,
    },
}

/// One of the two folders that a caller can listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Folder {
    /// Messages not heard yet.
    New,
    /// Messages heard and kept.
    Saved,
}

impl MessageState {
    /// The folder it is in; `None` in the trash.
    pub fn folder(self) -> Option<Folder> {
        match self {
            Self::New => Some(Folder::New),
            Self::Saved => Some(Folder::Saved),
            Self::Trash { .. } => None,
        }
    }
}

impl From<Folder> for MessageState {
    fn from(folder: Folder) -> Self {
        match folder {
            Folder::New => Self::New,
            Folder::Saved => Self::Saved,
        }
    }
}

/// What an owner does to a message's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Save,
    Renew,
    Delete { at: Timestamp },
    Restore,
}

impl Change {
    /// The state after the change. In the trash, a message can only be restored.
    pub(crate) fn apply(self, state: MessageState) -> MessageState {
        match (self, state) {
            (Self::Save, MessageState::New | MessageState::Saved) => MessageState::Saved,
            (Self::Renew, MessageState::New | MessageState::Saved) => MessageState::New,
            (Self::Delete { at }, MessageState::New) => MessageState::Trash {
                since: at,
                was: Folder::New,
            },
            (Self::Delete { at }, MessageState::Saved) => MessageState::Trash {
                since: at,
                was: Folder::Saved,
            },
            (Self::Restore, MessageState::Trash { was, .. }) => was.into(),
            (Self::Restore, MessageState::New | MessageState::Saved)
            | (Self::Save | Self::Renew | Self::Delete { .. }, MessageState::Trash { .. }) => state,
        }
    }
}

/// A message on its way: who gets it and who left it. With the promise it becomes the delivery record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Every mailbox that gets it, each once.
    pub recipients: Vec<MailboxId>,
    /// Who leaves it.
    pub sender: Sender,
    /// When recording began.
    pub received: Timestamp,
    /// How long a message may be for recipients who take less than the longest that can be recorded. Who takes less than is said gets none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub most: BTreeMap<MailboxId, Duration>,
    /// The message that is forwarded: the recording is then the introduction to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwards: Option<Forwarded>,
}

/// A message that is forwarded, as it is in the mailbox of who forwards it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Whose mailbox it is in.
    pub from: MailboxId,
    /// The message.
    pub message: Message,
}

/// How many messages wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Not heard yet.
    pub new: u32,
    /// Heard and kept.
    pub saved: u32,
    /// Seconds of audio in both.
    pub seconds: u64,
    /// The store is away and was never read: only what this worker still holds is counted.
    pub incomplete: bool,
}

/// What a mailbox takes (MB-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most messages, new and saved.
    pub messages: u32,
    /// Most audio in all.
    pub total: Duration,
    /// Longest message.
    pub message: Duration,
    /// Shortest message: with less than that left, the mailbox is full.
    pub shortest: Duration,
}

/// A message or its bulletin has come into a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Whose.
    pub mailbox: MailboxId,
    /// Which.
    pub message: MessageId,
}
