//! A simulated network for tests: virtual clock, loss, delay, reordering, duplication, NAT.
//!
//! [`Network`] carries datagrams of any payload type between addresses in virtual time, by one seeded
//! generator, so that a run can be repeated exactly. What sits at the addresses implements [`Node`];
//! [`Network::run_until`] lets the nodes and the datagrams in flight take their turns in order of time.
#![forbid(unsafe_code)]

mod link;
mod nat;
mod network;
mod node;

pub use link::Link;
pub use nat::{Filtering, Mapping, Nat};
pub use network::{Datagram, Network, Tally};
pub use node::Node;
