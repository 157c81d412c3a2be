//! The UDP socket of SIP.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::sockets::{self, Called, bind_udp};

/// A bound UDP socket.
pub struct UdpListener {
    socket: UdpSocket,
    address: SocketAddr,
    /// Lent to each round of receiving.
    buffer: Cell<Box<[u8]>>,
    called: RefCell<Called>,
}

impl UdpListener {
    /// Binds; port 0 asks the system for a free one.
    ///
    /// # Errors
    /// When the address is in use or not ours.
    pub fn bind(address: SocketAddr) -> std::io::Result<Self> {
        // Its buffers have room for a burst of registrations, as after a power cut.
        let socket = UdpSocket::from_std(bind_udp(address)?)?;
        let address = socket.local_addr()?;
        Ok(Self {
            socket,
            address,
            buffer: Cell::new(vec![0; MAX_DATAGRAM].into()),
            called: RefCell::default(),
        })
    }

    /// Where it is bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for datagrams and gives each of those that are there to `each`, a bounded number at a time.
    ///
    /// # Errors
    /// When the socket fails for good.
    pub async fn receive(&self, mut each: impl FnMut(SocketAddr, &[u8])) -> std::io::Result<()> {
        self.socket.readable().await?;
        let mut buffer = self.buffer.take();
        let drained = self.drain(&mut buffer, &mut each);
        self.buffer.set(buffer);
        if drained? == Drained::Partly {
            // Others have something to do too.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn drain(
        &self,
        buffer: &mut [u8],
        each: &mut impl FnMut(SocketAddr, &[u8]),
    ) -> std::io::Result<Drained> {
        for _ in 0..BATCH {
            let received = self.socket.try_io(Interest::READABLE, || {
                sockets::receive(&self.socket, buffer)
            });
            match received {
                Ok(datagram) => {
                    let from = datagram.from;
                    self.called.borrow_mut().note(from, datagram.local);
                    each(from, buffer.get(..datagram.length).unwrap_or_default());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Drained::Wholly),
                // An ICMP error for an earlier datagram: that peer is gone, the socket is fine.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Drained::Partly)
    }

    /// Sends one datagram, from the address that its receiver has called; false when the system would not take it, which SIP's
    /// retransmissions mend.
    pub fn send(&self, to: SocketAddr, datagram: &[u8]) -> bool {
        let local = self.called.borrow().by(to);
        let send = || sockets::send(&self.socket, local, to, datagram);
        self.socket.try_io(Interest::WRITABLE, send).is_ok()
    }
}

/// Whether a socket has more to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drained {
    Wholly,
    Partly,
}

const MAX_DATAGRAM: usize = 65_535;
const BATCH: usize = 64;
