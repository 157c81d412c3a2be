//! UDP in batches: the one place where the worker speaks to the kernel without the standard library.
//!
//! A media tick serves hundreds of legs from a few sockets, so datagrams are received and sent up to [`BATCH`] at a time
//! (`recvmmsg`, `sendmmsg`) with buffers allocated once, SIP's one by one; both are answered from the address that was called. A media thread sleeps to the microsecond (`ppoll`) until its
//! next tick or a command, ahead of other threads (`setpriority`).
#![allow(
    unsafe_code,
    reason = "recvmmsg, sendmmsg, IP_PKTINFO, ppoll, eventfd and setpriority exist only as C functions"
)]

mod address;
mod batch;
mod bind;
mod datagram;
mod local;
mod priority;
mod wake;

pub use batch::{BATCH, Sent, UdpBatch};
pub use bind::bind_udp;
pub use datagram::{Datagram, receive, send};
pub use local::Called;
pub use priority::set_thread_niceness;
pub use wake::{Wake, Woken};
