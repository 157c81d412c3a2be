//! How people and groups are named to a caller.

use crds::directory::{AliasEntry, UserEntry};
use mailbox::Sender;
use prompts::{PromptId, Say};

use crate::{LeftOut, Office, WhyLeftOut};

/// The user's recorded name, or his display name spelled, or, where its letters have no names
/// here, nothing.
pub(crate) async fn name_of<O: Office>(office: &O, user: &UserEntry) -> Option<Say<O::Audio>> {
    match office.spoken_name(user).await {
        Some(name) => Some(Say::Audio(name)),
        None => spelled(&user.display_name),
    }
}

/// The user's name, or else his number; whoever has neither that can be said is spelled by the name
/// of his object.
pub(crate) async fn name_or_number<O: Office>(office: &O, user: &UserEntry) -> Say<O::Audio> {
    match name_of(office, user).await {
        Some(name) => name,
        None => number_or(user.extension.as_deref(), &user.name),
    }
}

/// What an alias is called, or else its number.
pub(crate) fn alias_name<A>(alias: &AliasEntry) -> Say<A> {
    spelled(&alias.display_name)
        .unwrap_or_else(|| number_or(alias.extension.as_deref(), &alias.name))
}

/// Who left or forwarded a message: his name, or else his number; nothing of somebody who did not
/// say. A user is named as the directory knows him now, if it does.
pub(crate) async fn name_of_sender<O: Office>(
    office: &O,
    sender: &Sender,
) -> Option<Say<O::Audio>> {
    match sender {
        Sender::Internal {
            user,
            extension,
            name,
        } => match office.directory().user(user) {
            Some(user) => Some(name_or_number(office, user).await),
            None => spelled(name).or_else(|| number_said(extension)),
        },
        Sender::External { number, name } => name
            .as_deref()
            .and_then(spelled)
            .or_else(|| number_said(number.as_deref()?)),
    }
}

/// Whom a message does not reach, and why.
pub(crate) async fn left_out<O: Office>(office: &O, left_out: &[LeftOut]) -> Vec<Say<O::Audio>> {
    let mut words = Vec::with_capacity(left_out.len());
    for LeftOut { user, why } in left_out {
        let name = match office.directory().user(user) {
            Some(user) => name_or_number(office, user).await,
            None => Say::Spell(user.to_string()),
        };
        let prompt = match why {
            WhyLeftOut::Full => PromptId::SEND_FULL,
            WhyLeftOut::TooLong => PromptId::SEND_TOO_LONG,
            WhyLeftOut::Unavailable => PromptId::SEND_UNAVAILABLE,
        };
        words.push(Say::Phrase {
            prompt,
            with: vec![name],
        });
    }
    words
}

/// A name letter by letter, if all its letters can be said: half a name is worse than none.
pub(crate) fn spelled<A>(name: &str) -> Option<Say<A>> {
    prompts::can_be_spelled(name).then(|| Say::Spell(name.to_owned()))
}

/// A number digit by digit, if there is a digit in it.
pub(crate) fn number_said<A>(number: &str) -> Option<Say<A>> {
    let has_digit = number.contains(|c: char| c.is_ascii_digit());
    has_digit.then(|| Say::Digits(number.to_owned()))
}

fn number_or<A>(number: Option<&str>, name: &str) -> Say<A> {
    number
        .and_then(number_said)
        .unwrap_or_else(|| Say::Spell(name.to_owned()))
}
