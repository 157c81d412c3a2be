//! Carries promised messages from the spool to the store, and into every recipient's index.

use crate::details;
use crate::layout;
use crate::mailbox::MailboxError;
use crate::mailboxes::Mailboxes;
use crate::message::{Message, MessageState};
use crate::record::{DeliveryRecord, to_bytes};
use crate::spool::{Pending, SpoolError, StoredMessage};
use crate::store::Condition;
use std::collections::HashSet;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Carries messages until there are none, again and again.
pub(crate) struct Uploader {
    mailboxes: Mailboxes,
}

impl Uploader {
    pub(crate) fn new(mailboxes: Mailboxes) -> Self {
        Self { mailboxes }
    }

    /// Carries what is promised as it is promised; when the store fails, tries again with back-off.
    pub(crate) async fn run(&self) {
        let mut delay = FIRST_DELAY;
        let every = self.mailboxes.shared.store_details_every;
        let mut details_due = Instant::now() + every;
        loop {
            let mut all = self.carry_messages().await;
            if Instant::now() >= details_due {
                details_due = Instant::now() + every;
                all &= self.carry_details().await;
            }
            let promised = self.mailboxes.shared.spool.board().promised.notified();
            if all {
                delay = FIRST_DELAY;
                tokio::select! {
                    () = promised => {}
                    () = sleep_until(details_due) => {}
                }
            } else {
                // New promises do not shorten the wait: the store is in trouble.
                sleep_until(Instant::now() + delay).await;
                delay = (delay * 2).min(LONGEST_DELAY);
            }
        }
    }

    /// Carries messages and call details that are there now; whether all arrived.
    pub(crate) async fn carry_all(&self) -> bool {
        let messages = self.carry_messages().await;
        self.carry_details().await && messages
    }

    async fn carry_details(&self) -> bool {
        match details::store(&self.mailboxes.shared).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "call details cannot be stored");
                false
            }
        }
    }

    async fn carry_messages(&self) -> bool {
        let mut all = true;
        let mut failed = HashSet::new();
        loop {
            let pending = self.mailboxes.shared.spool.board().pending();
            let batch: Vec<_> = pending
                .into_iter()
                .filter(|p| !failed.contains(&p.recording))
                .take(AT_ONCE)
                .collect();
            if batch.is_empty() {
                return all;
            }
            let mut carrying = JoinSet::new();
            for pending in batch {
                let mailboxes = self.mailboxes.clone();
                carrying
                    .spawn(async move { (pending.recording, carry(&mailboxes, &pending).await) });
            }
            while let Some(carried) = carrying.join_next().await {
                match carried {
                    Ok((_, Ok(()))) => {}
                    Ok((recording, Err(error))) => {
                        tracing::warn!(recording, %error, "a message cannot be carried to the store");
                        failed.insert(recording);
                        all = false;
                    }
                    Err(_) => return false,
                }
            }
            if failed.len() >= AT_ONCE {
                return false;
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum CarryError {
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// Audio, record, every index, then the spool may forget it. Each step may be done again after a crash without harm.
async fn carry(mailboxes: &Mailboxes, pending: &Pending) -> Result<(), CarryError> {
    let shared = &mailboxes.shared;
    let Some(StoredMessage {
        audio, delivery, ..
    }) = &pending.record.draft.message
    else {
        return Ok(shared.spool.settle(pending.recording).await?);
    };
    let Some(first) = delivery.recipients.first() else {
        return Ok(shared.spool.settle(pending.recording).await?);
    };
    let recording = shared.spool.read(pending.record.clone()).await?;
    let Some(message) = pending.record.message(first) else {
        return Ok(());
    };
    let message = Message {
        duration: recording.duration(),
        state: MessageState::New,
        ..message
    };
    let key = layout::audio(audio);
    shared
        .store
        .put(&key, recording.to_bytes().into(), Condition::Always)
        .await
        .map_err(MailboxError::from)?;
    deliver(
        mailboxes,
        DeliveryRecord {
            recipients: delivery.recipients.clone(),
            message,
        },
    )
    .await?;
    Ok(shared.spool.settle(pending.recording).await?)
}

/// Brings a message whose audio is stored into every recipient's mailbox.
pub(crate) async fn deliver(
    mailboxes: &Mailboxes,
    record: DeliveryRecord,
) -> Result<(), MailboxError> {
    let store = &mailboxes.shared.store;
    let bytes = bytes::Bytes::from(to_bytes(&record));
    let id = &record.message.id;
    // To one recipient, the record beside his index is the promise; to several, one record names them all until each has his own.
    let shared_record = (record.recipients.len() > 1).then(|| layout::delivery(id));
    if let Some(key) = &shared_record {
        store.put(key, bytes.clone(), Condition::Always).await?;
    }
    for recipient in &record.recipients {
        let mailbox = mailboxes.mailbox(recipient);
        mailbox.prepare().await?;
        store
            .put(
                &layout::message(recipient, id),
                bytes.clone(),
                Condition::Always,
            )
            .await?;
        mailbox.insert(record.message.clone()).await?;
    }
    if let Some(key) = &shared_record {
        store.delete(key).await?;
    }
    Ok(())
}

const AT_ONCE: usize = 8;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(30);
