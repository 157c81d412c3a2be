//! Binding a UDP socket for calls.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use super::local::ask_for_local;

/// A non-blocking UDP socket bound to `address` (port 0: the kernel chooses), with buffers for bursts. The address is not
/// shared with another process: a second worker on the same port is told so at once. Where it is bound to none in particular,
/// the kernel tells to which one a datagram came.
pub fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    // What the kernel grants is capped by net.core.rmem_max; less than asked for is no reason not to start.
    let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    if address.is_ipv4() && address.ip().is_unspecified() {
        ask_for_local(&socket)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// A second of 500 calls' RTP on one port.
const BUFFER_BYTES: usize = 4 << 20;
