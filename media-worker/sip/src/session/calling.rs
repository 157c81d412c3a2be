//! The calling side until the final response (RFC 3261 13.2, 9.1; RFC 3262 4; RFC 4028 7).

use bytes::Bytes;

use super::context::SDP;
use super::established::Established;
use super::{Context, SessionEvent, State, body_of, refresh, synthesized};
use crate::dialog::{Dialog, Order};
use crate::digest::{Answers, Signer};
use crate::endpoint::event::Invite;
use crate::endpoint::ids::{ClientTx, ServerTx};
use crate::endpoint::layer::{Passed, remote_tag};
use crate::syntax::{CSeq, HeaderName, Method, RAck, Reason, Request, Response, StatusCode};
use crate::transport::Flow;

/// An INVITE of ours without a final response.
pub(super) struct Calling {
    tx: ClientTx,
    /// The INVITE without Via, to be sent again after a 422 or a challenge.
    invite: Request,
    /// What answers challenges, where there is an account.
    signer: Option<Signer>,
    flow: Flow,
    early: Vec<Early>,
    retries: u8,
    /// An offer of the application that waits for the call to be answered.
    pub(super) wanted: Option<Bytes>,
}

/// One early dialog: a fork that rings.
struct Early {
    dialog: Dialog,
    rseq: Option<u32>,
    sdp: Option<Bytes>,
}

impl Calling {
    /// Sends the INVITE.
    pub(super) fn start(cx: &mut Context<'_>, invite: Invite, tag: &str) -> Self {
        let flow = invite.flow;
        let account = invite.account.clone();
        let signer = account.map(|account| Signer::new(Answers::new(account, cx.layer.token())));
        let request = build(cx, invite, tag);
        let tx = cx.send_signed(request.clone(), flow, signer.clone());
        Self {
            tx,
            invite: request,
            signer,
            flow,
            early: Vec::new(),
            retries: 0,
            wanted: None,
        }
    }

    pub(super) fn matches(&self, call_id: &str, local_tag: &str, remote_tag: &str) -> bool {
        self.early
            .iter()
            .any(|early| early.dialog.matches(call_id, local_tag, remote_tag))
    }

    pub(super) fn first_dialog(&mut self) -> Option<&mut Dialog> {
        self.early.first_mut().map(|early| &mut early.dialog)
    }

    pub(super) fn on_response(mut self: Box<Self>, cx: &mut Context<'_>, passed: Passed) -> State {
        let (tx, response) = (passed.tx, passed.response);
        if tx != self.tx {
            return State::Calling(self);
        }
        if response.status.is_provisional() {
            self.on_provisional(cx, response);
            State::Calling(self)
        } else if response.status.is_success() {
            self.on_success(cx, response)
        } else {
            self.on_failure(cx, response)
        }
    }

    /// Nobody answered at all (408), or the connection is lost (503): RFC 3261 8.1.3.1.
    pub(super) fn on_gone(
        self: Box<Self>,
        cx: &mut Context<'_>,
        tx: ClientTx,
        status: StatusCode,
    ) -> State {
        if tx != self.tx {
            return State::Calling(self);
        }
        cx.tell(SessionEvent::Failed {
            response: synthesized(status),
        });
        State::Over
    }

    /// Withdraws the call; the CANCEL waits for a provisional response if there was none (RFC 3261 9.1).
    pub(super) fn end(self: Box<Self>, cx: &mut Context<'_>, reason: Option<Reason>) -> State {
        cx.layer.withdraw(self.tx, reason, cx.now);
        State::Over
    }

