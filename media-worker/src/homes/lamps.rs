//! Message lamps (RFC 3842): phones that subscribed, and phones that only registered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crds::directory::{Account, Directory, UserEntry};
use jiff::{SignedDuration, Timestamp};
use sip::dialog::KeptDialog;
use sip::mwi;
use sip::registrar::{Contact, ExpiryPolicy};
use sip::subscription::{Kept, Outcome, SubscriptionKey, Subscriptions, Termination};
use sip::syntax::{HeaderName, Host, Method, NameAddr, Request, Response, Uri};
use sip::transport::Flow;

use super::journal::StoredLamp;
use crate::signalling::Signalling;

/// How many messages a lamp tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) new: u32,
    pub(super) saved: u32,
}

/// The lamps that show one mailbox.
#[derive(Debug)]
pub(super) struct Lamps {
    subscriptions: Subscriptions,
    /// Which handset subscribed; it gets no unsolicited NOTIFY.
    watchers: HashMap<SubscriptionKey, Arc<str>>,
}

/// One NOTIFY to be sent.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) request: Request,
    pub(super) flow: Flow,
    /// The subscription it belongs to; none for an unsolicited one.
    pub(super) key: Option<SubscriptionKey>,
}

impl Lamps {
    /// No lamps yet; the seed makes the subscriptions' tags.
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self {
            subscriptions: Subscriptions::new("message-summary", MAX_SUBSCRIPTIONS, seed),
            watchers: HashMap::new(),
        }
    }

    /// Carries out a SUBSCRIBE; its first NOTIFY follows with [`Lamps::notify_one`].
    pub(super) fn subscribe(
        &mut self,
        watcher: Arc<str>,
        request: &Request,
        flow: Flow,
        policy: &ExpiryPolicy,
        now: Instant,
    ) -> (Response, Option<SubscriptionKey>) {
        match self.subscriptions.subscribe(request, flow, now, policy) {
            Ok((response, key)) => {
                self.watchers.insert(key.clone(), watcher);
                (response, Some(key))
            }
            Err(refusal) => (refusal.response(request), None),
        }
    }

    /// The subscriptions as the journal keeps them: those over datagrams, since connections don't outlive the worker.
    pub(super) fn stored(&self, now: Instant, clock: Timestamp) -> Vec<StoredLamp> {
        let stored = self.watchers.iter().filter_map(|(key, handset)| {
            let kept = self.subscriptions.kept(key)?;
            let over_datagrams = !kept.flow.protocol.is_reliable();
            over_datagrams.then(|| store(handset, kept, now, clock))
        });
        stored.collect()
    }

    /// Takes up what the journal kept; all are to be told what there is now.
    pub(super) fn restore(
        &mut self,
        stored: Vec<StoredLamp>,
        signalling: &Signalling,
        now: Instant,
        clock: Timestamp,
    ) {
        // Seconds go faster than NOTIFYs: higher than any number that was sent, and below 2^31 for a lifetime.
        let seq = u32::try_from(clock.as_second() - NUMBERS_SINCE).unwrap_or_default();
        for lamp in stored {
            let handset: Arc<str> = lamp.handset.as_str().into();
            let Some(kept) = load(lamp, signalling, now, clock) else {
                continue;
            };
            if let Some(key) = self.subscriptions.restore(kept, seq) {
                self.watchers.insert(key, handset);
            }
        }
    }

    /// The NOTIFY of one subscription. Without a body where nobody knows what to show (RFC 6665 section 4.2.1.2): the lamp stays as it is.
    pub(super) fn notify_one(
        &mut self,
        key: &SubscriptionKey,
        number: &MailboxNumber,
        shown: Option<Shown>,
        now: Instant,
    ) -> Option<Notice> {
        let watcher = self.watchers.get(key).map(|handset| &**handset);
        let body = shown.map_or_else(Bytes::new, |shown| body(&number.dialled_by(watcher), shown));
        let notify = self.subscriptions.notify(key, CONTENT_TYPE, body, now)?;
        Some(Notice {
            request: notify.request,
            flow: notify.flow,
            key: Some(key.clone()),
        })
    }

    /// The NOTIFYs that tell every subscribed phone, and every other one of `contacts`.
    pub(super) fn notify_all<'a>(
        &mut self,
        number: &MailboxNumber,
        shown: Shown,
        contacts: impl Iterator<Item = (&'a Arc<str>, &'a Contact)>,
        now: Instant,
    ) -> Vec<Notice> {
        let keys: Vec<SubscriptionKey> = self.watchers.keys().cloned().collect();
        let mut notices: Vec<Notice> = keys
            .iter()
            .filter_map(|key| self.notify_one(key, number, Some(shown), now))
            .collect();
        notices.extend(
            contacts
                .filter(|(handset, _)| !self.watchers.values().any(|watcher| watcher == *handset))
                .map(|(handset, contact)| unsolicited(number, handset, shown, contact)),
        );
        notices
    }

    /// Ends the subscriptions of handsets that may not watch any longer: each is to be told so.
    pub(super) fn dismiss(&mut self, may: impl Fn(&str) -> bool) -> Vec<SubscriptionKey> {
        let watchers = self.watchers.iter();
        let dismissed: Vec<SubscriptionKey> = watchers
            .filter(|(_, handset)| !may(handset))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &dismissed {
            self.subscriptions.terminate(key, Termination::Rejected);
            self.watchers.remove(key);
        }
        dismissed
    }

    /// Whether a handset has subscribed.
    pub(super) fn has(&self, handset: &Arc<str>) -> bool {
        self.watchers.values().any(|watcher| watcher == handset)
    }

    /// What became of a NOTIFY: a phone that no longer knows the subscription has lost it (RFC 6665 section 4.2.2).
    pub(super) fn answered(
        &mut self,
        key: &SubscriptionKey,
        answer: &crate::signalling::Answer,
    ) -> Outcome {
        let outcome = self.subscriptions.outcome(key, answer);
        if outcome == Outcome::Removed {
            self.watchers.remove(key);
        }
        outcome
    }

    /// The subscriptions that have expired: each is to be told so.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<SubscriptionKey> {
        let expired = self.subscriptions.expire(now);
        for key in &expired {
            self.watchers.remove(key);
        }
        expired
    }

    /// When the next subscription expires.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.subscriptions.next_expiry()
    }
}

