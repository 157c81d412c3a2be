//! Two parties who talk: what one does is told to the other, until one of them hangs up.

use futures::StreamExt;
use sip::endpoint::{EndReason, ServerTx, SessionEvent, SessionId};
use sip::sdp::Direction;
use sip::syntax::{Headers, Method, Reason, Request, StatusCode};

use super::party::Party;
use super::recall::Recall;
use super::{CallEvent, EventReceiver, Exchange, info};

/// The two sides of a connected call.
pub(super) struct Connected<'a> {
    exchange: &'a Exchange,
    caller: &'a mut Party,
    callee: &'a mut Party,
    negotiation: Negotiation,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Callee,
}

/// Whether a change that one side asked for is being asked of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Negotiation {
    Settled,
    /// This side waits for its answer.
    Passing(Side),
}

/// Why the two talk no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// This side hung up, or was lost. The other is still there, and may be told why.
    Left(Side, Option<Reason>),
    /// The caller has dialled `*#`; both are still there.
    Recalled,
    /// Both are gone: the worker stops.
    Stopped,
}

impl<'a> Connected<'a> {
    /// Joins the two, whose media both are agreed on.
    pub(super) fn join(
        exchange: &'a Exchange,
        caller: &'a mut Party,
        callee: &'a mut Party,
    ) -> Self {
        let connected = Self {
            exchange,
            caller,
            callee,
            negotiation: Negotiation::Settled,
        };
        connected.bridge();
        connected
    }

    /// Passes on what happens until the call is over; both sessions are ended then.
    pub(super) async fn talk_to_the_end(mut self, events: &mut EventReceiver) {
        let over = self.talk(events, &mut Recall::default()).await;
        if let Over::Left(side, reason) = over {
            self.party(side.other()).end(reason);
        }
    }

