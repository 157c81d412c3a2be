//! Announcements to callers who can't be connected: spoken before the call is refused, so they cost nothing (RFC 3960).
//!
//! They are boxed: calls of all kinds may come to one, and few do.

use apps::{Announcement, Exit};
use sip::syntax::StatusCode;

use super::applications;
use super::inbound::Inbound;
use super::line::Line;
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

async fn refuse(
    call: &mut Inbound,
    what: Announcement,
    status: StatusCode,
    result: CallResult,
) -> CallResult {
    // A caller whose media can't be agreed on is told by the status alone.
    if call.progress_with_media(&[]).is_ok() {
        let _part = call.part("announcement");
        let listener = applications::listener(call);
        let mut line = Line::new(call, listener);
        if apps::announce(&mut line, what).await == Exit::HungUp {
            return CallResult::Cancelled;
        }
    }
    call.refuse(status, result)
}
