//! Ringing phones: all of an attempt at once, the first to answer wins (spec CR-1, CR-4).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crds::directory::{Attempt as Destinations, Destination};
use futures::StreamExt;
use sip::endpoint::{Invite, SessionEvent, SessionId};
use sip::registrar::Contact;
use sip::sdp::Direction;
use sip::syntax::{HeaderName, Headers, NameAddr, Reason, Response, StatusCode, Uri};
use tokio::time::{Instant, sleep_until};

use super::CallEvent;
use super::attempt::{Attempt, Unanswered};
use super::inbound::Inbound;
use super::negotiation::Negotiation;
use super::outside::{OutsideLeg, Outward};
use super::party::Party;
use crate::traces::Part;

/// How an attempt ended.
pub(super) enum Rung {
    /// This phone answered, and the caller has been told so.
    Answered {
        /// The phone that answered.
        callee: Box<Party>,
        /// What it is.
        by: Answerer,
    },
    /// Nobody did.
    Unanswered(Unanswered),
    /// The caller hung up.
    CallerGone,
    /// The caller wants something else: `*#`, where that means something.
    Recalled,
}

/// What rings.
pub(super) enum Answerer {
    /// A handset, by name.
    Handset(Arc<str>),
    /// Somebody outside.
    Outside(Box<OutsideLeg>),
}

/// One phone that rings.
pub(super) struct Branch {
    party: Party,
    answerer: Answerer,
    /// Whether its early media is what the caller hears.
    heard: bool,
    /// Until when it has to say something, where it is a trunk that another can take the place of.
    speaks_by: Option<Instant>,
    part: Part,
}

impl Branch {
    /// This party is being called.
    pub(super) fn new(party: Party, answerer: Answerer, part: Part) -> Self {
        let patience = match &answerer {
            Answerer::Outside(leg) => leg.patience(),
            Answerer::Handset(_) => None,
        };
        Self {
            party,
            answerer,
            heard: false,
            speaks_by: patience.map(|patience| Instant::now() + patience),
            part,
        }
    }
    /// It has said something.
    fn spoke(&mut self) {
        self.speaks_by = None;
        if let Answerer::Outside(leg) = &self.answerer {
            leg.line().was_heard();
        }
    }
}

/// Done then; never, where there is no such time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

impl Inbound {
    /// Rings the destinations of one attempt until somebody answers, all have failed, or the time is over.
    pub(super) async fn ring(&mut self, destinations: &Destinations) -> Rung {
        let mut branches = Vec::new();
        for (handset, contact) in self.contacts(destinations).await {
            branches.extend(self.invite(handset, &contact));
        }
        for outward in self.outside_of(destinations).await {
            self.record.went_out = true;
            branches.extend(self.branch_out(&outward));
        }
        self.ring_all(branches, destinations.ring_time).await
    }

    /// Waits until one of these answers, all have failed, or the time is over; the others are withdrawn.
    pub(super) async fn ring_all(&mut self, branches: Vec<Branch>, ring_time: Duration) -> Rung {
        // Who was connected meanwhile means nothing of what he dialled before.
        self.keys.clear();
        let mut branches: HashMap<SessionId, Branch> = branches
            .into_iter()
            .map(|branch| (branch.party.session, branch))
            .collect();
        let mut attempt = Attempt::new(branches.keys().copied());
        let rung = self.wait(&mut branches, &mut attempt, ring_time).await;
        let reason = match &rung {
            Rung::Answered { .. } => Some(Reason::sip(200, "Call completed elsewhere")),
            Rung::Unanswered(_) | Rung::CallerGone | Rung::Recalled => None,
        };
        let late: Vec<SessionId> = attempt.others(None).collect();
        for session in late {
            if let Some(branch) = branches.get_mut(&session) {
                branch.part.set("outcome", "withdrawn");
                branch.party.end(reason.clone());
            }
        }
        rung
    }

    async fn wait(
        &mut self,
        branches: &mut HashMap<SessionId, Branch>,
        attempt: &mut Attempt<SessionId>,
        ring_time: Duration,
    ) -> Rung {
        if let Some(unanswered) = attempt.over() {
            return Rung::Unanswered(unanswered);
        }
        let deadline = Instant::now() + ring_time;
        let mut stopping = self.exchange.stopping();
        loop {
            let silence = branches.values().filter_map(|it| it.speaks_by).min();
            let event = tokio::select! {
                event = self.events.next() => event,
                () = at(silence) => {
                    if let Some(rung) = self.give_up_silent(branches, attempt) {
                        return rung;
                    }
                    continue;
                }
                () = sleep_until(deadline) => return Rung::Unanswered(Unanswered::NoAnswer),
                () = stopping.stopped() => {
                    self.party.reject(StatusCode::SERVICE_UNAVAILABLE, super::retry_soon());
                    return Rung::CallerGone;
                }
            };
            let Some(event) = event else {
                return Rung::CallerGone;
            };
            let (session, event) = match event {
                CallEvent::Session(session, event) => (session, event),
                CallEvent::Media(event) => {
                    if self.recall.hears(&event, &self.party) {
                        return Rung::Recalled;
                    }
                    continue;
                }
            };
            if session == self.party.session {
                let recalled = self.recall.hears_info(&event);
                if self.caller_has_gone(*event) {
                    return Rung::CallerGone;
                }
                if recalled {
                    return Rung::Recalled;
                }
            } else if attempt.has(session)
                && let Some(rung) = self.phone(branches, attempt, session, *event)
            {
                return rung;
            }
        }
    }

