//! Messages that come in: which transaction, dialog or application they are for (RFC 3261 8.2, 12.2.2, 17.2.3).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::Endpoint;
use super::counters::Rejected;
use super::event::Event;
use super::ids::{ServerTx, SessionId};
use super::layer::{Admission, ClientUse, Incoming, Passed, is_stateless};
use crate::session::{Context, Session, Unacceptable};
use crate::syntax::{HeaderName, Headers, Message, Method, Request, StatusCode, parse};
use crate::transport::Flow;

impl Endpoint {
    pub(super) fn receive(&mut self, flow: Flow, bytes: &Bytes, now: Instant) {
        match parse(bytes, &self.limits) {
            Ok(Message::Request(request)) => self.receive_request(request, flow, now),
            Ok(Message::Response(response)) => {
                if let Some(passed) = self.layer.receive_response(response, now) {
                    self.deliver_response(passed, now);
                }
            }
            Err(error) => {
                if let Some(reply) = error.reply() {
                    self.layer.counters.reject(Rejected::Malformed);
                    self.layer.counters.response_out(reply.status.code());
                    self.layer.transmit(flow, reply.to_bytes());
                } else {
                    self.layer.counters.reject(Rejected::Unreadable);
                    if flow.protocol.is_reliable() {
                        self.layer.close(flow);
                    }
                }
            }
        }
    }

    fn deliver_response(&mut self, passed: Passed, now: Instant) {
        match passed.usage {
            ClientUse::Application => {
                if passed.response.status.is_final() {
                    self.layer.tell(Event::Response {
                        tx: passed.tx,
                        result: Ok(passed.response),
                    });
                }
            }
            ClientUse::Session(id) if self.sessions.contains_key(&id) => {
                self.with(id, now, |session, cx| session.on_response(cx, passed));
            }
            ClientUse::Session(_) | ClientUse::Nobody(_) => {
                self.layer.receive_unwanted(&passed, now);
            }
        }
    }

    fn receive_request(&mut self, mut request: Request, flow: Flow, now: Instant) {
        self.layer.counters.request_in(&request.method);
        note_source(&mut request, flow);
        let key = match self.layer.match_request(&request, now) {
            Incoming::Absorbed => return,
            Incoming::Ack => return self.receive_ack(&request, now),
            Incoming::New(key) => key,
        };
        if request.method == Method::Cancel {
            return self.receive_cancel(key, &request, flow, now);
        }
        if let Some((status, why)) = self.objection(&request) {
            return self.object(&request, flow, status, why);
        }
        let session = match self.addressed(&request) {
            Addressed::Nobody => None,
            Addressed::Session(id) => Some(id),
            Addressed::Unknown => {
                return self.layer.refuse(
                    &request,
                    flow,
                    StatusCode::CALL_DOES_NOT_EXIST,
                    Rejected::NoSuchDialog,
                );
            }
        };
        let begins = session.is_none() && request.method == Method::Invite;
        if begins && self.sessions.len() >= self.layer.config.bounds.sessions {
            return self.layer.refuse(
                &request,
                flow,
                StatusCode::SERVICE_UNAVAILABLE,
                Rejected::Sessions,
            );
        }
        let Admission::Admitted(tx) = self.layer.admit(key, &request, flow, now) else {
            return;
        };
        match session {
            Some(id) => {
                self.with(id, now, |session, cx| {
                    session.on_request(cx, tx, request, flow);
                });
            }
            None if begins => self.ring(tx, request, flow, now),
            None => self.layer.tell(Event::Request { tx, request, flow }),
        }
    }

    fn ring(&mut self, tx: ServerTx, request: Request, flow: Flow, now: Instant) {
        let id = SessionId(self.layer.next_number());
        let mut cx = Context {
            layer: &mut self.layer,
            session: id,
            now,
        };
        match Session::ring(&mut cx, tx, &request, flow) {
            Ok(session) => {
                self.layer.assign(tx, id);
                self.keep(id, session);
                self.layer.tell(Event::Invite {
                    session: id,
                    request,
                    flow,
                });
            }
            Err(Unacceptable::Malformed) => {
                self.layer.counters.reject(Rejected::Malformed);
                self.layer
                    .reply(tx, request.respond(StatusCode::BAD_REQUEST), now);
            }
            Err(Unacceptable::IntervalTooSmall) => {
                self.layer.counters.reject(Rejected::IntervalTooSmall);
                let least = self.layer.config.min_se.as_secs().to_string();
                let response = request.respond(StatusCode::SESSION_INTERVAL_TOO_SMALL);
                self.layer
                    .reply(tx, response.with_header(HeaderName::MinSe, least), now);
            }
        }
    }

    /// An ACK that confirms a 2xx.
    fn receive_ack(&mut self, request: &Request, now: Instant) {
        match self.addressed(request) {
            Addressed::Session(id) => {
                self.with(id, now, |session, cx| session.on_ack(cx, request));
            }
            Addressed::Nobody | Addressed::Unknown if is_of_dismissed(request) => {}
            Addressed::Nobody | Addressed::Unknown => {
                self.layer.counters.reject(Rejected::StrayAck);
            }
        }
    }

