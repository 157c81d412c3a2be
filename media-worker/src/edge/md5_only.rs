//! Phones that give up when they see a SHA-256 challenge beside the MD5 one.
//!
//! RFC 8760 section 2.4 has a phone skip algorithms that it doesn't know, but many made before it don't: they fail on the first
//! challenge, or on any they don't know. Such a phone comes back without credentials; from then on it is offered MD5 alone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use sip::syntax::{HeaderName, Request};

/// Who was challenged and has not answered yet.
#[derive(Debug, Default)]
pub(super) struct Md5Only {
    unanswered: HashMap<(IpAddr, String), Instant>,
}

impl Md5Only {
    /// A request without credentials: whether its sender is to be offered MD5 alone.
    pub(super) fn challenged(&mut self, source: IpAddr, request: &Request, now: Instant) -> bool {
        if request.headers.authorizations().next().is_some() {
            // He can answer what he was offered, only not rightly.
            self.answered(source, request);
            return false;
        }
        if self.unanswered.len() >= MAX_PEERS {
            self.unanswered.clear();
        }
        let before = self.unanswered.insert(peer(source, request), now);
        let came_back = before.is_some_and(|before| now.duration_since(before) < MEMORY);
        came_back || is_known(request)
    }

    /// Its sender has answered a challenge.
    pub(super) fn answered(&mut self, source: IpAddr, request: &Request) {
        if !self.unanswered.is_empty() {
            self.unanswered.remove(&peer(source, request));
        }
    }
}

fn peer(source: IpAddr, request: &Request) -> (IpAddr, String) {
    let from = request.headers.from().ok().flatten();
    let user = from.and_then(|from| from.uri.user().map(std::borrow::Cow::into_owned));
    (source, user.unwrap_or_default())
}

fn is_known(request: &Request) -> bool {
    let agent = request
        .headers
        .get(&HeaderName::UserAgent)
        .unwrap_or_default();
    KNOWN.iter().any(|known| agent.starts_with(known))
}

/// User agents known to fail, so that they need not fail once.
const KNOWN: [&str; 2] = ["baresip v0.", "baresip v1."];
/// How long a challenge may stay unanswered before the phone counts as new: phones try again within minutes.
const MEMORY: Duration = Duration::from_mins(10);
const MAX_PEERS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use sip::syntax::{Method, Uri};

    fn register(headers: &[(HeaderName, &'static str)]) -> Request {
        let mut request = Request::new(
            Method::Register,
            Uri::parse("sip:office.example.com").unwrap(),
        );
        request
            .headers
            .push(HeaderName::From, "<sip:mary-desk@office.example.com>;tag=1");
        for (name, value) in headers {
            request.headers.push(name.clone(), *value);
        }
        request
    }

    const PHONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    #[test]
    fn a_phone_that_comes_back_without_credentials_is_offered_md5_alone() {
        let mut phones = Md5Only::default();
        let now = Instant::now();
        assert!(!phones.challenged(PHONE, &register(&[]), now));
        assert!(phones.challenged(PHONE, &register(&[]), now + Duration::from_secs(40)));
    }

    #[test]
    fn a_phone_that_answers_keeps_being_offered_both() {
        let mut phones = Md5Only::default();
        let now = Instant::now();
        assert!(!phones.challenged(PHONE, &register(&[]), now));
        phones.answered(PHONE, &register(&[]));
        assert!(!phones.challenged(PHONE, &register(&[]), now + Duration::from_secs(40)));
    }

    #[test]
    fn a_phone_known_to_fail_need_not_fail_once() {
        let mut phones = Md5Only::default();
        let request = register(&[(HeaderName::UserAgent, "baresip v1.0.0 (x86_64/linux)")]);
        assert!(phones.challenged(PHONE, &request, Instant::now()));
    }
}
