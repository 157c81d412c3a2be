//! Our Kinds before a real API server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod chart;
mod chart_life;
mod reading;
mod round_trip;
mod rules;
mod worker_away;
mod worker_drain;
mod worker_watches;
