//! The called side until the final response (RFC 3261 13.3; RFC 3262 3; RFC 4028 9).

use std::time::Duration;

use bytes::Bytes;

use super::context::SDP;
use super::established::Established;
use super::refresh::Refresh;
use super::reliable::Provisionals;
use super::{Context, SessionEvent, SessionTimer, State};
use crate::dialog::{Dialog, Order};
use crate::endpoint::event::EndReason;
use crate::endpoint::ids::ServerTx;
use crate::syntax::{HeaderName, Headers, Method, Reason, Request, Response, StatusCode};
use crate::transport::Flow;

/// An INVITE of the far side without a final response.
pub(super) struct Incoming {
    tx: ServerTx,
    pub(super) dialog: Dialog,
    /// `CSeq` number of the INVITE.
    seq: u32,
    /// Whether the INVITE carried an offer, so that our 2xx answers it.
    offer: Option<Bytes>,
    refresh: Refresh,
    updates: bool,
    provisionals: Provisionals,
    last: Option<(StatusCode, Bytes)>,
    held: Option<Held>,
    pub(super) wanted: Option<Bytes>,
}

/// A 2xx that has to wait for a PRACK (RFC 3262 3).
struct Held {
    sdp: Bytes,
    headers: Headers,
}

/// Why an INVITE cannot become a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unacceptable {
    /// It lacks what makes a dialog: 400.
    Malformed,
    /// 422.
    IntervalTooSmall,
}

impl Incoming {
    /// An INVITE came.
    pub(super) fn start(
        cx: &mut Context<'_>,
        tx: ServerTx,
        request: &Request,
        tag: &str,
        flow: Flow,
    ) -> Result<Self, Unacceptable> {
        let dialog = Dialog::uas(request, tag, flow).map_err(|_| Unacceptable::Malformed)?;
        if Refresh::too_small(cx, &request.headers) {
            return Err(Unacceptable::IntervalTooSmall);
        }
        let required = request.headers.require();
        let reliable =
            required.is_ok_and(|tags| tags.iter().any(|tag| tag.eq_ignore_ascii_case("100rel")));
        cx.arm(SessionTimer::Unanswered, cx.layer.config.unanswered);
        Ok(Self {
            tx,
            dialog,
            seq: request
                .headers
                .cseq()
                .ok()
                .flatten()
                .map_or(0, |cseq| cseq.seq),
            offer: super::body_of(&request.body),
            refresh: Refresh::answer(cx, &request.headers),
            updates: super::allows(&request.headers, &Method::Update),
            provisionals: Provisionals::new(cx, reliable),
            last: None,
            held: None,
            wanted: None,
        })
    }

    pub(super) fn progress(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        status: StatusCode,
        sdp: Option<Bytes>,
        headers: Headers,
    ) -> State {
        if !status.is_provisional() || status == StatusCode::TRYING || self.held.is_some() {
            return State::Incoming(self);
        }
        let Some(mut response) = self.response(cx, status, headers) else {
            return State::Incoming(self);
        };
        if let Some(sdp) = sdp {
            response.set_body(SDP, sdp);
        }
        if matches!(self.provisionals, Provisionals::Unreliable) {
            let bytes = cx.reply(self.tx, response);
            self.last = Some((status, bytes));
            cx.arm(SessionTimer::Remind, REMIND);
        } else {
            self.provisionals = self.provisionals.send(cx, self.tx, response);
        }
        State::Incoming(self)
    }

    pub(super) fn accept(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        sdp: Bytes,
        headers: Headers,
    ) -> State {
        if self.provisionals.holds_answer() {
            self.held = Some(Held { sdp, headers });
            return State::Incoming(self);
        }
        let Some(mut response) = self.response(cx, StatusCode::OK, headers) else {
            return State::Incoming(self);
        };
        cx.add_abilities(&mut response.headers);
        self.refresh.add_to_response(&mut response.headers);
        response.set_body(SDP, sdp.clone());
        let ok = cx.reply(self.tx, response);
        Self::quieten(cx);
        let delayed = self.offer.is_none();
        let mut established =
            Established::accepting(self.dialog, self.tx, self.seq, ok, delayed, sdp);
        established.start(cx, self.refresh, self.updates, self.wanted);
        State::Established(Box::new(established))
    }

    pub(super) fn reject(
        self: Box<Self>,
        cx: &mut Context<'_>,
        status: StatusCode,
        headers: Headers,
    ) -> State {
        if status.is_final() && !status.is_success() {
            self.finish(cx, status, headers)
        } else {
            State::Incoming(self)
        }
    }

    /// Refuses, and nothing is kept.
    pub(super) fn dismiss(
        self: Box<Self>,
        cx: &mut Context<'_>,
        status: StatusCode,
        headers: Headers,
    ) -> State {
        let invite = cx.layer.pending_invite(self.tx);
        if let Some(mut response) = invite.map(|invite| invite.respond(status)) {
            response.headers.extend(headers);
            Self::quieten(cx);
            cx.layer.dismiss(self.tx, response);
        }
        State::Over
    }

