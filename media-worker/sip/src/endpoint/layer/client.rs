//! Client transactions: requests of ours and the responses to them.

mod invite;

use std::time::Instant;

use bytes::Bytes;
use smallvec::SmallVec;

pub(crate) use invite::remote_tag;

use self::invite::{Withdrawal, failure_ack};
use super::{Due, Layer, reliability};
use crate::digest::Signer;
use crate::endpoint::counters::Rejected;
use crate::endpoint::ids::{ClientTx, SessionId};
use crate::syntax::{HeaderName, Headers, Method, Request, Response};
use crate::transaction::{
    Action, Actions, Client, ClientEvent, InviteClient, InviteClientEvent, Timer,
};
use crate::transport::Flow;

/// Who wants to know of a client transaction's responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientUse {
    /// The application: final responses as [`crate::Event::Response`].
    Application,
    /// A session: all responses.
    Session(SessionId),
    /// Nobody: a BYE or CANCEL, or an INVITE whose session is over. A 2xx to such an INVITE is answered with ACK and
    /// BYE (RFC 3261 13.2.2.4, 15).
    Nobody(Withdrawal),
}

pub(super) struct Record {
    branch: Box<str>,
    flow: Flow,
    method: Method,
    machine: Machine,
    usage: ClientUse,
    /// The INVITE, until it has a final response: ACK and CANCEL are made from it.
    invite: Option<Box<Request>>,
    /// What the INVITE was signed with, once it is answered: its ACK can't be challenged and carries the same (RFC 3261 13.2.2.4, 22.1).
    credentials: Headers,
    /// ACKs of 2xx by To tag, for their retransmissions.
    acks: SmallVec<[(Box<str>, Bytes); 1]>,
    /// Of an INVITE that was to be signed where somebody asks: signs the BYE to who answers it too late.
    signer: Option<Signer>,
}

enum Machine {
    Invite(InviteClient),
    Other(Client),
}

/// A response for the transaction user.
pub(crate) struct Passed {
    pub(crate) tx: ClientTx,
    pub(crate) usage: ClientUse,
    pub(crate) response: Response,
}

/// A transaction that ended without an answer.
pub(crate) struct Gone {
    pub(crate) tx: ClientTx,
    pub(crate) usage: ClientUse,
}

impl Layer {
    /// How many client transactions there are.
    pub(crate) fn client_count(&self) -> usize {
        self.clients.len()
    }

    /// Sends a request in a transaction of its own; Via and User-Agent are added.
    pub(crate) fn send(
        &mut self,
        mut request: Request,
        flow: Flow,
        usage: ClientUse,
        now: Instant,
    ) -> ClientTx {
        let tx = ClientTx(self.next_number());
        let branch = format!("{COOKIE}{:x}.{:016x}", tx.0, self.random()).into_boxed_str();
        let via = self.via(&flow, &branch);
        request.headers.push_front(HeaderName::Via, via);
        if !self.config.user_agent.is_empty() && !request.headers.has(&HeaderName::UserAgent) {
            request
                .headers
                .push(HeaderName::UserAgent, self.config.user_agent.clone());
        }
        self.start(tx, branch, request, flow, usage, now);
        tx
    }

    /// What was just sent is an INVITE that this signs where it is asked for.
    pub(crate) fn sign_with(&mut self, invite: ClientTx, signer: Option<Signer>) {
        if let Some(record) = self.clients.get_mut(&invite) {
            record.signer = signer;
        }
    }

    /// The value of a Via of ours.
    fn via(&self, flow: &Flow, branch: &str) -> String {
        let (protocol, address) = (flow.protocol.via_name(), self.config.address(flow));
        format!("SIP/2.0/{protocol} {address};branch={branch};rport")
    }

    fn start(
        &mut self,
        tx: ClientTx,
        branch: Box<str>,
        request: Request,
        flow: Flow,
        usage: ClientUse,
        now: Instant,
    ) {
        self.counters.request_out(&request.method);
        let (bytes, method, transport) = (
            request.to_bytes(),
            request.method.clone(),
            reliability(&flow),
        );
        let (machine, actions, invite) = if method == Method::Invite {
            let (machine, actions) = InviteClient::start(bytes, transport);
            (Machine::Invite(machine), actions, Some(Box::new(request)))
        } else {
            let (machine, actions) = Client::start(bytes, transport);
            (Machine::Other(machine), actions, None)
        };
        if flow.connection != 0 {
            self.streams.insert((flow.connection, tx));
        }
        let record = Record {
            branch,
            flow,
            method,
            machine,
            usage,
            invite,
            credentials: Headers::new(),
            acks: SmallVec::new(),
            signer: None,
        };
        self.clients.insert(tx, Box::new(record));
        self.perform_client(tx, actions, now);
    }

