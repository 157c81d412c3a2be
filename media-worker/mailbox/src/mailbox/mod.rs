//! One user's mailbox: what his home and the telephone applications ask.

mod arrival;
mod cells;
mod greetings;
mod mending;
mod messages;
mod stored;

pub use messages::Room;

pub(crate) use cells::Cells;

use crate::ids::{AudioId, MailboxId};
use crate::mailboxes::Shared;
use crate::spool::SpoolError;
use crate::store::{Medium, PutError, StoreError};
use media::recording::{Recording, StoredError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use stored::Loaded;
use tokio::sync::Mutex as AsyncMutex;

/// A user's mailbox. Clones are the same mailbox; the index is read once and kept.
///
/// Two sessions may use it at once. Deleting wins over saving: a message in the trash can only be restored. What is done twice is done once.
/// Messages that arrive while one is listened to are at the end of the next [`Mailbox::list`].
#[derive(Clone)]
pub struct Mailbox {
    shared: Arc<Shared>,
    cell: Arc<Cell>,
}

/// Why a mailbox cannot do as asked.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store has no room.
    #[error("{0}")]
    Full(Medium),
    /// Others change the mailbox without end.
    #[error("the mailbox is changed by too many at once")]
    Contended,
    /// There is no such message here.
    #[error("no such message")]
    NoSuchMessage,
    /// The audio is not where it should be.
    #[error("the audio is missing")]
    AudioMissing,
    /// The audio cannot be read.
    #[error("the audio is damaged: {0}")]
    AudioDamaged(#[from] StoredError),
    /// The spool failed.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// What all clones of a mailbox share.
pub(crate) struct Cell {
    id: MailboxId,
    loaded: AsyncMutex<Option<Loaded>>,
    greetings: Mutex<HashMap<AudioId, Arc<Recording>>>,
}

impl Mailbox {
    pub(crate) fn new(shared: Arc<Shared>, cell: Arc<Cell>) -> Self {
        Self { shared, cell }
    }

    /// Whose it is.
    pub fn id(&self) -> &MailboxId {
        &self.cell.id
    }

    /// Whose it is, as people know him.
    pub(crate) fn owner(&self) -> String {
        self.shared.owners.of(self.id())
    }

    /// Reads the index again at the next question: someone else, such as the portal, has changed it.
    pub async fn refresh(&self) {
        *self.cell.loaded.lock().await = None;
    }
}

impl Cell {
    pub(crate) fn new(id: MailboxId) -> Self {
        Self {
            id,
            loaded: AsyncMutex::new(None),
            greetings: Mutex::default(),
        }
    }
}

impl From<PutError> for MailboxError {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Precondition => Self::Contended,
            PutError::Full(medium) => Self::Full(medium),
            PutError::Store(error) => Self::Store(error),
        }
    }
}
