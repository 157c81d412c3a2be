//! What is kept of a call when it is over (spec CD-1), and the line about it on the terminal.

use std::sync::Arc;
use std::time::Instant;

use crds::directory::Meaning;
use jiff::Timestamp;
use mailbox::details::{Answerer, CallDetail, CallResult as Kept, Direction, Party};
use tracing::{info, warn};

use super::inbound::Inbound;
use super::origin::Origin;
use crate::metrics::CallResult;

/// Keeps the details of a call that is over.
pub(super) fn keep(call: &Inbound) {
    let record = &call.record;
    let duration = record
        .answered
        .map(|answered| answered.elapsed())
        .unwrap_or_default();
    let secret = Secret::dialled_in(call);
    info!(
        from = %logged_caller(call),
        number = logged_number(call),
        to = %secret.logged(call),
        result = record.result.label(),
        by = logged_answerer(call),
        seconds = duration.as_secs(),
        "call"
    );
    if let Some(trace) = call.trace() {
        let parts = [
            ("from", logged_number(call)),
            ("to", Some(secret.logged(call))),
            ("result", Some(record.result.label())),
            ("by", logged_answerer(call)),
            ("route", record.route.as_deref()),
        ];
        for (name, part) in parts {
            if let Some(part) = part {
                trace.set(name, part);
            }
        }
    }
    let number = record.outside_number.as_deref();
    let called = call
        .called
        .as_deref()
        .and_then(|name| call.directory.user(name));
    let detail = CallDetail {
        call: call.number.to_string(),
        time: record.began_at,
        direction: match &call.from {
            Origin::Trunk(_) => Direction::Incoming,
            Origin::Phone(_) if record.leads_outside() => Direction::Outgoing,
            Origin::Phone(_) => Direction::Internal,
        },
        from: caller(call),
        to: Party {
            user: called.map(|user| user.name.to_string()),
            number: Some(number.unwrap_or(secret.kept(call)).to_owned()),
            name: called.map(|user| user.display_name.to_string()),
        },
        answered_by: answerer(call),
        duration,
        route: record.route.as_deref().map(str::to_owned),
        result: kept(record.result),
    };
    append(call, detail);
}

/// A call that somebody makes by the outside line: one of several in the call that he began.
pub(super) struct Outgoing {
    user: Arc<str>,
    number: Arc<str>,
    began: Timestamp,
    answered: Option<Instant>,
    result: CallResult,
}

impl Outgoing {
    /// It begins now.
    pub(super) fn begins(user: &Arc<str>, number: &Arc<str>) -> Self {
        Self {
            user: Arc::clone(user),
            number: Arc::clone(number),
            began: Timestamp::now(),
            answered: None,
            result: CallResult::Failed,
        }
    }

    /// It is answered now.
    pub(super) fn answered(self) -> Self {
        Self {
            answered: Some(Instant::now()),
            result: CallResult::Answered,
            ..self
        }
    }

    /// It was not answered.
    pub(super) fn ended(self, result: CallResult) -> Self {
        Self { result, ..self }
    }
}

/// Keeps the details of a call by the outside line, for its user: whose message center it is, or who called.
pub(super) fn keep_outgoing(call: &Inbound, outgoing: &Outgoing) {
    let duration = outgoing.answered.map(|at| at.elapsed()).unwrap_or_default();
    let result = outgoing.result;
    info!(
        result = result.label(),
        seconds = duration.as_secs(),
        "call by the outside line"
    );
    let detail = CallDetail {
        call: call.number.to_string(),
        time: outgoing.began,
        direction: Direction::Outgoing,
        from: Party {
            user: Some(outgoing.user.to_string()),
            ..caller(call)
        },
        to: Party {
            number: Some(outgoing.number.to_string()),
            ..Party::default()
        },
        answered_by: outgoing.answered.map(|_| Answerer::Outside),
        duration,
        route: None,
        result: kept(result),
    };
    append(call, detail);
}

fn caller(call: &Inbound) -> Party {
    Party {
        user: call.caller.user().map(str::to_owned),
        number: call.from.number().map(str::to_owned),
        name: call.from.name().map(str::to_owned),
    }
}

