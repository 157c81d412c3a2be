//! What a key says that it holds.

use crate::ids::{AudioId, GreetingSlot, MailboxId, MessageId, Place};
use crate::layout;
use crate::outbox;
use crate::owner::MARK;
use crate::store::TRACE;

/// What is at a key of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A recording that several may refer to, made on that day, such as `20260131`.
    Audio { day: String },
    /// The promise of a message to several.
    Delivery,
    /// A message's record.
    Message(MailboxId, MessageId),
    /// Which audio greets, or says the owner's name.
    AudioOf(MailboxId),
    /// An index, or the copy of its states.
    OfIndex(MailboxId),
    /// What the system itself needs: its mark, call details, the company's files, e-mails to be sent.
    OfTheSystem,
}

/// What is at that key; `None` where it is none of ours.
pub(crate) fn holds(key: &str) -> Option<Holds> {
    if key == MARK || key == TRACE || outbox::named(key).is_some() {
        return Some(Holds::OfTheSystem);
    }
    if key.starts_with(layout::DETAILS) || key.starts_with(layout::FILES) {
        return Some(Holds::OfTheSystem);
    }
    if let Some(rest) = key.strip_prefix(layout::AUDIO) {
        return audio(rest);
    }
    if let Some(message) = key.strip_prefix(layout::DELIVERIES) {
        return MessageId::new(message).ok().map(|_| Holds::Delivery);
    }
    let (mailbox, rest) = key.strip_prefix(layout::MAILBOXES)?.split_once('/')?;
    let mailbox = MailboxId::new(mailbox).ok()?;
    match rest.split_once('/') {
        Some(("messages", message)) => {
            let message = MessageId::new(message).ok()?;
            Some(Holds::Message(mailbox, message))
        }
        Some(("greetings", slot)) => {
            let slot = GreetingSlot::new(slot).ok();
            slot.map(|_| Holds::AudioOf(mailbox))
        }
        Some(_) => None,
        None => match rest {
            "name" => Some(Holds::AudioOf(mailbox)),
            "index" | "states" => Some(Holds::OfIndex(mailbox)),
            _ => None,
        },
    }
}

fn audio(rest: &str) -> Option<Holds> {
    let (day, id) = rest.split_once('/')?;
    let id = AudioId::new(id).ok()?;
    match id.place() {
        Place::Shared { day: of } if of == day => Some(Holds::Audio { day: day.into() }),
        Place::Shared { .. } | Place::InRecord(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_known_by_its_key_and_nothing_else_is() {
        let ours = [
            "owner",
            "audio/20260131/20260131-abc",
            "deliveries/m1",
            "mailboxes/mary/messages/m1",
            "mailboxes/mary/greetings/default",
            "mailboxes/mary/name",
            "mailboxes/mary/index",
            "mailboxes/mary/states",
            "outbox/mary/m1",
            "details/20260131/worker.1f.0",
        ];
        for key in ours {
            assert!(holds(key).is_some(), "{key}");
        }
        let foreign = [
            "notes.txt",
            "audio/20260131/20260201-abc",
            "audio/loose",
            "mailboxes/.DS_Store",
            "mailboxes/mary/.DS_Store",
            "mailboxes/mary/messages/a b",
            "mailboxes/mary/messages/m1/copy",
            "mailboxes/mary/index.bak",
            "outbox/mary",
        ];
        for key in foreign {
            assert_eq!(holds(key), None, "{key}");
        }
    }
}
