//! What the end-to-end tests are made of: a worker in a process of its own, real phones, and ears.
//!
//! Nothing here waits for time: every wait is for a condition, with a bound after which the test fails
//! and says what it waited for. Ports come from the system, everything stays on 127.0.0.0/8.

#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that can't go on panics"
)]

pub mod api_server;
pub mod attempt;
pub mod baresip;
pub mod caller;
pub mod certificate;
pub mod chart;
pub mod cluster;
pub mod cluster_office;
pub mod collector;
pub mod counted;
pub mod desk;
pub mod dovecot;
pub mod eventually;
pub mod exim;
pub mod gate;
pub mod http;
pub mod late;
pub mod line;
mod mail_server;
pub mod message;
pub mod office;
pub mod operator;
pub mod phone;
mod ports;
pub mod process;
pub mod prometheus;
pub mod raw;
pub mod s3;
pub mod sipp;
pub mod sound;
pub mod streams;
pub mod wire;
pub mod worker;
pub mod writes;

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The project's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the project")
        .to_path_buf()
}

/// Waits until `condition` gives a value, for at most `bound`.
///
/// # Panics
/// When the bound has passed; the message names `what`.
pub fn wait_for<T>(what: &str, bound: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + bound;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "waited {bound:?} for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The same for a condition that is asked for.
///
/// # Panics
/// When the bound of a minute has passed; the message names `what`.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < end, "waited a minute for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
