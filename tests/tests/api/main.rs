//! Our Kinds before a real API server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod reading;
mod round_trip;
mod rules;
