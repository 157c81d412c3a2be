//! Up to [`BATCH`] datagrams per system call.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::{io, mem, ptr};

use super::address;
use super::local::{Control, came_to};

/// Most datagrams received or sent by one system call.
pub const BATCH: usize = 64;

/// What became of a batch handed to the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Datagrams that the kernel took.
    pub sent: usize,
    /// Datagrams that it refused (no route, buffer full, …): UDP is allowed to lose them.
    pub dropped: usize,
    /// System calls it took.
    pub calls: usize,
}

/// Buffers for a batch of datagrams, allocated once. One batch serves either direction, one at a time: [`UdpBatch::recv`]
/// fills it, or [`UdpBatch::push`] and [`UdpBatch::send`] empty it.
pub struct UdpBatch {
    buffers: Box<[u8]>,
    addresses: Box<[libc::sockaddr_storage]>,
    vectors: Box<[libc::iovec]>,
    controls: Box<[Control]>,
    headers: Box<[libc::mmsghdr]>,
    datagram_size: usize,
    filled: usize,
}

// SAFETY: the raw pointers in `vectors` and `headers` point into the boxes of the same value, which move with it and are
// never shared.
unsafe impl Send for UdpBatch {}

impl UdpBatch {
    /// A batch whose datagrams have at most `datagram_size` bytes (1 to 65,535; what is longer is dropped whole).
    pub fn new(datagram_size: usize) -> Self {
        // One byte more than allowed, so that a datagram that is too long is noticed instead of being cut.
        let datagram_size = datagram_size.clamp(1, 65_535) + 1;
        let mut buffers = vec![0u8; datagram_size * BATCH].into_boxed_slice();
        // SAFETY: all zeroes is a valid sockaddr_storage and a valid mmsghdr (null pointers, zero lengths).
        let (mut addresses, mut headers) = unsafe {
            (
                vec![mem::zeroed::<libc::sockaddr_storage>(); BATCH].into_boxed_slice(),
                vec![mem::zeroed::<libc::mmsghdr>(); BATCH].into_boxed_slice(),
            )
        };
        let mut vectors = vec![
            libc::iovec {
                iov_base: ptr::null_mut(),
                iov_len: 0
            };
            BATCH
        ]
        .into_boxed_slice();
        let parts = buffers
            .chunks_exact_mut(datagram_size)
            .zip(&mut addresses)
            .zip(&mut vectors)
            .zip(&mut headers);
        for (((buffer, address), vector), header) in parts {
            vector.iov_base = buffer.as_mut_ptr().cast();
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = (&raw mut *address).cast();
        }
        Self {
            buffers,
            addresses,
            vectors,
            controls: vec![Control::EMPTY; BATCH].into_boxed_slice(),
            headers,
            datagram_size,
            filled: 0,
        }
    }

    /// Receives what waits on a non-blocking socket, replacing the batch's content. Returns how many datagrams came, 0 if
    /// none waits. Fewer than [`BATCH`] means that the socket is drained.
    pub fn recv(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.filled = 0;
        let parts = self.vectors.iter_mut().zip(&mut self.controls);
        for ((vector, control), header) in parts.zip(&mut self.headers) {
            vector.iov_len = self.datagram_size;
            header.msg_hdr.msg_namelen =
                mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            control.lend(&mut header.msg_hdr);
        }
        // SAFETY: the headers point to vectors, addresses, controls and buffers owned by self with the lengths set just above; BATCH of each exist.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        match usize::try_from(received) {
            Ok(count) => {
                self.filled = count.min(BATCH);
                Ok(self.filled)
            }
            Err(_) => match io::Error::last_os_error() {
                // An ICMP error to something sent before is reported here once; the socket goes on.
                error if passes(&error) => Ok(0),
                error => Err(error),
            },
        }
    }

    /// The datagrams received, with where they came from; those too long or of an unknown family are left out.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.arrivals().map(|(from, _, bytes)| (from, bytes))
    }

    /// The same with the address of ours that each came to, where the socket is bound to none in particular.
    pub fn arrivals(&self) -> impl Iterator<Item = (SocketAddr, Option<Ipv4Addr>, &[u8])> {
        let parts = self
            .buffers
            .chunks_exact(self.datagram_size)
            .zip(&self.addresses)
            .zip(&self.headers);
        parts
            .take(self.filled)
            .filter_map(|((buffer, address), header)| {
                let length = header.msg_len as usize;
                let from = address::read(address, header.msg_hdr.msg_namelen)?;
                let bytes = buffer.get(..length)?;
                (length < self.datagram_size).then(|| (from, came_to(&header.msg_hdr), bytes))
            })
    }

    /// Copies a datagram into the batch. `false`: the batch is full (send it first) or the datagram is too long.
    pub fn push(&mut self, to: SocketAddr, datagram: &[u8]) -> bool {
        self.push_from(None, to, datagram)
    }

    /// The same, to go from this address of ours; none: from whichever lies on the way.
    pub fn push_from(&mut self, local: Option<Ipv4Addr>, to: SocketAddr, datagram: &[u8]) -> bool {
        let slot = self.filled;
        let start = slot * self.datagram_size;
        let (Some(buffer), Some(address), Some(vector), Some(control), Some(header)) = (
            self.buffers.get_mut(start..start + datagram.len()),
            self.addresses.get_mut(slot),
            self.vectors.get_mut(slot),
            self.controls.get_mut(slot),
            self.headers.get_mut(slot),
        ) else {
            return false;
        };
        if datagram.len() >= self.datagram_size {
            return false;
        }
        buffer.copy_from_slice(datagram);
        vector.iov_len = datagram.len();
        header.msg_hdr.msg_namelen = address::write(address, to);
        control.send_from(&mut header.msg_hdr, local);
        self.filled += 1;
        true
    }

    /// Datagrams in the batch.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether the batch holds no datagram.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Whether [`Self::push`] would fail for want of room.
    pub fn is_full(&self) -> bool {
        self.filled >= BATCH
    }

    /// Sends all datagrams pushed since the last time and empties the batch. One that the kernel refuses is dropped, the others go on.
    pub fn send(&mut self, socket: &UdpSocket) -> Sent {
        let mut result = Sent::default();
        let mut next = 0;
        while let Some(rest) = self
            .headers
            .get_mut(next..self.filled)
            .filter(|rest| !rest.is_empty())
        {
            // SAFETY: as for recvmmsg; `rest` is the filled part of the headers, whose lengths push() has set.
            let sent = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    rest.as_mut_ptr(),
                    rest.len() as libc::c_uint,
                    libc::MSG_DONTWAIT,
                )
            };
            result.calls += 1;
            match usize::try_from(sent) {
                Ok(count) if count > 0 => {
                    result.sent += count;
                    next += count;
                }
                // The error concerns the first datagram alone.
                Ok(_) | Err(_) => match rest.first_mut() {
                    // The address that was called may be gone; then it goes from any.
                    Some(first) if first.msg_hdr.msg_controllen > 0 && !waits() => {
                        first.msg_hdr.msg_controllen = 0;
                    }
                    Some(_) | None => {
                        result.dropped += 1;
                        next += 1;
                    }
                },
            }
        }
        self.filled = 0;
        result
    }
}

