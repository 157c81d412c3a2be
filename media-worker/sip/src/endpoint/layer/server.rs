//! Server transactions: requests of others and our responses to them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Due, Layer, reliability};
use crate::endpoint::counters::Rejected;
use crate::endpoint::ids::{ServerTx, SessionId};
use crate::syntax::{Method, Request, Response, StatusCode};
use crate::transaction::{
    Action, Actions, InviteServer, InviteServerEvent, Server, ServerEvent, Timer,
};
use crate::transport::{Flow, Protocol};

pub(super) struct Record {
    key: Arc<str>,
    merge: Option<Arc<str>>,
    /// Where responses go (RFC 3261 18.2.2, RFC 3581 4).
    flow: Flow,
    machine: Machine,
    /// The INVITE, until it has a final response.
    invite: Option<Box<Request>>,
    session: Option<SessionId>,
    peer: IpAddr,
    /// Bytes held on the peer's account until the final response.
    charge: usize,
}

enum Machine {
    Invite(InviteServer),
    Other(Server),
}

/// What became of a request at the transaction layer.
pub(crate) enum Incoming {
    /// New: it is the caller's to admit.
    New(Arc<str>),
    /// An ACK that belongs to no failed INVITE: for the session whose 2xx it confirms.
    Ack,
    /// Dealt with.
    Absorbed,
}

/// Whether a new request got a transaction.
pub(crate) enum Admission {
    /// It did.
    Admitted(ServerTx),
    /// It was refused with 503 or 482.
    Refused,
}

impl Layer {
    /// Matches a request to its transaction (RFC 3261 17.2.3), which takes it if it is a retransmission or an ACK.
    pub(crate) fn match_request(&mut self, request: &Request, now: Instant) -> Incoming {
        let key = key(request, request.method.as_str());
        let Some(&tx) = self.keys.get(&key) else {
            return if request.method == Method::Ack {
                Incoming::Ack
            } else {
                Incoming::New(key)
            };
        };
        let Some(record) = self.servers.get_mut(&tx) else {
            return Incoming::New(key);
        };
        let transport = reliability(&record.flow);
        let actions = match std::mem::replace(&mut record.machine, TERMINATED) {
            Machine::Invite(invite) => {
                // An ACK to a 2xx with the branch of its INVITE is RFC 2543's way.
                if request.method == Method::Ack && invite == InviteServer::Accepted {
                    record.machine = Machine::Invite(invite);
                    return Incoming::Ack;
                }
                let ack = request.method == Method::Ack;
                let event = if ack {
                    InviteServerEvent::Ack
                } else {
                    InviteServerEvent::Retransmission
                };
                let (invite, actions) = invite.on(event, transport);
                record.machine = Machine::Invite(invite);
                actions
            }
            Machine::Other(server) => {
                let (server, actions) = server.on(ServerEvent::Retransmission, transport);
                record.machine = Machine::Other(server);
                actions
            }
        };
        if request.method != Method::Ack {
            self.counters.absorbed += 1;
        }
        self.perform_server(tx, actions, now);
        Incoming::Absorbed
    }

    /// Makes a transaction for a new request, within the bounds; merged requests are refused (RFC 3261 8.2.2.2).
    pub(crate) fn admit(
        &mut self,
        key: Arc<str>,
        request: &Request,
        flow: Flow,
        now: Instant,
    ) -> Admission {
        let charge = OVERHEAD
            + request.body.len()
            + request
                .headers
                .iter()
                .map(|it| it.value().len())
                .sum::<usize>();
        let merge = merge_key(request);
        if merge
            .as_ref()
            .is_some_and(|merge| self.merges.contains_key(merge))
        {
            self.refuse(request, flow, StatusCode::LOOP_DETECTED, Rejected::Loop);
            return Admission::Refused;
        }
        if self.servers.len() >= self.config.bounds.server_transactions && !self.make_room() {
            self.refuse(
                request,
                flow,
                StatusCode::SERVICE_UNAVAILABLE,
                Rejected::Transactions,
            );
            return Admission::Refused;
        }
        let peer = flow.remote.ip();
        let held = self.peers.entry(peer).or_default();
        if *held + charge > self.config.bounds.bytes_per_peer {
            self.refuse(
                request,
                flow,
                StatusCode::SERVICE_UNAVAILABLE,
                Rejected::PeerBytes,
            );
            return Admission::Refused;
        }
        *held += charge;
        let tx = ServerTx(self.next_number());
        let (machine, actions, invite) = if request.method == Method::Invite {
            let (machine, actions) = InviteServer::start();
            (
                Machine::Invite(machine),
                actions,
                Some(Box::new(request.clone())),
            )
        } else {
            let (machine, actions) = Server::start();
            (Machine::Other(machine), actions, None)
        };
        self.keys.insert(key.clone(), tx);
        if let Some(merge) = &merge {
            self.merges.insert(merge.clone(), tx);
        }
        let flow = reply_flow(request, flow);
        let record = Record {
            key,
            merge,
            flow,
            machine,
            invite,
            session: None,
            peer,
            charge,
        };
        self.servers.insert(tx, Box::new(record));
        self.perform_server(tx, actions, now);
        Admission::Admitted(tx)
    }

