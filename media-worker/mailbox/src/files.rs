//! The company's shared files, such as the greetings of auto attendants (spec PO-12).

use crate::layout;
use crate::store::{Blob, BlobStore, Condition, PutError, StoreError, list_all};
use bytes::Bytes;

/// The files of a store. Their names are paths of plain parts: `attendant/open.wav`.
#[derive(Clone, Copy)]
pub struct SharedFiles<'s> {
    store: &'s dyn BlobStore,
}

impl<'s> SharedFiles<'s> {
    /// Those of this store.
    pub fn of(store: &'s dyn BlobStore) -> Self {
        Self { store }
    }

    /// The file of this name, `None` where there is none.
    pub async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        self.store.get(&layout::file(name)).await
    }

    /// Keeps a file; one of the same name is replaced.
    pub async fn write(&self, name: &str, bytes: Bytes) -> Result<(), PutError> {
        let key = layout::file(name);
        self.store.put(&key, bytes, Condition::Always).await?;
        Ok(())
    }

    /// Removes a file; a missing one is fine.
    pub async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.store.delete(&layout::file(name)).await
    }

    /// The names of all files, in order.
    pub async fn names(&self) -> Result<Vec<String>, StoreError> {
        let keys = list_all(self.store, layout::FILES).await?;
        let names = keys
            .iter()
            .filter_map(|key| key.strip_prefix(layout::FILES));
        Ok(names.map(str::to_owned).collect())
    }
}
