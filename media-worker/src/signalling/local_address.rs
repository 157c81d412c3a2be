//! Which of our addresses a far side should be told: the one that routes to it, unless one is given.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Our own addresses as far sides see them.
#[derive(Debug)]
pub struct LocalAddresses {
    bound: IpAddr,
    advertised: Option<IpAddr>,
    known: RefCell<HashMap<IpAddr, IpAddr>>,
}

impl LocalAddresses {
    /// `bound` is where the sockets listen, `advertised` what to say instead, where it is given.
    pub fn new(bound: IpAddr, advertised: Option<IpAddr>) -> Self {
        Self {
            bound,
            advertised,
            known: RefCell::default(),
        }
    }

    /// The address to write into SDP, Contact and Via for `remote`.
    pub fn towards(&self, remote: IpAddr) -> IpAddr {
        if let Some(advertised) = self.advertised {
            return advertised;
        }
        if !self.bound.is_unspecified() {
            return self.bound;
        }
        let mut known = self.known.borrow_mut();
        if let Some(&local) = known.get(&remote) {
            return local;
        }
        let local = route_to(remote).unwrap_or(self.bound);
        // Far addresses come from peers: the table starts anew rather than grow.
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(remote, local);
        local
    }
}

const MAX_KNOWN: usize = 4096;

/// Asks the system's routing table, by connecting a UDP socket: no packet is sent.
fn route_to(remote: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match remote {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    socket.connect(SocketAddr::new(remote, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_bind_is_told_as_the_address_that_routes_there() {
        let addresses = LocalAddresses::new(Ipv4Addr::UNSPECIFIED.into(), None);
        let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert_eq!(addresses.towards(loopback), loopback);
    }

    #[test]
    fn a_given_address_is_told_to_everybody() {
        let given: IpAddr = "203.0.113.5".parse().unwrap();
        let addresses = LocalAddresses::new(Ipv4Addr::UNSPECIFIED.into(), Some(given));
        assert_eq!(addresses.towards(Ipv4Addr::LOCALHOST.into()), given);
    }
}