    /// Refuses with the cause of a SIP reason if that is a final response, else 480.
    pub(super) fn end(self: Box<Self>, cx: &mut Context<'_>, reason: Option<Reason>) -> State {
        let cause = reason
            .filter(|reason| reason.protocol.eq_ignore_ascii_case("SIP"))
            .and_then(|it| it.cause);
        let status = cause
            .filter(|cause| *cause >= 400)
            .and_then(StatusCode::new);
        self.finish(
            cx,
            status.unwrap_or(StatusCode::TEMPORARILY_UNAVAILABLE),
            Headers::new(),
        )
    }

    /// RFC 3261 9.2: 487, and the application is told.
    pub(super) fn on_cancel(
        self: Box<Self>,
        cx: &mut Context<'_>,
        reason: Option<Reason>,
    ) -> State {
        cx.tell(SessionEvent::Cancelled { reason });
        self.finish(cx, StatusCode::REQUEST_TERMINATED, Headers::new())
    }

    pub(super) fn on_timer(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        timer: SessionTimer,
    ) -> State {
        match timer {
            SessionTimer::Reliable => self.provisionals.retransmit(cx, self.tx),
            SessionTimer::Remind => {
                if let Some((status, bytes)) = &self.last {
                    cx.layer
                        .reply_bytes(self.tx, *status, bytes.clone(), cx.now);
                    cx.arm(SessionTimer::Remind, REMIND);
                }
            }
            // RFC 3262 3: nobody acknowledged, so the INVITE fails.
            SessionTimer::PrackWait => {
                cx.tell(SessionEvent::Ended {
                    reason: EndReason::Unanswered,
                });
                return self.finish(cx, StatusCode::SERVER_TIMEOUT, Headers::new());
            }
            SessionTimer::Unanswered => {
                cx.tell(SessionEvent::Ended {
                    reason: EndReason::Unanswered,
                });
                return self.finish(cx, StatusCode::TEMPORARILY_UNAVAILABLE, Headers::new());
            }
            SessionTimer::Retransmit
            | SessionTimer::AckWait
            | SessionTimer::Glare
            | SessionTimer::Refresh
            | SessionTimer::Expire => {}
        }
        State::Incoming(self)
    }

    /// A request of the far side in the early dialog.
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
            return State::Incoming(self);
        }
        match request.method {
            Method::Prack => return self.on_prack(cx, tx, &request),
            // RFC 3261 15.1.2: BYE in an early dialog ends it as CANCEL does.
            Method::Bye => {
                cx.refuse(tx, &request, StatusCode::OK);
                return self.on_cancel(cx, request.headers.reason().ok().flatten());
            }
            // RFC 3311 5.2, RFC 3261 14.2: the first offer has no final answer yet.
            Method::Invite => cx.refuse_briefly(tx, &request),
            Method::Update if !request.body.is_empty() => cx.refuse_briefly(tx, &request),
            Method::Update => {
                self.dialog.refresh_target(&request.headers);
                cx.refuse(tx, &request, StatusCode::OK);
            }
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Options
            | Method::Info
            | Method::Subscribe
            | Method::Notify
            | Method::Refer
            | Method::Message
            | Method::Publish
            | Method::Other(_) => cx.tell(SessionEvent::Request { tx, request }),
        }
        State::Incoming(self)
    }

    fn on_prack(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        tx: ServerTx,
        request: &Request,
    ) -> State {
        let Ok(Some(rack)) = request.headers.rack() else {
            cx.refuse(tx, request, StatusCode::BAD_REQUEST);
            return State::Incoming(self);
        };
        match self.provisionals.acknowledged(cx, self.tx, self.seq, &rack) {
            Err(same) => {
                self.provisionals = same;
                cx.refuse(tx, request, StatusCode::CALL_DOES_NOT_EXIST);
            }
            Ok(next) => {
                self.provisionals = next;
                // An offer in PRACK may be refused; the provisional response is acknowledged all the same.
                let offer = !request.body.is_empty() && self.offer.is_some();
                let status = if offer {
                    StatusCode::NOT_ACCEPTABLE_HERE
                } else {
                    StatusCode::OK
                };
                cx.refuse(tx, request, status);
            }
        }
        match self.held.take() {
            Some(held) => self.accept(cx, held.sdp, held.headers),
            None => State::Incoming(self),
        }
    }

    /// A response to the INVITE with our tag and Contact.
    fn response(&self, cx: &Context<'_>, status: StatusCode, headers: Headers) -> Option<Response> {
        let invite = cx.layer.pending_invite(self.tx)?;
        let mut response = invite.respond_tagged(status, self.dialog.local_tag());
        if status.code() < 300 && !headers.has(&HeaderName::Contact) {
            cx.add_contact(&mut response.headers, &self.dialog.flow());
        }
        response.headers.extend(headers);
        Some(response)
    }

    fn finish(
        self: Box<Self>,
        cx: &mut Context<'_>,
        status: StatusCode,
        headers: Headers,
    ) -> State {
        if let Some(response) = self.response(cx, status, headers) {
            cx.reply(self.tx, response);
        }
        State::Over
    }

    fn quieten(cx: &mut Context<'_>) {
        for timer in [
            SessionTimer::Unanswered,
            SessionTimer::Remind,
            SessionTimer::Reliable,
            SessionTimer::PrackWait,
        ] {
            cx.disarm(timer);
        }
    }
}

/// RFC 3261 13.3.1.1: a provisional response at least every minute.
const REMIND: Duration = Duration::from_mins(1);
