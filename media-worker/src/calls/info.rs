//! Keys that come as SIP INFO.

use media::dtmf::Digit;
use sip::syntax::Request;

/// The key in an INFO's body (`application/dtmf-relay` or `application/dtmf`), if it has one.
pub(super) fn digit(request: &Request) -> Option<Digit> {
    let kind = request.headers.content_type()?;
    media::dtmf::from_info(&kind, &request.body)
}
