//! Brings messages that are in hand into every recipient's mailbox.

use crate::ids::{AudioId, MailboxId, MessageId, Place};
use crate::layout;
use crate::mailbox::{Mailbox, MailboxError};
use crate::mailboxes::Mailboxes;
use crate::message::Message;
use crate::outbox;
use crate::record::{DeliveryRecord, to_bytes, with_audio};
use crate::store::{Condition, Put, PutError};
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, HashSet};

/// A message and those recordings of it that are not in the store yet.
pub(crate) struct Parcel {
    pub(crate) record: DeliveryRecord,
    pub(crate) audio: Vec<(AudioId, Bytes)>,
}

/// Brings messages into every recipient's mailbox; returns those that some mailbox did not take.
pub(crate) async fn deliver(
    mailboxes: &Mailboxes,
    parcels: &[Parcel],
) -> Result<HashSet<MessageId>, MailboxError> {
    let store = &mailboxes.shared.store;
    let mut undelivered = Undelivered::default();
    let mut prepared = Vec::new();
    // Named before they are awaited, for rustc to see that they may move between threads.
    let preparing: Vec<_> = by_recipient(parcels)
        .into_iter()
        .map(|(recipient, theirs)| prepare(mailboxes.mailbox(recipient), theirs))
        .collect();
    let mut preparing = stream::iter(preparing).buffered(READS_AT_ONCE);
    while let Some((mailbox, theirs, outcome)) = preparing.next().await {
        match outcome {
            Ok(()) => prepared.push((mailbox, theirs)),
            Err(error) => undelivered.note(&mailbox, &theirs, &error),
        }
    }
    drop(preparing);
    let mut puts = shared(parcels);
    let errands = errands(mailboxes, &prepared).await?;
    let mailed = !errands.is_empty();
    puts.extend(errands);
    puts.extend(prepared.iter().flat_map(|(mailbox, theirs)| {
        let mailbox = mailbox.id();
        theirs.iter().map(move |parcel| beside(mailbox, parcel))
    }));
    for answer in store.put_all(puts).await {
        answer?;
    }
    insert(mailboxes, prepared, &mut undelivered).await;
    let undelivered = undelivered.told();
    if mailed {
        mailboxes.shared.errands.notify_one();
    }
    for Parcel { record, .. } in parcels {
        if record.recipients.len() > 1 && !undelivered.contains(&record.message.id) {
            store.delete(&layout::delivery(&record.message.id)).await?;
        }
    }
    Ok(undelivered)
}

/// What is stored once for all recipients: audio, then the record that names them all until each has his own.
fn shared(parcels: &[Parcel]) -> Vec<Put> {
    let mut puts = Vec::new();
    for Parcel { record, audio } in parcels {
        for (id, bytes) in audio {
            if let (Some(first), Place::Shared { .. }) = (record.recipients.first(), id.place()) {
                puts.push(whatever(layout::audio(first, id), bytes.clone(), AUDIO));
            }
        }
        // To one recipient, the record beside his index is the promise.
        if record.recipients.len() > 1 {
            let key = layout::delivery(&record.message.id);
            puts.push(whatever(key, to_bytes(record).into(), PROMISE));
        }
    }
    puts.sort_by_key(|put| put.rank);
    puts
}

/// The record beside a recipient's index.
fn beside(mailbox: &MailboxId, Parcel { record, audio }: &Parcel) -> Put {
    // Of those who get it he alone is named: the promise names all, once.
    let record = &DeliveryRecord {
        recipients: vec![mailbox.clone()],
        message: record.message.clone(),
    };
    let is_in_record = |(id, _): &&(AudioId, Bytes)| matches!(id.place(), Place::InRecord(_));
    let bytes = match audio.iter().find(is_in_record) {
        Some((_, audio)) => with_audio(record, audio),
        None => to_bytes(record),
    };
    let key = layout::message(mailbox, &record.message.id);
    whatever(key, bytes.into(), RECORD)
}

