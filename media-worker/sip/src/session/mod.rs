//! Sessions: what an INVITE sets up (RFC 3261 13 to 15), from either side, as one state machine per call leg.

mod calling;
mod context;
mod established;
mod exchange;
mod incoming;
mod leaving;
mod refresh;
mod reliable;

use bytes::Bytes;

use crate::endpoint::event::{EndReason, Invite, SessionEvent};
use crate::endpoint::ids::{ClientTx, ServerTx};
use crate::endpoint::layer::Passed;
use crate::syntax::{Headers, Method, Reason, Request, Response, StatusCode};
use crate::transport::Flow;

use calling::Calling;
pub(crate) use context::Context;
use established::Established;
use incoming::Incoming;
pub(crate) use incoming::Unacceptable;
use leaving::Leaving;

/// A session's timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum SessionTimer {
    /// Our 2xx is sent again (RFC 3261 13.3.1.4).
    Retransmit,
    /// No ACK came (RFC 3261 13.3.1.4).
    AckWait,
    /// Our reliable provisional response is sent again (RFC 3262 3).
    Reliable,
    /// No PRACK came (RFC 3262 3).
    PrackWait,
    /// Our provisional response is repeated so that no proxy gives the call up (RFC 3261 13.3.1.1).
    Remind,
    /// Nobody answers the incoming call.
    Unanswered,
    /// Our offer collided and may be tried again (RFC 3261 14.1).
    Glare,
    /// We refresh the session (RFC 4028 10).
    Refresh,
    /// The session has not been refreshed (RFC 4028 10).
    Expire,
}

impl SessionTimer {
    pub(crate) const ALL: [Self; 9] = [
        Self::Retransmit,
        Self::AckWait,
        Self::Reliable,
        Self::PrackWait,
        Self::Remind,
        Self::Unanswered,
        Self::Glare,
        Self::Refresh,
        Self::Expire,
    ];
}

/// One call leg.
pub(crate) struct Session {
    tag: Box<str>,
    flow: Flow,
    state: State,
}

/// Where a session is between INVITE and BYE.
enum State {
    /// UAC: the INVITE has no final response.
    Calling(Box<Calling>),
    /// UAS: the INVITE has no final response.
    Incoming(Box<Incoming>),
    /// There has been a 2xx.
    Established(Box<Established>),
    /// Over for the application, but BYE is not done.
    Leaving(Box<Leaving>),
    /// Over.
    Over,
}

impl Session {
    /// A call of ours: sends the INVITE.
    pub(crate) fn call(cx: &mut Context<'_>, invite: Invite) -> Self {
        let tag = cx.layer.session_tag(cx.session);
        let flow = invite.flow;
        let calling = Calling::start(cx, invite, &tag);
        Self {
            tag,
            flow,
            state: State::Calling(Box::new(calling)),
        }
    }

    /// A call to us; `Err`: it cannot be one.
    pub(crate) fn ring(
        cx: &mut Context<'_>,
        tx: ServerTx,
        request: &Request,
        flow: Flow,
    ) -> Result<Self, Unacceptable> {
        let tag = cx.layer.session_tag(cx.session);
        let incoming = Incoming::start(cx, tx, request, &tag, flow)?;
        Ok(Self {
            tag,
            flow,
            state: State::Incoming(Box::new(incoming)),
        })
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// The flow last used.
    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    /// Our tag.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether a request with these is of this session.
    pub(crate) fn matches(&self, call_id: &str, local_tag: &str, remote_tag: &str) -> bool {
        match &self.state {
            State::Calling(calling) => calling.matches(call_id, local_tag, remote_tag),
            State::Incoming(incoming) => incoming.dialog.matches(call_id, local_tag, remote_tag),
            State::Established(established) => {
                established.dialog.matches(call_id, local_tag, remote_tag)
            }
            State::Leaving(leaving) => leaving.dialog().matches(call_id, local_tag, remote_tag),
            State::Over => false,
        }
    }

    fn step(&mut self, next: impl FnOnce(State) -> State) {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.state = next(state);
    }

    /// A response to a request of ours.
    pub(crate) fn on_response(&mut self, cx: &mut Context<'_>, passed: Passed) {
        self.step(|state| match state {
            State::Calling(calling) => calling.on_response(cx, passed),
            State::Established(established) => established.on_response(cx, passed),
            State::Leaving(leaving) => leaving.on_response(cx, &passed),
            state @ (State::Incoming(_) | State::Over) => state,
        });
    }

    /// A request of ours got no answer.
    pub(crate) fn on_gone(&mut self, cx: &mut Context<'_>, tx: ClientTx, status: StatusCode) {
        self.step(|state| match state {
            State::Calling(calling) => calling.on_gone(cx, tx, status),
            State::Established(established) => established.on_gone(cx, tx),
            State::Leaving(leaving) => leaving.on_gone(tx),
            state @ (State::Incoming(_) | State::Over) => state,
        });
    }

    /// A request within the session; not ACK, not CANCEL.
    pub(crate) fn on_request(
        &mut self,
        cx: &mut Context<'_>,
        tx: ServerTx,
        request: Request,
        flow: Flow,
    ) {
        self.step(|state| match state {
            State::Calling(calling) => calling.on_request(cx, tx, request, flow),
            State::Incoming(incoming) => incoming.on_request(cx, tx, request, flow),
            State::Established(established) => established.on_request(cx, tx, request, flow),
            State::Leaving(leaving) => leaving.on_request(cx, tx, &request),
            State::Over => State::Over,
        });
        self.flow = flow;
    }

    /// The ACK of a 2xx.
    pub(crate) fn on_ack(&mut self, cx: &mut Context<'_>, request: &Request) {
        self.step(|state| match state {
            State::Established(established) => established.on_ack(cx, request),
            State::Leaving(leaving) => leaving.on_ack(cx, request),
            state @ (State::Calling(_) | State::Incoming(_) | State::Over) => state,
        });
    }

    /// The INVITE was cancelled before its final response.
    pub(crate) fn on_cancel(&mut self, cx: &mut Context<'_>, reason: Option<Reason>) {
        self.step(|state| match state {
            State::Incoming(incoming) => incoming.on_cancel(cx, reason),
            state @ (State::Calling(_)
            | State::Established(_)
            | State::Leaving(_)
            | State::Over) => {
                drop(reason);
                state
            }
        });
    }

    /// A timer fired.
    pub(crate) fn on_timer(&mut self, cx: &mut Context<'_>, timer: SessionTimer) {
        self.step(|state| match state {
            State::Incoming(incoming) => incoming.on_timer(cx, timer),
            State::Established(established) => established.on_timer(cx, timer),
            State::Leaving(leaving) => leaving.on_timer(cx, timer),
            state @ (State::Calling(_) | State::Over) => state,
        });
    }

    /// The connection it used is lost.
    pub(crate) fn on_flow_closed(&mut self, cx: &mut Context<'_>) {
        self.step(|state| {
            match state {
                // The INVITE transaction has been told of the loss by itself.
                State::Calling(calling) => return State::Calling(calling),
                State::Incoming(_) | State::Established(_) => {
                    cx.tell(SessionEvent::Ended {
                        reason: EndReason::FlowLost,
                    });
                }
                State::Leaving(_) | State::Over => {}
            }
            State::Over
        });
    }
}

/// What the application does.
impl Session {
    pub(crate) fn progress(
        &mut self,
        cx: &mut Context<'_>,
        status: StatusCode,
        sdp: Option<Bytes>,
        headers: Headers,
    ) {
        self.step(|state| match state {
            State::Incoming(incoming) => incoming.progress(cx, status, sdp, headers),
            state @ (State::Calling(_)
            | State::Established(_)
            | State::Leaving(_)
            | State::Over) => state,
        });
    }

