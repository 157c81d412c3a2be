//! Where messages come from and go to, as values: flows, stream framing and datagram classification.

mod datagram;
mod flow;
mod framer;

pub use datagram::{Datagram, classify_datagram, stun_binding_response};
pub use flow::{Flow, Protocol};
pub use framer::{Deadline, Deadlines, Frame, FramingError, FramingErrorKind, StreamFramer};
