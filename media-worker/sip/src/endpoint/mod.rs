//! The endpoint: SIP's transactions, dialogs and sessions behind one sans-IO value.

pub(crate) mod config;
pub(crate) mod counters;
pub(crate) mod event;
pub(crate) mod ids;
pub(crate) mod layer;
mod receive;

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use bytes::Bytes;

pub use config::{Bounds, EndpointConfig};
pub use counters::{COUNTED_METHODS, Counters, Rejected};
pub use event::{EndReason, Event, Invite, Output, RequestError, SessionEvent};
pub use ids::{ClientTx, ServerTx, SessionId};

use crate::session::{Context, Session, SessionTimer};
use crate::syntax::{HeaderName, Headers, Limits, Method, Reason, Request, Response, StatusCode};
use crate::transport::Flow;
use layer::{ClientUse, Due, Gone, Layer};

/// Transactions, dialogs and sessions of one worker. Feed it messages, time and the application's wishes; then take
/// its outputs until there are none, and wake it at [`Endpoint::poll_timeout`].
pub struct Endpoint {
    layer: Layer,
    limits: Limits,
    /// Boxed: the table has room for about twice as many as are in it.
    sessions: HashMap<SessionId, Box<Session>>,
    connections: BTreeSet<(u64, SessionId)>,
}

impl Endpoint {
    /// An endpoint; all its randomness comes from the seed.
    pub fn new(config: EndpointConfig, seed: [u8; 32]) -> Self {
        Self {
            layer: Layer::new(config, seed),
            limits: Limits::default(),
            sessions: HashMap::new(),
            connections: BTreeSet::new(),
        }
    }

    /// Changes what is advertised, or a bound, from now on.
    pub fn config_mut(&mut self) -> &mut EndpointConfig {
        &mut self.layer.config
    }

    /// One datagram, or one framed message of a stream.
    pub fn handle_datagram(&mut self, flow: Flow, bytes: &Bytes, now: Instant) {
        self.receive(flow, bytes, now);
    }

    /// A connection was closed: its transactions and sessions end.
    pub fn flow_closed(&mut self, flow: Flow, now: Instant) {
        if flow.connection == 0 {
            return;
        }
        for gone in self.layer.client_flow_closed(flow.connection) {
            self.gone(&gone, RequestError::Transport, now);
        }
        let range = (flow.connection, SessionId(0))..=(flow.connection, SessionId(u64::MAX));
        let sessions: Vec<SessionId> = self.connections.range(range).map(|(_, id)| *id).collect();
        for id in sessions {
            self.with(id, now, Session::on_flow_closed);
        }
    }

    /// Time has come to [`Endpoint::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(due) = self.layer.pop_deadline(now) {
            match due {
                Due::Client(tx, timer) => {
                    if let Some(gone) = self.layer.client_fired(tx, timer, now) {
                        self.gone(&gone, RequestError::Timeout, now);
                    }
                }
                Due::Forget(tx) => self.layer.forget_client(tx),
                Due::Server(tx, timer) => self.layer.server_fired(tx, timer, now),
                Due::Session(id, timer) => {
                    self.with(id, now, |session, cx| session.on_timer(cx, timer));
                }
            }
        }
    }

    /// When [`Endpoint::handle_timeout`] is wanted next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.layer.next_deadline()
    }

    /// The next output; `None` when all have been taken.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.layer.poll_output()
    }

    /// Takes the counts since the last call.
    pub fn drain_counters(&mut self) -> Counters {
        std::mem::take(&mut self.layer.counters)
    }

    /// How many sessions there are, those included that are only saying goodbye.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    fn gone(&mut self, gone: &Gone, error: RequestError, now: Instant) {
        match gone.usage {
            ClientUse::Application => self.layer.tell(Event::Response {
                tx: gone.tx,
                result: Err(error),
            }),
            ClientUse::Session(id) => {
                let status = match error {
                    RequestError::Timeout => StatusCode::REQUEST_TIMEOUT,
                    RequestError::Transport | RequestError::Refused => {
                        StatusCode::SERVICE_UNAVAILABLE
                    }
                };
                self.with(id, now, |session, cx| session.on_gone(cx, gone.tx, status));
            }
            ClientUse::Nobody(_) => {}
        }
    }

    /// Lets a session do something, and drops it if it is over then.
    fn with<T>(
        &mut self,
        id: SessionId,
        now: Instant,
        act: impl FnOnce(&mut Session, &mut Context<'_>) -> T,
    ) -> Option<T> {
        let session = self.sessions.get_mut(&id)?;
        let before = session.flow().connection;
        let mut cx = Context {
            layer: &mut self.layer,
            session: id,
            now,
        };
        let result = act(session, &mut cx);
        let (over, after) = (session.is_over(), session.flow().connection);
        if over {
            self.sessions.remove(&id);
            self.connections.remove(&(before, id));
            for timer in SessionTimer::ALL {
                self.layer.disarm(id, timer);
            }
        } else if before != after {
            self.connections.remove(&(before, id));
            self.index(after, id);
        }
        Some(result)
    }

    fn keep(&mut self, id: SessionId, session: Session) {
        self.index(session.flow().connection, id);
        self.sessions.insert(id, Box::new(session));
    }

    fn index(&mut self, connection: u64, id: SessionId) {
        if connection != 0 {
            self.connections.insert((connection, id));
        }
    }
}

