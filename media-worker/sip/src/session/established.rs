//! A session that was answered (RFC 3261 13.2.2.4, 13.3.1.4, 14, 15), either side.

use bytes::Bytes;

use super::context::SDP;
use super::exchange::{Exchange, Offered, Purpose, Unacknowledged, Wanted};
use super::leaving::Leaving;
use super::refresh::Refresh;
use super::{Context, SessionEvent, SessionTimer, State, allows, body_of};
use crate::dialog::{Dialog, Order};
use crate::endpoint::event::EndReason;
use crate::endpoint::ids::{ClientTx, ServerTx};
use crate::endpoint::layer::Passed;
use crate::syntax::{Headers, Method, Reason, Request, StatusCode};
use crate::transport::Flow;

/// A confirmed dialog and what is going on in it.
pub(super) struct Established {
    pub(super) dialog: Dialog,
    pub(super) exchange: Exchange,
    pub(super) wanted: Wanted,
    /// Our session description, where refreshes by re-INVITE will repeat it.
    description: Option<Bytes>,
    pub(super) refresh: Refresh,
    /// The method the far side lets us refresh with.
    pub(super) refresh_by: Method,
}

impl Established {
    /// UAC: a 2xx came. It is acknowledged, unless the far side made the offer.
    pub(super) fn answered(
        cx: &mut Context<'_>,
        dialog: Dialog,
        invite: ClientTx,
        seq: u32,
        headers: &Headers,
        offered: Option<Bytes>,
        wanted: Option<Bytes>,
    ) -> Self {
        let exchange = match &offered {
            Some(_) => {
                cx.layer
                    .acknowledge(invite, dialog.ack(seq), dialog.remote_tag(), dialog.flow());
                Exchange::Idle
            }
            None => Exchange::OwesAck { invite, seq },
        };
        let mut established = Self {
            dialog,
            exchange,
            wanted: Wanted::Nothing,
            description: offered,
            refresh: Refresh::Off,
            refresh_by: Method::Invite,
        };
        established.start(
            cx,
            Refresh::agreed(headers),
            allows(headers, &Method::Update),
            wanted,
        );
        established
    }

    /// UAS: our 2xx was sent.
    pub(super) fn accepting(
        dialog: Dialog,
        tx: ServerTx,
        seq: u32,
        ok: Bytes,
        delayed: bool,
        description: Bytes,
    ) -> Self {
        Self {
            dialog,
            exchange: Exchange::Unacknowledged(Unacknowledged::first(tx, ok, seq, delayed)),
            wanted: Wanted::Nothing,
            description: Some(description),
            refresh: Refresh::Off,
            refresh_by: Method::Invite,
        }
    }

    /// Starts what runs with an answered session.
    pub(super) fn start(
        &mut self,
        cx: &mut Context<'_>,
        refresh: Refresh,
        updates: bool,
        wanted: Option<Bytes>,
    ) {
        self.refresh_by = if updates {
            Method::Update
        } else {
            Method::Invite
        };
        self.agree(cx, refresh);
        let description = self.description.take();
        self.described(description);
        if let Exchange::Unacknowledged(waiting) = &self.exchange {
            waiting.arm(cx);
        }
        if let Some(sdp) = wanted {
            self.want(cx, sdp);
        }
    }

    pub(super) fn agree(&mut self, cx: &mut Context<'_>, refresh: Refresh) {
        self.refresh = refresh;
        refresh.arm(cx);
    }

    /// We have described the session like this, by what is agreed about refreshing now.
    pub(super) fn described(&mut self, sdp: Option<Bytes>) {
        let repeats = self.refresh_by == Method::Invite && matches!(self.refresh, Refresh::Ours(_));
        self.description = sdp.filter(|_| repeats);
    }

    /// What a refresh by this method carries.
    pub(super) fn repeated(&self, method: &Method) -> Option<Bytes> {
        self.description
            .clone()
            .filter(|_| *method == Method::Invite)
    }

