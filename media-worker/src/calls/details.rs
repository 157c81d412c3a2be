//! What is kept of a call when it is over (spec CD-1), and the line about it on the terminal.

use crds::directory::Meaning;
use mailbox::details::{Answerer, CallDetail, CallResult as Kept, Direction, Party};
use tracing::{info, warn};

use super::inbound::Inbound;
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
        by = record.answered_by.as_deref().unwrap_or("-"),
        seconds = duration.as_secs(),
        "call"
    );
    let called = call
        .called
        .as_deref()
        .and_then(|name| call.directory.user(name));
    let detail = CallDetail {
        call: call.number.to_string(),
        time: record.began_at,
        direction: Direction::Internal,
        from: Party {
            user: call.caller.user().map(str::to_owned),
            number: call.from.extension.as_deref().map(str::to_owned),
            name: Some(call.from.display_name.to_string()),
        },
        to: Party {
            user: called.map(|user| user.name.to_string()),
            number: Some(call.dialled.clone()),
            name: called.map(|user| user.display_name.to_string()),
        },
        answered_by: answerer(call),
        duration,
        route: record.route.as_deref().map(str::to_owned),
        result: kept(record.result),
    };
    if let Err(error) = call.exchange.mailboxes.append_detail(detail) {
        warn!(%error, "the details of a call can't be kept");
    }
}

/// Who calls, as the log may name him: who is outside has a name of his own choosing there.
fn logged_caller(call: &Inbound) -> &str {
    if call.caller.is_internal() {
        &call.from.display_name
    } else {
        OUTSIDE
    }
}

fn logged_number(call: &Inbound) -> &str {
    match call.from.extension.as_deref() {
        Some(_) if !call.caller.is_internal() => OUTSIDE,
        Some(extension) => extension,
        None => "none",
    }
}

/// What was dialled, as the log may have it: no outside number, and no PIN before one.
fn logged_dialled(call: &Inbound) -> &str {
    match call.directory.interpret(&call.dialled, &call.caller) {
        Meaning::Outside { .. } | Meaning::Account { .. } => OUTSIDE,
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
