//! A registration of ours at another server (RFC 3261 10.2), as a value: when a REGISTER is due, what it says, and what its answer means.
//!
//! It is refreshed well before it expires, an interval that is too brief is raised (423), a challenge is answered (401, 407), and
//! after a failure it is tried again ever more slowly, at times that no two clients share.

use std::time::{Duration, Instant};

use crate::digest::{Account, Answers};
use crate::endpoint::RequestError;
use crate::syntax::{
    Contacts, HeaderName, Headers, Method, NameAddr, Request, Response, StatusCode, Uri,
};

/// What is registered where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The server's domain: the Request-URI.
    pub registrar: Uri,
    /// The address of record that is registered.
    pub address: Uri,
    /// The account there.
    pub account: Account,
    /// For how long is asked.
    pub expiry: Duration,
}

/// How the registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was answered yet.
    Trying,
    /// The server knows where we are.
    Registered,
    /// It refuses us, with this status.
    Refused(StatusCode),
    /// It does not answer.
    NoAnswer,
}

/// A registration of ours.
#[derive(Debug)]
pub struct Registration {
    order: Order,
    answers: Answers,
    call_id: String,
    cseq: u32,
    /// What is asked for: as ordered, or more after a 423.
    wish: Duration,
    standing: Standing,
    failures: u32,
    /// Requests in a row that were answered with a question rather than an end.
    questions: u8,
    /// When the next REGISTER is due; none while one is under way.
    due: Option<Instant>,
}

impl Registration {
    /// One that is due at once. `call_id` and `cnonce` are to be random.
    pub fn new(
        order: Order,
        call_id: impl Into<String>,
        cnonce: impl Into<Box<str>>,
        now: Instant,
    ) -> Self {
        Self {
            answers: Answers::new(order.account.clone(), cnonce),
            call_id: call_id.into(),
            cseq: 0,
            wish: order.expiry,
            order,
            standing: Standing::Trying,
            failures: 0,
            questions: 0,
            due: Some(now),
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// When [`Registration::request`] is wanted next; none while an answer is awaited.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The flow has changed: the server is to be told at once, unless it is given time. An answer that has not come yet does not come.
    pub fn flow_changed(&mut self, now: Instant) {
        if self.due.is_none() || self.standing == Standing::Registered {
            self.due = Some(now);
        }
    }

    /// The REGISTER that is due, for this contact.
    pub fn request(&mut self, contact: &Uri) -> Request {
        self.due = None;
        let expires = self.wish.as_secs();
        self.register(contact, expires)
    }

    /// A REGISTER that takes the contact away (RFC 3261 10.2.2). Its answer does not matter.
    pub fn removal(&mut self, contact: &Uri) -> Request {
        self.register(contact, 0)
    }

    fn register(&mut self, contact: &Uri, expires: u64) -> Request {
        self.cseq = self.cseq.saturating_add(1);
        let address = NameAddr::new(self.order.address.clone());
        let mut request = Request::new(Method::Register, self.order.registrar.clone());
        let headers = &mut request.headers;
        // The endpoint adds the tag.
        headers.push(HeaderName::From, address.to_string());
        headers.push(HeaderName::To, address.to_string());
        headers.push(HeaderName::CallId, self.call_id.clone());
        headers.push(HeaderName::CSeq, format!("{} REGISTER", self.cseq));
        headers.push(
            HeaderName::Contact,
            NameAddr::new(contact.clone()).to_string(),
        );
        headers.push(HeaderName::Expires, expires.to_string());
        self.answers.sign(&mut request);
        request
    }

    /// The answer to the request. `random` spreads what is tried again.
    pub fn answered(
        &mut self,
        answer: &Result<Response, RequestError>,
        contact: &Uri,
        now: Instant,
        random: u32,
    ) {
        let response = match answer {
            Ok(response) => response,
            Err(RequestError::Timeout | RequestError::Transport | RequestError::Refused) => {
                return self.failed(Standing::NoAnswer, None, now, random);
            }
        };
        if response.status.is_success() {
            self.answers.accepted();
            self.failures = 0;
            self.questions = 0;
            self.standing = Standing::Registered;
            let granted = granted(&response.headers, contact).unwrap_or(self.wish);
            self.due = Some(now + refresh_after(granted, random));
            return;
        }
        if self.questions < MOST_QUESTIONS && self.is_question(response) {
            self.questions += 1;
            self.due = Some(now);
            return;
        }
        let again = response.headers.retry_after().ok().flatten();
        let again = again.map(|seconds| Duration::from_secs(seconds.into()));
        let standing = match response.status {
            // Nobody is there, or somebody for whom nobody is there.
            StatusCode::REQUEST_TIMEOUT => Standing::NoAnswer,
            status => Standing::Refused(status),
        };
        self.failed(standing, again, now, random);
    }

    /// Whether a refusal asks for something that the next request has.
    fn is_question(&mut self, response: &Response) -> bool {
        if response.status == StatusCode::INTERVAL_TOO_BRIEF {
            let least = response.headers.min_expires().ok().flatten();
            let least = least.map(|seconds| Duration::from_secs(seconds.into()));
            let raised = least.filter(|least| *least > self.wish && *least <= LONGEST);
            self.wish = raised.unwrap_or(self.wish);
            return raised.is_some();
        }
        self.answers.challenged(response)
    }

    fn failed(&mut self, standing: Standing, again: Option<Duration>, now: Instant, random: u32) {
        self.standing = standing;
        self.questions = 0;
        // Whoever asked for a signature before is asked anew: the password may have been put right there.
        self.answers.accepted();
        let doubled = FIRST_DELAY.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        let delay = doubled.min(LONGEST_DELAY);
        // RFC 5626 section 4.5: between half of it and all.
        let delay = delay / 2 + part(delay / 2, random);
        let asked = again.unwrap_or_default().min(LONGEST_DELAY);
        self.due = Some(now + delay.max(asked));
    }
}

/// For how long the server keeps our contact.
fn granted(headers: &Headers, contact: &Uri) -> Option<Duration> {
    let ours = match headers.contacts() {
        Ok(Contacts::List(list)) => list
            .iter()
            .find(|kept| kept.uri.user() == contact.user())
            .and_then(|kept| kept.params.value("expires")?.parse().ok()),
        Ok(Contacts::All) | Err(_) => None,
    };
    let seconds: u32 = ours.or_else(|| headers.expires().ok().flatten())?;
    Some(Duration::from_secs(seconds.into()).min(LONGEST))
}

/// Between three quarters and nine tenths of what was granted: a lost refresh can be sent again before the end.
fn refresh_after(granted: Duration, random: u32) -> Duration {
    let least = granted * 3 / 4;
    (least + part(granted * 3 / 20, random)).max(SOONEST)
}

/// A random part of it.
fn part(whole: Duration, random: u32) -> Duration {
    whole.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// A server that questions every request is not asked for ever.
const MOST_QUESTIONS: u8 = 4;
const FIRST_DELAY: Duration = Duration::from_secs(4);
const LONGEST_DELAY: Duration = Duration::from_mins(5);
/// A server that grants less than this is not refreshed all the time.
const SOONEST: Duration = Duration::from_secs(5);
/// Longer than anybody asks for.
const LONGEST: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests;
