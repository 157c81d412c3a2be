//! The names and labels of what the operator makes, as workers and people know them (`docs/decisions/0010`).
use std::collections::BTreeMap;

/// Which slot a worker and its media Service have.
pub const SLOT: &str = "switchboard.dev/slot";
/// What a Pod was built from, so that one built otherwise is known.
pub const BUILT: &str = "switchboard.dev/built";
/// On a `PhoneSystem`: the fingerprint of a key that is given up, so that a new one may take its place.
pub const NEW_KEYS: &str = "switchboard.dev/new-keys";
/// Which `PhoneSystem` something was made for.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// Selects everything that is made for any `PhoneSystem`.
pub const MADE: &str = "app.kubernetes.io/name=switchboard,app.kubernetes.io/component=worker";

/// The labels of everything made for this system.
pub fn labels(system: &str) -> BTreeMap<String, String> {
    [
        ("app.kubernetes.io/name", "switchboard"),
        ("app.kubernetes.io/component", "worker"),
        (INSTANCE, system),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

/// The labels of what belongs to one slot.
pub fn slot_labels(system: &str, slot: u32) -> BTreeMap<String, String> {
    let mut labels = labels(system);
    labels.insert(SLOT.to_owned(), slot.to_string());
    labels
}

/// The worker in a slot.
pub fn pod(system: &str, slot: u32) -> String {
    format!("{system}-worker-{slot}")
}

/// What all workers share: identity, rights, policies.
pub fn worker(system: &str) -> String {
    format!("{system}-worker")
}

/// The volume of a slot.
pub fn spool(system: &str, slot: u32) -> String {
    format!("{system}-spool-{slot}")
}

/// The Service of signalling.
pub fn sip_service(system: &str) -> String {
    format!("{system}-sip")
}

/// The Service of a slot's media.
pub fn media_service(system: &str, slot: u32) -> String {
    format!("{system}-media-{slot}")
}
