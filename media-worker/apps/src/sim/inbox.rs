//! An inbox in memory.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use crds::directory::UserEntry;
use jiff::Timestamp;
use mailbox::{AudioId, Counts, Folder, Message, MessageId, MessageState, Sender};

use super::office::Sample;
use super::state::{State, Trouble};
use crate::{Emails, Inbox, OpenError, Opened, Unavailable};

/// The inbox of a user.
#[derive(Debug)]
pub struct SimInbox {
    pub(super) state: Rc<RefCell<State>>,
    pub(super) user: UserEntry,
}

/// Makes messages.
pub(super) struct Stored;

impl Stored {
    /// A new message with the next number of the office.
    #[allow(clippy::new_ret_no_self, reason = "the message is mailbox's")]
    pub(super) fn new(
        state: &RefCell<State>,
        from: Sender,
        received: Timestamp,
        duration: Duration,
    ) -> Message {
        let mut state = state.borrow_mut();
        state.made += 1;
        Message {
            id: MessageId::new(format!("m{}", state.made)).unwrap(),
            sender: from,
            received,
            duration,
            audio: AudioId::new(format!("m{}", state.made)).unwrap(),
            introductions: Vec::new(),
            left: None,
            partial: false,
            state: MessageState::New,
        }
    }
}

impl SimInbox {
    pub(super) fn new(state: Rc<RefCell<State>>, user: &UserEntry) -> Self {
        Self {
            state,
            user: user.clone(),
        }
    }

    /// The user as he is now.
    pub(super) fn now(&self) -> UserEntry {
        let directory = self.state.borrow().directory.clone();
        directory.user(&self.user.name).expect("a user").clone()
    }

    pub(super) fn unless(&self, trouble: Trouble) -> Result<(), Unavailable> {
        let troubled = self.state.borrow().troubles.contains(&trouble);
        if troubled { Err(Unavailable) } else { Ok(()) }
    }

    fn in_folder(&self, folder: Folder) -> Vec<MessageId> {
        let state = self.state.borrow();
        let messages = state.messages.get(&*self.user.name).into_iter().flatten();
        let wanted = messages.filter(|message| message.state.folder() == Some(folder));
        wanted.map(|message| message.id.clone()).collect()
    }

    fn set(&self, id: &MessageId, change: MessageState) {
        let mut state = self.state.borrow_mut();
        let messages = state
            .messages
            .get_mut(&*self.user.name)
            .into_iter()
            .flatten();
        // Deleting wins over saving, as in the real one.
        let there = messages.filter(|message| message.state.folder().is_some());
        for message in there.filter(|message| message.id == *id) {
            message.state = change;
        }
    }
}

#[async_trait(?Send)]
impl Inbox for SimInbox {
    type Audio = Sample;

    async fn counts(&self) -> Counts {
        let count = |folder| self.in_folder(folder).len() as u32;
        let incomplete = self.unless(Trouble::Away).is_err();
        Counts {
            new: count(Folder::New),
            saved: count(Folder::Saved),
            incomplete,
            ..Counts::default()
        }
    }

    fn emails(&self) -> Emails {
        let state = self.state.borrow();
        let known = state.emails.get(&*self.user.name);
        known.copied().unwrap_or(Emails::NoAccount)
    }

    async fn is_full(&self) -> bool {
        self.state.borrow().is_full(&self.user)
    }

    async fn list(&self, folder: Folder) -> Vec<MessageId> {
        let list = self.in_folder(folder);
        if self.unless(Trouble::Gone).is_err() {
            self.state.borrow_mut().messages.clear();
        }
        list
    }

    async fn open(&self, id: &MessageId) -> Result<Opened<Sample>, OpenError> {
        self.unless(Trouble::Open)
            .map_err(|Unavailable| OpenError::Unavailable)?;
        let state = self.state.borrow();
        let mut messages = state.messages.get(&*self.user.name).into_iter().flatten();
        let message = messages
            .find(|message| message.id == *id)
            .ok_or(OpenError::Gone)?;
        self.unless(Trouble::Lost)
            .map_err(|Unavailable| OpenError::Lost)?;
        let introductions = message.introductions.iter();
        Ok(Opened {
            introductions: introductions
                .map(|it| {
                    Some(Sample::new(
                        &format!("introduction {}", it.audio),
                        it.duration,
                    ))
                })
                .collect(),
            audio: Sample::new(&format!("message {}", message.audio), message.duration),
            message: message.clone(),
        })
    }

    async fn save(&self, id: &MessageId) -> Result<(), Unavailable> {
        self.unless(Trouble::Change)?;
        self.set(id, Folder::Saved.into());
        Ok(())
    }

    async fn delete(&self, id: &MessageId) -> Result<(), Unavailable> {
        self.unless(Trouble::Change)?;
        let trash = MessageState::Trash {
            since: Timestamp::UNIX_EPOCH,
            was: Folder::New,
        };
        self.set(id, trash);
        Ok(())
    }
}