impl std::fmt::Debug for UdpBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UdpBatch")
            .field("filled", &self.filled)
            .finish_non_exhaustive()
    }
}

/// Whether the last call has failed for want of room in the socket.
fn waits() -> bool {
    io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
}

fn passes(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock
            | io::ErrorKind::Interrupted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sockets::bind_udp;

    fn pair(ip: &str) -> (UdpSocket, UdpSocket) {
        let any = SocketAddr::new(ip.parse().unwrap(), 0);
        (bind_udp(any).unwrap(), bind_udp(any).unwrap())
    }

    fn delivers_a_batch(ip: &str) {
        let (a, b) = pair(ip);
        let mut out = UdpBatch::new(1500);
        for n in 0..BATCH as u8 {
            assert!(out.push(b.local_addr().unwrap(), &[n; 3]));
        }
        assert!(!out.push(b.local_addr().unwrap(), b"one too many"));
        assert_eq!(
            out.send(&a),
            Sent {
                sent: BATCH,
                dropped: 0,
                calls: 1
            }
        );
        let mut batch = UdpBatch::new(1500);
        assert_eq!(batch.recv(&b).unwrap(), BATCH);
        for (n, (from, bytes)) in batch.datagrams().enumerate() {
            assert_eq!(
                (from, bytes),
                (a.local_addr().unwrap(), [n as u8; 3].as_slice())
            );
        }
        assert_eq!(batch.recv(&b).unwrap(), 0, "the socket is drained");
    }

    #[test]
    fn a_batch_arrives_in_one_call_over_ipv4() {
        delivers_a_batch("127.0.0.1");
    }

    #[test]
    fn a_batch_arrives_in_one_call_over_ipv6() {
        delivers_a_batch("::1");
    }

    #[test]
    fn a_datagram_that_is_too_long_is_left_out_whole() {
        let (a, b) = pair("127.0.0.1");
        a.send_to(&[1; 101], b.local_addr().unwrap()).unwrap();
        a.send_to(&[2; 100], b.local_addr().unwrap()).unwrap();
        let mut batch = UdpBatch::new(100);
        assert_eq!(batch.recv(&b).unwrap(), 2);
        assert_eq!(
            batch
                .datagrams()
                .map(|(_, bytes)| bytes.to_vec())
                .collect::<Vec<_>>(),
            [vec![2; 100]]
        );
        assert!(!batch.push(b.local_addr().unwrap(), &[0; 101]));
    }

    #[test]
    fn one_refused_datagram_does_not_hold_up_the_others() {
        let (a, b) = pair("127.0.0.1");
        let mut out = UdpBatch::new(1500);
        out.push("[::1]:9".parse().unwrap(), b"wrong family");
        out.push(b.local_addr().unwrap(), b"right");
        let sent = out.send(&a);
        assert_eq!((sent.sent, sent.dropped), (1, 1));
        let mut batch = UdpBatch::new(1500);
        std::thread::sleep(Duration::from_millis(1));
        assert_eq!(batch.recv(&b).unwrap(), 1);
    }
}
