//! The index object: read once, changed by conditional put, made again where it is lost.

use super::{Mailbox, MailboxError};
use crate::ids::{AudioId, MessageId};
use crate::index::Index;
use crate::layout;
use crate::record::to_bytes;
use crate::store::{Condition, ETag, PutError, list_all};
use tokio::sync::MutexGuard;

/// An index as read or written.
pub(super) struct Loaded {
    pub(super) index: Index,
    /// `None` while there is no index object.
    pub(super) etag: Option<ETag>,
}

impl Loaded {
    /// What must hold for a change made on top of this to be written.
    pub(super) fn unchanged(&self) -> Condition {
        self.etag
            .clone()
            .map_or(Condition::IfAbsent, Condition::IfMatch)
    }
}

impl Mailbox {
    /// Makes the index again from what lies beside it: the messages' records, the copy of their states, the records of greetings and name.
    /// What the old index says, where it can be read, holds.
    ///
    /// Where the old index is lost, so may be the owner's very last changes: the copy is written after the index, and a worker that
    /// dies between, or two that change the same mailbox at once, may leave it one change behind. Such a message is in the state before.
    pub async fn rebuild(&self) -> Result<(), MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let before = self.read_index().await?;
        self.rebuild_over(&mut loaded, before).await
    }

    /// Reads the index again; whether someone else has changed it since it was read.
    pub(crate) async fn look_again(&self) -> Result<bool, MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let before = loaded.take();
        let now = self.load(&mut loaded).await?;
        Ok(before.is_some_and(|before| before.index != now.index))
    }

    /// How many of these messages the index does not have, and all audio that it refers to.
    pub(crate) async fn referred(
        &self,
        messages: &[MessageId],
    ) -> Result<(usize, Vec<AudioId>), MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let index = &self.load(&mut loaded).await?.index;
        let missing = messages.iter().filter(|id| index.get(id).is_none()).count();
        Ok((missing, index.audio().cloned().collect()))
    }

    /// Those of these messages that the index does not have.
    pub(crate) async fn lacks(
        &self,
        messages: &[MessageId],
    ) -> Result<Vec<MessageId>, MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let index = &self.load(&mut loaded).await?.index;
        let lacking = messages.iter().filter(|id| index.get(id).is_none());
        Ok(lacking.cloned().collect())
    }

    /// Changes the index by conditional put, again on what is there now when someone else was first. `change` says whether it changed anything.
    pub(super) async fn change(
        &self,
        loaded: &mut MutexGuard<'_, Option<Loaded>>,
        mut change: impl FnMut(&mut Index) -> bool,
    ) -> Result<(), MailboxError> {
        for _ in 0..MOST_CONFLICTS {
            let now = self.load(loaded).await?;
            let mut index = now.index.clone();
            if !change(&mut index) {
                return Ok(());
            }
            let condition = now.unchanged();
            match self
                .shared
                .store
                .put(
                    &layout::index(self.id()),
                    index.to_bytes().into(),
                    condition,
                )
                .await
            {
                Ok(etag) => {
                    let states = now.index.states() != index.states();
                    let now = loaded.insert(Loaded {
                        index,
                        etag: Some(etag),
                    });
                    if states {
                        self.copy_states(&now.index).await;
                    }
                    return Ok(());
                }
                Err(PutError::Precondition) => **loaded = None,
                Err(error) => return Err(error.into()),
            }
        }
        Err(MailboxError::Contended)
    }

    pub(super) async fn load<'a>(
        &self,
        loaded: &'a mut MutexGuard<'_, Option<Loaded>>,
    ) -> Result<&'a Loaded, MailboxError> {
        if loaded.is_none() {
            match self.read_index().await? {
                Read::Good(read) => **loaded = Some(read),
                Read::Bad(etag) => self.rebuild_over(loaded, Read::Bad(etag)).await?,
                Read::None
                    if list_all(&*self.shared.store, &layout::mailbox(self.id()))
                        .await?
                        .is_empty() =>
                {
                    **loaded = Some(Loaded {
                        index: Index::new(),
                        etag: None,
                    });
                }
                Read::None => self.rebuild_over(loaded, Read::None).await?,
            }
        }
        loaded.as_ref().ok_or(MailboxError::Contended)
    }

    async fn read_index(&self) -> Result<Read, MailboxError> {
        let Some(blob) = self.shared.store.get(&layout::index(self.id())).await? else {
            return Ok(Read::None);
        };
        match Index::from_bytes(&blob.bytes) {
            Ok(index) => Ok(Read::Good(Loaded {
                index,
                etag: Some(blob.etag),
            })),
            Err(error) => {
                tracing::error!(mailbox = %self.id(), %error, "the index of a mailbox cannot be read; it is made again");
                Ok(Read::Bad(blob.etag))
            }
        }
    }

    async fn rebuild_over(
        &self,
        loaded: &mut MutexGuard<'_, Option<Loaded>>,
        before: Read,
    ) -> Result<(), MailboxError> {
        let (old, condition) = match before {
            Read::None => (Index::new(), Condition::IfAbsent),
            Read::Bad(etag) => (Index::new(), Condition::IfMatch(etag)),
            Read::Good(Loaded { index, etag }) => {
                (index, etag.map_or(Condition::IfAbsent, Condition::IfMatch))
            }
        };
        let state = |id: &MessageId| {
            let pending = self.shared.spool.board().find(self.id(), id)?;
            pending.record.states.get(self.id()).copied()
        };
        let index = crate::rebuild::index(&*self.shared.store, self.id(), &old, state).await?;
        match self
            .shared
            .store
            .put(
                &layout::index(self.id()),
                index.to_bytes().into(),
                condition,
            )
            .await
        {
            Ok(etag) => {
                **loaded = Some(Loaded {
                    index,
                    etag: Some(etag),
                });
                Ok(())
            }
            Err(PutError::Precondition) => Err(MailboxError::Contended),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the states beside the index, for the day that it is lost. The index holds all the same where that fails.
    pub(super) async fn copy_states(&self, index: &Index) {
        let key = layout::states(self.id());
        let put = self
            .shared
            .store
            .put(&key, to_bytes(&index.states()).into(), Condition::Always);
        if let Err(error) = put.await {
            tracing::warn!(mailbox = %self.id(), %error, "the copy of a mailbox's states is not written");
        }
    }
}

enum Read {
    Good(Loaded),
    Bad(ETag),
    None,
}

const MOST_CONFLICTS: u32 = 16;
