//! SIP without IO: syntax, transactions, dialogs, digest, registrar, subscriptions.
#![forbid(unsafe_code)]

pub mod transaction;
