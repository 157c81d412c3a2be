//! The notifier's side of subscriptions (RFC 6665 4.2): those to one resource, as a value.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::dialog::{Dialog, KeptDialog, Order};
use crate::endpoint::RequestError;
use crate::registrar::{ExpiryPolicy, Refusal};
use crate::syntax::{HeaderName, Method, Request, Response, StatusCode};
use crate::transport::Flow;

/// Names a subscription: our tag of its dialog.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionKey(Box<str>);

/// What became of a NOTIFY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The subscription lives on.
    Kept,
    /// It lives on, and the state has changed since: another NOTIFY is due.
    NotifyAgain,
    /// It is gone: the subscriber is dead or does not know it.
    Removed,
}

/// Why a subscription ends (RFC 6665 4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// It was not refreshed, or the subscriber ended it.
    Timeout,
    /// The subscriber should subscribe anew at once.
    Deactivated,
    /// The resource is no more.
    NoResource,
    /// The subscriber may not any longer.
    Rejected,
}

/// A NOTIFY to send with [`crate::Endpoint::request`].
#[derive(Debug, Clone)]
pub struct Notify {
    /// The NOTIFY; the endpoint adds Contact.
    pub request: Request,
    /// Where it goes.
    pub flow: Flow,
}

/// A subscription as it is kept over a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its dialog.
    pub dialog: KeptDialog,
    /// Value of Event, with its `id`.
    pub event: String,
    /// When it ends.
    pub until: Instant,
    /// Where NOTIFYs go.
    pub flow: Flow,
}

/// The subscriptions to one resource of one event package.
#[derive(Debug)]
pub struct Subscriptions {
    package: &'static str,
    limit: usize,
    seed: [u8; 32],
    serial: u64,
    live: HashMap<SubscriptionKey, Subscription>,
}

#[derive(Debug)]
struct Subscription {
    dialog: Dialog,
    /// Value of Event, with its `id`.
    event: String,
    state: State,
    notifying: Notifying,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Active { until: Instant },
    Terminated(Termination),
}

/// One NOTIFY at a time, so that they cannot overtake each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notifying {
    Idle,
    Sent,
    SentAndStale,
}

impl Subscriptions {
    /// No subscriptions, and at most so many. The seed makes the tags of the dialogs.
    pub fn new(package: &'static str, limit: usize, seed: [u8; 32]) -> Self {
        Self {
            package,
            limit,
            seed,
            serial: 0,
            live: HashMap::new(),
        }
    }

