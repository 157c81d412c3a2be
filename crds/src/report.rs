//! What a worker tells the operator about itself: the answer to `GET /report`.
//!
//! The operator asks with `?after=REVISION` and gets an answer when the report has changed since, or after a while in
//! any case. So `Ready` follows within milliseconds, and no worker writes what it has loaded to the API server.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The path it is served at, beside `/metrics`.
pub const PATH: &str = "/report";

/// The state of one worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Grows with each change of this report; the `after` of the next question. It begins anew with the process.
    pub revision: u64,
    /// The UID of the worker's Pod, so that an answer is not taken for another's.
    pub pod_uid: String,
    /// The generation loaded of every object of ours, by its UID.
    pub loaded: BTreeMap<String, i64>,
    /// The `resourceVersion` loaded of every shard of the credentials, by its number.
    pub credentials: BTreeMap<u32, String>,
    /// Calls in progress.
    pub calls: u32,
    /// Phones registered.
    pub registrations: u32,
    /// Whether it refuses new calls because it is to go.
    pub draining: bool,
    /// Bytes of recordings not yet in object storage.
    pub spool_bytes: u64,
    /// Whether object storage takes what is written; none before the first try.
    pub storage: Option<Finding>,
    /// Whether callers' audio arrives: none before the first answered call, false when the last five heard none.
    pub media: Option<Finding>,
}

/// Whether something works, and what to do if not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// It does.
    pub ok: bool,
    /// A reason of [`crate::conditions::Reason`], as text.
    pub reason: String,
    /// For people: what is the matter and what to do next.
    pub message: String,
}
