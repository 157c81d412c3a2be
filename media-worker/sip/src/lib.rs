//! SIP without IO: syntax, transactions, dialogs, digest, registrar, subscriptions.
#![forbid(unsafe_code)]

pub mod dialog;
pub mod digest;
pub mod endpoint;
pub mod mwi;
pub mod registrar;
pub mod registration;
pub mod sdp;
mod session;
pub mod subscription;
pub mod syntax;
pub mod transaction;
pub mod transport;

pub use endpoint::{
    Bounds, ClientTx, Counters, EndReason, Endpoint, EndpointConfig, Event, Invite, Output,
    Rejected, RequestError, ServerTx, SessionEvent, SessionId,
};
