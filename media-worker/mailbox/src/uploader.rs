//! Carries promised messages from the spool to the store, and into every recipient's index.

use crate::details;
use crate::ids::{MailboxId, MessageId};
use crate::layout;
use crate::mailbox::{Mailbox, MailboxError};
use crate::mailboxes::Mailboxes;
use crate::message::{Message, MessageState};
use crate::record::{DeliveryRecord, to_bytes};
use crate::spool::{Pending, StoredMessage};
use crate::store::PutError;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

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
                    () = promised => sleep(GATHER).await,
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

    /// Carries what is promised, batch by batch; what fails is left for another time.
    async fn carry_messages(&self) -> bool {
        let spool = &self.mailboxes.shared.spool;
        let mut failed: HashSet<u64> = HashSet::new();
        loop {
            let pending = spool.board().pending();
            let batch: Vec<_> = pending
                .into_iter()
                .filter(|p| !failed.contains(&p.recording))
                .take(AT_ONCE)
                .collect();
            if batch.is_empty() {
                return failed.is_empty();
            }
            let left = match carry(&self.mailboxes, &batch).await {
                Ok(left) => left,
                Err(error) => {
                    tracing::warn!(%error, "messages cannot be carried to the store");
                    return false;
                }
            };
            let (left, settled): (Vec<u64>, Vec<u64>) = batch
                .iter()
                .map(|pending| pending.recording)
                .partition(|recording| left.contains(recording));
            failed.extend(left);
            if spool.settle(settled).await.is_err() {
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
    Put(#[from] PutError),
}

/// Audio, records, every index, then the spool may forget them. Each step may be done again after a crash without harm.
/// Returns the recordings that did not arrive.
async fn carry(mailboxes: &Mailboxes, batch: &[Pending]) -> Result<HashSet<u64>, CarryError> {
    let shared = &mailboxes.shared;
    let mut left = HashSet::new();
    let mut audio = Vec::new();
    let mut records = Vec::new();
    let mut recordings: HashMap<MessageId, u64> = HashMap::new();
    for pending in batch {
        let Some(StoredMessage { delivery, .. }) = &pending.record.draft.message else {
            continue;
        };
        let Some(message) = delivery
            .recipients
            .first()
            .and_then(|first| pending.record.message(first))
        else {
            continue;
        };
        match shared.spool.read(pending.record.clone()).await {
            Ok(recording) => {
                audio.push((
                    layout::audio(&message.audio),
                    Bytes::from(recording.to_bytes()),
                ));
                recordings.insert(message.id.clone(), pending.recording);
                let message = Message {
                    duration: recording.duration(),
                    state: MessageState::New,
                    ..message
                };
                records.push(DeliveryRecord {
                    recipients: delivery.recipients.clone(),
                    message,
                });
            }
            Err(error) => {
                tracing::error!(recording = pending.recording, %error, "a promised message cannot be read from the spool");
                left.insert(pending.recording);
            }
        }
    }
    shared.store.put_all(audio).await?;
    let undelivered = deliver(mailboxes, &records).await?;
    left.extend(
        undelivered
            .iter()
            .filter_map(|message| recordings.get(message)),
    );
    Ok(left)
}

/// Brings messages whose audio is stored into every recipient's mailbox; returns those that some mailbox did not take.
pub(crate) async fn deliver(
    mailboxes: &Mailboxes,
    records: &[DeliveryRecord],
) -> Result<HashSet<MessageId>, MailboxError> {
    let store = &mailboxes.shared.store;
    // To one recipient, the record beside his index is the promise; to several, one record names them all until each has his own.
    let to_several = || records.iter().filter(|record| record.recipients.len() > 1);
    let promise = |record: &DeliveryRecord| {
        (
            layout::delivery(&record.message.id),
            Bytes::from(to_bytes(record)),
        )
    };
    store.put_all(to_several().map(promise).collect()).await?;
    let mut undelivered = HashSet::new();
    let mut arriving = Vec::new();
    for (recipient, theirs) in by_recipient(records) {
        let mailbox = mailboxes.mailbox(recipient);
        match mailbox.prepare().await {
            Ok(()) => arriving.push((mailbox, theirs)),
            Err(error) => note(&mut undelivered, &mailbox, &theirs, &error),
        }
    }
    let beside = |mailbox: &Mailbox, record: &DeliveryRecord| {
        (
            layout::message(mailbox.id(), &record.message.id),
            Bytes::from(to_bytes(record)),
        )
    };
    let all = arriving
        .iter()
        .flat_map(|(mailbox, theirs)| theirs.iter().map(move |record| beside(mailbox, record)));
    store.put_all(all.collect()).await?;
    for (mailbox, theirs) in &arriving {
        let messages = theirs.iter().map(|record| record.message.clone()).collect();
        if let Err(error) = mailbox.insert_all(messages).await {
            note(&mut undelivered, mailbox, theirs, &error);
        }
    }
    for record in to_several().filter(|record| !undelivered.contains(&record.message.id)) {
        store.delete(&layout::delivery(&record.message.id)).await?;
    }
    Ok(undelivered)
}

fn by_recipient(records: &[DeliveryRecord]) -> BTreeMap<&MailboxId, Vec<&DeliveryRecord>> {
    let mut by_recipient: BTreeMap<&MailboxId, Vec<&DeliveryRecord>> = BTreeMap::new();
    for record in records {
        for recipient in &record.recipients {
            by_recipient.entry(recipient).or_default().push(record);
        }
    }
    by_recipient
}

fn note(
    undelivered: &mut HashSet<MessageId>,
    mailbox: &Mailbox,
    theirs: &[&DeliveryRecord],
    error: &MailboxError,
) {
    tracing::warn!(mailbox = %mailbox.id(), %error, "a mailbox does not take its messages");
    undelivered.extend(theirs.iter().map(|record| record.message.id.clone()));
}

/// Messages carried together share syncs and index entries.
const AT_ONCE: usize = 32;
/// Promised messages are safe and listed where they are: what comes within this time is carried together.
const GATHER: Duration = Duration::from_secs(2);
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(30);
