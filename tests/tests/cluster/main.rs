//! The whole on a real Kubernetes, as people outside the cluster meet it: `./check cluster test`.
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that can't go on panics"
)]

mod backup;
mod chart;
mod crash;
mod namespaces;
mod network;
mod operators;
mod outages;
mod rights;
mod scenes;
mod sipp;
mod story;
mod update;
