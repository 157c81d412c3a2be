//! A mailbox in the hands of its owner, who has logged in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use apps::{Emails, Inbox, OpenError, Opened, Unavailable};
use async_trait::async_trait;
use crds::directory::MailboxLimits;
use jiff::Timestamp;
use mailbox::{Counts, Folder, Mailbox, MailboxError, Message, MessageId};
use tracing::{error, warn};

use super::emails::KnownEmails;
use super::{Home, ToHome};
use crate::calls::Spoken;

/// What became of a login.
pub enum LoginAnswer {
    /// The PIN is right.
    Admitted(HomeInbox),
    /// The PIN is wrong.
    Wrong,
    /// The PIN is wrong, and with it the side is locked.
    LockedOut,
    /// The side was locked before, for this long still.
    Locked(Duration),
    /// The mailbox can't be reached.
    Unavailable,
}

/// The inbox of a user who has logged in. What he changes is told to his home, so that his lamps follow.
#[derive(Clone)]
pub struct HomeInbox {
    pub(super) mailbox: Mailbox,
    limits: MailboxLimits,
    pub(super) home: Home,
    emails: KnownEmails,
}

impl HomeInbox {
    pub(super) fn new(
        mailbox: Mailbox,
        limits: MailboxLimits,
        home: Home,
        emails: KnownEmails,
    ) -> Self {
        Self {
            mailbox,
            limits,
            home,
            emails,
        }
    }

    async fn changed(&self, outcome: Result<(), MailboxError>) -> Result<(), Unavailable> {
        let _ = self.home.tell(ToHome::MailboxChanged).await;
        match outcome {
            // Deleted elsewhere meanwhile: what was wanted is so.
            Ok(()) | Err(MailboxError::NoSuchMessage) => Ok(()),
            Err(error) => {
                warn!(mailbox = %self.mailbox.id(), %error, "a mailbox can't be changed");
                Err(Unavailable)
            }
        }
    }
}

#[async_trait(?Send)]
impl Inbox for HomeInbox {
    type Audio = Spoken;

    async fn counts(&self) -> Counts {
        self.mailbox.counts().await
    }

    fn emails(&self) -> Emails {
        self.emails.told(Instant::now())
    }

    async fn is_full(&self) -> bool {
        self.mailbox.is_full(&limits(&self.limits)).await
    }

    async fn list(&self, folder: Folder) -> Vec<MessageId> {
        self.mailbox
            .list(folder)
            .await
            .into_iter()
            .map(|message| message.id)
            .collect()
    }

    async fn open(&self, id: &MessageId) -> Result<Opened<Spoken>, OpenError> {
        let message = self
            .mailbox
            .message(id)
            .await
            .map_err(|error| self.unopened(id, &error))?;
        let audio = self
            .mailbox
            .recording(&message.audio)
            .await
            .map_err(|error| self.unopened(id, &error))?;
        Ok(Opened {
            introductions: self.introductions(&message).await,
            message,
            audio: Spoken(Arc::new(audio)),
        })
    }

    async fn save(&self, id: &MessageId) -> Result<(), Unavailable> {
        let outcome = self.mailbox.mark_saved(id).await;
        self.changed(outcome).await
    }

    async fn delete(&self, id: &MessageId) -> Result<(), Unavailable> {
        let retention = self.limits.trash_retention;
        let discarded = self.mailbox.discard(id, retention, Timestamp::now());
        let outcome = discarded.await;
        self.changed(outcome).await
    }
}

impl HomeInbox {
    /// What the forwarders said. The message is worth hearing without words that can't be had.
    async fn introductions(&self, message: &Message) -> Vec<Option<Spoken>> {
        let mut spoken = Vec::with_capacity(message.introductions.len());
        for introduction in &message.introductions {
            let words = self.mailbox.recording(&introduction.audio).await;
            let words = words.inspect_err(|error| {
                warn!(mailbox = %self.mailbox.id(), id = %message.id, %error, "an introduction can't be read");
            });
            spoken.push(words.ok().map(|words| Spoken(Arc::new(words))));
        }
        spoken
    }

    fn unopened(&self, id: &MessageId, error: &MailboxError) -> OpenError {
        match error {
            MailboxError::NoSuchMessage => OpenError::Gone,
            MailboxError::AudioMissing | MailboxError::AudioDamaged(_) => {
                error!(
                    mailbox = %self.mailbox.id(), %id, %error,
                    "the recording of a message is lost: restore it from a backup, or let its owner delete it"
                );
                OpenError::Lost
            }
            MailboxError::Store(_)
            | MailboxError::Full(_)
            | MailboxError::Contended
            | MailboxError::Spool(_) => {
                warn!(mailbox = %self.mailbox.id(), %id, %error, "a message can't be opened");
                OpenError::Unavailable
            }
        }
    }
}

/// A user's limits, as mailboxes count.
pub fn limits(limits: &MailboxLimits) -> mailbox::Limits {
    mailbox::Limits {
        messages: limits.max_messages,
        total: limits.max_total,
        message: limits.max_message_length,
        shortest: limits.min_message_length,
    }
}
