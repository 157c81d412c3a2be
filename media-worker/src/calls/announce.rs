//! Announcements to callers who can't be connected: spoken before the call is refused, so they cost nothing (RFC 3960).
//! Whom a menu has answered already hears them before he is hung up on.
//!
//! They are boxed: calls of all kinds may come to one, and few do.

use apps::{Announcement, Exit};
use sip::syntax::StatusCode;

use super::applications;
use super::inbound::Inbound;
use super::line::Line;
use super::stage::Stage;
use crate::metrics::CallResult;

/// The number means nothing.
pub(super) async fn unknown_number(call: &mut Inbound) -> CallResult {
    Box::pin(refuse(
        call,
        Announcement::UnknownNumber,
        StatusCode::NOT_FOUND,
        CallResult::UnknownNumber,
    ))
    .await
}

/// What the number means can't be reached: there is no trunk, no conference center.
pub(super) async fn not_available(call: &mut Inbound) -> CallResult {
    Box::pin(refuse(
        call,
        Announcement::Unavailable,
        StatusCode::TEMPORARILY_UNAVAILABLE,
        CallResult::Refused,
    ))
    .await
}

/// The caller may not call this number.
pub(super) async fn not_permitted(call: &mut Inbound) -> CallResult {
    Box::pin(refuse(
        call,
        Announcement::NotPermitted,
        StatusCode::FORBIDDEN,
        CallResult::Refused,
    ))
    .await
}

/// The caller has called outside as often as he may for now.
pub(super) async fn overloaded(call: &mut Inbound) -> CallResult {
    Box::pin(refuse(
        call,
        Announcement::Overloaded,
        StatusCode::SERVICE_UNAVAILABLE,
        CallResult::Refused,
    ))
    .await
}

/// Everybody who was rung is busy.
pub(super) async fn busy(call: &mut Inbound) -> CallResult {
    tell(
        call,
        Announcement::Busy,
        StatusCode::BUSY_HERE,
        CallResult::Busy,
    )
    .await
}

/// Nobody answers outside.
pub(super) async fn no_answer(call: &mut Inbound) -> CallResult {
    tell(
        call,
        Announcement::NoAnswer,
        StatusCode::TEMPORARILY_UNAVAILABLE,
        CallResult::NoAnswer,
    )
    .await
}

/// What phones tell their users by themselves: the status is enough, as long as it can be sent.
async fn tell(
    call: &mut Inbound,
    what: Announcement,
    status: StatusCode,
    result: CallResult,
) -> CallResult {
    match call.stage {
        Stage::Trying | Stage::Ringing | Stage::Early(_) => call.refuse(status, result),
        Stage::Answered => Box::pin(refuse(call, what, status, result)).await,
    }
}

async fn refuse(
    call: &mut Inbound,
    what: Announcement,
    status: StatusCode,
    result: CallResult,
) -> CallResult {
    // A caller whose media can't be agreed on is told by the status alone.
    if call.progress_with_media(&[]).is_ok() && say(call, what).await == Exit::HungUp {
        return match call.stage {
            Stage::Trying | Stage::Ringing | Stage::Early(_) => CallResult::Cancelled,
            // He was answered before: this is how it ended.
            Stage::Answered => result,
        };
    }
    call.refuse(status, result)
}

async fn say(call: &mut Inbound, what: Announcement) -> Exit {
    let _part = call.part("announcement");
    let listener = applications::listener(call);
    let mut line = Line::new(call, listener);
    apps::announce(&mut line, what).await
}