    /// A response has come: the transaction it matches (RFC 3261 17.1.3) takes it.
    pub(crate) fn receive_response(&mut self, response: Response, now: Instant) -> Option<Passed> {
        self.counters.response_in(response.status.code());
        let Some(tx) = self.match_response(&response) else {
            self.counters.reject(Rejected::StrayResponse);
            return None;
        };
        let actions = self.advance_client(tx, &response)?;
        let passed = self.perform_client(tx, actions, now);
        if !passed {
            self.counters.absorbed += 1;
            return None;
        }
        if response.status.is_success() && self.acknowledge_again(tx, &response) {
            self.counters.absorbed += 1;
            return None;
        }
        let usage = self.clients.get(&tx)?.usage.clone();
        Some(Passed {
            tx,
            usage,
            response,
        })
    }

    fn match_response(&self, response: &Response) -> Option<ClientTx> {
        let via = response.headers.via().ok().flatten()?;
        let branch = via.branch()?;
        let number = branch.strip_prefix(COOKIE)?.split('.').next()?;
        let named = ClientTx(u64::from_str_radix(number, 16).ok()?);
        let method = response.headers.cseq().ok().flatten()?.method;
        // A CANCEL has the branch of its INVITE.
        let tx = if method == Method::Cancel {
            *self.cancels.get(&named)?
        } else {
            named
        };
        let record = self.clients.get(&tx)?;
        (*record.branch == *branch && record.method == method).then_some(tx)
    }

