//! The Helm chart and what it brings for Prometheus and Grafana, tried without a cluster.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod alerts;
mod dashboards;
mod rendering;
mod schemas;
mod test_call;
mod values;
