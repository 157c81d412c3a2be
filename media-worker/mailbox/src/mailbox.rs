//! One user's mailbox: what his home and the telephone applications ask.

use crate::ids::{AudioId, GreetingSlot, MailboxId, MessageId};
use crate::index::{Index, count};
use crate::layout;
use crate::mailboxes::Shared;
use crate::message::{Change, Counts, Folder, Limits, Message, MessageState};
use crate::record::{AudioRecord, to_bytes};
use crate::spool::{Place, SpoolError};
use crate::store::{Condition, ETag, PutError, StoreError, list_all};
use jiff::Timestamp;
use media::recording::{Recording, StoredError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

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
    #[error("the store is full")]
    Full,
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

/// Whether a mailbox takes a message (MB-6).
#[derive(Debug)]
pub enum Room {
    /// It does.
    Ok {
        /// How long the message may be.
        max_length: Duration,
        /// The place held; hand it over with the [`crate::Draft`]. Who holds the last one keeps it.
        place: Place,
    },
    /// It does not, and the caller is told so.
    Full,
}

/// What all clones of a mailbox share.
pub(crate) struct Cell {
    id: MailboxId,
    loaded: AsyncMutex<Option<Loaded>>,
    greetings: Mutex<HashMap<AudioId, Arc<Recording>>>,
}

struct Loaded {
    index: Index,
    /// `None` while there is no index object.
    etag: Option<ETag>,
}

impl Mailbox {
    pub(crate) fn new(shared: Arc<Shared>, cell: Arc<Cell>) -> Self {
        Self { shared, cell }
    }

    /// Whose it is.
    pub fn id(&self) -> &MailboxId {
        &self.cell.id
    }

    /// New and saved messages. Asks the store once, then never again; where it is away, counts what this worker holds.
    pub async fn counts(&self) -> Counts {
        let (messages, incomplete) = self.all().await;
        Counts {
            incomplete,
            ..count(messages.iter())
        }
    }

    /// The messages of a folder, oldest first. Where the store is away and was never read, those that this worker holds.
    pub async fn list(&self, folder: Folder) -> Vec<Message> {
        let mut messages = self.all().await.0;
        messages.retain(|message| message.state.folder() == Some(folder));
        messages
    }

    /// Deleted messages that can be restored, oldest first.
    pub async fn trash(&self) -> Vec<Message> {
        let mut messages = self.all().await.0;
        messages.retain(|message| message.state.folder().is_none());
        messages
    }

    /// One message, in whatever state.
    pub async fn message(&self, id: &MessageId) -> Result<Message, MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let read = self.load(&mut loaded).await;
        if let Ok(loaded) = &read
            && let Some(message) = loaded.index.get(id)
        {
            return Ok(message.clone());
        }
        let pending = self
            .shared
            .spool
            .board()
            .find(self.id(), id)
            .and_then(|pending| pending.record.message(self.id()));
        match (pending, read) {
            (Some(message), _) => Ok(message),
            (None, Ok(_)) => Err(MailboxError::NoSuchMessage),
            (None, Err(error)) => Err(error),
        }
    }

    /// A message's recording.
    pub async fn audio(&self, id: &MessageId) -> Result<Recording, MailboxError> {
        if let Some(pending) = self.shared.spool.board().find(self.id(), id)
            && let Ok(recording) = self.shared.spool.read(pending.record).await
        {
            return Ok(recording);
        }
        let message = self.message(id).await?;
        self.stored_audio(&message.audio).await
    }

    /// Stored audio, such as an introduction.
    pub async fn stored_audio(&self, id: &AudioId) -> Result<Recording, MailboxError> {
        let blob = self
            .shared
            .store
            .get(&layout::audio(id))
            .await?
            .ok_or(MailboxError::AudioMissing)?;
        Ok(Recording::from_bytes(&blob.bytes).or_else(|_| Recording::salvage(&blob.bytes))?)
    }

    /// The message has been heard.
    pub async fn mark_saved(&self, id: &MessageId) -> Result<(), MailboxError> {
        self.change_state(id, Change::Save).await
    }

    /// The message counts as not heard again.
    pub async fn mark_new(&self, id: &MessageId) -> Result<(), MailboxError> {
        self.change_state(id, Change::Renew).await
    }

    /// To the trash.
    pub async fn delete(&self, id: &MessageId, now: Timestamp) -> Result<(), MailboxError> {
        self.change_state(id, Change::Delete { at: now }).await
    }

    /// Out of the trash, to where it was.
    pub async fn restore(&self, id: &MessageId) -> Result<(), MailboxError> {
        self.change_state(id, Change::Restore).await
    }

    /// Removes for good what has been in the trash for `retention`; returns how many.
    pub async fn expire(&self, retention: Duration, now: Timestamp) -> Result<usize, MailboxError> {
        let before = now.checked_sub(retention).unwrap_or(Timestamp::MIN);
        let is_expired = |message: &Message| match message.state {
            MessageState::Trash { since, .. } => since < before,
            MessageState::New | MessageState::Saved => false,
        };
        let mut loaded = self.cell.loaded.lock().await;
        let index = &self.load(&mut loaded).await?.index;
        let expired: Vec<MessageId> = index
            .messages()
            .filter(|m| is_expired(m))
            .map(|m| m.id.clone())
            .collect();
        // The record goes first: one without an index entry would be taken for a message that never arrived.
        for id in &expired {
            self.shared
                .store
                .delete(&layout::message(self.id(), id))
                .await?;
        }
        if !expired.is_empty() {
            self.change(&mut loaded, |index| !index.expire(before).is_empty())
                .await?;
        }
        Ok(expired.len())
    }

    /// Whether a message may be left, and a place for it.
    pub async fn room(&self, limits: &Limits) -> Room {
        let mut loaded = self.cell.loaded.lock().await;
        // A store that is away refuses nobody: the spool takes the message.
        let index = self
            .load(&mut loaded)
            .await
            .ok()
            .map(|loaded| &loaded.index);
        let mut left = Duration::ZERO;
        let place = self
            .shared
            .spool
            .board()
            .hold(self.id(), |pending, claimed| {
                let counts = count(merge(index, pending).iter());
                left = limits
                    .total
                    .saturating_sub(Duration::from_secs(counts.seconds));
                u64::from(counts.new) + u64::from(counts.saved) + u64::from(claimed)
                    < u64::from(limits.messages)
                    && !left.is_zero()
            });
        place.map_or(Room::Full, |place| Room::Ok {
            max_length: limits.message.min(left),
            place,
        })
    }

    /// The greeting recorded for a slot, if any.
    pub async fn greeting(
        &self,
        slot: &GreetingSlot,
    ) -> Result<Option<Arc<Recording>>, MailboxError> {
        let audio = self
            .load(&mut self.cell.loaded.lock().await)
            .await?
            .index
            .greetings
            .get(slot)
            .cloned();
        self.kept_audio(audio).await
    }

    /// The slots that have a greeting.
    pub async fn greetings(&self) -> Result<Vec<GreetingSlot>, MailboxError> {
        Ok(self
            .load(&mut self.cell.loaded.lock().await)
            .await?
            .index
            .greetings
            .keys()
            .cloned()
            .collect())
    }

    /// Records a greeting; the one before is gone.
    pub async fn set_greeting(
        &self,
        slot: &GreetingSlot,
        recording: &Recording,
        now: Timestamp,
    ) -> Result<(), MailboxError> {
        let audio = self
            .store_audio(&layout::greeting(self.id(), slot), recording, now)
            .await?;
        let mut loaded = self.cell.loaded.lock().await;
        self.change(&mut loaded, |index| {
            index.greetings.insert(slot.clone(), audio.clone()) != Some(audio.clone())
        })
        .await
    }

    /// Removes a greeting; a missing one is fine.
    pub async fn delete_greeting(&self, slot: &GreetingSlot) -> Result<(), MailboxError> {
        self.shared
            .store
            .delete(&layout::greeting(self.id(), slot))
            .await?;
        let mut loaded = self.cell.loaded.lock().await;
        self.change(&mut loaded, |index| index.greetings.remove(slot).is_some())
            .await
    }

    /// The owner's recorded name, if any.
    pub async fn name(&self) -> Result<Option<Arc<Recording>>, MailboxError> {
        let audio = self
            .load(&mut self.cell.loaded.lock().await)
            .await?
            .index
            .name
            .clone();
        self.kept_audio(audio).await
    }

    /// Records the owner's name.
    pub async fn set_name(
        &self,
        recording: &Recording,
        now: Timestamp,
    ) -> Result<(), MailboxError> {
        let audio = self
            .store_audio(&layout::name(self.id()), recording, now)
            .await?;
        let mut loaded = self.cell.loaded.lock().await;
        self.change(&mut loaded, |index| {
            index.name.replace(audio.clone()) != Some(audio.clone())
        })
        .await
    }

    /// Reads the index again at the next question: someone else, such as the portal, has changed it.
    pub async fn refresh(&self) {
        *self.cell.loaded.lock().await = None;
    }

    /// Makes the index again from what lies beside it. Messages come back as new; what the old index says of them, where it can be read, holds.
    pub async fn rebuild(&self) -> Result<(), MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let before = self.read_index().await?;
        self.rebuild_over(&mut loaded, before).await
    }

    /// Reads the index, unless it was. Before a record is written beside it: a record without an index means that there was one.
    pub(crate) async fn prepare(&self) -> Result<(), MailboxError> {
        self.load(&mut self.cell.loaded.lock().await)
            .await
            .map(|_| ())
    }

    /// Puts arrived messages in their places, in the states that their owner has meanwhile given them.
    pub(crate) async fn insert_all(&self, mut messages: Vec<Message>) -> Result<(), MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        for message in &mut messages {
            if let Some(pending) = self.shared.spool.board().find(self.id(), &message.id) {
                message.state = pending
                    .record
                    .states
                    .get(self.id())
                    .copied()
                    .unwrap_or(message.state);
            }
        }
        let insert = |index: &mut Index| {
            // Not `any`: every one is to be inserted.
            messages
                .iter()
                .filter(|message| index.insert((*message).clone()))
                .count()
                > 0
        };
        self.change(&mut loaded, insert).await
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

    async fn all(&self) -> (Vec<Message>, bool) {
        let mut loaded = self.cell.loaded.lock().await;
        let read = self.load(&mut loaded).await;
        let index = read.as_ref().ok().map(|loaded| &loaded.index);
        // While the lock is held, no message moves from the spool to the index.
        (
            merge(index, self.shared.spool.board().messages(self.id())),
            read.is_err(),
        )
    }

    async fn change_state(&self, id: &MessageId, change: Change) -> Result<(), MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let board = self.shared.spool.board();
        let is_stored = self
            .load(&mut loaded)
            .await
            .is_ok_and(|loaded| loaded.index.get(id).is_some());
        if !is_stored && let Some(pending) = board.find(self.id(), id) {
            let state = pending
                .record
                .states
                .get(self.id())
                .copied()
                .unwrap_or(MessageState::New);
            let changed = change.apply(state);
            return Ok(self
                .shared
                .spool
                .set_state(pending.recording, self.id().clone(), changed)
                .await?);
        }
        let mut found = false;
        self.change(&mut loaded, |index| {
            let changed = index.set_state(id, change);
            found = changed.is_some();
            changed == Some(true)
        })
        .await?;
        if found {
            Ok(())
        } else {
            Err(MailboxError::NoSuchMessage)
        }
    }

    /// Changes the index by conditional put, again on what is there now when someone else was first. `change` says whether it changed anything.
    async fn change(
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
            let condition = now
                .etag
                .clone()
                .map_or(Condition::IfAbsent, Condition::IfMatch);
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
                    return Ok(());
                }
                Err(PutError::Precondition) => **loaded = None,
                Err(error) => return Err(error.into()),
            }
        }
        Err(MailboxError::Contended)
    }

    async fn load<'a>(
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

    async fn store_audio(
        &self,
        record: &str,
        recording: &Recording,
        now: Timestamp,
    ) -> Result<AudioId, MailboxError> {
        let audio = self.shared.names.audio(now);
        let store = &self.shared.store;
        store
            .put(
                &layout::audio(&audio),
                recording.to_bytes().into(),
                Condition::Always,
            )
            .await?;
        store
            .put(
                record,
                to_bytes(&AudioRecord {
                    audio: audio.clone(),
                })
                .into(),
                Condition::Always,
            )
            .await?;
        Ok(audio)
    }

    /// Audio that every caller hears: read once and kept.
    async fn kept_audio(
        &self,
        audio: Option<AudioId>,
    ) -> Result<Option<Arc<Recording>>, MailboxError> {
        let Some(audio) = audio else { return Ok(None) };
        let kept = || {
            self.cell
                .greetings
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(recording) = kept().get(&audio) {
            return Ok(Some(recording.clone()));
        }
        let recording = Arc::new(self.stored_audio(&audio).await?);
        let mut kept = kept();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(audio, recording.clone());
        Ok(Some(recording))
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
            PutError::Full => Self::Full,
            PutError::Store(error) => Self::Store(error),
        }
    }
}

enum Read {
    Good(Loaded),
    Bad(ETag),
    None,
}

/// The index's messages and those of the spool that it does not have yet.
fn merge(index: Option<&Index>, pending: Vec<Message>) -> Vec<Message> {
    let mut messages: Vec<Message> = index
        .map(|index| index.messages().cloned().collect())
        .unwrap_or_default();
    let stored = messages.len();
    for message in pending {
        if !messages
            .iter()
            .take(stored)
            .any(|there| there.id == message.id)
        {
            messages.push(message);
        }
    }
    messages.sort_by(|a, b| (a.received, &a.id).cmp(&(b.received, &b.id)));
    messages
}

const MOST_CONFLICTS: u32 = 16;
/// The default greeting, one per presence, the name.
const MOST_KEPT: usize = 9;
