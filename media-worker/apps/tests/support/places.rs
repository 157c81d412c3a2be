//! Places in the applications, and what each key does there.

use apps::sim::{Company, Person, Story};

/// What follows a step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// This is said.
    Says(&'static str),
    /// This is said, and the call ends.
    Ends(&'static str),
    /// The caller is connected with this extension.
    Calls(&'static str),
}
/// A place in an application, how to come there, and what each key does there. Keys not named
/// have no use. The empty string is doing nothing, `*102` dials.
pub(crate) struct Place {
    pub(crate) come: fn() -> (Company, Person),
    pub(crate) run: fn(&Company, Person) -> Story,
    pub(crate) keys: &'static [(&'static str, Then)],
    pub(crate) others: Then,
}
