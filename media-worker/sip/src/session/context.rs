//! What a session's state machine may do to the world.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::SessionTimer;
use crate::dialog::Dialog;
use crate::digest::Signer;
use crate::endpoint::counters::Rejected;
use crate::endpoint::event::SessionEvent;
use crate::endpoint::ids::{ClientTx, ServerTx, SessionId};
use crate::endpoint::layer::{ClientUse, Layer, NOBODY};
use crate::syntax::{HeaderName, Headers, Method, Reason, Request, Response, StatusCode};
use crate::transport::Flow;

/// The transaction layer, the time, and who asks.
pub(crate) struct Context<'a> {
    pub(crate) layer: &'a mut Layer,
    pub(crate) session: SessionId,
    pub(crate) now: Instant,
}

impl Context<'_> {
    pub(super) fn tell(&mut self, event: SessionEvent) {
        self.layer.tell_session(self.session, event);
    }

    pub(super) fn arm(&mut self, timer: SessionTimer, after: Duration) {
        self.layer.arm(self.session, timer, self.now + after);
    }

    pub(super) fn disarm(&mut self, timer: SessionTimer) {
        self.layer.disarm(self.session, timer);
    }

    /// Sends a request whose responses are this session's.
    pub(super) fn send(&mut self, request: Request, flow: Flow) -> ClientTx {
        self.layer
            .send(request, flow, ClientUse::Session(self.session), self.now)
    }

    /// The same of an INVITE, and what is to sign the end of what it leads to where no session does any more.
    pub(super) fn send_signed(
        &mut self,
        invite: Request,
        flow: Flow,
        signer: Option<Signer>,
    ) -> ClientTx {
        let tx = self.send(invite, flow);
        self.layer.sign_with(tx, signer);
        tx
    }

    /// Sends a request whose responses do not matter.
    pub(super) fn send_unobserved(&mut self, request: Request, flow: Flow) {
        self.layer.send(request, flow, NOBODY, self.now);
    }

    pub(super) fn send_for_application(
        &mut self,
        dialog: &mut Dialog,
        method: Method,
        headers: Headers,
        body: Bytes,
    ) -> ClientTx {
        let flow = dialog.flow();
        let mut request = dialog.request(method);
        if !headers.has(&HeaderName::Contact) && has_contact(&request.method) {
            self.add_contact(&mut request.headers, &flow);
        }
        request.headers.extend(headers);
        request.body = body;
        self.layer
            .send(request, flow, ClientUse::Application, self.now)
    }

    /// Sends BYE with the Reason.
    pub(super) fn bye(&mut self, dialog: &mut Dialog, reason: Option<Reason>) -> ClientTx {
        let mut bye = dialog.request(Method::Bye);
        if let Some(reason) = reason {
            bye.headers.push(HeaderName::Reason, reason.to_string());
        }
        self.send(bye, dialog.flow())
    }

    /// Answers with a status alone.
    pub(super) fn refuse(&mut self, tx: ServerTx, request: &Request, status: StatusCode) {
        let response = request.respond(status);
        self.layer.reply(tx, response, self.now);
    }

    /// Answers 500 with a Retry-After of up to 10 s (RFC 3261 14.2, RFC 3311 5.2).
    pub(super) fn refuse_briefly(&mut self, tx: ServerTx, request: &Request) {
        let seconds = self.layer.random() % 11;
        let response = request
            .respond(StatusCode::SERVER_INTERNAL_ERROR)
            .with_header(HeaderName::RetryAfter, seconds.to_string());
        self.layer.reply(tx, response, self.now);
    }

    /// Answers that offers crossed (RFC 3261 14.2).
    pub(super) fn refuse_glare(&mut self, tx: ServerTx, request: &Request, status: StatusCode) {
        self.layer.counters.reject(Rejected::Glare);
        self.refuse(tx, request, status);
    }

    /// Answers 422 with our Min-SE (RFC 4028 9).
    pub(super) fn refuse_interval(&mut self, tx: ServerTx, request: &Request) {
        self.layer.counters.reject(Rejected::IntervalTooSmall);
        let least = self.layer.config.min_se.as_secs().to_string();
        let response = request
            .respond(StatusCode::SESSION_INTERVAL_TOO_SMALL)
            .with_header(HeaderName::MinSe, least);
        self.layer.reply(tx, response, self.now);
    }

    pub(super) fn reply(&mut self, tx: ServerTx, response: Response) -> Bytes {
        self.layer.reply(tx, response, self.now)
    }

    pub(super) fn add_contact(&self, headers: &mut Headers, flow: &Flow) {
        headers.push(HeaderName::Contact, self.layer.config.contact(flow));
    }

    /// Allow and Supported.
    pub(super) fn add_abilities(&self, headers: &mut Headers) {
        headers.push(HeaderName::Allow, self.layer.allow());
        headers.push(HeaderName::Supported, self.layer.supported());
    }
}

/// Whether a request refreshes the target, and so needs a Contact.
fn has_contact(method: &Method) -> bool {
    match method {
        Method::Invite | Method::Update | Method::Subscribe | Method::Notify | Method::Refer => {
            true
        }
        Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Register
        | Method::Options
        | Method::Info
        | Method::Prack
        | Method::Message
        | Method::Publish
        | Method::Other(_) => false,
    }
}

/// The media type of offers and answers.
pub(super) const SDP: &str = "application/sdp";
