//! Making an index from what lies beside it.

use crate::ids::{GreetingSlot, MailboxId, MessageId};
use crate::index::Index;
use crate::layout;
use crate::message::{Message, MessageState};
use crate::record::{self, AudioRecord, DeliveryRecord};
use crate::store::{BlobStore, StoreError, list_all};
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// The index of a mailbox from the records of its messages, the copy of their states, greetings and name. What `old` says of a message holds;
/// `state` knows better than the record where an owner has changed a message that the spool still holds.
pub(crate) async fn index(
    store: &dyn BlobStore,
    mailbox: &MailboxId,
    old: &Index,
    state: impl Fn(&MessageId) -> Option<MessageState> + Send,
) -> Result<Index, StoreError> {
    let mut index = old.clone();
    let states: HashMap<MessageId, MessageState> = read(store, &layout::states(mailbox))
        .await?
        .unwrap_or_default();
    for key in list_all(store, &layout::messages(mailbox)).await? {
        let known = MessageId::new(layout::last(&key)).is_ok_and(|id| index.get(&id).is_some());
        if !known && let Some(record) = read::<DeliveryRecord>(store, &key).await? {
            let id = &record.message.id;
            let state = state(id)
                .or_else(|| states.get(id).copied())
                .unwrap_or(record.message.state);
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
    match serde_json::from_slice(record::split(&blob.bytes).0) {
        Ok(record) => Ok(Some(record)),
        Err(error) => {
            tracing::error!(key, %error, "a record in the store cannot be read");
            Ok(None)
        }
    }
}
