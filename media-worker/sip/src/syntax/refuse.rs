//! Requests that are well formed and ask for too much.

use super::header_name::HeaderName;
use super::message::{Request, Response};
use super::status::StatusCode;

impl Request {
    /// The 420 to a request that requires extensions beside these, with them named (RFC 3261 section 8.2.2.3); `None` when
    /// it requires no others. ACK and CANCEL are not to be asked about.
    pub fn unsupported(&self, supported: &[&str]) -> Option<Response> {
        let Ok(required) = self.headers.require() else {
            return Some(self.respond(StatusCode::BAD_REQUEST));
        };
        let is_known = |tag: &String| {
            supported
                .iter()
                .any(|known| known.eq_ignore_ascii_case(tag))
        };
        let unknown: Vec<String> = required.into_iter().filter(|tag| !is_known(tag)).collect();
        if unknown.is_empty() {
            return None;
        }
        let refusal = self.respond(StatusCode::BAD_EXTENSION);
        Some(refusal.with_header(HeaderName::Unsupported, unknown.join(", ")))
    }
}
