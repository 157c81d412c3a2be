//! A store that is used only once it is known to be ours.

use super::{Blob, BlobStore, Condition, ETag, Put, PutError, StoreError};
use crate::owner::{self, Owner};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A store whose owner mark is claimed before anything else is asked of it.
///
/// Where the store is away at the start, the claim is made with the first request that gets through; where the mark is another's, every
/// request is [`StoreError::PrefixTaken`].
pub struct OwnedStore {
    store: Arc<dyn BlobStore>,
    claimant: Owner,
    adopts: Option<String>,
    claimed: OnceCell<()>,
}

impl OwnedStore {
    /// The store, to be used by `claimant`, who also takes over what belongs to the UID in `adopts`.
    pub fn new(store: Arc<dyn BlobStore>, claimant: Owner, adopts: Option<String>) -> Self {
        Self {
            store,
            claimant,
            adopts,
            claimed: OnceCell::new(),
        }
    }

    async fn ours(&self) -> Result<&dyn BlobStore, PutError> {
        let claim = || owner::claim(&*self.store, &self.claimant, self.adopts.as_deref());
        self.claimed.get_or_try_init(claim).await?;
        Ok(&*self.store)
    }

    async fn ours_to_read(&self) -> Result<&dyn BlobStore, StoreError> {
        self.ours().await.map_err(|error| match error {
            PutError::Store(error) => error,
            PutError::Full(_) | PutError::Precondition => {
                StoreError::Away(format!("the owner mark can't be written: {error}"))
            }
        })
    }
}

#[async_trait]
impl BlobStore for OwnedStore {
    async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
        self.ours_to_read().await?.get(key).await
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<ETag, PutError> {
        self.ours().await?.put(key, bytes, condition).await
    }

    async fn put_all(&self, puts: Vec<Put>) -> Vec<Result<ETag, PutError>> {
        match self.ours().await {
            Ok(store) => store.put_all(puts).await,
            Err(error) => vec![Err(error); puts.len()],
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.ours_to_read().await?.delete(key).await
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let store = self.ours_to_read().await?;
        store.list(prefix, start_after, limit).await
    }
}
