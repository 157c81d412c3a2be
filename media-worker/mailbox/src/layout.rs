//! Which key holds what.
//!
//! | key | holds | written |
//! |---|---|---|
//! | `audio/<day>/<audio id>` | a recording that several may refer to: a message to several, a greeting, a name | once |
//! | `deliveries/<message id>` | the promise of a message to several, until every mailbox has it | once |
//! | `mailboxes/<mailbox>/messages/<message id>` | the promise of a message, beside the index; to one recipient, with the recording | once |
//! | `mailboxes/<mailbox>/greetings/<slot>` | which audio greets | on change |
//! | `mailboxes/<mailbox>/name` | which audio says the owner's name | on change |
//! | `mailboxes/<mailbox>/index` | all of the mailbox: messages with their state, greetings, name | by conditional put |
//! | `mailboxes/<mailbox>/states` | a copy of the states of messages that are not new | on change |
//! | `outbox/<mailbox>/<message id>` | that an e-mail about a message is to be sent, and how it stands | on change |
//! | `files/<path>` | a file of the company, such as an attendant's greeting | by whoever may |
//! | `details/<day>/<worker>.<batch>` | call details | once |

use crate::ids::{AudioId, GreetingSlot, MailboxId, MessageId, Place};

/// Where audio is that a mailbox refers to.
pub(crate) fn audio(mailbox: &MailboxId, id: &AudioId) -> String {
    match id.place() {
        Place::Shared { day } => format!("{AUDIO}{day}/{id}"),
        Place::InRecord(message_id) => message(mailbox, &message_id),
    }
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

/// The copy of the messages' states.
pub(crate) fn states(mailbox: &MailboxId) -> String {
    format!("{MAILBOXES}{mailbox}/states")
}

/// Before the names of the messages of a mailbox that an e-mail is to be sent about.
pub(crate) fn outbox(mailbox: &MailboxId) -> String {
    format!("{OUTBOX}{mailbox}/")
}

/// Everything of a mailbox.
pub(crate) fn mailbox(mailbox: &MailboxId) -> String {
    format!("{MAILBOXES}{mailbox}/")
}

/// A file of the company.
pub(crate) fn file(name: &str) -> String {
    format!("{FILES}{name}")
}

/// The last part of a key.
pub(crate) fn last(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, last)| last)
}

pub(crate) const AUDIO: &str = "audio/";
pub(crate) const DELIVERIES: &str = "deliveries/";
pub(crate) const MAILBOXES: &str = "mailboxes/";
pub(crate) const OUTBOX: &str = "outbox/";
pub(crate) const DETAILS: &str = "details/";
pub(crate) const FILES: &str = "files/";
/// All that a system keeps, but for its mark.
pub(crate) const PARTS: [&str; 6] = [MAILBOXES, DELIVERIES, AUDIO, OUTBOX, DETAILS, FILES];