    /// Something a ringing phone says.
    fn phone(
        &mut self,
        branches: &mut HashMap<SessionId, Branch>,
        attempt: &mut Attempt<SessionId>,
        session: SessionId,
        event: SessionEvent,
    ) -> Option<Rung> {
        match event {
            SessionEvent::Trying => {
                branches.get_mut(&session)?.spoke();
                None
            }
            SessionEvent::Progress { response, sdp, .. } => {
                let branch = branches.get_mut(&session)?;
                branch.spoke();
                self.progress(branch, &response, sdp.as_ref());
                None
            }
            SessionEvent::Answered { sdp, .. } => {
                let mut branch = branches.remove(&session)?;
                branch.spoke();
                match self.connect(&mut branch, sdp.as_ref()) {
                    Ok(()) => {
                        branch.part.set("outcome", "answered");
                        // No longer one of those to be ended.
                        attempt.failed(session, 200);
                        Some(Rung::Answered {
                            callee: Box::new(branch.party),
                            by: branch.answerer,
                        })
                    }
                    Err(status) => {
                        branch
                            .party
                            .end(Some(Reason::sip(status.code(), "No common media")));
                        attempt.failed(session, status.code()).map(Rung::Unanswered)
                    }
                }
            }
            SessionEvent::Failed { response } => {
                self.failed(branches, attempt, session, response.status)
            }
            SessionEvent::Ended { .. } | SessionEvent::Cancelled { .. } => {
                let status = StatusCode::TEMPORARILY_UNAVAILABLE;
                self.failed(branches, attempt, session, status)
            }
            SessionEvent::Request { tx, request } => {
                let response = request.respond(StatusCode::NOT_IMPLEMENTED);
                self.exchange
                    .signalling
                    .with(|endpoint, now| endpoint.respond(tx, response, now));
                None
            }
            SessionEvent::Offer { .. } => {
                self.exchange.signalling.with(|endpoint, now| {
                    endpoint.refuse_offer(session, StatusCode::REQUEST_PENDING, now);
                });
                None
            }
            SessionEvent::Confirmed { .. }
            | SessionEvent::Answer { .. }
            | SessionEvent::OfferFailed { .. } => None,
        }
    }

    /// A trunk that says nothing at all is given up for the next one: nobody waits for half a minute, as RFC 3261's timer B would.
    fn give_up_silent(
        &mut self,
        branches: &mut HashMap<SessionId, Branch>,
        attempt: &mut Attempt<SessionId>,
    ) -> Option<Rung> {
        let now = Instant::now();
        let is_silent = |branch: &Branch| branch.speaks_by.is_some_and(|until| until <= now);
        let silent: Vec<_> = branches
            .iter()
            .filter(|(_, branch)| is_silent(branch))
            .map(|(session, _)| *session)
            .collect();
        silent.into_iter().find_map(|session| {
            let branch = branches.get(&session)?;
            if let Answerer::Outside(leg) = &branch.answerer {
                leg.line().was_silent();
            }
            // Should it wake up, the call is withdrawn from it.
            branch.party.end(None);
            self.failed(branches, attempt, session, StatusCode::REQUEST_TIMEOUT)
        })
    }

    /// A phone has failed; an outside number may be reached by another trunk.
    fn failed(
        &mut self,
        branches: &mut HashMap<SessionId, Branch>,
        attempt: &mut Attempt<SessionId>,
        session: SessionId,
        status: StatusCode,
    ) -> Option<Rung> {
        let Branch {
            answerer, mut part, ..
        } = branches.remove(&session)?;
        part.failed(&status.to_string());
        drop(part);
        if let Some(next) = self.next_trunk(answerer, status) {
            attempt.begun(next.party.session);
            branches.insert(next.party.session, next);
        }
        attempt.failed(session, status.code()).map(Rung::Unanswered)
    }

