//! The delivery record: the promise of a message, as the store keeps it.

use crate::ids::{AudioId, MailboxId};
use crate::message::Message;
use serde::{Deserialize, Serialize};

/// Who gets a message, and the message as it arrives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeliveryRecord {
    pub(crate) recipients: Vec<MailboxId>,
    pub(crate) message: Message,
}

/// Which audio a greeting or a name is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AudioRecord {
    pub(crate) audio: AudioId,
}

/// A record as stored.
pub(crate) fn to_bytes(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).unwrap_or_default()
}
