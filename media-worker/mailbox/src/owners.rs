//! Whose a mailbox is, for people who read the log: in a cluster its own name is a UID.

use crate::ids::MailboxId;
use std::fmt;
use std::sync::Arc;

/// Knows whose each mailbox is. By default nobody's is known, and its own name has to do.
#[derive(Clone, Default)]
pub struct Owners(Option<Arc<Known>>);

type Known = dyn Fn(&MailboxId) -> Option<String> + Send + Sync;

impl Owners {
    /// As this says.
    pub fn known(known: impl Fn(&MailboxId) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(known)))
    }

    /// Whose it is.
    pub(crate) fn of(&self, mailbox: &MailboxId) -> String {
        let known = self.0.as_ref().and_then(|known| known(mailbox));
        known.unwrap_or_else(|| mailbox.to_string())
    }
}

impl fmt::Debug for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owners(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_named_by_its_owner_where_he_is_known() {
        let id = |name: &str| MailboxId::new(name).unwrap();
        let owners =
            Owners::known(|mailbox| (mailbox.as_str() == "0b0f6c2e").then(|| "mary".to_owned()));
        assert_eq!(owners.of(&id("0b0f6c2e")), "mary");
        assert_eq!(owners.of(&id("7144358e")), "7144358e");
        assert_eq!(Owners::default().of(&id("0b0f6c2e")), "0b0f6c2e");
    }
}