    /// UAC: the answer to the offer in the 2xx goes with the ACK (RFC 3261 13.2.2.4).
    pub(super) fn ack_with(&mut self, cx: &mut Context<'_>, sdp: Bytes) {
        if let Exchange::OwesAck { invite, seq } = self.exchange {
            let mut ack = self.dialog.ack(seq);
            ack.set_body(SDP, sdp.clone());
            self.described(Some(sdp));
            cx.layer
                .acknowledge(invite, ack, self.dialog.remote_tag(), self.dialog.flow());
            self.rest(cx);
        }
    }

    pub(super) fn on_response(mut self: Box<Self>, cx: &mut Context<'_>, passed: Passed) -> State {
        match self.exchange {
            Exchange::Offered(ref offered) if offered.tx == passed.tx => {}
            Exchange::Idle
            | Exchange::Offered(_)
            | Exchange::Asked { .. }
            | Exchange::Unacknowledged(_)
            | Exchange::OwesAck { .. } => {
                // Another fork's 2xx, or a response that came too late.
                cx.layer.receive_unwanted(&passed, cx.now);
                return State::Established(self);
            }
        }
        let response = passed.response;
        if response.status.is_provisional() {
            return State::Established(self);
        }
        let Exchange::Offered(offered) = std::mem::replace(&mut self.exchange, Exchange::Idle)
        else {
            return State::Established(self);
        };
        if self.dialog.challenged(&response) {
            self.again(cx, offered);
            return State::Established(self);
        }
        match response.status {
            status if status.is_success() => self.agreed(cx, offered, &response),
            StatusCode::REQUEST_PENDING => self.collided(cx, offered),
            StatusCode::SESSION_INTERVAL_TOO_SMALL => self.raise(cx, offered, &response),
            // RFC 3261 12.2.1.2: the far side does not know the dialog, or is not there.
            StatusCode::CALL_DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT => {
                return self.lose(cx, EndReason::Timeout);
            }
            status => {
                if matches!(offered.purpose, Purpose::Change(_)) {
                    cx.tell(SessionEvent::OfferFailed { status });
                }
                self.rest(cx);
            }
        }
        State::Established(self)
    }

    pub(super) fn on_gone(self: Box<Self>, cx: &mut Context<'_>, tx: ClientTx) -> State {
        match &self.exchange {
            Exchange::Offered(Offered { tx: ours, .. }) if *ours == tx => {
                self.lose(cx, EndReason::Timeout)
            }
            Exchange::Idle
            | Exchange::Offered(_)
            | Exchange::Asked { .. }
            | Exchange::Unacknowledged(_)
            | Exchange::OwesAck { .. } => State::Established(self),
        }
    }

    pub(super) fn on_request(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        tx: ServerTx,
        request: Request,
        flow: Flow,
    ) -> State {
        let seq = request
            .headers
            .cseq()
            .ok()
            .flatten()
            .map_or(0, |cseq| cseq.seq);
        if self.dialog.note_request(seq, flow) == Order::Old {
            cx.refuse(tx, &request, StatusCode::SERVER_INTERNAL_ERROR);
            return State::Established(self);
        }
        match request.method {
            Method::Bye => return self.on_bye(cx, tx, &request),
            Method::Invite => self.asked(cx, tx, request),
            Method::Update if !request.body.is_empty() => self.asked(cx, tx, request),
            Method::Update => self.refreshed(cx, tx, &request),
            // A PRACK that crossed our 2xx is too late to matter; any other acknowledges nothing.
            Method::Prack => {
                let crossed = matches!(&self.exchange, Exchange::Unacknowledged(waiting) if waiting.is_first());
                let status = if crossed {
                    StatusCode::OK
                } else {
                    StatusCode::CALL_DOES_NOT_EXIST
                };
                cx.refuse(tx, &request, status);
            }
            Method::Options => {
                let mut response = request.respond(StatusCode::OK);
                cx.add_abilities(&mut response.headers);
                cx.reply(tx, response);
            }
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Info
            | Method::Subscribe
            | Method::Notify
            | Method::Refer
            | Method::Message
            | Method::Publish
            | Method::Other(_) => cx.tell(SessionEvent::Request { tx, request }),
        }
        State::Established(self)
    }

