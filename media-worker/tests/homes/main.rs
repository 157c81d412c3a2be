//! Homes as the worker uses them, each on a store in memory and with phones on real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod restoring;
mod scene;
mod starting;
