//! The worker: sockets and threads, calls, homes, directory sources.

pub mod media_threads;
pub mod sockets;