/// Requests outside of sessions.
impl Endpoint {
    /// Answers [`Event::Request`] or [`SessionEvent::Request`]; a To tag is added if there is none, and a Contact where
    /// the 2xx makes a dialog (SUBSCRIBE, REFER).
    pub fn respond(&mut self, tx: ServerTx, mut response: Response, now: Instant) {
        if response.status.is_success() && !response.headers.has(&HeaderName::Contact) {
            let method = response
                .headers
                .cseq()
                .ok()
                .flatten()
                .map(|cseq| cseq.method);
            let flow = self.layer.server_flow(tx);
            if let (Some(Method::Subscribe | Method::Refer), Some(flow)) = (method, flow) {
                response
                    .headers
                    .push(HeaderName::Contact, self.layer.config.contact(&flow));
            }
        }
        self.layer.reply(tx, response, now);
    }

    /// Answers [`Event::Request`] with a final response and keeps nothing of it (RFC 3261 8.2.7): for senders who have
    /// not proven who they are. A retransmission comes as a new request.
    pub fn dismiss_request(&mut self, tx: ServerTx, response: Response) {
        self.layer.dismiss(tx, response);
    }

    /// Sends a request that is not INVITE, and no CANCEL or ACK. Via is added; From tag, To, Call-ID, `CSeq` and
    /// Max-Forwards where they are absent, and Contact to NOTIFY and SUBSCRIBE. The final response comes as [`Event::Response`].
    pub fn request(&mut self, mut request: Request, flow: Flow, now: Instant) -> ClientTx {
        if self.layer.client_count() >= self.layer.config.bounds.client_transactions {
            return self.refused();
        }
        self.complete(&mut request, &flow);
        self.layer.send(request, flow, ClientUse::Application, now)
    }

    fn complete(&mut self, request: &mut Request, flow: &Flow) {
        let headers = &mut request.headers;
        if !headers.has(&HeaderName::MaxForwards) {
            headers.push(HeaderName::MaxForwards, "70");
        }
        match headers.from().ok().flatten() {
            Some(from) if from.tag().is_some() => {}
            Some(from) => headers.set(
                HeaderName::From,
                from.with_tag(&self.layer.token()).to_string(),
            ),
            None => {
                let address = self.layer.config.address(flow);
                headers.set(
                    HeaderName::From,
                    format!("<sip:{address}>;tag={}", self.layer.token()),
                );
            }
        }
        if !headers.has(&HeaderName::To) {
            headers.push(HeaderName::To, format!("<{}>", request.uri));
        }
        if !headers.has(&HeaderName::CallId) {
            headers.push(HeaderName::CallId, self.layer.token());
        }
        let in_dialog = matches!(
            request.method,
            Method::Notify | Method::Subscribe | Method::Refer
        );
        if in_dialog && !headers.has(&HeaderName::Contact) {
            headers.push(HeaderName::Contact, self.layer.config.contact(flow));
        }
        if !headers.has(&HeaderName::CSeq) {
            headers.push(HeaderName::CSeq, format!("1 {}", request.method));
        }
    }

