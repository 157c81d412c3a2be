//! SIP without IO: syntax, transactions, dialogs, digest, registrar, subscriptions.
#![forbid(unsafe_code)]

pub mod digest;
pub mod sdp;
pub mod syntax;
pub mod transport;
