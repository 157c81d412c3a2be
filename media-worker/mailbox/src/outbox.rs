//! The outbox: e-mails about messages that are still to be sent, one object each, so that they outlive the worker and another can go on.
//!
//! An errand is put into the store before the message's record, and only while the message is not in its mailbox's index: where there is a
//! record, there was an errand, and what is carried twice makes one. Whoever sends claims an errand by conditional put, and deletes it once the mail server has the e-mail.

use crate::ids::{MailboxId, MessageId};
use crate::layout;
use crate::mailbox::{Mailbox, MailboxError};
use crate::mailboxes::{Mailboxes, Shared};
use crate::message::Message;
use crate::record::to_bytes;
use crate::store::{Condition, ETag, Put, PutError, StoreError, list_all};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Decides for which mailboxes' messages an e-mail is to be sent, at the moment that they arrive.
#[derive(Clone)]
pub enum MailWanted {
    /// For none.
    Nobody,
    /// For all: whoever sends knows better, such as the worker after its sidecar.
    Everybody,
    /// For those that this says.
    For(Arc<dyn Fn(&MailboxId) -> bool + Send + Sync>),
}

impl MailWanted {
    fn by(&self, mailbox: &MailboxId) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::For(decides) => decides(mailbox),
        }
    }
}

impl fmt::Debug for MailWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Everybody => "Everybody",
            Self::For(_) => "For(..)",
        })
    }
}

/// Which e-mail: the one about this message in this mailbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrandName {
    /// Whose message.
    pub mailbox: MailboxId,
    /// Which.
    pub message: MessageId,
}

/// An e-mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Which.
    pub name: ErrandName,
    /// How it stands.
    pub progress: Progress,
    etag: ETag,
}

/// How an errand stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// When the message was left; none where that was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Not before then; none: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Who is at it, until it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
}

/// Where the message of an errand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// In its mailbox.
    Yes,
    /// On its way there.
    NotYet,
    /// Nowhere: it is about to be stored, or it has expired.
    Nowhere,
}

/// The e-mails to be sent of one store.
#[derive(Clone)]
pub struct Outbox {
    mailboxes: Mailboxes,
}

impl Outbox {
    pub(crate) fn of(mailboxes: &Mailboxes) -> Self {
        Self {
            mailboxes: mailboxes.clone(),
        }
    }

    /// Done when this process has put an errand into the outbox since it was last asked.
    pub async fn news(&self) {
        self.shared().errands.notified().await;
    }

    /// Every errand there is. What lies there and is none is named in the log.
    pub async fn list(&self) -> Result<Vec<ErrandName>, StoreError> {
        let keys = list_all(&*self.shared().store, layout::OUTBOX).await?;
        Ok(keys.iter().filter_map(|key| named(key)).collect())
    }

    /// How an errand stands; `None` when it is done.
    pub async fn read(&self, name: &ErrandName) -> Result<Option<Errand>, StoreError> {
        let blob = self.shared().store.get(&key(name)).await?;
        Ok(blob.map(|blob| Errand {
            name: name.clone(),
            // The name says what is to be done; what cannot be read is begun anew.
            progress: serde_json::from_slice(&blob.bytes).unwrap_or_default(),
            etag: blob.etag,
        }))
    }

    /// Writes how an errand stands, unless someone else has done so since it was read; whether it is written.
    pub async fn write(&self, errand: &mut Errand, progress: Progress) -> Result<bool, PutError> {
        let condition = Condition::IfMatch(errand.etag.clone());
        let bytes = to_bytes(&progress).into();
        match self
            .shared()
            .store
            .put(&key(&errand.name), bytes, condition)
            .await
        {
            Ok(etag) => {
                errand.etag = etag;
                errand.progress = progress;
                Ok(true)
            }
            Err(PutError::Precondition) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Nothing is to be done any more.
    pub async fn done(&self, name: &ErrandName) -> Result<(), StoreError> {
        self.shared().store.delete(&key(name)).await
    }

    /// Whether the message is where it belongs. Before, it may be carried once more, and with it the errand.
    pub async fn arrived(&self, name: &ErrandName) -> Result<Arrived, MailboxError> {
        let mailbox = self.mailboxes.mailbox(&name.mailbox);
        if mailbox
            .lacks(std::slice::from_ref(&name.message))
            .await?
            .is_empty()
        {
            return Ok(Arrived::Yes);
        }
        let record = layout::message(&name.mailbox, &name.message);
        Ok(match self.shared().store.get(&record).await? {
            Some(_) => Arrived::NotYet,
            None => Arrived::Nowhere,
        })
    }

    fn shared(&self) -> &Shared {
        &self.mailboxes.shared
    }
}

/// What is to be put before the records of those of the messages that a mailbox's index does not have.
pub(crate) async fn errands(
    mailboxes: &Mailboxes,
    mailbox: &Mailbox,
    messages: &[&Message],
    rank: u8,
) -> Result<Vec<Put>, MailboxError> {
    let shared = &mailboxes.shared;
    if !shared.mail_wanted.by(mailbox.id()) {
        return Ok(Vec::new());
    }
    let ids: Vec<MessageId> = messages.iter().map(|message| message.id.clone()).collect();
    let lacking = mailbox.lacks(&ids).await?;
    let new = messages
        .iter()
        .filter(|message| lacking.contains(&message.id));
    let puts = new.map(|message| {
        let name = ErrandName {
            mailbox: mailbox.id().clone(),
            message: message.id.clone(),
        };
        let progress = Progress {
            since: Some(message.received),
            ..Progress::default()
        };
        Put {
            key: key(&name),
            bytes: to_bytes(&progress).into(),
            condition: Condition::Always,
            rank,
        }
    });
    Ok(puts.collect())
}

fn key(ErrandName { mailbox, message }: &ErrandName) -> String {
    format!("{}{message}", layout::outbox(mailbox))
}

/// The errand of a key; `None` where it is none of ours.
pub(crate) fn named(key: &str) -> Option<ErrandName> {
    let (mailbox, message) = key.strip_prefix(layout::OUTBOX)?.split_once('/')?;
    Some(ErrandName {
        mailbox: MailboxId::new(mailbox).ok()?,
        message: MessageId::new(message).ok()?,
    })
}
