//! Network address translation, in the terms of RFC 4787.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// When an outgoing datagram gets a new public port (RFC 4787 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// One public port per inside address, whatever the destination.
    EndpointIndependent,
    /// One public port per inside address and destination: a symmetric NAT.
    AddressAndPortDependent,
}

/// Which incoming datagrams a mapping lets through (RFC 4787 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filtering {
    /// All of them: a full cone.
    EndpointIndependent,
    /// From addresses the inside has sent to.
    AddressDependent,
    /// From addresses and ports the inside has sent to.
    AddressAndPortDependent,
}

/// One NAT: some inside addresses behind one public address.
#[derive(Debug, Clone)]
pub struct Nat {
    public: IpAddr,
    inside: HashSet<IpAddr>,
    mapping: Mapping,
    filtering: Filtering,
    idle: Duration,
    next_port: u16,
    ports: HashMap<(SocketAddr, Option<SocketAddr>), u16>,
    mapped: HashMap<u16, Mapped>,
}

#[derive(Debug, Clone)]
struct Mapped {
    inside: SocketAddr,
    sent_to: HashSet<SocketAddr>,
    last_out: Instant,
}

impl Nat {
    /// A NAT as cheap routers are: endpoint-independent mapping, address and port dependent filtering,
    /// mappings forgotten after 60 s without outgoing traffic.
    pub fn new(public: IpAddr, inside: impl IntoIterator<Item = IpAddr>) -> Self {
        Self {
            public,
            inside: inside.into_iter().collect(),
            mapping: Mapping::EndpointIndependent,
            filtering: Filtering::AddressAndPortDependent,
            idle: Duration::from_mins(1),
            next_port: FIRST_PORT,
            ports: HashMap::new(),
            mapped: HashMap::new(),
        }
    }

    /// The same NAT with another mapping.
    #[must_use]
    pub fn mapping(mut self, mapping: Mapping) -> Self {
        self.mapping = mapping;
        self
    }

    /// The same NAT with another filtering.
    #[must_use]
    pub fn filtering(mut self, filtering: Filtering) -> Self {
        self.filtering = filtering;
        self
    }

    /// The same NAT, forgetting mappings after this time without outgoing traffic.
    #[must_use]
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Whether an address is behind this NAT.
    pub(crate) fn covers(&self, address: IpAddr) -> bool {
        self.inside.contains(&address)
    }

    /// Whether an address is this NAT's public one.
    pub(crate) fn is_public(&self, address: IpAddr) -> bool {
        self.public == address
    }

    /// An outgoing datagram: its public source.
    pub(crate) fn outgoing(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        now: Instant,
    ) -> SocketAddr {
        let key = match self.mapping {
            Mapping::EndpointIndependent => (from, None),
            Mapping::AddressAndPortDependent => (from, Some(to)),
        };
        let live = self.ports.get(&key).copied().filter(|port| {
            self.mapped
                .get(port)
                .is_some_and(|it| now.duration_since(it.last_out) <= self.idle)
        });
        let port = live.unwrap_or_else(|| {
            let port = self.next_port;
            self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_PORT);
            self.ports.insert(key, port);
            self.mapped.insert(
                port,
                Mapped {
                    inside: from,
                    sent_to: HashSet::new(),
                    last_out: now,
                },
            );
            port
        });
        if let Some(mapped) = self.mapped.get_mut(&port) {
            mapped.sent_to.insert(to);
            mapped.last_out = now;
        }
        SocketAddr::new(self.public, port)
    }

    /// An incoming datagram: the inside address it is for, or `None` if it is filtered.
    pub(crate) fn incoming(&self, from: SocketAddr, port: u16, now: Instant) -> Option<SocketAddr> {
        let mapped = self.mapped.get(&port)?;
        if now.duration_since(mapped.last_out) > self.idle {
            return None;
        }
        let let_in = match self.filtering {
            Filtering::EndpointIndependent => true,
            Filtering::AddressDependent => mapped.sent_to.iter().any(|to| to.ip() == from.ip()),
            Filtering::AddressAndPortDependent => mapped.sent_to.contains(&from),
        };
        let_in.then_some(mapped.inside)
    }
}

/// Public ports are given out from here.
const FIRST_PORT: u16 = 40_000;
