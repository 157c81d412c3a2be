//! Making an index from what lies beside it.

use crate::ids::{GreetingSlot, MailboxId, MessageId};
use crate::index::Index;
use crate::layout;
use crate::message::{Message, MessageState};
use crate::record::{AudioRecord, DeliveryRecord};
use crate::store::{BlobStore, StoreError, list_all};
use serde::de::DeserializeOwned;

/// The index of a mailbox from the records of its messages, greetings and name. What `old` says of a message holds;
/// `state` knows better than the record where an owner has changed a message that the spool still holds.
pub(crate) async fn index(
    store: &dyn BlobStore,
    mailbox: &MailboxId,
    old: &Index,
    state: impl Fn(&MessageId) -> Option<MessageState> + Send,
) -> Result<Index, StoreError> {
    let mut index = old.clone();
    for key in list_all(store, &layout::messages(mailbox)).await? {
        let known = MessageId::new(layout::last(&key)).is_ok_and(|id| index.get(&id).is_some());
        if !known && let Some(record) = read::<DeliveryRecord>(store, &key).await? {
            let state = state(&record.message.id).unwrap_or(record.message.state);
            index.insert(Message {
                state,
                ..record.message
            });
        }
    }
    for key in list_all(store, &layout::greetings(mailbox)).await? {
        if let Ok(slot) = GreetingSlot::new(layout::last(&key))
            && let Some(record) = read::<AudioRecord>(store, &key).await?
        {
            index.greetings.insert(slot, record.audio);
        }
    }
    if let Some(record) = read::<AudioRecord>(store, &layout::name(mailbox)).await? {
        index.name = Some(record.audio);
    }
    Ok(index)
}

/// A record, `None` where it is missing or cannot be read.
pub(crate) async fn read<T: DeserializeOwned>(
    store: &dyn BlobStore,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let Some(blob) = store.get(key).await? else {
        return Ok(None);
    };
    match serde_json::from_slice(&blob.bytes) {
        Ok(record) => Ok(Some(record)),
        Err(error) => {
            tracing::error!(key, %error, "a record in the store cannot be read");
            Ok(None)
        }
    }
}
