//! Which key holds what.
//!
//! | key | holds | written |
//! |---|---|---|
//! | `audio/<day>/<audio id>` | a recording | once |
//! | `deliveries/<message id>` | the promise of a message to several, until every mailbox has it | once |
//! | `mailboxes/<mailbox>/messages/<message id>` | the promise of a message, beside the index | once |
//! | `mailboxes/<mailbox>/greetings/<slot>` | which audio greets | on change |
//! | `mailboxes/<mailbox>/name` | which audio says the owner's name | on change |
//! | `mailboxes/<mailbox>/index` | all of the mailbox: messages with their state, greetings, name | by conditional put |
//! | `details/<day>/<worker>.<batch>` | call details | once |

use crate::ids::{AudioId, GreetingSlot, MailboxId, MessageId};

/// Where audio is.
pub(crate) fn audio(id: &AudioId) -> String {
    format!("{AUDIO}{}/{id}", id.day())
}

/// The record of a message to several.
pub(crate) fn delivery(message: &MessageId) -> String {
    format!("{DELIVERIES}{message}")
}

/// The record of a message beside the index.
pub(crate) fn message(mailbox: &MailboxId, message: &MessageId) -> String {
    format!("{}{message}", messages(mailbox))
}

/// Before the names of all messages of a mailbox.
pub(crate) fn messages(mailbox: &MailboxId) -> String {
    format!("{MAILBOXES}{mailbox}/messages/")
}

/// A greeting's record.
pub(crate) fn greeting(mailbox: &MailboxId, slot: &GreetingSlot) -> String {
    format!("{}{slot}", greetings(mailbox))
}

/// Before the names of all greetings of a mailbox.
pub(crate) fn greetings(mailbox: &MailboxId) -> String {
    format!("{MAILBOXES}{mailbox}/greetings/")
}

/// The name recording's record.
pub(crate) fn name(mailbox: &MailboxId) -> String {
    format!("{MAILBOXES}{mailbox}/name")
}

/// The index.
pub(crate) fn index(mailbox: &MailboxId) -> String {
    format!("{MAILBOXES}{mailbox}/index")
}

/// Everything of a mailbox.
pub(crate) fn mailbox(mailbox: &MailboxId) -> String {
    format!("{MAILBOXES}{mailbox}/")
}

/// The last part of a key.
pub(crate) fn last(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, last)| last)
}

pub(crate) const AUDIO: &str = "audio/";
pub(crate) const DELIVERIES: &str = "deliveries/";
pub(crate) const MAILBOXES: &str = "mailboxes/";
pub(crate) const DETAILS: &str = "details/";
