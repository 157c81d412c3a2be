//! The spool under trouble: a worker killed while callers speak, a disk that stalls or is full, call details.

#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

mod common;

use common::{at, id, leave, message_to, only_new, open, scratch, speak};
use mailbox::details::{CallDetail, CallResult, DetailsOf, Direction, Party};
use mailbox::disk::{Disk, TwinDisk};
use mailbox::store::Weather;
use mailbox::{Mailboxes, MailboxesOptions, MemoryStore, RecordingId, SpoolError};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_caller_cut_off_by_a_crash_leaves_a_partial_message() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _announced) = open(store.clone(), disk.clone(), 1);
    let long = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    let short = mailboxes.spool().begin(message_to(&["ada"], 1)).unwrap();
    let reviewed = mailboxes.spool().begin(message_to(&["bob"], 2)).unwrap();
    let mut appender = mailboxes.writer().unwrap();
    for frame in 0..100 {
        appender.frame(long.0, frame * 160, &[1; 160]);
    }
    appender.frame(short.0, 0, &[1; 160]);
    appender.flush();
    speak(&mailboxes, reviewed, 3);
    mailboxes.spool().take(reviewed).await.unwrap();
    mailboxes.close().await;
    disk.restart(|_| 0);
    let (mailboxes, mut announced) = open(store, disk, 2);
    assert_eq!(
        announced.recv().await.unwrap().mailbox,
        id("ada"),
        "the lamp lights"
    );
    let ada = mailboxes.mailbox(&id("ada"));
    let message = only_new(&ada).await;
    assert_eq!(
        (message.received, message.duration, message.partial),
        (at(0), Duration::from_secs(2), true)
    );
    assert!(mailboxes.carry_once().await);
    assert_eq!(ada.audio(&message.id).await.unwrap().packets().count(), 100);
    let bobs = only_new(&mailboxes.mailbox(&id("bob"))).await;
    assert!(
        !bobs.partial,
        "its caller had finished and was listening to it"
    );
}

#[tokio::test]
async fn an_owner_who_saved_a_message_finds_it_saved_after_a_crash() {
    let store = Arc::new(MemoryStore::new());
    store.set_weather(Weather::Away);
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _announced) = open(store.clone(), disk.clone(), 1);
    let promise = leave(&mailboxes, &["ada"], 0, 2).await;
    mailboxes
        .mailbox(&id("ada"))
        .mark_saved(&promise.message)
        .await
        .unwrap();
    mailboxes.close().await;
    disk.restart(|_| 0);
    let (mailboxes, _announced) = open(store.clone(), disk, 2);
    let ada = mailboxes.mailbox(&id("ada"));
    assert_eq!(ada.counts().await.saved, 1);
    store.set_weather(Weather::Fair);
    assert!(mailboxes.carry_once().await);
    assert_eq!(ada.counts().await.saved, 1);
}

#[tokio::test]
async fn a_full_disk_is_told_before_the_caller_speaks() {
    let disk = Arc::new(TwinDisk::new());
    disk.set_capacity(Some(4096));
    let (mailboxes, _announced) = open(Arc::new(MemoryStore::new()), disk, 1);
    assert_eq!(
        mailboxes.spool().begin(message_to(&["ada"], 0)),
        Err(SpoolError::Full)
    );
}

#[tokio::test]
async fn a_disk_that_fills_while_the_caller_speaks_takes_no_message_but_harms_none() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _announced) = open(store.clone(), disk.clone(), 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    let recording = mailboxes.spool().begin(message_to(&["ada"], 1)).unwrap();
    // The reserve goes as well: another program took the room.
    disk.set_capacity(Some(0));
    speak(&mailboxes, recording, 2);
    assert_eq!(
        mailboxes.spool().deliver(recording).await,
        Err(SpoolError::Full)
    );
    mailboxes.close().await;
    disk.set_capacity(None);
    let (mailboxes, _announced) = open(store, disk, 2);
    assert!(mailboxes.carry_once().await);
    assert_eq!(
        only_new(&mailboxes.mailbox(&id("ada"))).await.received,
        at(0)
    );
}

/// A message of two seconds to Ada that is in the log, on a disk that has no room for its promise.
async fn spoken_on_a_full_disk(mailboxes: &Mailboxes, disk: &TwinDisk) -> RecordingId {
    let recording = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    speak(mailboxes, recording, 2);
    mailboxes.spool().take(recording).await.unwrap();
    disk.set_capacity(Some(0));
    assert_eq!(
        mailboxes.spool().deliver(recording).await,
        Err(SpoolError::Full)
    );
    recording
}