    /// Notes which session an INVITE belongs to.
    pub(crate) fn assign(&mut self, tx: ServerTx, session: SessionId) {
        if let Some(record) = self.servers.get_mut(&tx) {
            record.session = Some(session);
        }
    }

    /// The INVITE transaction that a CANCEL names (RFC 3261 9.2), and its session.
    pub(crate) fn cancelled(&self, cancel: &Request) -> Option<(ServerTx, Option<SessionId>)> {
        let tx = *self.keys.get(&key(cancel, Method::Invite.as_str()))?;
        self.servers.get(&tx).map(|record| (tx, record.session))
    }

    /// Where a transaction's responses go.
    pub(crate) fn server_flow(&self, tx: ServerTx) -> Option<Flow> {
        self.servers.get(&tx).map(|record| record.flow)
    }

    /// The INVITE of a transaction that has no final response yet.
    pub(crate) fn pending_invite(&self, tx: ServerTx) -> Option<&Request> {
        self.servers.get(&tx)?.invite.as_deref()
    }

    /// Sends a response; returns its bytes, for who retransmits it himself (2xx to INVITE, reliable 1xx).
    pub(crate) fn reply(&mut self, tx: ServerTx, mut response: Response, now: Instant) -> Bytes {
        if response.status != StatusCode::TRYING {
            let tag = self.token();
            response.tag_to(&tag);
        }
        self.sign(&mut response);
        let bytes = response.to_bytes();
        self.counters.response_out(response.status.code());
        self.reply_bytes(tx, response.status, bytes.clone(), now);
        bytes
    }

    /// Sends a final response and keeps nothing of the request, for those who have not proven who they are
    /// (RFC 3261 8.2.7). A retransmission is a new request, whose response has the same To tag.
    pub(crate) fn dismiss(&mut self, tx: ServerTx, mut response: Response) {
        let Some(record) = self.servers.get(&tx) else {
            return;
        };
        let flow = record.flow;
        response.tag_to(&self.stateless_tag(&record.key));
        self.sign(&mut response);
        self.counters.response_out(response.status.code());
        self.transmit(flow, response.to_bytes());
        self.forget_server(tx);
    }

    /// Sends a response once more.
    pub(crate) fn reply_bytes(
        &mut self,
        tx: ServerTx,
        status: StatusCode,
        bytes: Bytes,
        now: Instant,
    ) {
        let Some(record) = self.servers.get_mut(&tx) else {
            return;
        };
        let transport = reliability(&record.flow);
        let (machine, actions) = match std::mem::replace(&mut record.machine, TERMINATED) {
            Machine::Invite(invite) => {
                let event = if status.is_provisional() {
                    InviteServerEvent::Provisional(bytes)
                } else if status.is_success() {
                    InviteServerEvent::Success(bytes)
                } else {
                    InviteServerEvent::Failure(bytes)
                };
                let (machine, actions) = invite.on(event, transport);
                (Machine::Invite(machine), actions)
            }
            // RFC 4320 4.1: no provisional responses but 100.
            Machine::Other(server) if status.is_provisional() => {
                (Machine::Other(server), Actions::new())
            }
            Machine::Other(server) => {
                let (machine, actions) = server.on(ServerEvent::Final(bytes), transport);
                (Machine::Other(machine), actions)
            }
        };
        record.machine = machine;
        if status.is_final() {
            self.settle(tx, status);
        }
        self.perform_server(tx, actions, now);
    }

    /// A transaction's timer has fired.
    pub(crate) fn server_fired(&mut self, tx: ServerTx, timer: Timer, now: Instant) {
        let Some(record) = self.servers.get_mut(&tx) else {
            return;
        };
        let transport = reliability(&record.flow);
        let (machine, actions) = match std::mem::replace(&mut record.machine, TERMINATED) {
            Machine::Invite(invite) => {
                let (machine, actions) = invite.on(InviteServerEvent::Fired(timer), transport);
                (Machine::Invite(machine), actions)
            }
            Machine::Other(server) => {
                let (machine, actions) = server.on(ServerEvent::Fired(timer), transport);
                (Machine::Other(machine), actions)
            }
        };
        record.machine = machine;
        self.perform_server(tx, actions, now);
    }

    fn perform_server(&mut self, tx: ServerTx, actions: Actions, now: Instant) {
        let Some(record) = self.servers.get(&tx) else {
            return;
        };
        let (flow, over) = (record.flow, record.machine.is_terminated());
        for action in actions {
            match action {
                Action::Transmit(bytes) => self.transmit(flow, bytes),
                Action::Arm(timer, Duration::ZERO) => return self.server_fired(tx, timer, now),
                Action::Arm(timer, after) => {
                    self.deadlines.arm(Due::Server(tx, timer), now + after);
                }
                Action::Disarm(timer) => self.deadlines.disarm(Due::Server(tx, timer)),
                Action::Trying => self.send_trying(tx, now),
                Action::Pass | Action::GiveUp => {}
            }
        }
        if over {
            self.forget_server(tx);
        }
    }

