//! Messages that arrive: into the index of their mailbox, together with those of other mailboxes.

use super::stored::Loaded;
use super::{Mailbox, MailboxError};
use crate::index::Index;
use crate::layout;
use crate::message::{Message, MessageState};
use crate::store::{Condition, ETag, Put};

/// An index with new messages in it, not written yet. The mailbox is free meanwhile: who changes it first, wins.
pub(crate) struct Arriving {
    index: Index,
    messages: Vec<Message>,
    condition: Condition,
}

impl Arriving {
    /// The write that it takes.
    pub(crate) fn put(&self, mailbox: &Mailbox) -> Put {
        Put {
            key: layout::index(mailbox.id()),
            bytes: self.index.to_bytes().into(),
            condition: self.condition.clone(),
            rank: 0,
        }
    }
}

impl Mailbox {
    /// Reads the index, unless it was. Before a record is written beside it: a record without an index means that there was one.
    pub(crate) async fn prepare(&self) -> Result<(), MailboxError> {
        self.load(&mut self.cell.loaded.lock().await)
            .await
            .map(|_| ())
    }

    /// Puts messages in their places, in the states that their owner has meanwhile given them; `None` where they are there so.
    pub(crate) async fn arriving(
        &self,
        mut messages: Vec<Message>,
    ) -> Result<Option<Arriving>, MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let now = self.load(&mut loaded).await?;
        let mut index = now.index.clone();
        messages.retain_mut(|message| {
            message.state = self.spooled_state(message).unwrap_or(message.state);
            put_in(&mut index, message, MessageState::New)
        });
        let condition = now.unchanged();
        Ok((!messages.is_empty()).then_some(Arriving {
            index,
            messages,
            condition,
        }))
    }

    /// The index was written.
    pub(crate) async fn arrived(&self, arrived: Arriving, etag: ETag) -> Result<(), MailboxError> {
        let Arriving {
            index,
            messages,
            condition,
        } = arrived;
        let mut loaded = self.cell.loaded.lock().await;
        if messages
            .iter()
            .any(|message| message.state != MessageState::New)
        {
            self.copy_states(&index).await;
        }
        // Otherwise someone has read or changed what we wrote.
        if loaded
            .as_ref()
            .is_some_and(|loaded| loaded.unchanged() == condition)
        {
            *loaded = Some(Loaded {
                index,
                etag: Some(etag),
            });
        }
        // The owner may have changed a message in the spool while the index was written; from here on he changes the index.
        let meanwhile: Vec<(&Message, MessageState)> = messages
            .iter()
            .filter_map(|message| Some((message, self.spooled_state(message)?)))
            .filter(|(message, state)| message.state != *state)
            .collect();
        self.change(&mut loaded, |index| {
            let moved = meanwhile
                .iter()
                .filter(|(message, state)| index.move_from(&message.id, message.state, *state));
            moved.count() > 0
        })
        .await
    }

    /// The same with the mailbox held, when someone else was first: perhaps we ourselves, in a write whose answer was lost.
    pub(crate) async fn insert_all(&self, arriving: Arriving) -> Result<(), MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        let mut messages = arriving.messages;
        let written: Vec<MessageState> = messages.iter().map(|message| message.state).collect();
        for message in &mut messages {
            message.state = self.spooled_state(message).unwrap_or(message.state);
        }
        let insert = |index: &mut Index| {
            // Not `any`: every one is to be inserted.
            let changed = messages
                .iter()
                .zip(&written)
                .filter(|(message, written)| put_in(index, message, **written));
            changed.count() > 0
        };
        self.change(&mut loaded, insert).await
    }

    /// The part of another store's index of this mailbox that this one does not have.
    pub(crate) async fn lacking(&self, other: &Index) -> Result<Index, MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        Ok(other.without(&self.load(&mut loaded).await?.index))
    }

    /// Puts what was [`Mailbox::lacking`] into the index, once what it refers to is stored. A message that has come there meanwhile has done so
    /// by its record, as a new one.
    pub(crate) async fn take_over(&self, other: &Index) -> Result<(), MailboxError> {
        let mut loaded = self.cell.loaded.lock().await;
        self.change(&mut loaded, |index| {
            let greetings = other.without(index);
            // Not `any`: every one is to be inserted.
            let messages = other.messages();
            let moved = messages.filter(|message| put_in(index, message, MessageState::New));
            let changed = moved.count() > 0;
            let more = !greetings.greetings.is_empty() || greetings.name.is_some();
            index.greetings.extend(greetings.greetings);
            index.name = index.name.take().or(greetings.name);
            changed || more
        })
        .await
    }

    fn spooled_state(&self, message: &Message) -> Option<MessageState> {
        let pending = self.shared.spool.board().find(self.id(), &message.id)?;
        pending.record.states.get(self.id()).copied()
    }
}

/// Puts a message in its place. Where it is there already, as a write left it whose answer was lost, its owner did not find it there and has
/// changed it in the spool. Returns whether the index has changed.
fn put_in(index: &mut Index, message: &Message, written: MessageState) -> bool {
    if index.insert(message.clone()) {
        return true;
    }
    [MessageState::New, written]
        .into_iter()
        .any(|from| from != message.state && index.move_from(&message.id, from, message.state))
}
