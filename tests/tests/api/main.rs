//! Our Kinds and our operator before a real API server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod attendants;
mod certificate;
mod chart;
mod chart_life;
mod conflicts;
mod deletion;
mod drift;
mod gone;
mod keys;
mod kinds;
mod labels;
mod leadership;
mod lockouts;
mod mail;
mod monitoring;
mod phone_system_children;
mod reading;
mod restart_writes_nothing;
mod restored;
mod round_trip;
mod rules;
mod spool_size;
mod telling;
mod trunks;
mod trust;
mod unreadable;
mod updating;
mod user_children;
mod worker_away;
mod worker_bucket;
mod worker_drain;
mod worker_media;
mod worker_pins;
mod worker_settings;
mod worker_watches;
