//! Keys that come as SIP INFO.

use media::dtmf::Digit;
use sip::syntax::{Method, Request, StatusCode};

/// The key that a request within a call brings, and what the request is answered with: an INFO with a key is taken,
/// anything else within a call has no use here.
pub(super) fn key(request: &Request) -> (Option<Digit>, StatusCode) {
    if request.method != Method::Info {
        return (None, StatusCode::NOT_IMPLEMENTED);
    }
    match digit(request) {
        Some(digit) => (Some(digit), StatusCode::OK),
        None => (None, StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
}

/// The key in an INFO's body (`application/dtmf-relay` or `application/dtmf`), if it has one.
fn digit(request: &Request) -> Option<Digit> {
    let kind = request.headers.content_type()?;
    media::dtmf::from_info(&kind, &request.body)
}