    /// CANCEL (RFC 3261 9.2): answered here, and the INVITE with 487 if it has no final response yet.
    fn receive_cancel(&mut self, key: Arc<str>, request: &Request, flow: Flow, now: Instant) {
        let Some((invite, session)) = self.layer.cancelled(request) else {
            return self.layer.refuse(
                request,
                flow,
                StatusCode::CALL_DOES_NOT_EXIST,
                Rejected::NoSuchDialog,
            );
        };
        let Admission::Admitted(tx) = self.layer.admit(key, request, flow, now) else {
            return;
        };
        let mut response = request.respond(StatusCode::OK);
        let session = session.filter(|id| self.sessions.contains_key(id));
        if let Some(session) = session.and_then(|id| self.sessions.get(&id)) {
            response.tag_to(session.tag());
        }
        self.layer.reply(tx, response, now);
        if self.layer.pending_invite(invite).is_some()
            && let Some(id) = session
        {
            let reason = request.headers.reason().ok().flatten();
            self.with(id, now, |session, cx| session.on_cancel(cx, reason));
        }
    }

    /// Why a request is refused before anybody looks at it (RFC 3261 8.2.1, 8.2.2).
    fn objection(&self, request: &Request) -> Option<(StatusCode, Rejected)> {
        let config = &self.layer.config;
        if !config.methods.contains(&request.method) {
            let unknown = matches!(request.method, Method::Other(_));
            let status = if unknown {
                StatusCode::NOT_IMPLEMENTED
            } else {
                StatusCode::METHOD_NOT_ALLOWED
            };
            return Some((status, Rejected::Method));
        }
        if request.headers.has(&HeaderName::Require) && !self.unsupported(request).is_empty() {
            return Some((StatusCode::BAD_EXTENSION, Rejected::Extension));
        }
        // RFC 7332: one who passes calls on treats Max-Forwards as a proxy does.
        if request.method == Method::Invite && request.headers.max_forwards() == Ok(Some(0)) {
            return Some((StatusCode::TOO_MANY_HOPS, Rejected::TooManyHops));
        }
        self.layer
            .is_loop(request)
            .then_some((StatusCode::LOOP_DETECTED, Rejected::Loop))
    }

    fn object(&mut self, request: &Request, flow: Flow, status: StatusCode, why: Rejected) {
        self.layer.counters.reject(why);
        let mut response = request.respond_tagged(status, &self.layer.token());
        match status {
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                response.headers.push(HeaderName::Allow, self.layer.allow());
            }
            StatusCode::BAD_EXTENSION => {
                response.headers.push(
                    HeaderName::Unsupported,
                    self.unsupported(request).join(", "),
                );
            }
            _ => {}
        }
        self.layer.transmit_response(request, flow, response);
    }

    /// The option tags required that we do not know; an unreadable list counts as one.
    fn unsupported(&self, request: &Request) -> Vec<String> {
        let Ok(required) = request.headers.require() else {
            return vec!["unreadable".to_owned()];
        };
        let extensions = &self.layer.config.extensions;
        let known = |tag: &str| {
            ["100rel", "timer"]
                .into_iter()
                .chain(extensions.iter().map(String::as_str))
                .any(|it| it.eq_ignore_ascii_case(tag))
        };
        required.into_iter().filter(|tag| !known(tag)).collect()
    }

    /// Whom a request is for, by its dialog.
    fn addressed(&self, request: &Request) -> Addressed {
        let headers = &request.headers;
        let Some(to) = headers.to().ok().flatten() else {
            return Addressed::Unknown;
        };
        let Some(tag) = to.tag() else {
            return Addressed::Nobody;
        };
        let number = tag
            .split('.')
            .next()
            .and_then(|number| u64::from_str_radix(number, 16).ok());
        let found = number
            .map(SessionId)
            .and_then(|id| Some((id, self.sessions.get(&id)?)));
        let from = headers.from().ok().flatten();
        let remote_tag = from
            .as_ref()
            .and_then(|from| from.tag())
            .unwrap_or_default();
        let call_id = headers.call_id().ok().flatten().unwrap_or_default();
        match found {
            Some((id, session))
                if session.tag() == tag && session.matches(call_id, tag, remote_tag) =>
            {
                Addressed::Session(id)
            }
            // Subscription dialogs are the application's (RFC 6665).
            Some(_) | None => match request.method {
                Method::Subscribe | Method::Notify => Addressed::Nobody,
                Method::Invite
                | Method::Ack
                | Method::Bye
                | Method::Cancel
                | Method::Register
                | Method::Options
                | Method::Info
                | Method::Prack
                | Method::Update
                | Method::Refer
                | Method::Message
                | Method::Publish
                | Method::Other(_) => Addressed::Unknown,
            },
        }
    }
}

/// Whether an ACK is to a response that nothing was kept of.
fn is_of_dismissed(ack: &Request) -> bool {
    let to = ack.headers.to().ok().flatten();
    to.as_ref()
        .and_then(|to| to.tag())
        .is_some_and(is_stateless)
}

/// Whom a request is for.
enum Addressed {
    /// No dialog of ours: the application.
    Nobody,
    /// A session.
    Session(SessionId),
    /// A dialog that is not there.
    Unknown,
}

/// Completes the top Via with `received` and `rport` (RFC 3261 18.2.1, RFC 3581 4).
fn note_source(request: &mut Request, flow: Flow) {
    let headers = &mut request.headers;
    let Ok(Some(mut via)) = headers.via() else {
        return;
    };
    let before = via.params.len();
    let asked = via.rport().is_some();
    via.note_source(flow.remote);
    if !asked && via.params.len() == before {
        return;
    }
    let Some(line) = headers.remove_first(&HeaderName::Via) else {
        return;
    };
    if line.contains(&b',') {
        let mut rest = Headers::new();
        rest.push(HeaderName::Via, line);
        let others = rest.vias().unwrap_or_default();
        for other in others.iter().skip(1).rev() {
            headers.push_front(HeaderName::Via, other.to_string());
        }
    }
    headers.push_front(HeaderName::Via, via.to_string());
}