    /// The caller hears ringing from his own phone, or what the first phone that sends early media plays.
    fn progress(&mut self, branch: &mut Branch, response: &Response, sdp: Option<&bytes::Bytes>) {
        let nobody_heard = self.party.media.seat().is_none();
        if let Some(sdp) = sdp.filter(|_| nobody_heard || branch.heard)
            && branch.party.media.take_answer(sdp).is_ok()
            && self.early_media(&branch.party).is_ok()
        {
            branch.heard = true;
            return;
        }
        if response.status == StatusCode::RINGING {
            self.ringing();
        }
    }

    /// The phone has answered: so is the caller, in the phone's codec where he has it too.
    fn connect(
        &mut self,
        branch: &mut Branch,
        sdp: Option<&bytes::Bytes>,
    ) -> Result<(), StatusCode> {
        let sdp = sdp.ok_or(StatusCode::NOT_ACCEPTABLE_HERE)?;
        let moved = branch.party.media.take_answer(sdp)?;
        let prefer: Vec<_> = branch.party.media.sends().into_iter().collect();
        self.answer(&prefer)?;
        if moved {
            // Another phone behind the same NAT waits on the port that was offered.
            let codecs = branch.party.media.codecs();
            let body = branch.party.media.offer(&codecs, Direction::SendRecv)?;
            let session = branch.party.session;
            self.exchange
                .signalling
                .with(|endpoint, now| endpoint.reoffer(session, body, now));
        }
        Ok(())
    }

    fn invite(&mut self, handset: Arc<str>, contact: &Contact) -> Option<Branch> {
        let called = self.called_address();
        let mut headers = Headers::default();
        let identity = self.identity();
        headers.push(HeaderName::PAssertedIdentity, identity.to_string());
        let hops = self.hops_left.checked_sub(1)?;
        headers.push(HeaderName::MaxForwards, hops.to_string());
        let exchange = std::rc::Rc::clone(&self.exchange);
        let offered = self.party.media.codecs();
        let number = self.number;
        let listener = self.sender.clone();
        let mut media = Negotiation::new(&exchange.media, number, contact.flow, &listener);
        let offer = media.offer(&offered, Direction::SendRecv).ok()?;
        let session = exchange.signalling.with(|endpoint, now| {
            endpoint.invite(
                Invite {
                    target: contact.uri.clone(),
                    flow: contact.flow,
                    from: identity,
                    to: NameAddr::new(called),
                    route: Vec::new(),
                    headers,
                    offer: Some(offer),
                    account: None,
                },
                now,
            )
        });
        let party = Party::new(&exchange.signalling, session, media, &listener);
        let part = self.part("ring").with("handset", &handset);
        Some(Branch::new(party, Answerer::Handset(handset), part))
    }

    /// Where the handsets of an attempt are registered. The phone that calls is not rung.
    async fn contacts(&self, destinations: &Destinations) -> Vec<(Arc<str>, Contact)> {
        let mut handsets: Vec<Arc<str>> = Vec::new();
        for destination in &destinations.destinations {
            match destination {
                Destination::Handset(name) => handsets.push(Arc::clone(name)),
                Destination::Extension(number) => {
                    let user = self.directory.user_by_extension(number);
                    handsets.extend(
                        user.into_iter()
                            .flat_map(|user| user.handsets.iter().cloned()),
                    );
                }
                Destination::HotDesk => {
                    let user = self
                        .called
                        .as_deref()
                        .and_then(|name| self.directory.user(name));
                    handsets.extend(user.and_then(|user| user.hot_desk.clone()));
                }
                // A monitor rings nothing yet: it counts as failed. Outside numbers are rung by trunks.
                Destination::Monitor(_) | Destination::Outside(_) => {}
            }
        }
        handsets.sort();
        handsets.dedup();
        handsets.retain(|handset| Some(handset) != self.from.handset());
        let mut contacts = Vec::new();
        for handset in handsets {
            let Some(account) = self.directory.handset(&handset) else {
                continue;
            };
            let home = self.exchange.homes.of(account);
            for contact in home.contacts(Arc::clone(&account.handset)).await {
                contacts.push((Arc::clone(&handset), contact));
            }
        }
        contacts
    }

    /// The outside numbers of an attempt that the route's owner may call.
    async fn outside_of(&self, destinations: &Destinations) -> Vec<Outward> {
        let mut found = Vec::new();
        for destination in &destinations.destinations {
            if let (Destination::Outside(number), Some(owner)) = (destination, &self.called) {
                found.extend(self.followed_outside(owner, number).await);
            }
        }
        found
    }

    /// Who is called, as the called phone sees it.
    fn called_address(&self) -> Uri {
        let domain: &str = &self.directory.system().domain;
        Uri::sip(
            Some(&self.dialled),
            sip::syntax::Host::Name(domain.into()),
            None,
        )
    }
}
