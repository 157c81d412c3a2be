//! Real phones against a real worker, judged by what is heard.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod baresip;
mod calls;

mod register;
mod standalone;
mod voicemail;
