//! Offers and answers within an answered session (RFC 3261 14, RFC 3311, RFC 3264 as far as turns go): one at a
//! time, with glare, and refreshes by the same way (RFC 4028 10).

use std::time::Duration;

use bytes::Bytes;

use super::context::SDP;
use super::established::Established;
use super::refresh::{Refresh, seconds};
use super::{Context, SessionEvent, SessionTimer, allows, body_of};
use crate::dialog::Role;
use crate::endpoint::ids::{ClientTx, ServerTx};
use crate::syntax::{Method, Request, Response, StatusCode};
use crate::transaction::timers::{T1, T2, TRANSACTION};

/// Whose turn it is.
pub(super) enum Exchange {
    /// Nobody's.
    Idle,
    /// Our re-INVITE or UPDATE is under way.
    Offered(Offered),
    /// The far side's is with the application.
    Asked {
        /// What is to be answered.
        tx: ServerTx,
        /// The re-INVITE or UPDATE.
        request: Box<Request>,
    },
    /// Our 2xx to an INVITE has no ACK yet.
    Unacknowledged(Unacknowledged),
    /// UAC: the 2xx carried the offer, the application owes the answer for the ACK.
    OwesAck {
        /// The INVITE's transaction.
        invite: ClientTx,
        /// Its `CSeq` number.
        seq: u32,
    },
}

/// A re-INVITE or UPDATE of ours.
pub(super) struct Offered {
    pub(super) tx: ClientTx,
    pub(super) purpose: Purpose,
    method: Method,
    seq: u32,
}

/// What a re-INVITE or UPDATE of ours is for.
pub(super) enum Purpose {
    /// The application's offer.
    Change(Bytes),
    /// RFC 4028.
    Refresh,
}

/// An offer of the application that waits.
pub(super) enum Wanted {
    /// There is none.
    Nothing,
    /// For our turn.
    Turn(Bytes),
    /// For the time after a collision (RFC 3261 14.1).
    AfterGlare(Bytes),
}

/// A 2xx of ours that is sent again until its ACK comes (RFC 3261 13.3.1.4).
pub(super) struct Unacknowledged {
    tx: ServerTx,
    ok: Bytes,
    interval: Duration,
    seq: u32,
    of: Of,
    delayed: bool,
}

#[derive(PartialEq, Eq)]
enum Of {
    First,
    Later,
}

impl Unacknowledged {
    /// The 2xx that answers the call. `delayed`: it carries the offer.
    pub(super) fn first(tx: ServerTx, ok: Bytes, seq: u32, delayed: bool) -> Self {
        Self {
            tx,
            ok,
            interval: T1,
            seq,
            of: Of::First,
            delayed,
        }
    }

    pub(super) fn seq(&self) -> u32 {
        self.seq
    }

    pub(super) fn is_first(&self) -> bool {
        self.of == Of::First
    }

    pub(super) fn is_delayed(&self) -> bool {
        self.delayed
    }

    pub(super) fn arm(&self, cx: &mut Context<'_>) {
        cx.arm(SessionTimer::Retransmit, self.interval);
        cx.arm(SessionTimer::AckWait, TRANSACTION);
    }

    pub(super) fn disarm(cx: &mut Context<'_>) {
        cx.disarm(SessionTimer::Retransmit);
        cx.disarm(SessionTimer::AckWait);
    }

    pub(super) fn retransmit(&mut self, cx: &mut Context<'_>) {
        cx.layer
            .reply_bytes(self.tx, StatusCode::OK, self.ok.clone(), cx.now);
        self.interval = (self.interval * 2).min(T2);
        cx.arm(SessionTimer::Retransmit, self.interval);
    }
}

impl Established {
    /// The application wants to change the session; it happens when it is our turn.
    pub(super) fn want(&mut self, cx: &mut Context<'_>, sdp: Bytes) {
        self.wanted = match &self.wanted {
            Wanted::AfterGlare(_) => Wanted::AfterGlare(sdp),
            Wanted::Nothing | Wanted::Turn(_) => Wanted::Turn(sdp),
        };
        if matches!(self.exchange, Exchange::Idle) {
            self.rest(cx);
        }
    }

    /// Nobody's turn: what has been waiting for ours begins.
    pub(super) fn rest(&mut self, cx: &mut Context<'_>) {
        self.exchange = Exchange::Idle;
        match std::mem::replace(&mut self.wanted, Wanted::Nothing) {
            Wanted::Turn(sdp) => {
                self.offer(cx, Method::Invite, Some(sdp.clone()), Purpose::Change(sdp));
            }
            waits @ (Wanted::Nothing | Wanted::AfterGlare(_)) => self.wanted = waits,
        }
    }

