//! The worker: sockets and threads, calls, homes, directory sources.

pub mod source;
pub mod state;
