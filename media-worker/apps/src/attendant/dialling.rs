//! What a caller of an attendant may dial, and when it is complete.

use std::collections::HashMap;
use std::time::Duration;

use crds::Directory;
use crds::directory::{Caller, Meaning, MenuChoice};
use prompts::PromptId;

use super::{took, useless};
use crate::call::{Call, HungUp, Way};
use crate::dial::{BETWEEN_DIGITS, LONGEST, TOLD_APART, next_key};
use crate::key::Dial;
use crate::menu::PATIENCE;
use crate::{Key, Office};

/// What came of waiting for keys.
pub(super) enum Dialled {
    /// No key came.
    Nothing,
    /// `*` alone: he wants to hear the greeting again.
    Again,
    /// This.
    Entry(Entry),
    /// Nothing of use, which this says.
    Unknown(PromptId),
}

/// What can be dialled.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// An option of the menu.
    Choice(MenuChoice),
    /// A number or a code.
    Number(Box<str>),
}

/// All that a caller of an attendant may dial. Nothing of it leads outside, but for help, which is for those who are here.
pub(super) struct Vocabulary<'a> {
    pub(super) directory: &'a Directory,
    pub(super) caller: &'a Caller,
    pub(super) options: &'a HashMap<char, MenuChoice>,
    pub(super) extensions: bool,
}

impl Vocabulary<'_> {
    /// An option goes before a number, a number before a code.
    fn meaning(&self, dialled: &str) -> Option<Entry> {
        let mut faces = dialled.chars();
        if let (Some(face), None) = (faces.next(), faces.next())
            && let Some(choice) = self.options.get(&face)
        {
            return Some(Entry::Choice(choice.clone()));
        }
        let is_operator = dialled == self.directory.system().dial_plan.operator;
        let allowed = match self.directory.interpret(dialled, self.caller) {
            Meaning::Emergency { .. } => self.caller.is_internal(),
            Meaning::User(_) | Meaning::Extension(_) => self.extensions || is_operator,
            Meaning::MessageCenter
            | Meaning::ConferenceCenter
            | Meaning::LeaveMessage(_)
            | Meaning::MessageCenterOf(_) => self.extensions,
            Meaning::Operator
            | Meaning::Outside { .. }
            | Meaning::Account { .. }
            | Meaning::Unknown => false,
        };
        allowed.then(|| Entry::Number(dialled.into()))
    }

    /// Whether something begins with these keys and has more.
    fn goes_on(&self, dialled: &str) -> bool {
        let plan = &self.directory.system().dial_plan;
        let longer = |number: &str| number.len() > dialled.len() && number.starts_with(dialled);
        let help = self.caller.is_internal() && plan.emergency.iter().any(|it| longer(it));
        let operator = longer(&plan.operator) && self.directory.extension(&plan.operator).is_some();
        help || operator || self.extensions && self.number_goes_on(dialled)
    }

    fn number_goes_on(&self, dialled: &str) -> bool {
        let plan = &self.directory.system().dial_plan;
        let begins = |beginning: &str, number: &str| {
            number.len() > beginning.len() && number.starts_with(beginning)
        };
        if [&plan.message_center, &plan.conference_center]
            .iter()
            .any(|code| begins(dialled, code))
        {
            return true;
        }
        let prefixes = [&plan.leave_message, &plan.message_center_of];
        self.directory.extensions().any(|(number, _)| {
            begins(dialled, number)
                || prefixes.iter().any(|prefix| {
                    begins(dialled, prefix)
                        || dialled
                            .strip_prefix(prefix.as_str())
                            .is_some_and(|rest| begins(rest, number))
                })
        })
    }
}

/// Waits for what a caller dials. It is complete as soon as nothing longer begins so, with `#`, or when no further key comes: for 2 s
/// where it has a meaning already.
pub(super) async fn dial<O: Office>(
    call: &mut impl Call<O>,
    vocabulary: &Vocabulary<'_>,
) -> Result<Dialled, HungUp> {
    let mut dialled = String::new();
    let mut patience = PATIENCE;
    while let Some(key) = next_key(call, patience).await? {
        call.take_key();
        match key.dial() {
            Dial::Pound if dialled.is_empty() => {
                took(call, Way::Key(Key::Pound));
                return Ok(Dialled::Unknown(PromptId::MENU_INVALID));
            }
            Dial::Pound => break,
            // It begins anew.
            Dial::Star => {
                dialled.clear();
                dialled.push(key.as_char());
            }
            Dial::Digit(face) => dialled.push(face),
        }
        let goes_on = vocabulary.goes_on(&dialled);
        let is_star = dialled == "*";
        if dialled.len() >= LONGEST
            || !goes_on && (is_star || vocabulary.meaning(&dialled).is_some())
        {
            break;
        }
        patience = patience_after(vocabulary, &dialled, goes_on);
    }
    Ok(read(call, vocabulary, &dialled))
}

/// Digits that lead nowhere are waited for, too, lest they choose something.
fn patience_after(vocabulary: &Vocabulary<'_>, dialled: &str, goes_on: bool) -> Duration {
    let is_complete = dialled == "*" || vocabulary.meaning(dialled).is_some();
    if is_complete || !goes_on {
        TOLD_APART
    } else {
        BETWEEN_DIGITS
    }
}

fn read<O: Office>(call: &mut impl Call<O>, vocabulary: &Vocabulary<'_>, dialled: &str) -> Dialled {
    let mut faces = dialled.chars();
    let way = match (faces.next().and_then(Key::from_char), faces.next()) {
        (None, _) => Way::Nothing,
        (Some(key), None) => Way::Key(key),
        (Some(_), Some(_)) => Way::Dialled,
    };
    took(call, way);
    match (way, vocabulary.meaning(dialled)) {
        (Way::Nothing, _) => Dialled::Nothing,
        (_, Some(entry)) => Dialled::Entry(entry),
        (Way::Key(Key::Star), None) => Dialled::Again,
        (Way::Key(_) | Way::Dialled, None) => Dialled::Unknown(useless(dialled.len())),
    }
}
