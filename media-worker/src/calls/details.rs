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
    info!(
        from = %logged_caller(call),
        number = logged_number(call),
        to = %logged_dialled(call),
        result = record.result.label(),
        by = logged_answerer(call),
        seconds = duration.as_secs(),
        "call"
    );
    if let Some(trace) = call.trace() {
        trace.set("from", logged_number(call));
        trace.set("to", logged_dialled(call));
        trace.set("result", record.result.label());
        trace.set("by", logged_answerer(call));
        trace.set("route", record.route.as_deref().unwrap_or("-"));
    }
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
            number: Some(kept_dialled(call).to_owned()),
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

fn logged_number(call: &Inbound) -> &str {
    match call.from.number() {
        Some(_) if !call.caller.is_internal() => OUTSIDE,
        Some(extension) => extension,
        None => "none",
    }
}

fn logged_answerer(call: &Inbound) -> &str {
    if call.record.answered_outside {
        return OUTSIDE;
    }
    call.record.answered_by.as_deref().unwrap_or("-")
}

/// What was dialled, as it is kept: of digits that begin with a PIN, right or wrong, only the code before it.
fn kept_dialled(call: &Inbound) -> &str {
    if has_pin(call) {
        &call.directory.system().dial_plan.account_line
    } else {
        &call.dialled
    }
}

/// Whether a PIN is among the digits that were dialled, or the beginning of one.
fn has_pin(call: &Inbound) -> bool {
    match call.directory.interpret(&call.dialled, &call.caller) {
        Meaning::Account { .. } => true,
        Meaning::Unknown => call
            .dialled
            .starts_with(&*call.directory.system().dial_plan.account_line),
        Meaning::User(_)
        | Meaning::Extension(_)
        | Meaning::LeaveMessage(_)
        | Meaning::MessageCenterOf(_)
        | Meaning::MessageCenter
        | Meaning::ConferenceCenter
        | Meaning::Operator
        | Meaning::Emergency { .. }
        | Meaning::Outside { .. } => false,
    }
}

/// What was dialled, as the log may have it: no outside number, and no PIN before one.
fn logged_dialled(call: &Inbound) -> &str {
    match call.directory.interpret(&call.dialled, &call.caller) {
        Meaning::Outside { .. } | Meaning::Account { .. } => OUTSIDE,
        Meaning::Unknown if has_pin(call) => OUTSIDE,
        // Digits that mean nothing may be an outside number without its prefix.
        Meaning::Unknown if call.dialled.len() >= SHORTEST_NUMBER => OUTSIDE,
        Meaning::User(_)
        | Meaning::Extension(_)
        | Meaning::LeaveMessage(_)
        | Meaning::MessageCenterOf(_)
        | Meaning::MessageCenter
        | Meaning::ConferenceCenter
        | Meaning::Operator
        | Meaning::Emergency { .. }
        | Meaning::Unknown => &call.dialled,
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
