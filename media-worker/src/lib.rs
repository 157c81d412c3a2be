//! The worker: sockets and threads, calls, homes, directory sources.
