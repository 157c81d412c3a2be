//! Brings messages that are in hand into every recipient's mailbox.

use crate::ids::{MailboxId, MessageId, Place};
use crate::layout;
use crate::mailbox::{Mailbox, MailboxError};
use crate::mailboxes::Mailboxes;
use crate::message::Message;
use crate::record::{DeliveryRecord, to_bytes, with_audio};
use crate::store::{Condition, Put, PutError};
use bytes::Bytes;
use std::collections::{BTreeMap, HashSet};

/// A message and, where it is not in the store yet, its recording.
pub(crate) struct Parcel {
    pub(crate) record: DeliveryRecord,
    pub(crate) audio: Option<Bytes>,
}

/// Brings messages into every recipient's mailbox; returns those that some mailbox did not take.
pub(crate) async fn deliver(
    mailboxes: &Mailboxes,
    parcels: &[Parcel],
) -> Result<HashSet<MessageId>, MailboxError> {
    let store = &mailboxes.shared.store;
    let mut undelivered = HashSet::new();
    let mut prepared = Vec::new();
    for (recipient, theirs) in by_recipient(parcels) {
        let mailbox = mailboxes.mailbox(recipient);
        match mailbox.prepare().await {
            Ok(()) => prepared.push((mailbox, theirs)),
            Err(error) => note(&mut undelivered, &mailbox, &theirs, &error),
        }
    }
    let mut puts = shared(parcels);
    puts.extend(prepared.iter().flat_map(|(mailbox, theirs)| {
        let mailbox = mailbox.id();
        theirs.iter().map(move |parcel| beside(mailbox, parcel))
    }));
    for answer in store.put_all(puts).await {
        answer?;
    }
    undelivered.extend(insert(mailboxes, prepared).await);
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
        if let (Some(first), Some(audio), Place::Shared { .. }) = (
            record.recipients.first(),
            audio,
            record.message.audio.place(),
        ) {
            let key = layout::audio(first, &record.message.audio);
            puts.push(whatever(key, audio.clone(), AUDIO));
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
    let bytes = match (record.message.audio.place(), audio) {
        (Place::InRecord(_), Some(audio)) => with_audio(record, audio),
        (Place::InRecord(_), None) | (Place::Shared { .. }, _) => to_bytes(record),
    };
    let key = layout::message(mailbox, &record.message.id);
    whatever(key, bytes.into(), RECORD)
}

/// Puts the messages into the indexes, all in one go; returns those that an index did not take.
async fn insert(
    mailboxes: &Mailboxes,
    prepared: Vec<(Mailbox, Vec<&Parcel>)>,
) -> HashSet<MessageId> {
    let mut undelivered = HashSet::new();
    let mut puts = Vec::new();
    let mut arriving = Vec::new();
    for (mailbox, theirs) in prepared {
        match mailbox.arriving(messages(&theirs)).await {
            Ok(Some(arrival)) => {
                puts.push(arrival.put(&mailbox));
                arriving.push((mailbox, theirs, arrival));
            }
            Ok(None) => {}
            Err(error) => note(&mut undelivered, &mailbox, &theirs, &error),
        }
    }
    let answers = mailboxes.shared.store.put_all(puts).await;
    for ((mailbox, theirs, arrival), answer) in arriving.into_iter().zip(answers) {
        let arrived = match answer {
            Ok(etag) => mailbox.arrived(arrival, etag).await,
            Err(PutError::Precondition) => {
                mailbox.refresh().await;
                mailbox.insert_all(messages(&theirs)).await
            }
            Err(error) => Err(error.into()),
        };
        if let Err(error) = arrived {
            note(&mut undelivered, &mailbox, &theirs, &error);
        }
    }
    undelivered
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

fn note(
    undelivered: &mut HashSet<MessageId>,
    mailbox: &Mailbox,
    theirs: &[&Parcel],
    error: &MailboxError,
) {
    tracing::warn!(mailbox = %mailbox.id(), %error, "a mailbox does not take its messages");
    undelivered.extend(theirs.iter().map(|parcel| parcel.record.message.id.clone()));
}

/// Audio is there before what names it, and the promise to several before any of them has it.
const AUDIO: u8 = 0;
const PROMISE: u8 = 1;
const RECORD: u8 = 2;