    fn send_trying(&mut self, tx: ServerTx, now: Instant) {
        if let Some(response) = self
            .pending_invite(tx)
            .map(|invite| invite.respond(StatusCode::TRYING))
        {
            self.reply(tx, response, now);
        }
    }

    /// A request has its final response: what it held is given back, and it may make room for others.
    fn settle(&mut self, tx: ServerTx, status: StatusCode) {
        let Some(record) = self.servers.get_mut(&tx) else {
            return;
        };
        record.invite = None;
        let charge = std::mem::take(&mut record.charge);
        let peer = record.peer;
        let accepted = matches!(record.machine, Machine::Invite(_)) && status.is_success();
        let merge = if accepted { None } else { record.merge.take() };
        if matches!(record.machine, Machine::Other(Server::Completed { .. })) {
            self.answered.push_back(tx);
        }
        self.release(peer, charge);
        if let Some(merge) = merge {
            self.merges.remove(&merge);
        }
    }

    fn release(&mut self, peer: IpAddr, charge: usize) {
        if let Some(held) = self.peers.get_mut(&peer) {
            *held = held.saturating_sub(charge);
            if *held == 0 {
                self.peers.remove(&peer);
            }
        }
    }

    /// Gives up the answered non-INVITE transaction that is nearest to its end.
    fn make_room(&mut self) -> bool {
        while let Some(tx) = self.answered.pop_front() {
            if self.servers.contains_key(&tx) {
                self.forget_server(tx);
                return true;
            }
        }
        false
    }

    fn forget_server(&mut self, tx: ServerTx) {
        let Some(record) = self.servers.remove(&tx) else {
            return;
        };
        self.keys.remove(&record.key);
        if let Some(merge) = &record.merge {
            self.merges.remove(merge);
        }
        self.release(record.peer, record.charge);
        for timer in [
            Timer::G,
            Timer::H,
            Timer::I,
            Timer::J,
            Timer::L,
            Timer::Trying,
            Timer::Unanswered,
        ] {
            self.deadlines.disarm(Due::Server(tx, timer));
        }
        while self
            .answered
            .front()
            .is_some_and(|front| !self.servers.contains_key(front))
        {
            self.answered.pop_front();
        }
    }
}

impl Machine {
    fn is_terminated(&self) -> bool {
        matches!(
            self,
            Self::Invite(InviteServer::Terminated) | Self::Other(Server::Terminated)
        )
    }
}

/// Where the response to a request goes (RFC 3261 18.2.2, RFC 3581 4). A request that came over UDP from another
/// address than its Via says has passed a NAT: only its source leads back, whether or not it asked by `rport`.
pub(super) fn reply_flow(request: &Request, flow: Flow) -> Flow {
    match flow.protocol {
        Protocol::Tcp | Protocol::Tls => flow,
        Protocol::Udp => {
            let via = request.headers.via().ok().flatten();
            let direct =
                via.filter(|via| via.rport().is_none() && via.host.ip() == Some(flow.remote.ip()));
            match direct {
                Some(via) => {
                    let port = via.port.unwrap_or(Protocol::Udp.default_port());
                    Flow {
                        remote: SocketAddr::new(flow.remote.ip(), port),
                        ..flow
                    }
                }
                None => flow,
            }
        }
    }
}

/// What a request is matched by (RFC 3261 17.2.3): branch, sent-by and method, that of ACK being INVITE; before
/// RFC 3261 Request-URI, From tag, Call-ID, `CSeq` number and the whole Via.
fn key(request: &Request, method: &str) -> Arc<str> {
    let method = if method == "ACK" { "INVITE" } else { method };
    let headers = &request.headers;
    let via = headers.via().ok().flatten();
    if let Some((via, branch)) = via
        .as_ref()
        .and_then(|via| via.rfc3261_branch().map(|branch| (via, branch)))
    {
        format!("{branch} {} {} {method}", via.host, via.port.unwrap_or(0))
    } else {
        let from = headers.from().ok().flatten();
        format!(
            "{} {} {} {} {} {method}",
            request.uri,
            from.as_ref()
                .and_then(|from| from.tag())
                .unwrap_or_default(),
            headers.call_id().ok().flatten().unwrap_or_default(),
            headers.cseq().ok().flatten().map_or(0, |cseq| cseq.seq),
            via.map(|via| via.to_string()).unwrap_or_default(),
        )
    }
    .into()
}

/// What two copies of one request have in common that came by different ways (RFC 3261 8.2.2.2): From tag, Call-ID
/// and `CSeq`, if there is no To tag.
fn merge_key(request: &Request) -> Option<Arc<str>> {
    let headers = &request.headers;
    if headers.to().ok().flatten()?.tag().is_some() || request.method == Method::Cancel {
        return None;
    }
    let from = headers.from().ok().flatten()?;
    let cseq = headers.get(&crate::syntax::HeaderName::CSeq)?;
    Some(
        format!(
            "{} {} {cseq}",
            headers.call_id().ok().flatten()?,
            from.tag()?
        )
        .into(),
    )
}

/// What a transaction costs beside the request's own octets.
const OVERHEAD: usize = 512;
const TERMINATED: Machine = Machine::Other(Server::Terminated);