/// Whether a phone may watch the mailbox of this user: it is his own, or that of somebody whom he lists (spec MB-3).
pub fn may_watch(account: &Account, user: &UserEntry) -> bool {
    let watcher = watcher(account);
    watcher.is_some_and(|watcher| *watcher == user.name || user.monitored_by.contains(watcher))
}

fn watcher(account: &Account) -> Option<&Arc<str>> {
    account.user.as_ref().or(account.owner.as_ref())
}

/// What phones dial to open a mailbox: the user's own the message center, those of others the message center of his
/// extension, so that only his PIN is asked (spec VM-3). Their messages keys dial what they are told here.
pub(super) struct MailboxNumber {
    directory: Arc<Directory>,
    user: Option<Arc<str>>,
}

impl MailboxNumber {
    /// That of this user's mailbox; without a user there are no messages, and every phone dials its own.
    pub(super) fn new(directory: Arc<Directory>, user: Option<Arc<str>>) -> Self {
        Self { directory, user }
    }

    fn dialled_by(&self, handset: Option<&str>) -> Uri {
        let system = self.directory.system();
        let number = handset
            .and_then(|handset| self.of_anothers(handset))
            .unwrap_or_else(|| system.dial_plan.message_center.clone());
        Uri::sip(Some(&number), Host::Name((&*system.domain).into()), None)
    }

    /// Where the handset is not the user's own.
    fn of_anothers(&self, handset: &str) -> Option<String> {
        let user = self.directory.user(self.user.as_ref()?)?;
        let watcher = watcher(self.directory.handset(handset)?)?;
        let prefix = &self.directory.system().dial_plan.message_center_of;
        let extension = user.extension.as_ref()?;
        (*watcher != user.name).then(|| format!("{prefix}{extension}"))
    }
}

/// A NOTIFY that nobody asked for, to a registered phone that did not subscribe: as PBXes have long done.
pub(super) fn unsolicited(
    number: &MailboxNumber,
    handset: &str,
    shown: Shown,
    contact: &Contact,
) -> Notice {
    let account = number.dialled_by(Some(handset));
    let mut request = Request::new(Method::Notify, contact.uri.clone());
    request
        .headers
        .push(HeaderName::From, NameAddr::new(account.clone()).to_string());
    request
        .headers
        .push(HeaderName::To, NameAddr::new(account.clone()).to_string());
    request.headers.push(HeaderName::Event, "message-summary");
    request
        .headers
        .push(HeaderName::SubscriptionState, "active");
    request.set_body(CONTENT_TYPE, body(&account, shown));
    Notice {
        request,
        flow: contact.flow,
        key: None,
    }
}

fn body(account: &Uri, shown: Shown) -> Bytes {
    mwi::message_summary(shown.new > 0, account, shown.new, shown.saved)
}

fn store(handset: &Arc<str>, kept: Kept, now: Instant, clock: Timestamp) -> StoredLamp {
    let left = kept.until.saturating_duration_since(now);
    StoredLamp {
        handset: handset.to_string(),
        remote: kept.flow.remote,
        expires_at: clock
            .saturating_add(SignedDuration::try_from(left).unwrap_or_default())
            .unwrap_or(clock),
        event: kept.event,
        call_id: kept.dialog.call_id,
        local: kept.dialog.local,
        remote_party: kept.dialog.remote,
        target: kept.dialog.remote_target,
        routes: kept.dialog.route_set,
        cseq: kept.dialog.remote_seq,
    }
}

fn load(lamp: StoredLamp, signalling: &Signalling, now: Instant, clock: Timestamp) -> Option<Kept> {
    let left = Duration::try_from(lamp.expires_at.duration_since(clock)).ok()?;
    Some(Kept {
        dialog: KeptDialog {
            call_id: lamp.call_id,
            local: lamp.local,
            remote: lamp.remote_party,
            remote_target: lamp.target,
            route_set: lamp.routes,
            remote_seq: lamp.cseq,
        },
        event: lamp.event,
        until: now + left,
        flow: signalling.udp_flow(lamp.remote),
    })
}

/// November 2023.
const NUMBERS_SINCE: i64 = 1_700_000_000;
const MAX_SUBSCRIPTIONS: usize = 64;
const CONTENT_TYPE: &str = "application/simple-message-summary";
