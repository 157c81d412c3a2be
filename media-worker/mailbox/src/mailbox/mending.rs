//! Mending a mailbox that something outside has harmed.

use super::{Mailbox, MailboxError};
use crate::ids::MessageId;
use crate::layout;
use crate::record::{DeliveryRecord, to_bytes};
use crate::store::Condition;

impl Mailbox {
    /// Writes a message's record again, from what the index says of it.
    pub(crate) async fn rewrite_record(&self, id: &MessageId) -> Result<(), MailboxError> {
        let message = self.message(id).await?;
        let record = DeliveryRecord {
            recipients: vec![self.id().clone()],
            message,
        };
        let key = layout::message(self.id(), id);
        let bytes = to_bytes(&record).into();
        // Where it has come back meanwhile, that one is as good.
        match self
            .shared
            .store
            .put(&key, bytes, Condition::IfAbsent)
            .await
        {
            Ok(_) | Err(crate::store::PutError::Precondition) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a message for good, whatever its state.
    pub(crate) async fn remove(&self, id: &MessageId) -> Result<(), MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let record = layout::message(self.id(), id);
        self.shared.store.delete(&record).await?;
        self.change(&mut loaded, |index| index.take_out(id)).await
    }

    /// Writes the copy of the messages' states again.
    pub(crate) async fn rewrite_states(&self) -> Result<(), MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let now = self.load(&mut loaded).await?;
        let bytes = to_bytes(&now.index.states()).into();
        let key = layout::states(self.id());
        self.shared
            .store
            .put(&key, bytes, Condition::Always)
            .await?;
        Ok(())
    }
}
