//! What is said of a message: who left it, when, how long it is (spec MC-L0), and who forwarded it
//! with which words (spec MB-1).

use jiff::Timestamp;
use mailbox::Sender;
use prompts::{PromptId, Say};

use crate::naming::{name_of_sender, number_said, spelled};
use crate::{Office, Opened};

/// A message as it is said.
pub(crate) struct Spoken<A> {
    /// The envelope; any key cuts it short.
    pub(crate) envelope: Vec<Say<A>>,
    /// The message, after the words of those who forwarded it.
    pub(crate) message: Vec<Say<A>>,
}

/// Who, when, how long, and whether something may be missing. Of a forwarded message first who
/// forwarded it and when, his words, then the same of those before him, and the message with who
/// left it. Moments are told in the listener's zone.
pub(crate) async fn spoken<O: Office>(office: &O, opened: &Opened<O::Audio>) -> Spoken<O::Audio> {
    let message = &opened.message;
    let mut original = vec![from(office, &message.sender).await];
    original.push(received(message.left.unwrap_or(message.received)));
    original.push(phrase(
        PromptId::ENVELOPE_LENGTH,
        Say::Duration(message.duration),
    ));
    if message.partial {
        original.push(PromptId::ENVELOPE_PARTIAL.into());
    }
    if message.introductions.is_empty() {
        return Spoken {
            envelope: original,
            message: vec![Say::Audio(opened.audio.clone())],
        };
    }
    let mut envelope = Vec::new();
    let mut words = Vec::new();
    for (at, introduction) in message.introductions.iter().enumerate() {
        let by = match name_of_sender(office, &introduction.by).await {
            Some(name) => phrase(PromptId::ENVELOPE_FORWARDED, name),
            None => PromptId::ENVELOPE_FROM_UNKNOWN.into(),
        };
        if at == 0 {
            envelope.extend([by, received(message.received)]);
        } else {
            words.push(by);
        }
        let said = opened.introductions.get(at).cloned().flatten();
        words.push(said.map_or(PromptId::LISTEN_UNAVAILABLE.into(), Say::Audio));
    }
    words.extend(original);
    words.push(Say::Audio(opened.audio.clone()));
    Spoken {
        envelope,
        message: words,
    }
}

fn received<A>(when: Timestamp) -> Say<A> {
    phrase(PromptId::ENVELOPE_RECEIVED, Say::Moment(when))
}

async fn from<O: Office>(office: &O, sender: &Sender) -> Say<O::Audio> {
    match sender {
        Sender::Internal { extension, .. } => match name_of_sender(office, sender).await {
            Some(Say::Digits(extension)) => {
                phrase(PromptId::ENVELOPE_FROM_EXTENSION, Say::Digits(extension))
            }
            Some(name) => phrase(PromptId::ENVELOPE_FROM, name),
            None => phrase(
                PromptId::ENVELOPE_FROM_EXTENSION,
                Say::Digits(extension.clone()),
            ),
        },
        Sender::External { number, name } => {
            let number = number.as_deref().and_then(number_said);
            match (name.as_deref().and_then(spelled), number) {
                (Some(name), Some(number)) => Say::Phrase {
                    prompt: PromptId::ENVELOPE_FROM_CALLER,
                    with: vec![name, number],
                },
                (None, Some(number)) => phrase(PromptId::ENVELOPE_FROM_NUMBER, number),
                (Some(name), None) => phrase(PromptId::ENVELOPE_FROM, name),
                (None, None) => PromptId::ENVELOPE_FROM_UNKNOWN.into(),
            }
        }
    }
}

fn phrase<A>(prompt: PromptId, with: Say<A>) -> Say<A> {
    Say::Phrase {
        prompt,
        with: vec![with],
    }
}
