//! From the caller's last word to the owner's ear.

mod common;

use common::{at, id, leave, message_to, only_new, open, scratch, speak};
use mailbox::disk::{RealDisk, TwinDisk};
use mailbox::store::Weather;
use mailbox::{
    BlobStore, Folder, FolderStore, GreetingSlot, MailboxError, MemoryStore, SpoolError,
};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_message_is_heard_as_it_was_spoken_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FolderStore::open(folder.path().join("store")).unwrap());
    let disk = Arc::new(RealDisk::open(folder.path().join("state")).unwrap());
    let (mailboxes, mut delivered) = open(store, disk, 1);
    let promise = leave(&mailboxes, &["ada"], 5, 10).await;
    assert_eq!(promise.duration, Duration::from_secs(10));
    assert_eq!(delivered.recv().await.unwrap().mailbox, id("ada"));
    assert!(mailboxes.carry_once().await);
    let ada = mailboxes.mailbox(&id("ada"));
    let message = only_new(&ada).await;
    assert_eq!(
        (message.received, message.duration, message.partial),
        (at(5), Duration::from_secs(10), false)
    );
    let audio = ada.audio(&message.id).await.unwrap();
    assert_eq!(audio.packets().count(), 500);
    assert_eq!(
        audio.packets().last().unwrap(),
        (1000 + 499 * 160, &[499u32 as u8; 160][..])
    );
}

#[tokio::test]
async fn the_owner_hears_and_saves_while_the_store_is_away_for_an_hour() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, mut delivered) = open(store.clone(), disk, 1);
    store.set_weather(Weather::Away);
    leave(&mailboxes, &["ada"], 0, 3).await;
    assert!(delivered.try_recv().is_ok());
    assert!(!mailboxes.carry_once().await);
    let ada = mailboxes.mailbox(&id("ada"));
    let counts = ada.counts().await;
    assert_eq!((counts.new, counts.incomplete), (1, true));
    let message = only_new(&ada).await;
    assert_eq!(
        ada.audio(&message.id).await.unwrap().duration(),
        Duration::from_secs(3)
    );
    ada.mark_saved(&message.id).await.unwrap();
    assert_eq!(ada.list(Folder::Saved).await.len(), 1);
    store.set_weather(Weather::Fair);
    assert!(mailboxes.carry_once().await);
    ada.refresh().await;
    let counts = ada.counts().await;
    assert_eq!((counts.new, counts.saved, counts.incomplete), (0, 1, false));
    assert!(mailboxes.carry_once().await, "nothing is left");
}

#[tokio::test]
async fn what_the_owner_does_after_a_write_whose_answer_was_lost_holds() {
    for seen in [false, true] {
        let store = Arc::new(MemoryStore::new());
        let (mailboxes, _delivered) = open(store.clone(), Arc::new(TwinDisk::new()), 1);
        leave(&mailboxes, &["ada"], 0, 3).await;
        let ada = mailboxes.mailbox(&id("ada"));
        let message = only_new(&ada).await;
        store.set_weather(Weather::AnswersLostOf("ada/index"));
        assert!(!mailboxes.carry_once().await);
        ada.delete(&message.id, at(5)).await.unwrap();
        store.set_weather(Weather::Fair);
        if seen {
            ada.refresh().await;
        }
        assert!(mailboxes.carry_once().await);
        assert_eq!(ada.counts().await.new, 0, "seen: {seen}");
        assert_eq!(ada.trash().await.len(), 1, "seen: {seen}");
    }
}

#[tokio::test]
async fn what_is_restored_stays_so_while_the_message_waits_for_another_mailbox() {
    let store = Arc::new(MemoryStore::new());
    let (mailboxes, _delivered) = open(store.clone(), Arc::new(TwinDisk::new()), 1);
    let promise = leave(&mailboxes, &["ada", "bob"], 0, 3).await;
    let ada = mailboxes.mailbox(&id("ada"));
    ada.delete(&promise.message, at(5)).await.unwrap();
    store.set_weather(Weather::AnswersLostOf("bob/index"));
    assert!(!mailboxes.carry_once().await);
    assert_eq!(ada.trash().await.len(), 1);
    ada.restore(&promise.message).await.unwrap();
    store.set_weather(Weather::Fair);
    assert!(mailboxes.carry_once().await);
    only_new(&ada).await;
    only_new(&mailboxes.mailbox(&id("bob"))).await;
}

