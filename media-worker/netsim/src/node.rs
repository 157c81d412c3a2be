//! What sits at an address of the network.

use std::net::SocketAddr;
use std::time::Instant;

use crate::Datagram;

/// A sans-IO participant: takes datagrams and time, gives datagrams.
pub trait Node<P> {
    /// Whether this node receives at `address`.
    fn owns(&self, address: SocketAddr) -> bool;

    /// A datagram has arrived.
    fn receive(&mut self, datagram: Datagram<P>, now: Instant);

    /// The node's own deadline has come.
    fn timeout(&mut self, now: Instant);

    /// When the node next wants [`Node::timeout`].
    fn next_timeout(&self) -> Option<Instant>;

    /// The next datagram the node wants sent.
    fn transmit(&mut self) -> Option<Datagram<P>>;
}