#[tokio::test]
async fn a_message_whose_caller_was_told_that_it_is_not_sent_never_arrives() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _announced) = open(store.clone(), disk.clone(), 1);
    let recording = spoken_on_a_full_disk(&mailboxes, &disk).await;
    mailboxes.spool().discard(recording).await.unwrap();
    assert_eq!(
        mailboxes.spool().deliver(recording).await,
        Err(SpoolError::Unknown),
        "it holds no place"
    );
    disk.set_capacity(None);
    mailboxes.close().await;
    disk.restart(|_| 0);
    let (mailboxes, _announced) = open(store, disk, 2);
    assert!(mailboxes.carry_once().await);
    assert_eq!(mailboxes.mailbox(&id("ada")).counts().await.new, 0);
}

#[tokio::test]
async fn a_message_of_a_caller_who_has_gone_is_delivered_when_there_is_room_again() {
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, mut announced) = open(Arc::new(MemoryStore::new()), disk.clone(), 1);
    let recording = spoken_on_a_full_disk(&mailboxes, &disk).await;
    mailboxes.spool().abandon(recording);
    // The first answer is given before the promise is tried, the second one after.
    for _ in 0..2 {
        mailboxes.spool().take(recording).await.unwrap();
    }
    assert!(announced.try_recv().is_err(), "there is no room yet");
    disk.set_capacity(None);
    assert_eq!(announced.recv().await.unwrap().mailbox, id("ada"));
    assert!(mailboxes.carry_once().await);
    let message = only_new(&mailboxes.mailbox(&id("ada"))).await;
    assert_eq!(
        (message.duration, message.partial),
        (Duration::from_secs(2), false)
    );
    assert!(announced.try_recv().is_err(), "it is announced once");
}

#[tokio::test]
async fn a_promise_whose_sync_fails_is_synced_elsewhere_before_the_caller_is_told() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _announced) = open(store.clone(), disk.clone(), 1);
    let recording = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    disk.fail_sync_at(disk.syncs());
    speak(&mailboxes, recording, 2);
    let promise = mailboxes.spool().deliver(recording).await.unwrap();
    assert!(!promise.partial);
    disk.lose_power_at(disk.steps());
    mailboxes.close().await;
    disk.restart(|_| 0);
    let (mailboxes, _announced) = open(store, disk, 2);
    assert!(mailboxes.carry_once().await);
    let ada = mailboxes.mailbox(&id("ada"));
    let message = only_new(&ada).await;
    assert_eq!(message.id, promise.message);
    assert_eq!(ada.audio(&message.id).await.unwrap().packets().count(), 100);
}

#[tokio::test]
async fn a_promise_that_no_sync_covers_is_not_carried_and_can_be_forgotten() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, mut announced) = open(store.clone(), disk.clone(), 1);
    let recording = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    disk.fail_syncs(true);
    speak(&mailboxes, recording, 2);
    let told = mailboxes.spool().deliver(recording).await;
    assert!(matches!(told, Err(SpoolError::Disk(_))), "{told:?}");
    assert!(announced.try_recv().is_err(), "no lamp lights");
    mailboxes.spool().discard(recording).await.unwrap();
    disk.fail_syncs(false);
    mailboxes.close().await;
    disk.restart(|unsynced| unsynced);
    let (mailboxes, _announced) = open(store, disk, 2);
    assert!(mailboxes.carry_once().await);
    assert_eq!(mailboxes.mailbox(&id("ada")).counts().await.new, 0);
}

#[tokio::test]
async fn a_recording_that_began_while_the_disk_kept_nothing_is_there_once_it_is_promised() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _announced) = open(store.clone(), disk.clone(), 1);
    let recording = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    disk.fail_syncs(true);
    let mut appender = mailboxes.writer().unwrap();
    appender.frame(recording.0, 0, &[1; 160]);
    appender.flush();
    // The first promise of another one fails, and with it what was written before.
    let other = mailboxes.spool().begin(message_to(&["bob"], 0)).unwrap();
    speak(&mailboxes, other, 2);
    assert!(mailboxes.spool().deliver(other).await.is_err());
    disk.fail_syncs(false);
    for frame in 1..100 {
        appender.frame(recording.0, frame * 160, &[1; 160]);
    }
    appender.ended(recording.0);
    appender.flush();
    let promise = mailboxes.spool().deliver(recording).await.unwrap();
    assert!(promise.partial, "its first words are in doubt");
    disk.lose_power_at(disk.steps());
    mailboxes.close().await;
    disk.restart(|_| 0);
    let (mailboxes, _announced) = open(store, disk, 2);
    let ada = mailboxes.mailbox(&id("ada"));
    assert_eq!(only_new(&ada).await.id, promise.message);
}

#[tokio::test]
async fn frames_that_the_disk_cannot_keep_up_with_are_dropped_and_the_message_is_partial() {
    let (mailboxes, _announced) = open(Arc::new(MemoryStore::new()), Arc::new(TwinDisk::new()), 1);
    let recording = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    let mut appender = mailboxes.writer().unwrap();
    // Without a flush nobody wakes the writer: more than its ring holds.
    let mut frame = 0;
    while appender.dropped() == 0 {
        appender.frame(recording.0, frame * 160, &[1; 160]);
        frame += 1;
        assert!(frame < 1_000_000, "the ring is bounded");
    }
    appender.flush();
    appender.ended(recording.0);
    appender.flush();
    assert!(mailboxes.spool().deliver(recording).await.unwrap().partial);
}