/// E-mails to be sent about messages that are new to their mailboxes.
async fn errands(
    mailboxes: &Mailboxes,
    prepared: &[(Mailbox, Vec<&Parcel>)],
) -> Result<Vec<Put>, MailboxError> {
    let mut puts = Vec::new();
    for (mailbox, theirs) in prepared {
        let messages: Vec<&Message> = theirs.iter().map(|parcel| &parcel.record.message).collect();
        puts.extend(outbox::errands(mailboxes, mailbox, &messages, ERRAND).await?);
    }
    Ok(puts)
}

/// Reads a recipient's index.
async fn prepare(
    mailbox: Mailbox,
    theirs: Vec<&Parcel>,
) -> (Mailbox, Vec<&Parcel>, Result<(), MailboxError>) {
    let outcome = mailbox.prepare().await;
    (mailbox, theirs, outcome)
}

/// Puts the messages into the indexes, all in one go.
async fn insert(
    mailboxes: &Mailboxes,
    prepared: Vec<(Mailbox, Vec<&Parcel>)>,
    undelivered: &mut Undelivered,
) {
    let mut puts = Vec::new();
    let mut arriving = Vec::new();
    for (mailbox, theirs) in prepared {
        match mailbox.arriving(messages(&theirs)).await {
            Ok(Some(arrival)) => {
                puts.push(arrival.put(&mailbox));
                arriving.push((mailbox, theirs, arrival));
            }
            Ok(None) => {}
            Err(error) => undelivered.note(&mailbox, &theirs, &error),
        }
    }
    let answers = mailboxes.shared.store.put_all(puts).await;
    for ((mailbox, theirs, arrival), answer) in arriving.into_iter().zip(answers) {
        let arrived = match answer {
            Ok(etag) => mailbox.arrived(arrival, etag).await,
            Err(PutError::Precondition) => {
                mailbox.refresh().await;
                mailbox.insert_all(arrival).await
            }
            Err(error) => Err(error.into()),
        };
        if let Err(error) = arrived {
            undelivered.note(&mailbox, &theirs, &error);
        }
    }
}

fn messages(parcels: &[&Parcel]) -> Vec<Message> {
    let messages = parcels.iter().map(|parcel| parcel.record.message.clone());
    messages.collect()
}

fn whatever(key: String, bytes: Bytes, rank: u8) -> Put {
    Put {
        key,
        bytes,
        condition: Condition::Always,
        rank,
    }
}

fn by_recipient(parcels: &[Parcel]) -> BTreeMap<&MailboxId, Vec<&Parcel>> {
    let mut by_recipient: BTreeMap<&MailboxId, Vec<&Parcel>> = BTreeMap::new();
    for parcel in parcels {
        for recipient in &parcel.record.recipients {
            by_recipient.entry(recipient).or_default().push(parcel);
        }
    }
    by_recipient
}

/// Messages that some mailbox did not take.
#[derive(Default)]
struct Undelivered {
    messages: HashSet<MessageId>,
    mailboxes: usize,
}

impl Undelivered {
    fn note(&mut self, mailbox: &Mailbox, theirs: &[&Parcel], error: &MailboxError) {
        // Of a thousand recipients one line tells enough.
        if self.mailboxes == 0 {
            tracing::warn!(user = %mailbox.owner(), mailbox = %mailbox.id(), %error, "a mailbox does not take its messages");
        }
        self.mailboxes += 1;
        let messages = theirs.iter().map(|parcel| parcel.record.message.id.clone());
        self.messages.extend(messages);
    }

    fn told(self) -> HashSet<MessageId> {
        if self.mailboxes > 1 {
            tracing::warn!(
                mailboxes = self.mailboxes,
                "so many mailboxes do not take their messages"
            );
        }
        self.messages
    }
}

/// A message to a thousand is in their hands soon, and a store is not asked for more at once than it takes.
const READS_AT_ONCE: usize = 32;
/// Audio is there before what names it, and the promise to several before any of them has it.
const AUDIO: u8 = 0;
const PROMISE: u8 = 1;
/// Where there is a record, somebody may put the message into the index: then it is too late for an errand.
const ERRAND: u8 = 2;
const RECORD: u8 = 3;