    /// A SUBSCRIBE that was authenticated: makes, refreshes or ends a subscription. After the response was sent, a
    /// NOTIFY is due at once (RFC 6665 4.2.1.2).
    pub fn subscribe(
        &mut self,
        request: &Request,
        flow: Flow,
        now: Instant,
        policy: &ExpiryPolicy,
    ) -> Result<(Response, SubscriptionKey), Refusal> {
        let event = request
            .headers
            .event()
            .ok()
            .flatten()
            .filter(|event| event.package == self.package);
        let Some(event) = event else {
            return Err(
                Refusal::new(StatusCode::BAD_EVENT).with(HeaderName::AllowEvents, self.package)
            );
        };
        let wish = request
            .headers
            .expires()
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST))?;
        let granted = policy.grant(wish)?;
        let state = if granted.is_zero() {
            State::Terminated(Termination::Timeout)
        } else {
            State::Active {
                until: now + granted,
            }
        };
        let to = request.headers.to().ok().flatten();
        let key = match to.as_ref().and_then(|to| to.tag()) {
            Some(tag) => self.refresh(tag, request, flow, state)?,
            None => self.begin(request, event.to_string(), flow, state)?,
        };
        let response = request
            .respond_tagged(StatusCode::OK, &key.0)
            .with_header(HeaderName::Expires, granted.as_secs().to_string());
        Ok((response, key))
    }

    /// The NOTIFY that tells the present state; `None` while another is under way (the state is told after it) or if
    /// there is no such subscription. After one that says `terminated`, the subscription is gone.
    pub fn notify(
        &mut self,
        key: &SubscriptionKey,
        content_type: &'static str,
        body: Bytes,
        now: Instant,
    ) -> Option<Notify> {
        let subscription = self.live.get_mut(key)?;
        let terminated = matches!(subscription.state, State::Terminated(_));
        if subscription.notifying != Notifying::Idle && !terminated {
            subscription.notifying = Notifying::SentAndStale;
            return None;
        }
        subscription.notifying = Notifying::Sent;
        let mut request = subscription.dialog.request(Method::Notify);
        request
            .headers
            .push(HeaderName::Event, subscription.event.clone());
        request.headers.push(
            HeaderName::SubscriptionState,
            subscription.state.header(now),
        );
        if !body.is_empty() {
            request.set_body(content_type, body);
        }
        let flow = subscription.dialog.flow();
        if terminated {
            self.live.remove(key);
        }
        Some(Notify { request, flow })
    }

    /// What the response to a NOTIFY (or its absence) means for the subscription (RFC 6665 4.2.2).
    pub fn outcome(
        &mut self,
        key: &SubscriptionKey,
        result: &Result<Response, RequestError>,
    ) -> Outcome {
        let Some(subscription) = self.live.get_mut(key) else {
            return Outcome::Removed;
        };
        let dead = match result {
            Err(_) => true,
            Ok(response) => {
                !response.headers.has(&HeaderName::RetryAfter) && ends_subscription(response.status)
            }
        };
        if dead {
            self.live.remove(key);
            return Outcome::Removed;
        }
        match std::mem::replace(&mut subscription.notifying, Notifying::Idle) {
            Notifying::SentAndStale => Outcome::NotifyAgain,
            Notifying::Idle | Notifying::Sent => Outcome::Kept,
        }
    }

    /// Ends a subscription; the NOTIFY that says so is due.
    pub fn terminate(&mut self, key: &SubscriptionKey, why: Termination) {
        if let Some(subscription) = self.live.get_mut(key) {
            subscription.state = State::Terminated(why);
        }
    }

    /// The subscriptions that have expired; the NOTIFY that says so is due for each.
    pub fn expire(&mut self, now: Instant) -> Vec<SubscriptionKey> {
        let mut expired = Vec::new();
        for (key, subscription) in &mut self.live {
            if matches!(subscription.state, State::Active { until } if until <= now) {
                subscription.state = State::Terminated(Termination::Timeout);
                expired.push(key.clone());
            }
        }
        expired.sort();
        expired
    }

    /// When the next subscription expires.
    pub fn next_expiry(&self) -> Option<Instant> {
        let until = |subscription: &Subscription| match subscription.state {
            State::Active { until } => Some(until),
            State::Terminated(_) => None,
        };
        self.live.values().filter_map(until).min()
    }

    /// All subscriptions, in a fixed order.
    pub fn keys(&self) -> Vec<SubscriptionKey> {
        let mut keys: Vec<_> = self.live.keys().cloned().collect();
        keys.sort();
        keys
    }

    /// What is to be kept of a subscription, so that it outlives this process; none for one that has ended.
    pub fn kept(&self, key: &SubscriptionKey) -> Option<Kept> {
        let subscription = self.live.get(key)?;
        match subscription.state {
            State::Active { until } => Some(Kept {
                dialog: subscription.dialog.kept(),
                event: subscription.event.clone(),
                until,
                flow: subscription.dialog.flow(),
            }),
            State::Terminated(_) => None,
        }
    }

    /// Takes up a subscription that another process kept; its NOTIFYs go on counting from `seq`, which must be above all that
    /// were sent (RFC 3261 12.2.1.1). None where it makes no sense, or there are too many.
    pub fn restore(&mut self, kept: Kept, seq: u32) -> Option<SubscriptionKey> {
        if self.live.len() >= self.limit {
            return None;
        }
        let mut dialog = Dialog::restored(&kept.dialog, kept.flow)?;
        dialog.skip_seq(seq);
        let key = SubscriptionKey(dialog.local_tag().into());
        let subscription = Subscription {
            dialog,
            event: kept.event,
            state: State::Active { until: kept.until },
            notifying: Notifying::Idle,
        };
        self.live.insert(key.clone(), subscription);
        Some(key)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Whether a SUBSCRIBE with this To tag is one of ours.
    pub fn knows(&self, to_tag: &str) -> bool {
        self.live.contains_key(&SubscriptionKey(to_tag.into()))
    }

    fn begin(
        &mut self,
        request: &Request,
        event: String,
        flow: Flow,
        state: State,
    ) -> Result<SubscriptionKey, Refusal> {
        self.serial += 1;
        let key = SubscriptionKey(self.tag());
        let dialog = Dialog::uas(request, &key.0, flow)
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST))?;
        // A phone that forgot its subscription and makes another does not get two lamps.
        let again = |known: &Subscription| {
            known
                .dialog
                .remote_target()
                .equivalent(dialog.remote_target())
                && known.dialog.flow() == flow
        };
        self.live.retain(|_, known| !again(known));
        if self.live.len() >= self.limit {
            return Err(
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE).with(HeaderName::RetryAfter, "60")
            );
        }
        self.live.insert(
            key.clone(),
            Subscription {
                dialog,
                event,
                state,
                notifying: Notifying::Idle,
            },
        );
        Ok(key)
    }

    fn refresh(
        &mut self,
        tag: &str,
        request: &Request,
        flow: Flow,
        state: State,
    ) -> Result<SubscriptionKey, Refusal> {
        let headers = &request.headers;
        let key = SubscriptionKey(tag.into());
        let from = headers.from().ok().flatten();
        let remote_tag = from
            .as_ref()
            .and_then(|from| from.tag())
            .unwrap_or_default();
        let call_id = headers.call_id().ok().flatten().unwrap_or_default();
        let seq = headers.cseq().ok().flatten().map_or(0, |cseq| cseq.seq);
        let known = self
            .live
            .get_mut(&key)
            .filter(|known| known.dialog.matches(call_id, tag, remote_tag));
        let Some(known) = known else {
            return Err(Refusal::new(StatusCode::CALL_DOES_NOT_EXIST));
        };
        if known.dialog.note_request(seq, flow) == Order::Old {
            return Err(Refusal::new(StatusCode::SERVER_INTERNAL_ERROR));
        }
        known.dialog.refresh_target(headers);
        known.state = state;
        Ok(key)
    }

    /// A tag nobody can guess: a hash of the seed and a count.
    fn tag(&self) -> Box<str> {
        let hash = Sha256::new()
            .chain_update(self.seed)
            .chain_update(self.serial.to_be_bytes())
            .finalize();
        let tag = hash
            .iter()
            .take(8)
            .fold(0u64, |tag, octet| (tag << 8) | u64::from(*octet));
        format!("sub{tag:016x}").into()
    }
}

impl State {
    fn header(self, now: Instant) -> String {
        match self {
            Self::Active { until } => {
                let left = until.saturating_duration_since(now) + Duration::from_millis(999);
                format!("active;expires={}", left.as_secs())
            }
            Self::Terminated(why) => format!("terminated;reason={}", why.as_str()),
        }
    }
}

impl Termination {
    fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Deactivated => "deactivated",
            Self::NoResource => "noresource",
            Self::Rejected => "rejected",
        }
    }
}

/// The responses to NOTIFY that end the subscription (RFC 6665 4.2.2, RFC 5057 5.1).
fn ends_subscription(status: StatusCode) -> bool {
    matches!(
        status.code(),
        404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 604
    )
}

#[cfg(test)]
mod tests;
