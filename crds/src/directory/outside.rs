//! Who may call which outside number, and by which trunks (spec TR-1, DP-1, MC-O1).
use std::sync::Arc;

use super::{Directory, TrunkEntry, UserEntry};
use crate::user::Permission;

/// Why an outside number is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCalled {
    /// It is no whole outside number.
    #[error("no outside number is written so")]
    NoNumber,
    /// The caller has no permission for outside lines.
    #[error("the caller has not the permission OutsideLine")]
    NotPermitted,
    /// Numbers that begin so are refused him.
    #[error("the number begins with one of the caller's barred prefixes")]
    Barred,
}

impl Directory {
    /// The outside number that was dialled, as E.164, if this user may call it.
    pub fn outside_number(&self, dialled: &str, user: &UserEntry) -> Result<Arc<str>, NotCalled> {
        if !user.permissions.allows(Permission::OutsideLine) {
            return Err(NotCalled::NotPermitted);
        }
        let number = self
            .system
            .numbers
            .e164(dialled)
            .ok_or(NotCalled::NoNumber)?;
        let barred = |prefix: &String| number.starts_with(prefix.as_str());
        if user.barred_prefixes.iter().any(barred) {
            return Err(NotCalled::Barred);
        }
        Ok(number.into())
    }

    /// The trunk of this name.
    pub fn trunk(&self, name: &str) -> Option<&Arc<TrunkEntry>> {
        self.trunks.iter().find(|trunk| *trunk.name == *name)
    }

    /// Every trunk, in the order in which calls go out: by preference, then by name.
    pub fn trunks(&self) -> &[Arc<TrunkEntry>] {
        &self.trunks
    }
}