    fn refused(&mut self) -> ClientTx {
        let tx = ClientTx(self.layer.next_number());
        self.layer.tell(Event::Response {
            tx,
            result: Err(RequestError::Refused),
        });
        tx
    }
}

/// Sessions.
impl Endpoint {
    /// Calls somebody.
    pub fn invite(&mut self, invite: Invite, now: Instant) -> SessionId {
        let id = SessionId(self.layer.next_number());
        let bounds = self.layer.config.bounds;
        if self.sessions.len() >= bounds.sessions
            || self.layer.client_count() >= bounds.client_transactions
        {
            self.layer.counters.reject(Rejected::Sessions);
            let response = Response::new(StatusCode::SERVICE_UNAVAILABLE);
            self.layer
                .tell_session(id, SessionEvent::Failed { response });
            return id;
        }
        let mut cx = Context {
            layer: &mut self.layer,
            session: id,
            now,
        };
        let session = Session::call(&mut cx, invite);
        self.keep(id, session);
        id
    }

    /// UAS: a provisional response (not 100); reliable when the far side requires it (RFC 3262).
    pub fn progress(
        &mut self,
        id: SessionId,
        status: StatusCode,
        sdp: Option<Bytes>,
        headers: Headers,
        now: Instant,
    ) {
        self.with(id, now, |session, cx| {
            session.progress(cx, status, sdp, headers);
        });
    }

    /// UAS: answers with 200, sent again until the ACK comes (RFC 3261 13.3.1.4).
    pub fn accept(&mut self, id: SessionId, sdp: Bytes, headers: Headers, now: Instant) {
        self.with(id, now, |session, cx| session.accept(cx, sdp, headers));
    }

    /// UAS: refuses with a final response of 300 to 699.
    pub fn reject(&mut self, id: SessionId, status: StatusCode, headers: Headers, now: Instant) {
        self.with(id, now, |session, cx| session.reject(cx, status, headers));
    }

    /// UAS: refuses a new call with a final response of 300 to 699 and keeps nothing of it (RFC 3261 8.2.7): for callers
    /// who have not proven who they are.
    pub fn dismiss(&mut self, id: SessionId, status: StatusCode, headers: Headers, now: Instant) {
        self.with(id, now, |session, cx| session.dismiss(cx, status, headers));
    }

    /// UAC: the answer to the offer in the 2xx, which goes with the ACK.
    pub fn ack_with(&mut self, id: SessionId, sdp: Bytes, now: Instant) {
        self.with(id, now, |session, cx| session.ack_with(cx, sdp));
    }

    /// Changes the session, once it is answered and no other offer is under way; glare is retried inside. A later
    /// offer takes the place of one that still waits.
    pub fn reoffer(&mut self, id: SessionId, sdp: Bytes, now: Instant) {
        self.with(id, now, |session, cx| session.reoffer(cx, sdp));
    }

    /// Answers [`SessionEvent::Offer`].
    pub fn answer_offer(&mut self, id: SessionId, sdp: Bytes, now: Instant) {
        self.with(id, now, |session, cx| session.answer_offer(cx, sdp));
    }

    /// Refuses [`SessionEvent::Offer`] with a final response of 300 to 699.
    pub fn refuse_offer(&mut self, id: SessionId, status: StatusCode, now: Instant) {
        self.with(id, now, |session, cx| session.refuse_offer(cx, status));
    }

    /// Sends INFO, NOTIFY, REFER, MESSAGE … within the session. The final response comes as [`Event::Response`].
    pub fn request_within(
        &mut self,
        id: SessionId,
        method: Method,
        headers: Headers,
        body: Bytes,
        now: Instant,
    ) -> ClientTx {
        let sent = self
            .with(id, now, |session, cx| {
                session.request(cx, method, headers, body)
            })
            .flatten();
        sent.unwrap_or_else(|| self.refused())
    }

    /// Ends the session by what its state needs: CANCEL, BYE, or a final response (the SIP cause of the reason, else
    /// 480). Nothing more is told of it.
    pub fn end(&mut self, id: SessionId, reason: Option<Reason>, now: Instant) {
        self.with(id, now, |session, cx| session.end(cx, reason));
    }
}
