//! End-to-end tests and benchmarks with real peers.