    pub(super) fn after_glare(&mut self, cx: &mut Context<'_>) {
        if let Wanted::AfterGlare(sdp) = std::mem::replace(&mut self.wanted, Wanted::Nothing) {
            self.want_again(cx, sdp);
        }
    }

    fn want_again(&mut self, cx: &mut Context<'_>, sdp: Bytes) {
        self.wanted = Wanted::Turn(sdp);
        if matches!(self.exchange, Exchange::Idle) {
            self.rest(cx);
        }
    }

    /// Refreshes the session (RFC 4028 10): by UPDATE without a body where the far side knows it, else by an INVITE
    /// that repeats our description. While something else is under way that refreshes as well, it is looked at again.
    pub(super) fn refresh_now(&mut self, cx: &mut Context<'_>) {
        if !matches!(self.exchange, Exchange::Idle) {
            cx.arm(SessionTimer::Refresh, BUSY);
            return;
        }
        let method = self.refresh_by.clone();
        let body = self.repeated(&method);
        self.offer(cx, method, body, Purpose::Refresh);
    }

    fn offer(
        &mut self,
        cx: &mut Context<'_>,
        method: Method,
        sdp: Option<Bytes>,
        purpose: Purpose,
    ) {
        let flow = self.dialog.flow();
        let mut request = self.dialog.request(method.clone());
        let seq = self.dialog.local_seq();
        cx.add_contact(&mut request.headers, &flow);
        cx.add_abilities(&mut request.headers);
        if self.refresh != Refresh::Off {
            self.refresh.add_to_request(cx, &mut request.headers);
        }
        if let Some(sdp) = sdp {
            request.set_body(SDP, sdp);
        }
        let tx = cx.send(request, flow);
        self.exchange = Exchange::Offered(Offered {
            tx,
            purpose,
            method,
            seq,
        });
    }

    /// A 2xx to our re-INVITE or UPDATE.
    pub(super) fn agreed(&mut self, cx: &mut Context<'_>, offered: Offered, response: &Response) {
        self.dialog.refresh_target(&response.headers);
        if offered.method == Method::Invite {
            let ack = self.dialog.ack(offered.seq);
            cx.layer.acknowledge(
                offered.tx,
                ack,
                self.dialog.remote_tag(),
                self.dialog.flow(),
            );
        }
        if self.refresh != Refresh::Off {
            self.agree(cx, Refresh::agreed(&response.headers));
        }
        if let Purpose::Change(ours) = offered.purpose {
            self.described(Some(ours));
            match body_of(&response.body) {
                Some(sdp) => cx.tell(SessionEvent::Answer { sdp }),
                None => cx.tell(SessionEvent::OfferFailed {
                    status: StatusCode::NOT_ACCEPTABLE_HERE,
                }),
            }
        }
        self.rest(cx);
    }

    /// 491: another try after 2.1 to 4 s for the one whose Call-ID it is, else after 0 to 2 s (RFC 3261 14.1).
    pub(super) fn collided(&mut self, cx: &mut Context<'_>, offered: Offered) {
        let wait = match self.dialog.role() {
            Role::Uac => {
                Duration::from_millis(2100) + cx.layer.random_below(Duration::from_millis(1900))
            }
            Role::Uas => cx.layer.random_below(Duration::from_secs(2)),
        };
        match offered.purpose {
            Purpose::Change(sdp) => {
                let sdp = match std::mem::replace(&mut self.wanted, Wanted::Nothing) {
                    Wanted::Turn(newer) | Wanted::AfterGlare(newer) => newer,
                    Wanted::Nothing => sdp,
                };
                self.wanted = Wanted::AfterGlare(sdp);
                cx.arm(SessionTimer::Glare, wait);
            }
            Purpose::Refresh => cx.arm(SessionTimer::Refresh, wait),
        }
        self.rest(cx);
    }

    /// 422 to our request: the same again with a longer interval (RFC 4028 7.3).
    pub(super) fn raise(&mut self, cx: &mut Context<'_>, offered: Offered, response: &Response) {
        let least = response.headers.min_se().ok().flatten().map(seconds);
        let raised = least.filter(|least| {
            self.refresh
                .interval()
                .is_some_and(|interval| *least > interval)
        });
        match (raised, offered.purpose) {
            (Some(least), purpose) => {
                self.refresh = self.refresh.at_least(least);
                self.again(cx, Offered { purpose, ..offered });
            }
            (None, Purpose::Change(_)) => {
                cx.tell(SessionEvent::OfferFailed {
                    status: response.status,
                });
                self.rest(cx);
            }
            (None, Purpose::Refresh) => self.rest(cx),
        }
    }

