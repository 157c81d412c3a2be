//! Endpoints that speak over a simulated network: one behaviour per file, named for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod phone;

mod call;
