//! Dialling an extension from within an application: `*` and the extension, or the operator's key.

use std::sync::Arc;
use std::time::Duration;

use crds::Directory;
use crds::directory::{Caller, Meaning};
use prompts::Say;

use crate::call::{Call, FOREVER, HungUp, Wake};
use crate::{Key, Office};

/// What followed a `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dialled {
    /// No digit within 2 s: it was `*` alone. A key that is no digit stays in the buffer.
    Nothing,
    /// An extension that exists.
    Extension(Arc<str>),
    /// Digits that are no extension.
    Unknown,
}

/// Takes what follows a `*` that was taken already. The extension is complete as soon as none
/// that exists is longer, with `#`, or when no further digit comes.
pub(crate) async fn dial_after_star<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
) -> Result<Dialled, HungUp> {
    let directory = office.directory();
    let mut digits = String::new();
    let mut patience = TOLD_APART;
    while let Some(key) = next_key(call, patience).await? {
        if key.is_digit() {
            call.take_key();
            digits.push(key.as_char());
            patience = BETWEEN_DIGITS;
            // Digits that lead nowhere are taken too, lest they choose something in a menu.
            let complete = number(directory, &digits, call.caller()).is_some();
            if digits.len() == LONGEST || complete && !goes_on(directory, &digits) {
                break;
            }
        } else {
            if key == Key::Pound && !digits.is_empty() {
                call.take_key();
            }
            break;
        }
    }
    Ok(match digits.as_str() {
        "" => Dialled::Nothing,
        dialled => match number(directory, dialled, call.caller()) {
            Some(extension) => Dialled::Extension(extension),
            None => Dialled::Unknown,
        },
    })
}

/// The number of the operator, if this key calls him and there is one (spec LV-2).
pub(crate) fn operator(directory: &Directory, key: Key, caller: &Caller) -> Option<Arc<str>> {
    let code = &directory.system().dial_plan.operator;
    let mut faces = code.chars();
    let is_key = faces.next() == Some(key.as_char()) && faces.next().is_none();
    is_key.then(|| number(directory, code, caller)).flatten()
}

/// The number, if it is one of the company, or an emergency: outside lines are not dialled here.
fn number(directory: &Directory, dialled: &str, caller: &Caller) -> Option<Arc<str>> {
    match directory.interpret(dialled, caller) {
        Meaning::Emergency { .. } if caller.is_internal() => Some(dialled.into()),
        Meaning::User(_)
        | Meaning::Extension(_)
        | Meaning::MessageCenter
        | Meaning::ConferenceCenter => Some(dialled.into()),
        Meaning::Emergency { .. }
        | Meaning::LeaveMessage(_)
        | Meaning::MessageCenterOf(_)
        | Meaning::Operator
        | Meaning::Outside { .. }
        | Meaning::Account { .. }
        | Meaning::Unknown => None,
    }
}

/// Whether there is a number that begins with these digits and has more.
fn goes_on(directory: &Directory, digits: &str) -> bool {
    let longer = |number: &str| number.len() > digits.len() && number.starts_with(digits);
    let emergency = &directory.system().dial_plan.emergency;
    emergency.iter().any(|number| longer(number))
        || directory.extensions().any(|(number, _)| longer(number))
}

/// The first key in the buffer, where it stays, or the first that comes within this time.
pub(crate) async fn next_key<O: Office>(
    call: &mut impl Call<O>,
    at_most: Duration,
) -> Result<Option<Key>, HungUp> {
    loop {
        match call.wait(at_most).await? {
            Wake::Key => return Ok(call.waiting_key()),
            Wake::TimeOver => return Ok(None),
            // Something that was being said has ended meanwhile.
            Wake::Finished => {}
        }
    }
}

/// Answers digits that were dialled; any key cuts it short. Who ends every number with `#` may do so when it was
/// complete already, and not `ended` yet: that cuts nothing short.
pub(crate) async fn answer<O: Office>(
    call: &mut impl Call<O>,
    words: Say<O::Audio>,
    ended: bool,
) -> Result<(), HungUp> {
    let mut ended = ended;
    call.start(&[words]).await?;
    loop {
        match call.wait(FOREVER).await? {
            Wake::Key if !ended && call.waiting_key() == Some(Key::Pound) => {
                call.take_key();
                ended = true;
            }
            Wake::Key => return call.stop().await,
            Wake::Finished => return Ok(()),
            Wake::TimeOver => {}
        }
    }
}

/// A digit that follows `*` within this time belongs to it.
pub(crate) const TOLD_APART: Duration = Duration::from_secs(2);
/// Further digits may take longer to find.
pub(crate) const BETWEEN_DIGITS: Duration = Duration::from_secs(3);
/// More digits than any extension has.
pub(crate) const LONGEST: usize = 16;
