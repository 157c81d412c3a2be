//! The two UDP sockets of the call.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::Context as _;
use sip::transport::{Flow, Protocol};

/// One socket for SIP, bound to the address that routes to the far side, and one for RTP beside it.
pub(super) struct Sockets {
    sip: UdpSocket,
    rtp: UdpSocket,
    remote: SocketAddr,
    local: SocketAddr,
    rtp_port: u16,
}

/// What came over the SIP socket.
pub(super) enum Arrived {
    /// A datagram of this length.
    Datagram(usize),
    /// Nothing, up to now.
    Nothing,
    /// The far side's host says that nobody listens there.
    Refused,
}

impl Sockets {
    /// Opens both.
    pub(super) fn open(remote: SocketAddr) -> anyhow::Result<Self> {
        let any = match remote {
            SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        };
        let sip = UdpSocket::bind((any, 0)).context("no socket for SIP")?;
        // Connected, so that the system tells when nobody listens at the far side.
        sip.connect(remote)
            .with_context(|| format!("no way leads to {remote}"))?;
        sip.set_nonblocking(true)?;
        let local = sip.local_addr()?;
        let rtp = UdpSocket::bind((local.ip(), 0)).context("no socket for RTP")?;
        rtp.set_read_timeout(Some(PATIENCE))?;
        let rtp_port = rtp.local_addr()?.port();
        Ok(Sockets {
            sip,
            rtp,
            remote,
            local,
            rtp_port,
        })
    }

    /// The SIP socket as a flow.
    pub(super) fn flow(&self) -> Flow {
        Flow {
            protocol: Protocol::Udp,
            local: self.local,
            remote: self.remote,
            connection: 0,
        }
    }

    /// Where RTP is awaited.
    pub(super) fn rtp_address(&self) -> SocketAddr {
        SocketAddr::new(self.local.ip(), self.rtp_port)
    }

    /// Sends a SIP message; one that is lost is repeated by its transaction.
    pub(super) fn send_sip(&self, bytes: &[u8]) {
        let _lost: io::Result<usize> = self.sip.send(bytes);
    }

    /// The next SIP message that has come.
    pub(super) fn receive_sip(&self, buffer: &mut [u8]) -> Arrived {
        match self.sip.recv(buffer) {
            Ok(length) => Arrived::Datagram(length),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Arrived::Refused,
            Err(_) => Arrived::Nothing,
        }
    }

    /// Sends an RTP packet; one that is lost is lost.
    pub(super) fn send_rtp(&self, packet: &[u8], to: SocketAddr) {
        let _lost: io::Result<usize> = self.rtp.send_to(packet, to);
    }

    /// The next RTP packet, waiting a few milliseconds for it.
    pub(super) fn receive_rtp(&self, buffer: &mut [u8]) -> Option<usize> {
        self.rtp.recv_from(buffer).ok().map(|(length, _)| length)
    }
}

/// How long SIP waits for RTP: much less than a packet's 20 ms.
const PATIENCE: Duration = Duration::from_millis(4);
