//! Real phones against a real worker, judged by what is heard.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod attendant;
mod baresip;
mod calls;
mod crash;
mod hostile;
mod lamps;
mod languages;
mod register;
mod sending;
mod settings;
mod sipp;
mod standalone;
mod tls;
mod traces;
mod trunk;
mod voicemail;