    pub(crate) fn accept(&mut self, cx: &mut Context<'_>, sdp: Bytes, headers: Headers) {
        self.step(|state| match state {
            State::Incoming(incoming) => incoming.accept(cx, sdp, headers),
            state @ (State::Calling(_)
            | State::Established(_)
            | State::Leaving(_)
            | State::Over) => state,
        });
    }

    pub(crate) fn reject(&mut self, cx: &mut Context<'_>, status: StatusCode, headers: Headers) {
        self.step(|state| match state {
            State::Incoming(incoming) => incoming.reject(cx, status, headers),
            state @ (State::Calling(_)
            | State::Established(_)
            | State::Leaving(_)
            | State::Over) => state,
        });
    }

    pub(crate) fn dismiss(&mut self, cx: &mut Context<'_>, status: StatusCode, headers: Headers) {
        self.step(|state| match state {
            State::Incoming(incoming) => incoming.dismiss(cx, status, headers),
            state @ (State::Calling(_)
            | State::Established(_)
            | State::Leaving(_)
            | State::Over) => state,
        });
    }

    pub(crate) fn ack_with(&mut self, cx: &mut Context<'_>, sdp: Bytes) {
        if let State::Established(established) = &mut self.state {
            established.ack_with(cx, sdp);
        }
    }

    pub(crate) fn reoffer(&mut self, cx: &mut Context<'_>, sdp: Bytes) {
        match &mut self.state {
            State::Calling(calling) => calling.wanted = Some(sdp),
            State::Incoming(incoming) => incoming.wanted = Some(sdp),
            State::Established(established) => established.want(cx, sdp),
            State::Leaving(_) | State::Over => {}
        }
    }

    pub(crate) fn answer_offer(&mut self, cx: &mut Context<'_>, sdp: Bytes) {
        if let State::Established(established) = &mut self.state {
            established.answer_offer(cx, sdp);
        }
    }

    pub(crate) fn refuse_offer(&mut self, cx: &mut Context<'_>, status: StatusCode) {
        if let State::Established(established) = &mut self.state {
            established.refuse_offer(cx, status);
        }
    }

    /// A request of the application within the session; `None` if there is no dialog to send it in.
    pub(crate) fn request(
        &mut self,
        cx: &mut Context<'_>,
        method: Method,
        headers: Headers,
        body: Bytes,
    ) -> Option<ClientTx> {
        let dialog = match &mut self.state {
            State::Calling(calling) => calling.first_dialog()?,
            State::Incoming(incoming) => &mut incoming.dialog,
            State::Established(established) => &mut established.dialog,
            State::Leaving(_) | State::Over => return None,
        };
        Some(cx.send_for_application(dialog, method, headers, body))
    }

    pub(crate) fn end(&mut self, cx: &mut Context<'_>, reason: Option<Reason>) {
        self.step(|state| match state {
            State::Calling(calling) => calling.end(cx, reason),
            State::Incoming(incoming) => incoming.end(cx, reason),
            State::Established(established) => established.leave(cx, reason),
            state @ (State::Leaving(_) | State::Over) => state,
        });
    }
}

/// The body of a message, if it has one.
fn body_of(body: &Bytes) -> Option<Bytes> {
    (!body.is_empty()).then(|| body.clone())
}

/// Whether a response's or request's Allow names a method.
fn allows(headers: &Headers, method: &Method) -> bool {
    headers
        .allow()
        .is_ok_and(|methods| methods.contains(method))
}

/// A final response that nobody sent: for the application that waits for one.
fn synthesized(status: StatusCode) -> Response {
    Response::new(status)
}
