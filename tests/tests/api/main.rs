//! Our Kinds and our operator before a real API server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod conflicts;
mod deletion;
mod drift;
mod kinds;
mod labels;
mod leadership;
mod phone_system_children;
mod restart_writes_nothing;
mod round_trip;
mod trust;
mod updating;
mod user_children;
mod worker_away;
mod worker_drain;
mod worker_watches;
