//! Mailboxes that go with their owners: a message that was on its way to one does not bring it back.

use crate::ids::MailboxId;
use crate::layout;
use crate::mailboxes::{Mailboxes, Shared};
use crate::store::StoreError;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Mailboxes that are being deleted, or have been.
#[derive(Default)]
pub(crate) struct Deleted(Mutex<BTreeSet<MailboxId>>);

impl Deleted {
    fn contains(&self, mailbox: &MailboxId) -> bool {
        let deleted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        deleted.contains(mailbox)
    }
}

impl Mailboxes {
    /// Names the mailboxes that whoever deletes their owners clears; those named before count no longer. Once one is cleared, nothing is put
    /// into it. One that is never cleared, as storage is away for too long, gets what was promised.
    pub fn set_deleted(&self, mailboxes: impl IntoIterator<Item = MailboxId>) {
        let mailboxes = mailboxes.into_iter().collect();
        let deleted = &self.shared.deleted.0;
        *deleted.lock().unwrap_or_else(PoisonError::into_inner) = mailboxes;
    }
}

/// Those of these recipients that a message is to be stored for.
pub(crate) async fn living(
    shared: &Shared,
    recipients: Vec<MailboxId>,
) -> Result<Vec<MailboxId>, StoreError> {
    let mut living = Vec::new();
    for recipient in recipients {
        if shared.deleted.contains(&recipient) && is_cleared(shared, &recipient).await? {
            tracing::info!(mailbox = %recipient, "a message to a mailbox that was deleted goes nowhere");
        } else {
            living.push(recipient);
        }
    }
    Ok(living)
}

async fn is_cleared(shared: &Shared, mailbox: &MailboxId) -> Result<bool, StoreError> {
    let all = layout::mailbox(mailbox);
    Ok(shared.store.list(&all, None, 1).await?.is_empty())
}
