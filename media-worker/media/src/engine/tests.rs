//! What all the engine's unit tests need.

use std::time::Instant;

/// A moment to reckon from.
#[allow(
    clippy::disallowed_methods,
    reason = "an Instant can be made in no other way; the tests only add to it"
)]
pub(super) fn start() -> Instant {
    Instant::now()
}
