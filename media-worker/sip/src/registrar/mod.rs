//! The registrar (RFC 3261 10.3): the bindings of one address of record, as a value.

mod contact;

use std::time::{Duration, Instant};

pub use contact::Contact;

use crate::syntax::{
    Contacts, HeaderName, Headers, NameAddr, Request, Response, Scheme, StatusCode,
};
use crate::transport::Flow;

/// How long bindings (and subscriptions) live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryPolicy {
    /// Shorter wishes are answered 423.
    pub min: Duration,
    /// Without a wish.
    pub default: Duration,
    /// Longer wishes are cut to this.
    pub max: Duration,
}

impl Default for ExpiryPolicy {
    fn default() -> Self {
        Self {
            min: Duration::from_mins(1),
            default: Duration::from_hours(1),
            max: Duration::from_hours(2),
        }
    }
}

impl ExpiryPolicy {
    /// What is granted for a wish of so many seconds; zero is a removal. `Err`: too short.
    pub fn grant(&self, wish: Option<u32>) -> Result<Duration, Refusal> {
        let wish = wish.map_or(self.default, |seconds| {
            Duration::from_secs(u64::from(seconds))
        });
        if wish.is_zero() {
            return Ok(wish);
        }
        if wish < self.min {
            let mut refusal = Refusal::new(StatusCode::INTERVAL_TOO_BRIEF);
            refusal
                .headers
                .push(HeaderName::MinExpires, self.min.as_secs().to_string());
            return Err(refusal);
        }
        Ok(wish.min(self.max))
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused with {status}")]
pub struct Refusal {
    /// The final response.
    pub status: StatusCode,
    /// What goes with it: Min-Expires, Retry-After, Allow-Events.
    pub headers: Headers,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: Headers::new(),
        }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The response that says so.
    pub fn response(&self, request: &Request) -> Response {
        let mut response = request.respond(self.status);
        response.headers.extend(self.headers.clone());
        response
    }
}

/// What a REGISTER changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// New contacts.
    pub added: Vec<Contact>,
    /// Contacts that live longer now, or are reached otherwise.
    pub refreshed: Vec<Contact>,
    /// Contacts that are gone, as they were.
    pub removed: Vec<Contact>,
}

/// The bindings of one address of record.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    contacts: Vec<Contact>,
    limit: usize,
}

impl Bindings {
    /// No bindings, and at most so many ever. When a further contact comes, the one that would expire first goes: a
    /// phone that lost its memory must not lock its owner out.
    pub fn new(limit: usize) -> Self {
        Self {
            contacts: Vec::new(),
            limit,
        }
    }

    /// Carries out a REGISTER that was authenticated, wholly or not at all. A REGISTER without Contact asks only.
    pub fn apply(
        &mut self,
        request: &Request,
        flow: Flow,
        now: Instant,
        policy: &ExpiryPolicy,
    ) -> Result<Change, Refusal> {
        self.contacts.retain(|contact| contact.expires_at > now);
        match request.headers.contacts() {
            Err(_) => Err(Refusal::new(StatusCode::BAD_REQUEST)),
            Ok(Contacts::All) => self.remove_all(request),
            Ok(Contacts::List(list)) => {
                let wishes = self.wishes(request, list, flow, now, policy)?;
                let mut change = Change::default();
                for wish in wishes {
                    self.carry_out(wish, now, &mut change);
                }
                Ok(change)
            }
        }
    }

    /// The contacts that have not expired, best `q` first, then the most recent.
    pub fn contacts(&self, now: Instant) -> impl Iterator<Item = &Contact> {
        let mut live: Vec<&Contact> = self
            .contacts
            .iter()
            .filter(|contact| contact.expires_at > now)
            .collect();
        live.sort_by_key(|contact| {
            std::cmp::Reverse((contact.q.unwrap_or(1000), contact.expires_at))
        });
        live.into_iter()
    }

    /// Puts back a contact that was journalled, unless its phone has registered since: what is known is newer.
    pub fn restore(&mut self, contact: Contact) {
        let is_known = self.contacts.iter().any(|known| known.is_same(&contact));
        if !is_known && self.contacts.len() < self.limit {
            self.contacts.push(contact);
        }
    }

