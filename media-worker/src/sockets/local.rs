//! Which of this machine's addresses a datagram came to, and from which one an answer is to go (`IP_PKTINFO` of ip(7)).
//!
//! A socket that is bound to no address in particular would answer from whichever lies on the way back, and a firewall between
//! lets only the address pass that was called.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::{io, mem, ptr};

/// Asks the kernel to tell with each datagram which address it came to.
pub(super) fn ask_for_local(socket: &impl AsRawFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is an int that lives as long as the call.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_PKTINFO,
            (&raw const on).cast(),
            mem::size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Room for what goes to the kernel and comes from it beside a datagram.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(super) struct Control([u8; ROOM]);

impl Control {
    /// Nothing in it.
    pub(super) const EMPTY: Self = Self([0; ROOM]);

    /// Lets the kernel write here what it tells with the next datagram.
    pub(super) fn lend(&mut self, header: &mut libc::msghdr) {
        header.msg_control = self.0.as_mut_ptr().cast();
        header.msg_controllen = ROOM as _;
    }

    /// Has the datagram of this header go from `local`, or from whichever address lies on its way.
    pub(super) fn send_from(&mut self, header: &mut libc::msghdr, local: Option<Ipv4Addr>) {
        let Some(local) = local else {
            header.msg_control = ptr::null_mut();
            header.msg_controllen = 0;
            return;
        };
        self.0 = [0; ROOM];
        self.lend(header);
        let info = libc::in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: libc::in_addr {
                s_addr: u32::from(local).to_be(),
            },
            ipi_addr: libc::in_addr { s_addr: 0 },
        };
        // SAFETY: the header's room is ours and larger than the one message that is written into it.
        unsafe {
            let message = libc::CMSG_FIRSTHDR(header);
            if let Some(head) = message.as_mut() {
                head.cmsg_level = libc::IPPROTO_IP;
                head.cmsg_type = libc::IP_PKTINFO;
                head.cmsg_len = libc::CMSG_LEN(INFO) as _;
                libc::CMSG_DATA(message)
                    .cast::<libc::in_pktinfo>()
                    .write_unaligned(info);
            }
            header.msg_controllen = libc::CMSG_SPACE(INFO) as _;
        }
    }
}

/// The address that the datagram of this header came to, if the kernel has told.
pub(super) fn came_to(header: &libc::msghdr) -> Option<Ipv4Addr> {
    // SAFETY: the header's room is a `Control` with the length that the kernel has set; the macros stay within it.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(header);
        while let Some(message) = next.as_ref() {
            if message.cmsg_level == libc::IPPROTO_IP && message.cmsg_type == libc::IP_PKTINFO {
                let info = libc::CMSG_DATA(next)
                    .cast::<libc::in_pktinfo>()
                    .read_unaligned();
                return Some(Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr)));
            }
            next = libc::CMSG_NXTHDR(header, next);
        }
    }
    None
}

/// Which of this machine's addresses far sides have called: they are answered from there.
#[derive(Debug, Default)]
pub struct Called {
    addresses: HashMap<SocketAddr, Ipv4Addr>,
}

impl Called {
    /// A datagram of `remote` came to `local`, if the kernel has told.
    pub fn note(&mut self, remote: SocketAddr, local: Option<Ipv4Addr>) {
        let Some(local) = local else { return };
        if self.addresses.get(&remote) == Some(&local) {
            return;
        }
        // Far addresses come from peers: rather than grow, the table forgets any of them, which is told anew by its next datagram.
        if self.addresses.len() >= MOST
            && let Some(any) = self.addresses.keys().next().copied()
        {
            self.addresses.remove(&any);
        }
        self.addresses.insert(remote, local);
    }

    /// The address that `remote` has called last; none: whichever lies on the way.
    pub fn by(&self, remote: SocketAddr) -> Option<Ipv4Addr> {
        self.addresses.get(&remote).copied()
    }
}

const INFO: libc::c_uint = mem::size_of::<libc::in_pktinfo>() as libc::c_uint;
/// More than one message of that kind takes.
const ROOM: usize = 64;
/// More than a worker has phones.
const MOST: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_sides_are_known_by_what_they_have_called_last_and_not_without_bound() {
        let remote = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let (one, other) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let mut called = Called::default();
        called.note(remote(1), Some(one));
        called.note(remote(2), None);
        assert_eq!(
            (called.by(remote(1)), called.by(remote(2))),
            (Some(one), None)
        );
        called.note(remote(1), Some(other));
        assert_eq!(called.by(remote(1)), Some(other));
        for port in 0..60_000 {
            called.note(remote(port), Some(one));
        }
        assert!(called.addresses.len() <= MOST);
        assert_eq!(called.by(remote(59_999)), Some(one));
    }
}