    fn on_provisional(&mut self, cx: &mut Context<'_>, response: Response) {
        if response.status == StatusCode::TRYING {
            cx.tell(SessionEvent::Trying);
            return;
        }
        let Some(branch) = self.branch(cx, &response) else {
            return;
        };
        let Some(early) = self.early.get_mut(branch) else {
            return;
        };
        if requires_prack(&response) {
            let Ok(Some(rseq)) = response.headers.rseq() else {
                return;
            };
            // RFC 3262 4: retransmissions and responses out of order are not for us to see.
            if early.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
                return;
            }
            early.rseq = Some(rseq);
            prack(cx, early, self.signer.as_ref(), &response, rseq);
        }
        let sdp = body_of(&response.body);
        if sdp.is_some() {
            early.sdp.clone_from(&sdp);
        }
        cx.tell(SessionEvent::Progress {
            response,
            sdp,
            branch: branch as u32,
        });
    }

    /// Which early dialog a response belongs to; it may create one (RFC 3261 12.1.2).
    fn branch(&mut self, cx: &Context<'_>, response: &Response) -> Option<usize> {
        let tag = remote_tag(response);
        if let Some(known) = self
            .early
            .iter()
            .position(|early| early.dialog.remote_tag() == &*tag)
        {
            return Some(known);
        }
        if self.early.len() >= cx.layer.config.bounds.early_dialogs {
            return None;
        }
        let dialog = Dialog::uac(response, &self.invite.uri, self.flow).ok()?;
        self.early.push(Early {
            dialog,
            rseq: None,
            sdp: None,
        });
        Some(self.early.len() - 1)
    }

    fn on_success(mut self: Box<Self>, cx: &mut Context<'_>, response: Response) -> State {
        // RFC 3261 13.2.2.4: the route set is that of the 2xx.
        let Ok(mut dialog) = Dialog::uac(&response, &self.invite.uri, self.flow) else {
            cx.tell(SessionEvent::Failed {
                response: synthesized(StatusCode::BAD_GATEWAY),
            });
            return State::Over;
        };
        let seq = dialog.local_seq();
        let known = self
            .early
            .iter()
            .position(|early| early.dialog.remote_tag() == dialog.remote_tag());
        let branch = known.unwrap_or(self.early.len());
        let early = known.map(|index| self.early.swap_remove(index));
        if let Some(early) = &early {
            dialog.skip_seq(early.dialog.local_seq());
        }
        dialog.sign_with(self.signer.take());
        let sdp = body_of(&response.body).or_else(|| early.and_then(|early| early.sdp));
        let offered = body_of(&self.invite.body);
        let established = Established::answered(
            cx,
            dialog,
            self.tx,
            seq,
            &response.headers,
            offered,
            self.wanted,
        );
        cx.tell(SessionEvent::Answered {
            response,
            sdp,
            branch: branch as u32,
        });
        State::Established(Box::new(established))
    }

    fn on_failure(mut self: Box<Self>, cx: &mut Context<'_>, response: Response) -> State {
        if response.status == StatusCode::SESSION_INTERVAL_TOO_SMALL
            && self.retries < MOST_RETRIES
            && self.retry(cx, &response)
        {
            return State::Calling(self);
        }
        let signer = self.signer.as_ref();
        if signer.is_some_and(|signer| signer.challenged(&response)) {
            self.send_again(cx);
            return State::Calling(self);
        }
        cx.tell(SessionEvent::Failed { response });
        State::Over
    }

    /// RFC 4028 7.3: tries again with the interval that the far side asks for.
    fn retry(&mut self, cx: &mut Context<'_>, response: &Response) -> bool {
        let Ok(Some(least)) = response.headers.min_se() else {
            return false;
        };
        let wished = self
            .invite
            .headers
            .session_expires()
            .ok()
            .flatten()
            .map_or(0, |wish| wish.interval);
        let headers = &mut self.invite.headers;
        headers.set(HeaderName::SessionExpires, wished.max(least).to_string());
        headers.set(HeaderName::MinSe, least.to_string());
        self.retries += 1;
        self.send_again(cx);
        true
    }

    /// The same INVITE with the next `CSeq`, signed where that was asked for (RFC 3261 8.1.3.5).
    fn send_again(&mut self, cx: &mut Context<'_>) {
        let headers = &mut self.invite.headers;
        let before = headers.cseq().ok().flatten().map_or(0, |cseq| cseq.seq);
        let seq = before.saturating_add(1);
        headers.set(HeaderName::CSeq, format!("{seq} INVITE"));
        if let Some(signer) = &self.signer {
            signer.sign(&mut self.invite);
        }
        self.early.clear();
        self.tx = cx.send_signed(self.invite.clone(), self.flow, self.signer.clone());
    }

    /// A request of the far side in an early dialog.
    pub(super) fn on_request(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        tx: ServerTx,
        request: Request,
        flow: Flow,
    ) -> State {
        let from = request.headers.from().ok().flatten();
        let tag = from
            .as_ref()
            .and_then(|from| from.tag())
            .unwrap_or_default();
        let seq = request
            .headers
            .cseq()
            .ok()
            .flatten()
            .map_or(0, |cseq| cseq.seq);
        let Some(early) = self
            .early
            .iter_mut()
            .find(|early| early.dialog.remote_tag() == tag)
        else {
            cx.refuse(tx, &request, StatusCode::CALL_DOES_NOT_EXIST);
            return State::Calling(self);
        };
        if early.dialog.note_request(seq, flow) == Order::Old {
            cx.refuse(tx, &request, StatusCode::SERVER_INTERNAL_ERROR);
            return State::Calling(self);
        }
        match request.method {
            // RFC 3261 15: the callee must not send BYE in an early dialog.
            Method::Bye | Method::Invite | Method::Prack => {
                cx.refuse(tx, &request, StatusCode::CALL_DOES_NOT_EXIST);
            }
            // RFC 3311 5.2: an offer in an early dialog has to wait for the answer.
            Method::Update if !request.body.is_empty() => cx.refuse_briefly(tx, &request),
            Method::Update => {
                early.dialog.refresh_target(&request.headers);
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
        State::Calling(self)
    }
}

/// The INVITE but for its Via.
fn build(cx: &mut Context<'_>, invite: Invite, tag: &str) -> Request {
    let mut request = Request::new(Method::Invite, invite.target);
    let mut given = invite.headers;
    let headers = &mut request.headers;
    for route in invite.route {
        headers.push(HeaderName::Route, route);
    }
    let call_id = cx.layer.token();
    let contact = cx.layer.config.contact(&invite.flow);
    for (name, value) in [
        (HeaderName::MaxForwards, "70".to_owned()),
        (HeaderName::From, invite.from.with_tag(tag).to_string()),
        (HeaderName::To, invite.to.to_string()),
        (HeaderName::CallId, call_id),
        (HeaderName::CSeq, "1 INVITE".to_owned()),
        (HeaderName::Contact, contact),
    ] {
        match given.get_bytes(&name).cloned() {
            Some(value) if name != HeaderName::From && name != HeaderName::To => {
                headers.push(name, value);
            }
            Some(_) | None => headers.push(name, value),
        }
    }
    for name in [
        HeaderName::MaxForwards,
        HeaderName::CallId,
        HeaderName::CSeq,
        HeaderName::Contact,
    ] {
        given.remove(&name);
    }
    cx.add_abilities(headers);
    refresh::add_to_invite(cx, headers);
    headers.extend(given);
    match invite.offer {
        Some(offer) => request.set_body(SDP, offer),
        // Without an offer of ours, a reliable provisional response would carry one, and PRACK had to answer it.
        None => request
            .headers
            .set(HeaderName::Supported, cx.layer.supported_without_100rel()),
    }
    request
}

fn requires_prack(response: &Response) -> bool {
    let required = response.headers.require();
    required.is_ok_and(|tags| tags.iter().any(|tag| tag.eq_ignore_ascii_case("100rel")))
}

/// Acknowledges a reliable provisional response (RFC 3262 4).
fn prack(
    cx: &mut Context<'_>,
    early: &mut Early,
    signer: Option<&Signer>,
    response: &Response,
    rseq: u32,
) {
    let Ok(Some(CSeq { seq, method })) = response.headers.cseq() else {
        return;
    };
    let mut prack = early.dialog.request(Method::Prack);
    prack.headers.push(
        HeaderName::RAck,
        RAck {
            rseq,
            cseq: CSeq { seq, method },
        }
        .to_string(),
    );
    if let Some(signer) = signer {
        signer.sign(&mut prack);
    }
    cx.send_unobserved(prack, early.dialog.flow());
}

/// 422 answered with another INVITE at most so often.
const MOST_RETRIES: u8 = 2;