    /// Drops a contact whose connection is lost or whose phone is found to be gone.
    pub fn drop_flow(&mut self, flow: Flow) -> Vec<Contact> {
        self.contacts
            .extract_if(.., |contact| contact.flow == flow)
            .collect()
    }

    /// Takes out what has expired.
    pub fn expire(&mut self, now: Instant) -> Vec<Contact> {
        self.contacts
            .extract_if(.., |contact| contact.expires_at <= now)
            .collect()
    }

    /// When the next contact expires.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.contacts.iter().map(|contact| contact.expires_at).min()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.contacts.is_empty()
    }

    /// RFC 3261 10.3 step 6: `*` stands alone, with Expires 0.
    fn remove_all(&mut self, request: &Request) -> Result<Change, Refusal> {
        if request.headers.expires() != Ok(Some(0)) {
            return Err(Refusal::new(StatusCode::BAD_REQUEST));
        }
        let (call_id, seq) = identity(request);
        if self
            .contacts
            .iter()
            .any(|contact| contact.call_id == call_id && contact.cseq >= seq)
        {
            return Err(out_of_order());
        }
        Ok(Change {
            removed: std::mem::take(&mut self.contacts),
            ..Change::default()
        })
    }

    /// RFC 3261 10.3 step 7: every contact is checked before any is changed.
    fn wishes(
        &self,
        request: &Request,
        list: Vec<NameAddr>,
        flow: Flow,
        now: Instant,
        policy: &ExpiryPolicy,
    ) -> Result<Vec<Contact>, Refusal> {
        if list.len() > self.limit {
            return Err(Refusal::new(StatusCode::FORBIDDEN));
        }
        let (call_id, seq) = identity(request);
        let header = request.headers.expires().ok().flatten();
        let mut wishes = Vec::with_capacity(list.len());
        for address in list {
            if !matches!(address.uri.scheme, Scheme::Sip | Scheme::Sips) {
                return Err(Refusal::new(StatusCode::BAD_REQUEST));
            }
            let own = address
                .params
                .value("expires")
                .map(|text| text.parse().unwrap_or(3600));
            let expires_at = now + policy.grant(own.or(header))?;
            let wish = Contact::of(request, address, flow, expires_at, call_id.clone(), seq);
            let known = self.contacts.iter().find(|known| known.is_same(&wish));
            if known.is_some_and(|known| known.call_id == call_id && known.cseq >= seq) {
                return Err(out_of_order());
            }
            wishes.push(wish);
        }
        Ok(wishes)
    }

    fn carry_out(&mut self, wish: Contact, now: Instant, change: &mut Change) {
        let known = self.contacts.iter().position(|known| known.is_same(&wish));
        match known.map(|index| self.contacts.swap_remove(index)) {
            Some(former) if wish.expires_at <= now => change.removed.push(former),
            Some(_) => {
                change.refreshed.push(wish.clone());
                self.contacts.push(wish);
            }
            None if wish.expires_at <= now => {}
            None => {
                if self.contacts.len() >= self.limit {
                    let first = self
                        .contacts
                        .iter()
                        .enumerate()
                        .min_by_key(|(_, contact)| contact.expires_at);
                    if let Some(index) = first.map(|(index, _)| index) {
                        change.removed.push(self.contacts.swap_remove(index));
                    }
                }
                change.added.push(wish.clone());
                self.contacts.push(wish);
            }
        }
    }
}

/// The 200 to a REGISTER: all contacts with the seconds they have left (RFC 3261 10.3 step 8).
pub fn ok(request: &Request, bindings: &Bindings, now: Instant) -> Response {
    let mut response = request.respond(StatusCode::OK);
    for contact in bindings.contacts(now) {
        response
            .headers
            .push(HeaderName::Contact, contact.header(now));
    }
    response
}

fn identity(request: &Request) -> (String, u32) {
    let call_id = request
        .headers
        .call_id()
        .ok()
        .flatten()
        .unwrap_or_default()
        .to_owned();
    (
        call_id,
        request
            .headers
            .cseq()
            .ok()
            .flatten()
            .map_or(0, |cseq| cseq.seq),
    )
}

fn out_of_order() -> Refusal {
    Refusal::new(StatusCode::SERVER_INTERNAL_ERROR)
}

#[cfg(test)]
mod tests;
