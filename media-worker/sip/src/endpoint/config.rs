//! What an endpoint is told when it is made.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::syntax::Method;
use crate::transport::{Flow, Protocol};

/// Configuration of an [`crate::Endpoint`].
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Value of User-Agent in requests and Server in responses; empty: neither is sent.
    pub user_agent: String,
    /// Where the far side reaches us, by bound address: `host` or `host:port`, IPv6 in brackets.
    pub advertised: HashMap<(Protocol, SocketAddr), String>,
    /// User part of our Contact, or none.
    pub contact_user: Option<String>,
    /// Methods accepted; others are answered 405 with these in Allow.
    pub methods: Vec<Method>,
    /// Option tags understood in Require (beside 100rel and timer) and named in Supported.
    pub extensions: Vec<String>,
    /// Session interval asked for (RFC 4028).
    pub session_expires: Duration,
    /// Shortest session interval accepted (RFC 4028: at least 90 s).
    pub min_se: Duration,
    /// How long an incoming call may stay unanswered before it is refused with 480.
    pub unanswered: Duration,
    /// Bounds on what is held.
    pub bounds: Bounds,
}

/// Bounds on what an endpoint holds; what overflows is answered 503 with Retry-After and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Server transactions. Answered ones give way before new requests are refused.
    pub server_transactions: usize,
    /// Client transactions begun by the application.
    pub client_transactions: usize,
    /// Sessions.
    pub sessions: usize,
    /// Bytes of unanswered requests from one IP address.
    pub bytes_per_peer: usize,
    /// Early dialogs that one INVITE of ours may create.
    pub early_dialogs: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            server_transactions: 100_000,
            client_transactions: 100_000,
            sessions: 20_000,
            bytes_per_peer: 16 << 20,
            early_dialogs: 12,
        }
    }
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            user_agent: String::new(),
            advertised: HashMap::new(),
            contact_user: None,
            methods: METHODS.to_vec(),
            extensions: Vec::new(),
            session_expires: Duration::from_mins(30),
            min_se: Duration::from_secs(90),
            unanswered: Duration::from_mins(10),
            bounds: Bounds::default(),
        }
    }
}

impl EndpointConfig {
    /// Where the far side of `flow` reaches us: what is advertised for the bound address, else that address.
    pub fn address(&self, flow: &Flow) -> String {
        self.advertised
            .get(&(flow.protocol, flow.local))
            .cloned()
            .unwrap_or_else(|| flow.local.to_string())
    }

    /// The value of our Contact on `flow`.
    pub fn contact(&self, flow: &Flow) -> String {
        let address = self.address(flow);
        let (user, at) = self
            .contact_user
            .as_deref()
            .map_or(("", ""), |user| (user, "@"));
        match flow.protocol {
            Protocol::Udp => format!("<sip:{user}{at}{address}>"),
            Protocol::Tcp | Protocol::Tls => {
                format!(
                    "<sip:{user}{at}{address};transport={}>",
                    flow.protocol.uri_name()
                )
            }
        }
    }
}

const METHODS: [Method; 13] = [
    Method::Invite,
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Register,
    Method::Options,
    Method::Info,
    Method::Prack,
    Method::Update,
    Method::Subscribe,
    Method::Notify,
    Method::Refer,
    Method::Message,
];
