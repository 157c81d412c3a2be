//! The engine as the outside sees it: packets, orders and ticks in; packets, news and recorded audio out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and looks for the one event it is about"
)]

mod bench;
mod bridging;
mod dialing;
mod finding;
mod impaired;
mod keys;
mod playing;
mod recording;
mod reporting;
