//! The worker: sockets and threads, calls, homes, directory sources.

pub mod calls;
pub mod cli;
pub mod edge;
pub mod homes;
pub mod http;
pub mod logs;
pub mod mail;
pub mod media_threads;
pub mod metrics;
pub mod probe;
pub mod random;
pub mod recordings;
pub mod report;
pub mod service;
pub mod signalling;
pub mod sockets;
pub mod source;
pub mod state;
pub mod statuses;
pub mod storage;
pub mod told;
pub mod traces;
pub mod trunks;
pub mod upkeep;
pub mod upload;
pub mod voice;
