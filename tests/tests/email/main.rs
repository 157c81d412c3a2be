//! E-mail against real servers (Exim, Dovecot) and against ones that hang, lie and talk nonsense.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail by panicking anywhere"
)]

mod counting;
mod hostile;
mod played;
mod sending;
mod worker;
