//! Where messages come from and go to, as values: flows, stream framing and datagram classification.

mod flow;

pub use flow::{Flow, Protocol};
