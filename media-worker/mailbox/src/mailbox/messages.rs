//! What an owner and his callers ask of the messages: counts, lists, states, audio, room.

use super::{Mailbox, MailboxError};
use crate::ids::{AudioId, MessageId};
use crate::index::{Index, count};
use crate::message::{Change, Counts, Folder, Limits, Message, MessageState};
use crate::spool::{Claimed, Place};
use crate::{layout, sound};
use jiff::Timestamp;
use media::recording::Recording;
use std::time::Duration;

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

impl Mailbox {
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
        let message = self.message(id).await?;
        self.recording(&message.audio).await
    }

    /// Audio that a message of this mailbox refers to, such as an introduction; in the spool or in the store.
    pub async fn recording(&self, audio: &AudioId) -> Result<Recording, MailboxError> {
        sound::read(&self.shared, self.id(), audio).await
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

    /// To the trash, or away for good at once where nothing stays there. A message that is not in the store yet, or is being forwarded, goes
    /// with the next [`Mailbox::expire`].
    pub async fn discard(
        &self,
        id: &MessageId,
        retention: Duration,
        now: Timestamp,
    ) -> Result<(), MailboxError> {
        self.delete(id, now).await?;
        if retention.is_zero()
            && let Err(error) = self.expire(retention, now).await
        {
            tracing::warn!(mailbox = %self.id(), %error, "a deleted message can't be removed yet");
        }
        Ok(())
    }

    /// Out of the trash, to where it was.
    pub async fn restore(&self, id: &MessageId) -> Result<(), MailboxError> {
        self.change_state(id, Change::Restore).await
    }

    /// Removes for good what has been in the trash for `retention`; returns how many.
    pub async fn expire(&self, retention: Duration, now: Timestamp) -> Result<usize, MailboxError> {
        let before = now.checked_sub(retention).unwrap_or(Timestamp::MIN);
        let is_expired = |message: &Message| match message.state {
            MessageState::Trash { since, .. } => since <= before,
            MessageState::New | MessageState::Saved => false,
        };
        let mut loaded = self.cell.loaded.lock().await;
        let index = &self.load(&mut loaded).await?.index;
        // What is being forwarded goes with the next sweep.
        let board = self.shared.spool.board();
        let expired: Vec<MessageId> = index
            .messages()
            .filter(|m| is_expired(m) && !board.forwards(self.id(), &m.id))
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
            self.change(&mut loaded, |index| index.remove(&expired))
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
        let board = self.shared.spool.board();
        let place = board.hold(self.id(), |pending, claimed| {
            granted(limits, count(merge(index, pending).iter()), claimed)
        });
        place.map_or(Room::Full, |place| Room::Ok {
            max_length: place.length(),
            place,
        })
    }

    /// Whether nobody can leave a message until the owner deletes some; callers who are just leaving one do not count.
    pub async fn is_full(&self, limits: &Limits) -> bool {
        granted(limits, self.counts().await, Claimed::default()).is_none()
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
        if !found {
            return Err(MailboxError::NoSuchMessage);
        }
        let stored = loaded
            .as_ref()
            .and_then(|loaded| loaded.index.get(id))
            .map(|message| message.state);
        // Until the spool has let go of it, what it says of the state may be carried into the index once more.
        if let (Some(state), Some(pending)) = (stored, board.find(self.id(), id)) {
            let id = self.id().clone();
            let spool = &self.shared.spool;
            if let Err(error) = spool.set_state(pending.recording, id, state).await {
                tracing::warn!(mailbox = %self.id(), %error, "the spool does not know of a message's new state");
            }
        }
        Ok(())
    }
}

/// How long a message may be beside those that are there and those being left; `None` where not even the shortest has room.
fn granted(limits: &Limits, there: Counts, claimed: Claimed) -> Option<Duration> {
    let messages = u64::from(there.new) + u64::from(there.saved) + u64::from(claimed.messages);
    let taken = Duration::from_secs(there.seconds).saturating_add(claimed.length);
    let left = limits.total.saturating_sub(taken);
    let fits = messages < u64::from(limits.messages) && !left.is_zero() && left >= limits.shortest;
    fits.then(|| limits.message.min(left))
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
