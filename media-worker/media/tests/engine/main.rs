//! The engine as the outside sees it: packets, orders and ticks in; packets, news and recorded audio out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bench;
mod bridging;
mod dialing;
mod finding;
mod playing;
mod recording;
mod reporting;