    fn on_bye(self: Box<Self>, cx: &mut Context<'_>, tx: ServerTx, request: &Request) -> State {
        cx.refuse(tx, request, StatusCode::OK);
        self.abandon(cx);
        cx.tell(SessionEvent::Ended {
            reason: EndReason::Bye {
                reason: request.headers.reason().ok().flatten(),
            },
        });
        State::Over
    }

    pub(super) fn on_ack(mut self: Box<Self>, cx: &mut Context<'_>, request: &Request) -> State {
        let seq = request
            .headers
            .cseq()
            .ok()
            .flatten()
            .map_or(0, |cseq| cseq.seq);
        match std::mem::replace(&mut self.exchange, Exchange::Idle) {
            Exchange::Unacknowledged(waiting) if waiting.seq() == seq => {
                Unacknowledged::disarm(cx);
                // An ACK answers only an offer of ours (RFC 3261 13.2.2.4).
                let sdp = body_of(&request.body).filter(|_| waiting.is_delayed());
                if waiting.is_first() {
                    cx.tell(SessionEvent::Confirmed { sdp });
                } else if let Some(sdp) = sdp {
                    cx.tell(SessionEvent::Answer { sdp });
                }
                self.rest(cx);
            }
            other @ (Exchange::Idle
            | Exchange::Offered(_)
            | Exchange::Asked { .. }
            | Exchange::Unacknowledged(_)
            | Exchange::OwesAck { .. }) => self.exchange = other,
        }
        State::Established(self)
    }

    pub(super) fn on_timer(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        timer: SessionTimer,
    ) -> State {
        match timer {
            SessionTimer::Retransmit => {
                if let Exchange::Unacknowledged(waiting) = &mut self.exchange {
                    waiting.retransmit(cx);
                }
            }
            SessionTimer::AckWait => return self.lose(cx, EndReason::AckTimeout),
            SessionTimer::Glare => self.after_glare(cx),
            SessionTimer::Refresh => self.refresh_now(cx),
            SessionTimer::Expire => return self.lose(cx, EndReason::SessionExpired),
            SessionTimer::Reliable
            | SessionTimer::PrackWait
            | SessionTimer::Remind
            | SessionTimer::Unanswered => {}
        }
        State::Established(self)
    }

    /// Ends the session of our own accord: BYE, as soon as RFC 3261 15 lets us.
    pub(super) fn leave(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        reason: Option<Reason>,
    ) -> State {
        if let Exchange::OwesAck { invite, seq } = self.exchange {
            cx.layer.acknowledge(
                invite,
                self.dialog.ack(seq),
                self.dialog.remote_tag(),
                self.dialog.flow(),
            );
        }
        if let Exchange::Unacknowledged(waiting) =
            std::mem::replace(&mut self.exchange, Exchange::Idle)
        {
            if waiting.is_first() {
                return State::Leaving(Box::new(Leaving::unacknowledged(
                    self.dialog,
                    waiting,
                    reason,
                )));
            }
            Unacknowledged::disarm(cx);
        }
        self.say_bye(cx, reason)
    }

    /// Ends the session because of what happened.
    pub(super) fn lose(self: Box<Self>, cx: &mut Context<'_>, reason: EndReason) -> State {
        cx.tell(SessionEvent::Ended { reason });
        self.say_bye(cx, None)
    }

    fn say_bye(self: Box<Self>, cx: &mut Context<'_>, reason: Option<Reason>) -> State {
        self.abandon(cx);
        State::Leaving(Box::new(Leaving::bye(cx, self.dialog, reason)))
    }

    /// What is open in the session finds its end (RFC 3261 15.1.2: pending requests are answered 487).
    fn abandon(&self, cx: &mut Context<'_>) {
        match &self.exchange {
            Exchange::Asked { tx, request } => {
                cx.refuse(*tx, request, StatusCode::REQUEST_TERMINATED);
            }
            Exchange::Offered(offered) => cx.layer.orphan(offered.tx),
            Exchange::Unacknowledged(_) => Unacknowledged::disarm(cx),
            Exchange::Idle | Exchange::OwesAck { .. } => {}
        }
        for timer in [
            SessionTimer::Glare,
            SessionTimer::Refresh,
            SessionTimer::Expire,
        ] {
            cx.disarm(timer);
        }
    }
}
