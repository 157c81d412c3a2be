//! The operator: one controller per Kind turns custom resources into running workers.
//!
//! A namespace is watched once ([`caches`]), compiled whenever something has changed ([`snapshot`]), and what is
//! affected is reconciled ([`triggers`], [`controller`]) in the steps dereference, build, apply, status. Workers tell
//! what they have loaded ([`reports`]); nothing is written to the API server that is stored there already ([`apply`]).
#![forbid(unsafe_code)]

pub mod apply;
pub mod awaited;
pub mod caches;
pub mod conditions;
pub mod context;
pub mod controller;
pub mod credentials;
pub mod deletion;
pub mod error;
mod events;
pub mod handsets;
pub mod http;
pub mod kept;
pub mod leader;
pub mod logs;
pub mod looking;
pub mod metrics;
pub mod names;
pub mod namespace;
pub mod options;
pub mod ours;
pub mod pace;
pub mod phone_system;
pub mod plain;
pub mod quantity;
pub mod queues;
pub mod random;
pub mod readiness;
pub mod references;
pub mod reports;
pub mod restored;
pub mod run;
pub mod snapshot;
pub mod status;
pub mod triggers;
pub mod trunks;
pub mod unreadable;
pub mod users;
pub mod versions;
