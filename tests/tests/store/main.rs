//! Mailboxes on a real S3 service: what it promises, what is said of its troubles, and what is lost when it or the sidecar dies: nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod contract;
mod files;
mod messages;
mod outage;
mod sidecar;
mod trouble;
mod upkeep;
