//! The transaction layer (RFC 3261 17): matches messages to transactions, carries their actions out, and keeps
//! what all transactions and sessions share: deadlines, randomness, outputs, counts.

mod client;
mod server;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

pub(crate) use client::{ClientUse, Gone, NOBODY, Passed, remote_tag};
pub(crate) use server::{Admission, Incoming};

use super::config::EndpointConfig;
use super::counters::{Counters, Rejected};
use super::event::{Event, Output, SessionEvent};
use super::ids::{ClientTx, ServerTx, SessionId};
use crate::session::SessionTimer;
use crate::syntax::{HeaderName, Method, Request, Response, StatusCode};
use crate::transaction::timers::Deadlines;
use crate::transaction::{Reliability, Timer};
use crate::transport::Flow;

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A client transaction's timer.
    Client(ClientTx, Timer),
    /// A cancelled INVITE that nobody ever answered is forgotten (RFC 3261 9.1).
    Forget(ClientTx),
    /// A server transaction's timer.
    Server(ServerTx, Timer),
    /// A session's timer.
    Session(SessionId, SessionTimer),
}

/// The transaction layer.
pub(crate) struct Layer {
    pub(crate) config: EndpointConfig,
    pub(crate) counters: Counters,
    allow: Bytes,
    supported: Bytes,
    random: ChaCha12Rng,
    /// Makes the tags of responses that nothing is kept of.
    tag_key: [u8; 16],
    serial: u64,
    outputs: VecDeque<Output>,
    deadlines: Deadlines<Due>,
    /// Boxed, as are those of servers: a table has room for about twice as many as are in it.
    clients: HashMap<ClientTx, Box<client::Record>>,
    cancels: HashMap<ClientTx, ClientTx>,
    streams: BTreeSet<(u64, ClientTx)>,
    servers: HashMap<ServerTx, Box<server::Record>>,
    keys: HashMap<Arc<str>, ServerTx>,
    merges: HashMap<Arc<str>, ServerTx>,
    answered: VecDeque<ServerTx>,
    peers: HashMap<IpAddr, usize>,
}

impl Layer {
    pub(crate) fn new(config: EndpointConfig, seed: [u8; 32]) -> Self {
        let allow: Vec<&str> = config.methods.iter().map(Method::as_str).collect();
        let mut supported = "100rel, timer".to_owned();
        for extension in &config.extensions {
            supported.push_str(", ");
            supported.push_str(extension);
        }
        let mut random = ChaCha12Rng::from_seed(seed);
        let mut tag_key = [0; 16];
        random.fill_bytes(&mut tag_key);
        Self {
            tag_key,
            allow: allow.join(", ").into(),
            supported: supported.into(),
            config,
            counters: Counters::default(),
            random,
            serial: 0,
            outputs: VecDeque::new(),
            deadlines: Deadlines::default(),
            clients: HashMap::new(),
            cancels: HashMap::new(),
            streams: BTreeSet::new(),
            servers: HashMap::new(),
            keys: HashMap::new(),
            merges: HashMap::new(),
            answered: VecDeque::new(),
            peers: HashMap::new(),
        }
    }

    /// The value of our Allow.
    pub(crate) fn allow(&self) -> Bytes {
        self.allow.clone()
    }

    /// The value of our Supported.
    pub(crate) fn supported(&self) -> Bytes {
        self.supported.clone()
    }

    /// The same where a reliable provisional response would be of no use.
    pub(crate) fn supported_without_100rel(&self) -> Bytes {
        self.supported
            .slice_ref(self.supported.strip_prefix(b"100rel, ").unwrap_or_default())
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    pub(crate) fn pop_deadline(&mut self, now: Instant) -> Option<Due> {
        self.deadlines.pop(now)
    }

    pub(crate) fn arm(&mut self, session: SessionId, timer: SessionTimer, at: Instant) {
        self.deadlines.arm(Due::Session(session, timer), at);
    }

    pub(crate) fn disarm(&mut self, session: SessionId, timer: SessionTimer) {
        self.deadlines.disarm(Due::Session(session, timer));
    }

    pub(crate) fn transmit(&mut self, flow: Flow, bytes: Bytes) {
        self.outputs.push_back(Output::Send { flow, bytes });
    }

    pub(crate) fn close(&mut self, flow: Flow) {
        self.outputs.push_back(Output::Close(flow));
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(Box::new(event)));
    }

    pub(crate) fn tell_session(&mut self, session: SessionId, event: SessionEvent) {
        self.tell(Event::Session { session, event });
    }

    /// A number never given before.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// A number nobody can guess.
    pub(crate) fn random(&mut self) -> u64 {
        self.random.next_u64()
    }

    /// A duration from zero up to `below`, in whole milliseconds.
    pub(crate) fn random_below(&mut self, below: Duration) -> Duration {
        let span = u64::try_from(below.as_millis()).unwrap_or(u64::MAX).max(1);
        Duration::from_millis(self.random() % span)
    }

    /// A tag, or a Call-ID's local part: 64 random bits (RFC 3261 19.3 asks for 32).
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}", self.random())
    }

    /// A tag that carries a session's number, so that requests within dialogs are found without an index.
    pub(crate) fn session_tag(&mut self, session: SessionId) -> Box<str> {
        format!("{:x}.{:016x}", session.0, self.random()).into()
    }

    /// The tag of a response that nothing is kept of: a function of the transaction's key, which a retransmission has too.
    fn stateless_tag(&self, key: &str) -> String {
        let digest = Sha256::new_with_prefix(self.tag_key)
            .chain_update(key)
            .finalize();
        format!("{STATELESS}{}", HEXLOWER.encode(&digest[..8]))
    }

    /// Answers a request without keeping a transaction: for what we refuse to spend memory on.
    pub(crate) fn refuse(
        &mut self,
        request: &Request,
        flow: Flow,
        status: StatusCode,
        why: Rejected,
    ) {
        let tag = self.token();
        let mut response = request.respond_tagged(status, &tag);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers.push(HeaderName::RetryAfter, RETRY_AFTER);
        }
        self.counters.reject(why);
        self.transmit_response(request, flow, response);
    }

    pub(crate) fn transmit_response(
        &mut self,
        request: &Request,
        flow: Flow,
        mut response: Response,
    ) {
        self.sign(&mut response);
        self.counters.response_out(response.status.code());
        let flow = server::reply_flow(request, flow);
        self.transmit(flow, response.to_bytes());
    }

    fn sign(&self, response: &mut Response) {
        if !self.config.user_agent.is_empty() && response.status != StatusCode::TRYING {
            response
                .headers
                .push(HeaderName::Server, self.config.user_agent.clone());
        }
    }
}

fn reliability(flow: &Flow) -> Reliability {
    if flow.protocol.is_reliable() {
        Reliability::Reliable
    } else {
        Reliability::Unreliable
    }
}

/// Whether this is the tag of a response that nothing was kept of: the ACK to it needs nothing more.
pub(crate) fn is_stateless(tag: &str) -> bool {
    tag.starts_with(STATELESS)
}

/// What tells the tags of such responses from those of sessions, which begin with a number.
const STATELESS: &str = "z-";
/// Seconds after which one who was refused for overload may try again.
const RETRY_AFTER: &str = "5";