    /// The same re-INVITE or UPDATE as before, in a new transaction.
    pub(super) fn again(&mut self, cx: &mut Context<'_>, offered: Offered) {
        let body = match &offered.purpose {
            Purpose::Change(sdp) => Some(sdp.clone()),
            Purpose::Refresh => self.repeated(&offered.method),
        };
        self.offer(cx, offered.method, body, offered.purpose);
    }

    /// The far side's re-INVITE, or its UPDATE with an offer.
    pub(super) fn asked(&mut self, cx: &mut Context<'_>, tx: ServerTx, request: Request) {
        if Refresh::too_small(cx, &request.headers) {
            cx.refuse_interval(tx, &request);
            return;
        }
        match &self.exchange {
            Exchange::Idle => {}
            // RFC 3261 14.2: ours is under way, or not acknowledged.
            Exchange::Offered(_) | Exchange::Unacknowledged(_) | Exchange::OwesAck { .. } => {
                cx.refuse_glare(tx, &request, StatusCode::REQUEST_PENDING);
                return;
            }
            Exchange::Asked { .. } => {
                cx.refuse_briefly(tx, &request);
                return;
            }
        }
        self.dialog.refresh_target(&request.headers);
        self.learn(&request);
        let sdp = body_of(&request.body);
        self.exchange = Exchange::Asked {
            tx,
            request: Box::new(request),
        };
        cx.tell(SessionEvent::Offer { sdp });
    }

    /// The far side's UPDATE without an offer: a refresh (RFC 4028 9).
    pub(super) fn refreshed(&mut self, cx: &mut Context<'_>, tx: ServerTx, request: &Request) {
        if Refresh::too_small(cx, &request.headers) {
            cx.refuse_interval(tx, request);
            return;
        }
        self.dialog.refresh_target(&request.headers);
        // Who sends UPDATE takes it too.
        self.refresh_by = Method::Update;
        let response = self.confirmation(cx, request);
        cx.reply(tx, response);
    }

    pub(super) fn answer_offer(&mut self, cx: &mut Context<'_>, sdp: Bytes) {
        let (tx, request) = match std::mem::replace(&mut self.exchange, Exchange::Idle) {
            Exchange::Asked { tx, request } => (tx, request),
            other @ (Exchange::Idle
            | Exchange::Offered(_)
            | Exchange::Unacknowledged(_)
            | Exchange::OwesAck { .. }) => {
                self.exchange = other;
                return;
            }
        };
        let mut response = self.confirmation(cx, &request);
        response.set_body(SDP, sdp.clone());
        self.described(Some(sdp));
        let ok = cx.reply(tx, response);
        if request.method == Method::Invite {
            let seq = request
                .headers
                .cseq()
                .ok()
                .flatten()
                .map_or(0, |cseq| cseq.seq);
            let delayed = request.body.is_empty();
            let waiting = Unacknowledged {
                tx,
                ok,
                interval: T1,
                seq,
                of: Of::Later,
                delayed,
            };
            waiting.arm(cx);
            self.exchange = Exchange::Unacknowledged(waiting);
        } else {
            self.rest(cx);
        }
    }

    pub(super) fn refuse_offer(&mut self, cx: &mut Context<'_>, status: StatusCode) {
        if !status.is_final() || status.is_success() {
            return;
        }
        if let Exchange::Asked { tx, request } = &self.exchange {
            cx.refuse(*tx, request, status);
            self.rest(cx);
        }
    }

    /// 200 to a re-INVITE or UPDATE, with its session timer agreed.
    fn confirmation(&mut self, cx: &mut Context<'_>, request: &Request) -> Response {
        let mut response = request.respond(StatusCode::OK);
        cx.add_contact(&mut response.headers, &self.dialog.flow());
        cx.add_abilities(&mut response.headers);
        let refresh = Refresh::answer(cx, &request.headers);
        refresh.add_to_response(&mut response.headers);
        self.agree(cx, refresh);
        response
    }

    fn learn(&mut self, request: &Request) {
        if allows(&request.headers, &Method::Update) {
            self.refresh_by = Method::Update;
        }
    }
}

/// A refresh that finds something under way looks again after this.
const BUSY: Duration = Duration::from_secs(5);
