//! The path between us and one far side.

use std::fmt;
use std::net::SocketAddr;

/// A transport protocol that SIP runs over (RFC 3261 section 18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// A plain stream.
    Tcp,
    /// A stream under TLS.
    Tls,
}

impl Protocol {
    /// Whether the protocol delivers reliably, so that transactions need not retransmit (RFC 3261 section 17).
    pub fn is_reliable(self) -> bool {
        match self {
            Protocol::Udp => false,
            Protocol::Tcp | Protocol::Tls => true,
        }
    }

    /// The name in a Via header, in capitals.
    pub fn via_name(self) -> &'static str {
        match self {
            Protocol::Udp => "UDP",
            Protocol::Tcp => "TCP",
            Protocol::Tls => "TLS",
        }
    }

    /// The value of the `transport` parameter of a URI, in small letters.
    pub fn uri_name(self) -> &'static str {
        match self {
            Protocol::Udp => "udp",
            Protocol::Tcp => "tcp",
            Protocol::Tls => "tls",
        }
    }

    /// The port that is meant when none is written (RFC 3261 section 19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Protocol::Udp | Protocol::Tcp => 5060,
            Protocol::Tls => 5061,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.via_name())
    }
}

/// A path over which messages come and go: for UDP a pair of addresses, otherwise one connection (RFC 5626 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The protocol spoken.
    pub protocol: Protocol,
    /// Our address, as bound.
    pub local: SocketAddr,
    /// The far address, as seen by us.
    pub remote: SocketAddr,
    /// The connection's number, never used twice in a process; 0 for UDP.
    pub connection: u64,
}