    /// Passes on what happens until one side leaves, or the caller wants something else. Whoever is still there stays.
    pub(super) async fn talk(&mut self, events: &mut EventReceiver, recall: &mut Recall) -> Over {
        let mut stopping = self.exchange.stopping();
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(CallEvent::Session(session, event)) => {
                        let Some(side) = self.side(session) else { continue };
                        let recalled = side == Side::Caller && recall.hears_info(&event);
                        if let Some(over) = self.event(side, *event) {
                            return over;
                        }
                        if recalled {
                            return Over::Recalled;
                        }
                    }
                    // Sound and keys pass through the bridge without us.
                    Some(CallEvent::Media(event)) => {
                        if recall.hears(&event, self.caller) {
                            return Over::Recalled;
                        }
                    }
                    None => return Over::Stopped,
                },
                () = stopping.stopped() => {
                    let reason = Reason::sip(503, "Service is stopping");
                    self.caller.end(Some(reason.clone()));
                    self.callee.end(Some(reason));
                    return Over::Stopped;
                }
            }
        }
    }

    fn event(&mut self, side: Side, event: SessionEvent) -> Option<Over> {
        match event {
            SessionEvent::Ended { reason } => {
                return Some(Over::Left(side, told(reason)));
            }
            SessionEvent::Cancelled { .. } | SessionEvent::Failed { .. } => {
                return Some(Over::Left(side, None));
            }
            SessionEvent::Offer { sdp } => self.offered(side, sdp.as_ref()),
            SessionEvent::Answer { sdp } => self.answered(side, &sdp),
            SessionEvent::OfferFailed { .. } => self.settle(),
            SessionEvent::Confirmed { sdp: Some(sdp) } => {
                // The answer to the offer in our 200, for an INVITE that came without one.
                if self.party(side).media.take_answer(&sdp).is_ok() {
                    self.bridge();
                }
            }
            SessionEvent::Request { tx, request } => self.request(side, tx, &request),
            SessionEvent::Confirmed { sdp: None }
            | SessionEvent::Trying
            | SessionEvent::Progress { .. }
            | SessionEvent::Answered { .. } => {}
        }
        None
    }

    /// One side wants to change its media: a hold is passed on; what concerns that side alone (a new address) is answered at once.
    fn offered(&mut self, side: Side, offer: Option<&bytes::Bytes>) {
        let session = self.party(side).session;
        if let Negotiation::Passing(_) = self.negotiation {
            // RFC 3261 section 14.2: one change at a time.
            self.refuse(session, StatusCode::REQUEST_PENDING);
            return;
        }
        let wanted = match offer.map(|offer| self.party(side).media.take_offer(offer)) {
            Some(Err(status)) => {
                self.refuse(session, status);
                return;
            }
            Some(Ok(())) => self.party(side).media.offered_direction(),
            None => Direction::SendRecv,
        };
        let other = self.party(side.other());
        if other.media.told_direction() == wanted {
            self.answer(side);
            return;
        }
        let codecs = other.media.codecs();
        let target = other.session;
        match other.media.offer(&codecs, wanted) {
            Ok(body) => {
                self.negotiation = Negotiation::Passing(side);
                self.exchange
                    .signalling
                    .with(|endpoint, now| endpoint.reoffer(target, body, now));
            }
            Err(_) => self.answer(side),
        }
    }

    fn answered(&mut self, side: Side, sdp: &bytes::Bytes) {
        // A leg that must move again finds its port with the next packet; what was agreed stays otherwise.
        let _ = self.party(side).media.take_answer(sdp);
        self.bridge();
        self.settle();
    }

    fn settle(&mut self) {
        if let Negotiation::Passing(side) =
            std::mem::replace(&mut self.negotiation, Negotiation::Settled)
        {
            self.answer(side);
        }
    }

    fn answer(&mut self, side: Side) {
        let prefer: Vec<_> = self.party(side.other()).media.sends().into_iter().collect();
        let party = self.party(side);
        let session = party.session;
        match party.media.answer(&prefer, Direction::SendRecv) {
            Ok(body) => self
                .exchange
                .signalling
                .with(|endpoint, now| endpoint.answer_offer(session, body, now)),
            Err(status) => self.refuse(session, status),
        }
        self.bridge();
    }

    fn refuse(&self, session: SessionId, status: StatusCode) {
        self.exchange
            .signalling
            .with(|endpoint, now| endpoint.refuse_offer(session, status, now));
    }

    /// INFO with a key goes on as the other side understands it.
    fn request(&mut self, side: Side, tx: ServerTx, request: &Request) {
        let (digit, status) = info::key(request);
        if let Some(digit) = digit {
            self.pass_digit(side.other(), digit, request);
        }
        let response = request.respond(status);
        self.exchange
            .signalling
            .with(|endpoint, now| endpoint.respond(tx, response, now));
    }

    fn pass_digit(&mut self, to: Side, digit: media::dtmf::Digit, request: &Request) {
        let party = self.party(to);
        let session = party.session;
        if party.media.takes_events() {
            if let Some(seat) = party.media.seat() {
                seat.send_digits([digit]);
            }
            return;
        }
        let mut headers = Headers::default();
        headers.copy_first(&request.headers, &sip::syntax::HeaderName::ContentType);
        let body = request.body.clone();
        self.exchange.signalling.with(|endpoint, now| {
            endpoint.request_within(session, Method::Info, headers, body, now);
        });
    }

    fn bridge(&self) {
        if let (Some(caller), Some(callee)) = (self.caller.media.seat(), self.callee.media.seat()) {
            caller.bridge(callee);
        }
    }

    fn side(&self, session: SessionId) -> Option<Side> {
        if session == self.caller.session {
            Some(Side::Caller)
        } else if session == self.callee.session {
            Some(Side::Callee)
        } else {
            // A phone that rang and lost: what it still says is of no concern.
            None
        }
    }

    fn party(&mut self, side: Side) -> &mut Party {
        match side {
            Side::Caller => self.caller,
            Side::Callee => self.callee,
        }
    }
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }
}

/// What the other side is told of an end.
fn told(reason: EndReason) -> Option<Reason> {
    match reason {
        EndReason::Bye { reason } => reason,
        EndReason::FlowLost | EndReason::Timeout | EndReason::AckTimeout => {
            Some(Reason::sip(408, "The other phone was lost"))
        }
        EndReason::SessionExpired => Some(Reason::sip(408, "Session expired")),
        EndReason::Unanswered => Some(Reason::sip(480, "Unanswered")),
    }
}
