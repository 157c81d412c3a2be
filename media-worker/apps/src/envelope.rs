//! What is said before a message: who left it and when (spec MC-L0).

use mailbox::{Message, Sender};
use prompts::{PromptId, Say};

use crate::Office;

/// Who, when, and whether something may be missing. The moment is told in the listener's zone.
pub(crate) async fn envelope<O: Office>(office: &O, message: &Message) -> Vec<Say<O::Audio>> {
    let mut envelope = vec![from(office, &message.sender).await];
    let received = Say::Moment(message.received);
    envelope.push(Say::Phrase {
        prompt: PromptId::ENVELOPE_RECEIVED,
        with: vec![received],
    });
    if message.partial {
        envelope.push(PromptId::ENVELOPE_PARTIAL.into());
    }
    envelope
}

async fn from<O: Office>(office: &O, sender: &Sender) -> Say<O::Audio> {
    match sender {
        Sender::Internal {
            user,
            extension,
            name,
        } => {
            let user = office.directory().user(user);
            let spoken = match user {
                Some(user) => office.spoken_name(user).await,
                None => None,
            };
            // He may have another extension by now.
            let extension = user
                .and_then(|user| user.extension.as_deref())
                .unwrap_or(extension);
            match (spoken, extension) {
                (Some(spoken), _) => phrase(PromptId::ENVELOPE_FROM, Say::Audio(spoken)),
                (None, "") => phrase(PromptId::ENVELOPE_FROM, Say::Spell(name.clone())),
                (None, extension) => phrase(
                    PromptId::ENVELOPE_FROM_EXTENSION,
                    Say::Digits(extension.to_owned()),
                ),
            }
        }
        Sender::External {
            number: Some(number),
            ..
        } if number.contains(|c: char| c.is_ascii_digit()) => {
            phrase(PromptId::ENVELOPE_FROM_NUMBER, Say::Digits(number.clone()))
        }
        Sender::External { .. } => PromptId::ENVELOPE_FROM_UNKNOWN.into(),
    }
}

fn phrase<A>(prompt: PromptId, with: Say<A>) -> Say<A> {
    Say::Phrase {
        prompt,
        with: vec![with],
    }
}