#[tokio::test]
async fn frames_of_unknown_recordings_go_nowhere() {
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _announced) = open(Arc::new(MemoryStore::new()), disk.clone(), 1);
    speak(&mailboxes, RecordingId(77), 2);
    let promise = leave(&mailboxes, &["ada"], 0, 2).await;
    assert!(!promise.partial);
    assert_eq!(
        mailboxes.spool().deliver(RecordingId(77)).await,
        Err(SpoolError::Unknown)
    );
}

#[tokio::test]
async fn a_promise_is_made_once_and_cannot_be_taken_back() {
    let (mailboxes, _announced) = open(Arc::new(MemoryStore::new()), Arc::new(TwinDisk::new()), 1);
    let recording = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    speak(&mailboxes, recording, 2);
    let promise = mailboxes.spool().deliver(recording).await.unwrap();
    assert_eq!(
        mailboxes.spool().deliver(recording).await,
        Ok(promise),
        "asking again changes nothing"
    );
    assert_eq!(
        mailboxes.spool().discard(recording).await,
        Err(SpoolError::Unknown)
    );
    assert_eq!(mailboxes.mailbox(&id("ada")).counts().await.new, 1);
}

#[tokio::test]
async fn a_recording_whose_call_is_gone_is_decided_at_once() {
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, mut announced) = open(Arc::new(MemoryStore::new()), disk.clone(), 1);
    let long = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    let short = mailboxes.spool().begin(message_to(&["bob"], 1)).unwrap();
    let greeting = mailboxes.spool().begin(scratch()).unwrap();
    speak(&mailboxes, long, 2);
    speak(&mailboxes, greeting, 2);
    let mut appender = mailboxes.writer().unwrap();
    appender.frame(short.0, 0, &[1; 160]);
    appender.flush();
    for recording in [short, greeting, long] {
        mailboxes.spool().abandon(recording);
    }
    assert_eq!(announced.recv().await.unwrap().mailbox, id("ada"));
    assert!(mailboxes.carry_once().await);
    assert_eq!(
        only_new(&mailboxes.mailbox(&id("ada"))).await.received,
        at(0)
    );
    assert_eq!(mailboxes.mailbox(&id("bob")).counts().await.new, 0);
}

#[tokio::test]
async fn nothing_that_was_abandoned_holds_room_in_the_spool() {
    let disk = Arc::new(TwinDisk::new());
    let mut options = MailboxesOptions::new([1; 32]);
    // Every sync begins another segment, and the first that is still needed holds all after it.
    options.spool.segment_bytes = 1;
    let store = Arc::new(MemoryStore::new());
    let (mailboxes, _announced) = Mailboxes::open(store, disk.clone(), options).unwrap();
    let nothing = mailboxes.spool().begin(message_to(&["bob"], 0)).unwrap();
    mailboxes.spool().abandon(nothing);
    let mut messages = 0;
    loop {
        leave(&mailboxes, &["ada"], messages, 2).await;
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
async fn call_details_survive_a_crash_and_each_user_sees_his_own() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _announced) = open(store.clone(), disk.clone(), 1);
    mailboxes.append_detail(call("a", "ada", "bob")).unwrap();
    assert!(mailboxes.carry_once().await);
    mailboxes.append_detail(call("b", "eve", "ada")).unwrap();
    mailboxes.append_detail(call("c", "eve", "bob")).unwrap();
    mailboxes.close().await;
    disk.restart(|_| 0);
    let (mailboxes, _announced) = open(store, disk.clone(), 2);
    let day = at(0).to_zoned(jiff::tz::TimeZone::UTC).date();
    for _ in 0..2 {
        let calls = mailboxes
            .details(&DetailsOf::User("ada".into()), day)
            .await
            .unwrap();
        let calls: Vec<&str> = calls.iter().map(|detail| detail.call.as_str()).collect();
        assert_eq!(calls, ["a", "b"], "before and after they are stored");
        assert!(mailboxes.carry_once().await);
    }
    assert_eq!(
        mailboxes
            .details(&DetailsOf::Everyone, day)
            .await
            .unwrap()
            .len(),
        3
    );
    assert!(
        disk.list("spool").unwrap().len() <= 3,
        "nothing is piled up"
    );
}

fn call(name: &str, from: &str, to: &str) -> CallDetail {
    let party = |user: &str| Party {
        user: Some(user.to_owned()),
        ..Party::default()
    };
    CallDetail {
        call: name.to_owned(),
        time: at(0),
        direction: Direction::Internal,
        from: party(from),
        to: party(to),
        answered_by: None,
        duration: Duration::ZERO,
        route: None,
        result: CallResult::NoAnswer,
    }
}
