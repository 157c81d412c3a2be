//! The registrations of one home: contacts by handset, and their way into the journal and back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use sip::registrar::{Bindings, Contact, ExpiryPolicy};
use sip::syntax::{Request, Response, Uri};
use sip::transport::Flow;

use super::journal::{StoredContact, StoredContacts};
use crate::signalling::Signalling;

/// The handsets of one home and where each is registered.
#[derive(Debug, Default)]
pub(super) struct Phones {
    handsets: BTreeMap<Arc<str>, Bindings>,
}

/// What a REGISTER has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registered {
    /// A contact is there that was not before.
    Added,
    /// Contacts were refreshed or removed, or nothing was changed.
    Kept,
}

impl Phones {
    /// Carries out a REGISTER; the response, and whether a phone is new.
    pub(super) fn register(
        &mut self,
        handset: &Arc<str>,
        request: &Request,
        flow: Flow,
        policy: &ExpiryPolicy,
        now: Instant,
    ) -> (Response, Registered) {
        let bindings = self
            .handsets
            .entry(Arc::clone(handset))
            .or_insert_with(|| Bindings::new(MAX_CONTACTS));
        match bindings.apply(request, flow, now, policy) {
            Ok(change) => {
                let response = sip::registrar::ok(request, bindings, now);
                let registered = if change.added.is_empty() {
                    Registered::Kept
                } else {
                    Registered::Added
                };
                (response, registered)
            }
            Err(refusal) => (refusal.response(request), Registered::Kept),
        }
    }

    /// Where a handset is registered.
    pub(super) fn contacts(&self, handset: &str, now: Instant) -> Vec<Contact> {
        self.handsets
            .get(handset)
            .map(|bindings| bindings.contacts(now).cloned().collect())
            .unwrap_or_default()
    }

    /// The handsets that are or were registered.
    pub(super) fn handsets(&self) -> impl Iterator<Item = &Arc<str>> {
        self.handsets.keys()
    }

    /// All contacts of all handsets.
    pub(super) fn all(&self, now: Instant) -> impl Iterator<Item = (&Arc<str>, &Contact)> {
        self.handsets.iter().flat_map(move |(handset, bindings)| {
            bindings
                .contacts(now)
                .map(move |contact| (handset, contact))
        })
    }

    /// How many contacts there are.
    pub(super) fn count(&self, now: Instant) -> usize {
        self.all(now).count()
    }

    /// Forgets what has expired; when the next contact does.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Instant> {
        for bindings in self.handsets.values_mut() {
            bindings.expire(now);
        }
        self.handsets
            .values()
            .filter_map(Bindings::next_expiry)
            .min()
    }

    /// A handset's contacts as the journal keeps them: those over datagrams, since connections don't outlive the worker.
    pub(super) fn stored(
        &self,
        handset: &Arc<str>,
        now: Instant,
        clock: Timestamp,
    ) -> StoredContacts {
        let contacts = self
            .contacts(handset, now)
            .iter()
            .filter(|contact| !contact.flow.protocol.is_reliable())
            .map(|contact| store(contact, now, clock))
            .collect();
        StoredContacts {
            handset: handset.to_string(),
            contacts,
        }
    }

    /// Gives back what the journal kept.
    pub(super) fn restore(
        &mut self,
        stored: StoredContacts,
        signalling: &Signalling,
        now: Instant,
        clock: Timestamp,
    ) {
        let bindings = self
            .handsets
            .entry(stored.handset.into())
            .or_insert_with(|| Bindings::new(MAX_CONTACTS));
        for contact in stored.contacts {
            if let Some(contact) = load(contact, signalling, now, clock) {
                bindings.restore(contact);
            }
        }
    }
}

fn store(contact: &Contact, now: Instant, clock: Timestamp) -> StoredContact {
    let left = contact.expires_at.saturating_duration_since(now);
    StoredContact {
        uri: contact.uri.to_string(),
        remote: contact.flow.remote,
        expires_at: clock
            .saturating_add(SignedDuration::try_from(left).unwrap_or_default())
            .unwrap_or(clock),
        call_id: contact.call_id.clone(),
        cseq: contact.cseq,
        user_agent: contact.user_agent.as_deref().map(str::to_owned),
    }
}

fn load(
    stored: StoredContact,
    signalling: &Signalling,
    now: Instant,
    clock: Timestamp,
) -> Option<Contact> {
    let left = Duration::try_from(stored.expires_at.duration_since(clock)).ok()?;
    Some(Contact {
        uri: Uri::parse(&stored.uri).ok()?,
        flow: signalling.udp_flow(stored.remote),
        expires_at: now + left,
        call_id: stored.call_id,
        cseq: stored.cseq,
        user_agent: stored.user_agent,
        q: None,
        instance: None,
        reg_id: None,
    })
}

/// Of one handset: softphones on a few devices, and those that lost their memory.
const MAX_CONTACTS: usize = 10;