#[tokio::test]
async fn a_message_to_several_is_stored_once() {
    let store = Arc::new(MemoryStore::new());
    let (mailboxes, _delivered) = open(store.clone(), Arc::new(TwinDisk::new()), 1);
    leave(&mailboxes, &["ada", "bob", "eve"], 0, 2).await;
    assert!(mailboxes.carry_once().await);
    assert_eq!(store.list("audio/", None, 10).await.unwrap().len(), 1);
    assert!(
        store
            .list("deliveries/", None, 10)
            .await
            .unwrap()
            .is_empty(),
        "everyone has it"
    );
    for name in ["ada", "bob", "eve"] {
        let message = only_new(&mailboxes.mailbox(&id(name))).await;
        assert!(
            mailboxes
                .mailbox(&id(name))
                .audio(&message.id)
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn hanging_up_before_the_shortest_message_leaves_none() {
    let (mailboxes, _delivered) = open(Arc::new(MemoryStore::new()), Arc::new(TwinDisk::new()), 1);
    let recording = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    let mut appender = mailboxes.writer().unwrap();
    appender.frame(recording.0, 0, &[0; 160]);
    appender.ended(recording.0);
    appender.flush();
    assert_eq!(
        mailboxes.spool().deliver(recording).await,
        Err(SpoolError::TooShort)
    );
    assert_eq!(mailboxes.mailbox(&id("ada")).counts().await.new, 0);
}

#[tokio::test]
async fn a_greeting_is_taken_from_a_scratch_recording() {
    let store = Arc::new(MemoryStore::new());
    let (mailboxes, _delivered) = open(store.clone(), Arc::new(TwinDisk::new()), 1);
    let recording = mailboxes.spool().begin(scratch()).unwrap();
    speak(&mailboxes, recording, 4);
    let taken = mailboxes.spool().take(recording).await.unwrap();
    assert_eq!(
        mailboxes.spool().deliver(recording).await,
        Err(SpoolError::Unknown),
        "nothing is promised of it"
    );
    mailboxes.spool().discard(recording).await.unwrap();
    let ada = mailboxes.mailbox(&id("ada"));
    let slot = GreetingSlot::new("OnVacation").unwrap();
    assert!(ada.greeting(&slot).await.unwrap().is_none());
    ada.set_greeting(&slot, &taken, at(0)).await.unwrap();
    assert_eq!(*ada.greeting(&slot).await.unwrap().unwrap(), taken);
    let reads = store.reads();
    ada.greeting(&slot).await.unwrap();
    assert_eq!(store.reads(), reads, "what every caller hears is read once");
    ada.delete_greeting(&slot).await.unwrap();
    assert!(ada.greeting(&slot).await.unwrap().is_none());
}

#[tokio::test]
async fn the_first_count_needs_at_most_two_reads() {
    let store = Arc::new(MemoryStore::new());
    let (mailboxes, _delivered) = open(store.clone(), Arc::new(TwinDisk::new()), 1);
    mailboxes.mailbox(&id("new")).counts().await;
    assert!(store.reads() <= 2, "{}", store.reads());
    leave(&mailboxes, &["ada"], 0, 2).await;
    assert!(mailboxes.carry_once().await);
    let before = store.reads();
    let ada = mailboxes.mailbox(&id("ada"));
    assert_eq!(ada.counts().await.new, 1);
    assert_eq!(ada.list(Folder::New).await.len(), 1);
    assert!(store.reads() - before <= 1);
}

#[tokio::test]
async fn a_message_that_is_not_there_is_an_error() {
    let (mailboxes, _delivered) = open(Arc::new(MemoryStore::new()), Arc::new(TwinDisk::new()), 1);
    let promise = leave(&mailboxes, &["ada"], 0, 2).await;
    let bob = mailboxes.mailbox(&id("bob"));
    assert!(
        matches!(
            bob.audio(&promise.message).await,
            Err(MailboxError::NoSuchMessage)
        ),
        "it is Ada's"
    );
    assert!(matches!(
        bob.mark_saved(&promise.message).await,
        Err(MailboxError::NoSuchMessage)
    ));
}
