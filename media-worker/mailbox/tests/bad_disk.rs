//! A disk that does not give what was written: it is asked again for long, and then a message arrives with what is left of it.

#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

mod common;

use common::{id, leave, message_to, only_new};
use mailbox::disk::{Disk, TwinDisk};
use mailbox::store::Weather;
use mailbox::{MailboxError, Mailboxes, MailboxesOptions, MemoryStore};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// These bytes of every segment that there is now cannot be read.
fn spoil(disk: &TwinDisk, bytes: Range<usize>) {
    for path in disk.paths().iter().filter(|path| path.contains(".log")) {
        disk.spoil(path, bytes.clone());
    }
}

/// Mailboxes that ask the disk again for so long.
fn asking_for(patience: Duration, store: Arc<MemoryStore>, disk: Arc<TwinDisk>) -> Mailboxes {
    let mut options = MailboxesOptions::new([1; 32]);
    options.ask_disk_for = patience;
    // Every sync begins another segment.
    options.spool.segment_bytes = 1;
    Mailboxes::open(store, disk, options).unwrap().0
}

/// The message to Ada is carried, with all that was said.
async fn arrives_whole(mailboxes: &Mailboxes) {
    assert!(mailboxes.carry_once().await);
    let ada = mailboxes.mailbox(&id("ada"));
    let message = only_new(&ada).await;
    assert!(!message.partial);
    assert_eq!(ada.audio(&message.id).await.unwrap().packets().count(), 100);
}

#[tokio::test]
async fn a_bad_place_on_the_disk_costs_no_more_than_the_words_in_it() {
    let disk = Arc::new(TwinDisk::new());
    let mailboxes = asking_for(Duration::ZERO, Arc::new(MemoryStore::new()), disk.clone());
    let recording = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    let mut appender = mailboxes.writer().unwrap();
    for frame in 0..50 {
        appender.frame(recording.0, frame * 160, &[1; 160]);
    }
    appender.flush();
    // Written before the rest.
    let first = mailboxes.spool().take(recording).await.unwrap();
    assert_eq!(first.packets().count(), 50);
    // Amid these frames, of 166 bytes each.
    spoil(&disk, 3000..5000);
    for frame in 50..100 {
        appender.frame(recording.0, frame * 160, &[2; 160]);
    }
    appender.ended(recording.0);
    appender.flush();
    let promise = mailboxes.spool().deliver(recording).await.unwrap();
    assert!(!promise.partial);
    let ada = mailboxes.mailbox(&id("ada"));
    let rest = [2; 160];
    for _ in 0..2 {
        let audio = ada.audio(&promise.message).await.unwrap();
        let later = audio.packets().filter(|(_, payload)| *payload == rest);
        assert_eq!(later.count(), 50, "before and after it is stored");
        assert!(audio.packets().count() < 100);
        assert!(mailboxes.carry_once().await);
    }
    assert!(only_new(&ada).await.partial);
}

#[tokio::test]
async fn a_recording_that_the_disk_gives_again_arrives_whole() {
    let disk = Arc::new(TwinDisk::new());
    let patience = Duration::from_hours(1);
    let mailboxes = asking_for(patience, Arc::new(MemoryStore::new()), disk.clone());
    leave(&mailboxes, &["ada"], 0, 2).await;
    spoil(&disk, 0..usize::MAX);
    assert!(!mailboxes.carry_once().await);
    spoil(&disk, Range::default());
    arrives_whole(&mailboxes).await;
}

#[tokio::test]
async fn a_message_that_the_disk_has_lost_says_so_and_holds_no_room_in_the_spool() {
    let disk = Arc::new(TwinDisk::new());
    let mailboxes = asking_for(Duration::ZERO, Arc::new(MemoryStore::new()), disk.clone());
    let lost = leave(&mailboxes, &["ada"], 0, 2).await;
    spoil(&disk, 0..usize::MAX);
    assert!(mailboxes.carry_once().await, "nothing is left");
    let ada = mailboxes.mailbox(&id("ada"));
    let message = only_new(&ada).await;
    assert_eq!((&message.id, message.partial), (&lost.message, true));
    let heard = ada.audio(&message.id).await;
    assert!(
        matches!(heard, Err(MailboxError::AudioMissing)),
        "{heard:?}"
    );
    let mut messages = 1;
    loop {
        leave(&mailboxes, &["bob"], messages, 2).await;
        assert!(mailboxes.carry_once().await);
        messages += 1;
        // Each message took a segment at least.
        if messages > 5 && disk.list("spool").unwrap().len() <= 4 {
            return;
        }
        assert!(messages < 1000, "the spool only grows");
    }
}

#[tokio::test]
async fn a_recording_that_the_disk_has_given_meanwhile_is_waited_for_anew() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    // It is given up when the disk is asked for the second time.
    let patience = Duration::from_nanos(1);
    let mailboxes = asking_for(patience, store.clone(), disk.clone());
    leave(&mailboxes, &["ada"], 0, 2).await;
    spoil(&disk, 0..usize::MAX);
    assert!(!mailboxes.carry_once().await);
    spoil(&disk, Range::default());
    store.set_weather(Weather::Away);
    assert!(!mailboxes.carry_once().await, "it is read for nothing");
    store.set_weather(Weather::Fair);
    spoil(&disk, 0..usize::MAX);
    assert!(
        !mailboxes.carry_once().await,
        "this is the first time again"
    );
    assert!(mailboxes.carry_once().await, "and this the second");
    assert!(only_new(&mailboxes.mailbox(&id("ada"))).await.partial);
}

#[tokio::test]
async fn no_recording_is_given_up_while_the_disk_keeps_nothing() {
    let disk = Arc::new(TwinDisk::new());
    let mailboxes = asking_for(Duration::ZERO, Arc::new(MemoryStore::new()), disk.clone());
    leave(&mailboxes, &["ada"], 0, 2).await;
    spoil(&disk, 0..usize::MAX);
    disk.fail_syncs(true);
    for _ in 0..3 {
        assert!(!mailboxes.carry_once().await);
    }
    disk.fail_syncs(false);
    spoil(&disk, Range::default());
    arrives_whole(&mailboxes).await;
}

#[tokio::test]
async fn a_full_disk_is_rid_of_what_it_has_lost() {
    let disk = Arc::new(TwinDisk::new());
    let mailboxes = asking_for(Duration::ZERO, Arc::new(MemoryStore::new()), disk.clone());
    leave(&mailboxes, &["ada"], 0, 2).await;
    spoil(&disk, 0..usize::MAX);
    disk.set_capacity(Some(0));
    assert!(mailboxes.carry_once().await, "nothing is left");
    assert!(only_new(&mailboxes.mailbox(&id("ada"))).await.partial);
}
