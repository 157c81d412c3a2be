//! The delivery record: the promise of a message, as the store keeps it.
//!
//! JSON on one line; where the message has one recipient, a line feed and the recording follow, so that it is one object and one write.

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

/// A record with the recording in it.
pub(crate) fn with_audio(record: &impl Serialize, audio: &[u8]) -> Vec<u8> {
    let mut bytes = to_bytes(record);
    bytes.reserve_exact(1 + audio.len());
    bytes.push(LINE_FEED);
    bytes.extend_from_slice(audio);
    bytes
}

/// The record's own bytes and those of the recording in it.
pub(crate) fn split(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = bytes.splitn(2, |&byte| byte == LINE_FEED);
    (parts.next().unwrap_or_default(), parts.next())
}

/// JSON has none but between values, and ours is written without spaces.
const LINE_FEED: u8 = b'\n';
