//! One datagram at a time, with the address of ours that it came to or is to go from.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::{io, mem};

use super::address;
use super::local::{Control, came_to};

/// A datagram that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Bytes that it has, in the buffer it was received into.
    pub length: usize,
    /// Where it is from.
    pub from: SocketAddr,
    /// Which of our addresses it came to, where the socket is bound to none in particular.
    pub local: Option<Ipv4Addr>,
}

/// Receives a datagram; what does not fit into the buffer is cut.
///
/// # Errors
/// As recvmsg(2) has them: `WouldBlock` where none waits.
pub fn receive(socket: &impl AsRawFd, buffer: &mut [u8]) -> io::Result<Datagram> {
    let mut vector = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let mut control = Control::EMPTY;
    // SAFETY: all zeroes is a valid sockaddr_storage and a valid msghdr (null pointers, zero lengths).
    let (mut storage, mut header) = unsafe {
        (
            mem::zeroed::<libc::sockaddr_storage>(),
            mem::zeroed::<libc::msghdr>(),
        )
    };
    header.msg_name = (&raw mut storage).cast();
    header.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    control.lend(&mut header);
    // SAFETY: what the header points to is on the stack, or the caller's buffer, with the lengths set just above.
    let received =
        unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_DONTWAIT) };
    let length = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    let from = address::read(&storage, header.msg_namelen)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    let local = came_to(&header);
    Ok(Datagram {
        length,
        from,
        local,
    })
}

/// Sends a datagram from this address of ours; none: from whichever lies on the way, and so where the address is gone.
///
/// # Errors
/// As sendmsg(2) has them.
pub fn send(
    socket: &impl AsRawFd,
    local: Option<Ipv4Addr>,
    to: SocketAddr,
    datagram: &[u8],
) -> io::Result<()> {
    match send_once(socket, local, to, datagram) {
        Err(error) if local.is_some() && error.kind() != io::ErrorKind::WouldBlock => {
            send_once(socket, None, to, datagram)
        }
        done => done,
    }
}

fn send_once(
    socket: &impl AsRawFd,
    local: Option<Ipv4Addr>,
    to: SocketAddr,
    datagram: &[u8],
) -> io::Result<()> {
    let mut vector = libc::iovec {
        // Nothing is written there.
        iov_base: datagram.as_ptr().cast_mut().cast(),
        iov_len: datagram.len(),
    };
    let mut control = Control::EMPTY;
    // SAFETY: as in `receive`.
    let (mut storage, mut header) = unsafe {
        (
            mem::zeroed::<libc::sockaddr_storage>(),
            mem::zeroed::<libc::msghdr>(),
        )
    };
    header.msg_namelen = address::write(&mut storage, to);
    header.msg_name = (&raw mut storage).cast();
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    control.send_from(&mut header, local);
    // SAFETY: as in `receive`; the kernel only reads.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT) };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;
    use crate::sockets::{UdpBatch, bind_udp};

    /// A far side that lets nothing pass but answers of the address that it has called.
    fn firewalled(called: SocketAddr) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(called).unwrap();
        socket
            .set_read_timeout(Some(std::time::Duration::from_mins(1)))
            .unwrap();
        socket
    }

    fn waits_for(socket: &UdpSocket) -> (Datagram, Vec<u8>) {
        let mut buffer = [0; 100];
        loop {
            match receive(socket, &mut buffer) {
                Ok(datagram) => return (datagram, buffer[..datagram.length].to_vec()),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
    }

    #[test]
    fn an_answer_comes_from_the_address_that_was_called() {
        let ours = bind_udp("0.0.0.0:0".parse().unwrap()).unwrap();
        let called = SocketAddr::from(([127, 0, 0, 7], ours.local_addr().unwrap().port()));
        let far = firewalled(called);
        far.send(b"who is there?").unwrap();
        let (datagram, bytes) = waits_for(&ours);
        assert_eq!(bytes, b"who is there?");
        assert_eq!(datagram.from, far.local_addr().unwrap());
        assert_eq!(datagram.local, Some(Ipv4Addr::new(127, 0, 0, 7)));
        send(&ours, datagram.local, datagram.from, b"it is us").unwrap();
        let mut buffer = [0; 100];
        let length = far.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"it is us");
    }

    #[test]
    fn a_batch_goes_from_the_addresses_that_were_called() {
        let ours = bind_udp("0.0.0.0:0".parse().unwrap()).unwrap();
        let port = ours.local_addr().unwrap().port();
        let fars: Vec<_> = (7..9)
            .map(|number| firewalled(SocketAddr::from(([127, 0, 0, number], port))))
            .collect();
        let mut out = UdpBatch::new(100);
        for far in &fars {
            far.send(b"?").unwrap();
            let (datagram, _) = waits_for(&ours);
            assert!(out.push_from(datagram.local, datagram.from, b"!"));
        }
        assert_eq!(out.send(&ours).sent, 2);
        for far in &fars {
            assert_eq!(far.recv(&mut [0; 100]).unwrap(), 1);
        }
    }

    #[test]
    fn where_that_address_is_gone_the_answer_comes_from_another() {
        let ours = bind_udp("0.0.0.0:0".parse().unwrap()).unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = far.local_addr().unwrap();
        // For documentation (RFC 5737): nobody has it.
        let gone = Some(Ipv4Addr::new(192, 0, 2, 9));
        send(&ours, gone, to, b"one").unwrap();
        let mut out = UdpBatch::new(100);
        assert!(out.push_from(gone, to, b"two"));
        let sent = out.send(&ours);
        assert_eq!((sent.sent, sent.dropped), (1, 0));
        let mut buffer = [0; 100];
        assert_eq!(far.recv(&mut buffer).unwrap(), 3);
        assert_eq!(far.recv(&mut buffer).unwrap(), 3);
    }

    #[test]
    fn a_socket_that_has_an_address_is_told_none() {
        let ours = bind_udp("127.0.0.1:0".parse().unwrap()).unwrap();
        let far = firewalled(ours.local_addr().unwrap());
        far.send(b"?").unwrap();
        assert_eq!(waits_for(&ours).0.local, None);
    }
}