fn append(call: &Inbound, detail: CallDetail) {
    if let Err(error) = call.exchange.mailboxes.append_detail(detail) {
        warn!(%error, "the details of a call can't be kept");
    }
}

/// Who calls, as the log may name him: who is outside has a name of his own choosing there.
fn logged_caller(call: &Inbound) -> &str {
    if call.caller.is_internal() {
        call.from.name().unwrap_or("unknown")
    } else {
        OUTSIDE
    }
}

/// The caller's number, where he has one.
fn logged_number(call: &Inbound) -> Option<&str> {
    let number = call.from.number()?;
    Some(if call.caller.is_internal() {
        number
    } else {
        OUTSIDE
    })
}

/// Who or what has answered; a mailbox and the message center are in the result.
fn logged_answerer(call: &Inbound) -> Option<&str> {
    if call.record.answered_outside {
        return Some(OUTSIDE);
    }
    call.record.answered_by.as_deref()
}

/// What the digits that were dialled give away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secret {
    Nothing,
    /// An outside number, or what may be one.
    Number,
    /// A PIN, right or wrong, or the beginning of one.
    Pin,
}

impl Secret {
    /// What those of this call do.
    fn dialled_in(call: &Inbound) -> Self {
        let code = &*call.directory.system().dial_plan.account_line;
        match call.directory.interpret(&call.dialled, &call.caller) {
            Meaning::Account { .. } => Self::Pin,
            Meaning::Unknown if call.dialled.starts_with(code) => Self::Pin,
            Meaning::Outside { .. } => Self::Number,
            // Digits that mean nothing may be an outside number without its prefix.
            Meaning::Unknown if call.dialled.len() >= SHORTEST_NUMBER => Self::Number,
            Meaning::User(_)
            | Meaning::Extension(_)
            | Meaning::LeaveMessage(_)
            | Meaning::MessageCenterOf(_)
            | Meaning::MessageCenter
            | Meaning::ConferenceCenter
            | Meaning::Operator
            | Meaning::Emergency { .. }
            | Meaning::Unknown => Self::Nothing,
        }
    }

    /// What was dialled, as it is kept: of digits that begin with a PIN only the code before it.
    fn kept(self, call: &Inbound) -> &str {
        match self {
            Self::Pin => &call.directory.system().dial_plan.account_line,
            Self::Nothing | Self::Number => &call.dialled,
        }
    }

    /// What was dialled, as the log may have it: no outside number, and no PIN before one.
    fn logged(self, call: &Inbound) -> &str {
        match self {
            Self::Pin | Self::Number => OUTSIDE,
            Self::Nothing => &call.dialled,
        }
    }
}

/// What the log says in place of a number that is not the company's.
const OUTSIDE: &str = "(outside)";
/// Outside numbers have seven digits at least.
const SHORTEST_NUMBER: usize = 7;

fn answerer(call: &Inbound) -> Option<Answerer> {
    let user = call.called.as_deref().map(str::to_owned);
    match call.record.result {
        CallResult::Answered if call.record.answered_outside => Some(Answerer::Outside),
        CallResult::Answered => Some(Answerer::User {
            user: user.unwrap_or_default(),
            device: call
                .record
                .answered_by
                .as_deref()
                .unwrap_or_default()
                .to_owned(),
        }),
        CallResult::Voicemail => user.map(|user| Answerer::Mailbox { user }),
        CallResult::Application => Some(Answerer::Application {
            name: "message center".to_owned(),
        }),
        CallResult::Busy
        | CallResult::NoAnswer
        | CallResult::Cancelled
        | CallResult::UnknownNumber
        | CallResult::Refused
        | CallResult::Failed => None,
    }
}

fn kept(result: CallResult) -> Kept {
    match result {
        CallResult::Answered | CallResult::Voicemail | CallResult::Application => Kept::Answered,
        CallResult::Busy => Kept::Busy,
        CallResult::NoAnswer => Kept::NoAnswer,
        CallResult::Cancelled => Kept::Cancelled,
        CallResult::UnknownNumber => Kept::NotFound,
        CallResult::Refused => Kept::Rejected,
        CallResult::Failed => Kept::Failed,
    }
}
