//! What dialled digits mean (spec DP-1): emergency, exact extension, code, prefix.
use std::sync::Arc;

use super::{Caller, Directory, Target};

/// What dialled digits mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An emergency number: goes through whatever limits, lock-outs or draining.
    Emergency {
        /// The number without any prefix.
        number: Box<str>,
    },
    /// The number of a user, by name.
    User(Arc<str>),
    /// The number of something else than a user.
    Extension(Target),
    /// Leaves this user a message without ringing.
    LeaveMessage(Arc<str>),
    /// The caller's own message center.
    MessageCenter,
    /// This user's message center.
    MessageCenterOf(Arc<str>),
    /// The conference center.
    ConferenceCenter,
    /// The operator, whose number no Extension has.
    Operator,
    /// An outside number; empty: a dial tone is wanted.
    Outside {
        /// What was dialled after the prefix.
        number: Box<str>,
    },
    /// An outside number on a PIN.
    Account {
        /// What was dialled after the prefix: PIN and number.
        digits: Box<str>,
    },
    /// Nothing.
    Unknown,
}

impl Meaning {
    /// The user whose phones ring or whose mailbox it is, by name.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::User(user)
            | Self::Extension(Target::User(user))
            | Self::LeaveMessage(user)
            | Self::MessageCenterOf(user) => Some(user),
            Self::Emergency { .. }
            | Self::Extension(_)
            | Self::MessageCenter
            | Self::ConferenceCenter
            | Self::Operator
            | Self::Outside { .. }
            | Self::Account { .. }
            | Self::Unknown => None,
        }
    }
}

/// Reads `dialled` for a caller inside the company; a caller outside can reach no outside line.
pub(super) fn interpret(directory: &Directory, dialled: &str, from: &Caller) -> Meaning {
    emergency(directory, dialled)
        .or_else(|| exact(directory, dialled))
        .or_else(|| code(directory, dialled))
        .or_else(|| prefixed(directory, dialled, from))
        .unwrap_or_else(|| match dialled.strip_prefix('+') {
            Some(digits) if from.is_internal() && is_number(digits) => Meaning::Outside {
                number: dialled.into(),
            },
            Some(_) | None => Meaning::Unknown,
        })
}

fn emergency(directory: &Directory, dialled: &str) -> Option<Meaning> {
    let plan = &directory.system.dial_plan;
    let bare = [plan.outside_line.as_str(), plan.account_line.as_str()]
        .into_iter()
        .filter_map(|prefix| dialled.strip_prefix(prefix))
        .chain([dialled])
        .find(|rest| plan.emergency.iter().any(|number| number == rest))?;
    Some(Meaning::Emergency {
        number: bare.into(),
    })
}

fn exact(directory: &Directory, dialled: &str) -> Option<Meaning> {
    Some(match directory.extension(dialled)? {
        Target::User(name) => Meaning::User(name.clone()),
        Target::MessageCenter => Meaning::MessageCenter,
        Target::ConferenceCenter => Meaning::ConferenceCenter,
        other @ (Target::CallRoute(_)
        | Target::Conference(_)
        | Target::AutoAttendant(_)
        | Target::Queue(_)
        | Target::Monitor(_)
        | Target::Alias(_)) => Meaning::Extension(other.clone()),
    })
}

fn code(directory: &Directory, dialled: &str) -> Option<Meaning> {
    let plan = &directory.system.dial_plan;
    if dialled == plan.message_center {
        Some(Meaning::MessageCenter)
    } else if dialled == plan.conference_center {
        Some(Meaning::ConferenceCenter)
    } else if dialled == plan.operator {
        Some(Meaning::Operator)
    } else {
        None
    }
}

/// The longest prefix whose rest has a meaning: `78` before `7`, whatever digits the plan gives.
fn prefixed(directory: &Directory, dialled: &str, from: &Caller) -> Option<Meaning> {
    let plan = &directory.system.dial_plan;
    let user = |rest: &str| directory.user_by_extension(rest).map(|u| u.name.clone());
    let mailbox = |rest: &str| match directory.extension(rest)? {
        Target::Alias(name) => Some(Meaning::Extension(Target::Alias(name.clone()))),
        Target::User(_)
        | Target::CallRoute(_)
        | Target::Conference(_)
        | Target::ConferenceCenter
        | Target::MessageCenter
        | Target::AutoAttendant(_)
        | Target::Queue(_)
        | Target::Monitor(_) => user(rest).map(Meaning::LeaveMessage),
    };
    let outside = |rest: &str| from.is_internal() && rest.bytes().all(|b| b.is_ascii_digit());
    let after = |prefix: &str| dialled.strip_prefix(prefix);
    let number = |prefix: &str| {
        after(prefix)
            .filter(|rest| outside(rest))
            .map(Box::<str>::from)
    };
    let readings = [
        (
            &plan.leave_message,
            after(&plan.leave_message).and_then(mailbox),
        ),
        (
            &plan.message_center_of,
            after(&plan.message_center_of)
                .and_then(user)
                .map(Meaning::MessageCenterOf),
        ),
        (
            &plan.account_line,
            number(&plan.account_line).map(|digits| Meaning::Account { digits }),
        ),
        (
            &plan.outside_line,
            number(&plan.outside_line).map(|number| Meaning::Outside { number }),
        ),
    ];
    readings
        .into_iter()
        .filter_map(|(prefix, meaning)| Some((prefix.len(), meaning?)))
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, meaning)| meaning)
}

fn is_number(digits: &str) -> bool {
    (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}
