//! Which of our addresses a far side should be told: the advertised one, else the one that routes to it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use sip::transport::Protocol;

/// Our own addresses as far sides see them.
#[derive(Debug)]
pub struct LocalAddresses {
    bound: IpAddr,
    advertised: RefCell<Option<Advertised>>,
    known: RefCell<HashMap<IpAddr, IpAddr>>,
}

/// What far sides are told instead of where the sockets listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// Of either family; a far side is told one of its own.
    pub addresses: Vec<IpAddr>,
    /// Where each transport is reached; none: at the port it listens on.
    pub ports: Option<SipPorts>,
}

/// The ports of SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SipPorts {
    /// For UDP.
    pub udp: u16,
    /// For TCP.
    pub tcp: u16,
    /// For TLS.
    pub tls: u16,
}

impl LocalAddresses {
    /// `bound` is where the sockets listen, `advertised` what to say instead, where it is given.
    pub fn new(bound: IpAddr, advertised: Option<Advertised>) -> Self {
        Self {
            bound,
            advertised: RefCell::new(advertised),
            known: RefCell::default(),
        }
    }

    /// Tells this from now on.
    pub fn advertise(&self, advertised: Option<Advertised>) {
        self.advertised.replace(advertised);
    }

    /// Where `remote` reaches the socket that listens on `port`: what to write into Contact and Via.
    pub fn reached(&self, protocol: Protocol, port: u16, remote: IpAddr) -> SocketAddr {
        let advertised = self.advertised.borrow();
        let ports = advertised.as_ref().and_then(|advertised| advertised.ports);
        let port = ports.map_or(port, |ports| match protocol {
            Protocol::Udp => ports.udp,
            Protocol::Tcp => ports.tcp,
            Protocol::Tls => ports.tls,
        });
        SocketAddr::new(self.towards(remote), port)
    }

    /// The address to write for `remote`.
    pub fn towards(&self, remote: IpAddr) -> IpAddr {
        if let Some(advertised) = self.advertised.borrow().as_ref()
            && let Some(address) = same_family(&advertised.addresses, remote)
        {
            return address;
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

/// The first address that `remote` can send to.
pub(crate) fn same_family(addresses: &[IpAddr], remote: IpAddr) -> Option<IpAddr> {
    let same = |address: &&IpAddr| address.is_ipv4() == remote.to_canonical().is_ipv4();
    addresses.iter().find(same).copied()
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

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn an_unspecified_bind_is_told_as_the_address_that_routes_there() {
        let addresses = LocalAddresses::new(Ipv4Addr::UNSPECIFIED.into(), None);
        assert_eq!(addresses.towards(LOOPBACK), LOOPBACK);
    }

    #[test]
    fn each_far_side_is_told_the_advertised_address_of_its_family_and_the_port_of_its_transport() {
        let addresses = LocalAddresses::new(LOOPBACK, None);
        let (v4, v6): (IpAddr, IpAddr) = (
            "203.0.113.5".parse().unwrap(),
            "2001:db8::5".parse().unwrap(),
        );
        addresses.advertise(Some(Advertised {
            addresses: vec![v4, v6],
            ports: Some(SipPorts {
                udp: 5060,
                tcp: 5070,
                tls: 5061,
            }),
        }));
        let reached =
            |protocol, remote: &str| addresses.reached(protocol, 30_000, remote.parse().unwrap());
        assert_eq!(
            reached(Protocol::Tcp, "192.0.2.1"),
            SocketAddr::new(v4, 5070)
        );
        assert_eq!(
            reached(Protocol::Tls, "2001:db8::9"),
            SocketAddr::new(v6, 5061)
        );
        addresses.advertise(None);
        assert_eq!(
            reached(Protocol::Udp, "192.0.2.1"),
            SocketAddr::new(LOOPBACK, 30_000)
        );
    }
}
