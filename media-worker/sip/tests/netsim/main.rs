//! Endpoints that speak over a simulated network: one behaviour per file, named for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod phone;

mod bounds;
mod call;
mod cancel;
mod challenged;
mod chaos;
mod delayed_offer;
mod dialog_requests;
mod fork;
mod glare;
mod loss;
mod nat;
mod refusals;
mod reliable_provisional;
mod requests;
mod session_timer;
mod streams;