    fn advance_client(&mut self, tx: ClientTx, response: &Response) -> Option<Actions> {
        let record = self.clients.get_mut(&tx)?;
        let (status, transport) = (response.status, reliability(&record.flow));
        let (machine, actions) = match std::mem::replace(&mut record.machine, TERMINATED) {
            Machine::Invite(invite) => {
                let event = if status.is_provisional() {
                    InviteClientEvent::Provisional
                } else if status.is_success() {
                    InviteClientEvent::Success
                } else {
                    let ack = record
                        .invite
                        .as_deref()
                        .map(|invite| failure_ack(invite, response));
                    InviteClientEvent::Failure {
                        ack: ack.unwrap_or_default(),
                    }
                };
                let (machine, actions) = invite.on(event, transport);
                (Machine::Invite(machine), actions)
            }
            Machine::Other(client) => {
                let event = if status.is_provisional() {
                    ClientEvent::Provisional
                } else {
                    ClientEvent::Final
                };
                let (machine, actions) = client.on(event, transport);
                (Machine::Other(machine), actions)
            }
        };
        record.machine = machine;
        if status.is_final()
            && let Some(invite) = record.invite.take()
            && status.is_success()
        {
            for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
                record.credentials.copy_all(&invite.headers, &name);
            }
        }
        Some(actions)
    }

    /// Whether a request is one of ours that came back as it was (RFC 3261 16.3: a loop, not a spiral).
    pub(crate) fn is_loop(&self, request: &Request) -> bool {
        // Most requests have one Via, and that one is not ours.
        let lines = request.headers.raw_all(&HeaderName::Via);
        if lines
            .take(2)
            .fold(0, |vias, line| vias + 1 + usize::from(line.contains(&b',')))
            < 2
        {
            return false;
        }
        let Ok(vias) = request.headers.vias() else {
            return false;
        };
        vias.iter()
            .skip(1)
            .filter_map(|via| via.branch())
            .any(|branch| {
                let number = branch
                    .strip_prefix(COOKIE)
                    .and_then(|rest| rest.split('.').next());
                let tx = number
                    .and_then(|number| u64::from_str_radix(number, 16).ok())
                    .map(ClientTx);
                let record = tx
                    .and_then(|tx| self.clients.get(&tx))
                    .filter(|record| *record.branch == *branch);
                record
                    .and_then(|record| record.invite.as_deref())
                    .is_some_and(|invite| invite.uri == request.uri)
            })
    }

    /// A transaction's timer has fired.
    pub(crate) fn client_fired(
        &mut self,
        tx: ClientTx,
        timer: Timer,
        now: Instant,
    ) -> Option<Gone> {
        let record = self.clients.get_mut(&tx)?;
        let transport = reliability(&record.flow);
        let (machine, actions) = match std::mem::replace(&mut record.machine, TERMINATED) {
            Machine::Invite(invite) => {
                let (machine, actions) = invite.on(InviteClientEvent::Fired(timer), transport);
                (Machine::Invite(machine), actions)
            }
            Machine::Other(client) => {
                let (machine, actions) = client.on(ClientEvent::Fired(timer), transport);
                (Machine::Other(machine), actions)
            }
        };
        record.machine = machine;
        let usage = record.usage.clone();
        let gave_up = actions.contains(&Action::GiveUp);
        self.perform_client(tx, actions, now);
        gave_up.then_some(Gone { tx, usage })
    }

    /// Carries actions out; whether the event is for the transaction user.
    fn perform_client(&mut self, tx: ClientTx, actions: Actions, now: Instant) -> bool {
        let mut pass = false;
        let Some(record) = self.clients.get(&tx) else {
            return false;
        };
        let (flow, over) = (record.flow, record.machine.is_terminated());
        for action in actions {
            match action {
                Action::Transmit(bytes) => self.transmit(flow, bytes),
                Action::Arm(timer, after) => {
                    self.deadlines.arm(Due::Client(tx, timer), now + after);
                }
                Action::Disarm(timer) => self.deadlines.disarm(Due::Client(tx, timer)),
                Action::Pass => pass = true,
                Action::GiveUp | Action::Trying => {}
            }
        }
        if over {
            self.forget_client(tx);
        }
        pass
    }

    /// Drops a client transaction and its timers.
    pub(crate) fn forget_client(&mut self, tx: ClientTx) {
        let Some(record) = self.clients.remove(&tx) else {
            return;
        };
        for timer in [
            Timer::A,
            Timer::B,
            Timer::D,
            Timer::E,
            Timer::F,
            Timer::K,
            Timer::M,
        ] {
            self.deadlines.disarm(Due::Client(tx, timer));
        }
        self.deadlines.disarm(Due::Forget(tx));
        self.streams.remove(&(record.flow.connection, tx));
        if record.method == Method::Cancel {
            self.cancels.retain(|_, cancel| *cancel != tx);
        }
    }

    /// The connection is gone: its transactions end without an answer.
    pub(crate) fn client_flow_closed(&mut self, connection: u64) -> Vec<Gone> {
        let range = (connection, ClientTx(0))..=(connection, ClientTx(u64::MAX));
        let lost: Vec<ClientTx> = self.streams.range(range).map(|(_, tx)| *tx).collect();
        let mut gone = Vec::new();
        for tx in lost {
            if let Some(record) = self
                .clients
                .get(&tx)
                .filter(|record| record.machine.is_waiting())
            {
                gone.push(Gone {
                    tx,
                    usage: record.usage.clone(),
                });
            }
            self.forget_client(tx);
        }
        gone
    }
}

impl Machine {
    fn is_terminated(&self) -> bool {
        matches!(
            self,
            Self::Invite(InviteClient::Terminated) | Self::Other(Client::Terminated)
        )
    }

    /// Whether no final response has come.
    fn is_waiting(&self) -> bool {
        match self {
            Self::Invite(InviteClient::Calling { .. } | InviteClient::Proceeding)
            | Self::Other(Client::Trying { .. } | Client::Proceeding { .. }) => true,
            Self::Invite(
                InviteClient::Completed { .. } | InviteClient::Accepted | InviteClient::Terminated,
            )
            | Self::Other(Client::Completed | Client::Terminated) => false,
        }
    }
}

/// Every branch of RFC 3261 begins so; ours goes on with the transaction's number, so that no index is needed.
const COOKIE: &str = "z9hG4bK";
/// Who sent it does not wait for the answer.
pub(crate) const NOBODY: ClientUse = ClientUse::Nobody(Withdrawal::None);
const TERMINATED: Machine = Machine::Other(Client::Terminated);
