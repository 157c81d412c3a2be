//! Callers who leave messages in a spool on a real disk, and what has come of them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mailbox::disk::RealDisk;
use mailbox::{
    BlobStore, Folder, MailboxId, Mailboxes, MailboxesOptions, MemoryStore, MessageId, RecordingId,
    played,
};

/// The mailboxes of a worker whose state is in that folder.
pub(crate) fn open(store: Arc<dyn BlobStore>, state: &Path, seed: u8) -> Mailboxes {
    let disk = Arc::new(RealDisk::open(state).unwrap());
    let options = MailboxesOptions::new([seed; 32]);
    Mailboxes::open(store, disk, options).unwrap().0
}

pub(crate) fn ada() -> MailboxId {
    MailboxId::new("ada").unwrap()
}

/// Leaves Ada that many messages of two seconds, and is promised each.
pub(crate) async fn leave(mailboxes: &Mailboxes, messages: usize) -> HashSet<MessageId> {
    let mut promised = HashSet::new();
    for _ in 0..messages {
        let recording = speak(mailboxes);
        let promise = mailboxes.spool().deliver(recording).await.unwrap();
        promised.insert(promise.message);
    }
    promised
}

/// Speaks two seconds to Ada; nobody has promised anything.
pub(crate) fn speak(mailboxes: &Mailboxes) -> RecordingId {
    let draft = played::draft(played::delivery(vec![ada()]));
    played::speak(mailboxes, draft, SPOKEN).unwrap()
}

/// Messages that a worker was promised and then died with.
pub(crate) async fn left_behind(state: &Path, messages: usize) -> HashSet<MessageId> {
    let mailboxes = open(Arc::new(MemoryStore::new()), state, 1);
    let promised = leave(&mailboxes, messages).await;
    mailboxes.close().await;
    promised
}

/// Ada finds exactly these in the store, whole.
pub(crate) async fn assert_stored(store: Arc<dyn BlobStore>, promised: &HashSet<MessageId>) {
    let spool = tempfile::tempdir().unwrap();
    let mailboxes = open(store, spool.path(), 99);
    let mailbox = mailboxes.mailbox(&ada());
    let found = mailbox.list(Folder::New).await;
    let names: HashSet<MessageId> = found.iter().map(|message| message.id.clone()).collect();
    assert_eq!(found.len(), names.len(), "none twice");
    assert_eq!(&names, promised);
    for message in &names {
        let audio = mailbox.audio(message).await.unwrap();
        assert_eq!(audio.duration(), SPOKEN);
    }
}

const SPOKEN: Duration = Duration::from_secs(2);
