//! Callers who leave messages, for the tests of this folder.
#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

use jiff::Timestamp;
use mailbox::disk::Disk;
use mailbox::{
    BlobStore, Delivered, Delivery, Draft, DraftKind, Mailbox, MailboxId, Mailboxes,
    MailboxesOptions, RecordingId, Sender, played,
};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;

pub(crate) fn id(name: &str) -> MailboxId {
    MailboxId::new(name).unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn open(
    store: Arc<dyn BlobStore>,
    disk: Arc<dyn Disk>,
    seed: u8,
) -> (Mailboxes, UnboundedReceiver<Delivered>) {
    Mailboxes::open(store, disk, MailboxesOptions::new([seed; 32])).unwrap()
}

pub(crate) fn outside() -> Sender {
    Sender::External {
        number: Some("+15551234".into()),
        name: None,
    }
}

pub(crate) fn message_to(recipients: &[&str], second: i64) -> Draft {
    let recipients = recipients.iter().map(|name| id(name)).collect();
    played::draft(Delivery {
        received: at(second),
        ..played::delivery(recipients)
    })
}

pub(crate) fn scratch() -> Draft {
    Draft {
        kind: DraftKind::Scratch,
        ..message_to(&[], 0)
    }
}

/// Speaks for so many seconds, 20 ms a frame; every payload tells its place.
pub(crate) fn speak(mailboxes: &Mailboxes, recording: RecordingId, seconds: u32) {
    let mut appender = mailboxes.writer().unwrap();
    for frame in 0..seconds * 50 {
        appender.frame(recording.0, 1000 + frame * 160, &[frame as u8; 160]);
    }
    appender.ended(recording.0);
    appender.flush();
}

/// Leaves a message and is told that it is safe.
pub(crate) async fn leave(
    mailboxes: &Mailboxes,
    recipients: &[&str],
    second: i64,
    seconds: u32,
) -> mailbox::Promise {
    let recording = mailboxes
        .spool()
        .begin(message_to(recipients, second))
        .unwrap();
    speak(mailboxes, recording, seconds);
    mailboxes.spool().deliver(recording).await.unwrap()
}

pub(crate) async fn only_new(mailbox: &Mailbox) -> mailbox::Message {
    let mut new = mailbox.list(mailbox::Folder::New).await;
    assert_eq!(new.len(), 1, "{new:?}");
    new.remove(0)
}
