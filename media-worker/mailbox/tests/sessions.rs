//! Several at one mailbox: two sessions, two workers, a delivery while listening, the last free place.

mod common;

use common::{at, id, leave, message_to, only_new, open, speak};
use mailbox::disk::TwinDisk;
use mailbox::store::{Weather, list_all};
use mailbox::{
    BlobStore, Counts, Draft, Folder, Limits, MailboxId, Mailboxes, MemoryStore, MessageState,
    Room, Sweeper,
};
use std::sync::Arc;
use std::time::Duration;

const TWO: Limits = Limits {
    messages: 2,
    total: Duration::from_mins(10),
    message: Duration::from_mins(5),
    shortest: Duration::from_secs(1),
};

fn worker(store: &Arc<MemoryStore>, seed: u8) -> Mailboxes {
    open(store.clone(), Arc::new(TwinDisk::new()), seed).0
}

fn counts(new: u32, saved: u32, seconds: u64) -> Counts {
    Counts {
        new,
        saved,
        seconds,
        incomplete: false,
    }
}

#[tokio::test]
async fn two_sessions_on_one_worker_see_what_the_other_did() {
    let mailboxes = worker(&Arc::new(MemoryStore::new()), 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    assert!(mailboxes.carry_once().await);
    let (phone, desk) = (mailboxes.mailbox(&id("ada")), mailboxes.mailbox(&id("ada")));
    let message = only_new(&phone).await;
    phone.delete(&message.id, at(9)).await.unwrap();
    desk.mark_saved(&message.id).await.unwrap();
    assert_eq!(
        desk.counts().await,
        counts(0, 0, 0),
        "deleting wins over saving"
    );
    desk.restore(&message.id).await.unwrap();
    assert_eq!(
        phone.message(&message.id).await.unwrap().state,
        MessageState::New
    );
}

#[tokio::test]
async fn changes_of_two_workers_are_both_kept() {
    let store = Arc::new(MemoryStore::new());
    let (one, two) = (worker(&store, 1), worker(&store, 2));
    for second in 0..4 {
        leave(&one, &["ada"], second, 2).await;
    }
    assert!(one.carry_once().await);
    let (here, there) = (one.mailbox(&id("ada")), two.mailbox(&id("ada")));
    let messages = here.list(Folder::New).await;
    assert_eq!(there.counts().await, counts(4, 0, 8));
    here.mark_saved(&messages[0].id).await.unwrap();
    there.delete(&messages[1].id, at(9)).await.unwrap();
    here.mark_saved(&messages[2].id).await.unwrap();
    assert_eq!(here.counts().await, counts(1, 2, 6));
    there.refresh().await;
    assert_eq!(there.counts().await, counts(1, 2, 6));
}

#[tokio::test]
async fn two_workers_deliver_to_one_mailbox_at_once() {
    let store = Arc::new(MemoryStore::new());
    let (one, two) = (worker(&store, 1), worker(&store, 2));
    leave(&one, &["ada"], 1, 2).await;
    leave(&two, &["ada"], 0, 2).await;
    let (first, second) = tokio::join!(one.carry_once(), two.carry_once());
    assert!(first && second);
    let ada = worker(&store, 3).mailbox(&id("ada"));
    let received: Vec<_> = ada
        .list(Folder::New)
        .await
        .into_iter()
        .map(|message| message.received)
        .collect();
    assert_eq!(received, [at(0), at(1)], "by time");
}

#[tokio::test]
async fn a_message_that_arrives_while_one_is_heard_comes_after_it() {
    let mailboxes = worker(&Arc::new(MemoryStore::new()), 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    let ada = mailboxes.mailbox(&id("ada"));
    let heard = only_new(&ada).await;
    leave(&mailboxes, &["ada"], 1, 2).await;
    assert!(mailboxes.carry_once().await);
    ada.mark_saved(&heard.id).await.unwrap();
    assert_eq!(ada.counts().await, counts(1, 1, 4));
    assert_eq!(only_new(&ada).await.received, at(1));
}

#[tokio::test]
async fn the_last_free_place_goes_to_one_caller() {
    let mailboxes = worker(&Arc::new(MemoryStore::new()), 1);
    let ada = mailboxes.mailbox(&id("ada"));
    leave(&mailboxes, &["ada"], 0, 60).await;
    let Room::Ok { place, max_length } = ada.room(&TWO).await else {
        panic!("one place is free")
    };
    assert_eq!(max_length, Duration::from_mins(5));
    assert!(matches!(ada.room(&TWO).await, Room::Full), "it is held");
    let draft = Draft {
        places: vec![place],
        ..message_to(&["ada"], 1)
    };
    let recording = mailboxes.spool().begin(draft).unwrap();
    assert!(
        matches!(ada.room(&TWO).await, Room::Full),
        "it is being recorded"
    );
    mailboxes.spool().discard(recording).await.unwrap();
    let Room::Ok { place, .. } = ada.room(&TWO).await else {
        panic!("it is free again")
    };
    drop(place);
    assert!(
        matches!(ada.room(&TWO).await, Room::Ok { .. }),
        "a caller who hung up holds nothing"
    );
    leave(&mailboxes, &["ada"], 2, 2).await;
    assert!(
        matches!(ada.room(&TWO).await, Room::Full),
        "promised messages count before they are stored"
    );
}

#[tokio::test]
async fn the_minutes_left_bound_the_length_of_a_message() {
    let mailboxes = worker(&Arc::new(MemoryStore::new()), 1);
    let ada = mailboxes.mailbox(&id("ada"));
    leave(&mailboxes, &["ada"], 0, 50).await;
    let limits = Limits {
        messages: 9,
        total: Duration::from_mins(1),
        message: Duration::from_mins(5),
        shortest: Duration::from_secs(3),
    };
    let Room::Ok { max_length, .. } = ada.room(&limits).await else {
        panic!("ten seconds are left")
    };
    assert_eq!(max_length, Duration::from_secs(10));
    leave(&mailboxes, &["ada"], 1, 7).await;
    assert!(!ada.is_full(&limits).await, "the shortest message has room");
    leave(&mailboxes, &["ada"], 2, 1).await;
    assert!(ada.is_full(&limits).await, "it has none any more");
    assert!(matches!(ada.room(&limits).await, Room::Full));
}

#[tokio::test]
async fn callers_at_once_share_the_minutes_that_are_left() {
    let mailboxes = worker(&Arc::new(MemoryStore::new()), 1);
    let ada = mailboxes.mailbox(&id("ada"));
    let limits = Limits {
        messages: 9,
        total: Duration::from_mins(1),
        message: Duration::from_secs(40),
        shortest: Duration::from_secs(3),
    };
    let granted = async || match ada.room(&limits).await {
        Room::Ok { place, max_length } => Some((place, max_length.as_secs())),
        Room::Full => None,
    };
    let (place, length) = granted().await.unwrap();
    assert_eq!(length, 40);
    let (mut second, length) = granted().await.unwrap();
    assert_eq!(length, 20, "the first one may speak for 40 seconds");
    assert!(granted().await.is_none());
    assert!(!ada.is_full(&limits).await, "it is not the owner's to mend");
    let draft = Draft {
        places: vec![place],
        ..message_to(&["ada"], 0)
    };
    let recording = mailboxes.spool().begin(draft).unwrap();
    assert!(granted().await.is_none(), "he speaks");
    speak(&mailboxes, recording, 10);
    mailboxes.spool().deliver(recording).await.unwrap();
    second.shorten(Duration::from_secs(15));
    let (_third, length) = granted().await.unwrap();
    assert_eq!(length, 35, "he spoke for 10 seconds");
    drop(second);
    assert_eq!(granted().await.unwrap().1, 15, "who hung up holds nothing");
}

#[tokio::test]
async fn trash_expires_and_its_audio_is_swept() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store, 1);
    leave(&mailboxes, &["ada", "bob"], 0, 2).await;
    assert!(mailboxes.carry_once().await);
    let (ada, bob) = (mailboxes.mailbox(&id("ada")), mailboxes.mailbox(&id("bob")));
    let week = Duration::from_hours(7 * 24);
    let audio = async || store.list("audio/", None, 9).await.unwrap().len();
    let mut sweeper = Sweeper::new();
    for (mailbox, audio_left) in [(&ada, 1), (&bob, 0)] {
        let message = only_new(mailbox).await;
        mailbox.delete(&message.id, at(100)).await.unwrap();
        assert_eq!(mailbox.expire(week, at(101)).await.unwrap(), 0);
        assert_eq!(mailbox.trash().await.len(), 1);
        assert_eq!(
            mailbox.expire(week, at(101 + 7 * 24 * 3600)).await.unwrap(),
            1
        );
        assert!(mailbox.restore(&message.id).await.is_err(), "it is gone");
        sweeper.sweep(&mailboxes).await.unwrap();
        assert_eq!(audio().await, 1, "a first look only suspects");
        sweeper.sweep(&mailboxes).await.unwrap();
        assert_eq!(audio().await, audio_left);
    }
}

#[tokio::test]
async fn where_the_trash_keeps_nothing_a_deleted_message_is_gone_at_once() {
    let store = Arc::new(MemoryStore::new());
    let worker = worker(&store, 1);
    for second in [0, 1] {
        leave(&worker, &["ada"], second, 2).await;
    }
    assert!(worker.carry_once().await);
    let ada = worker.mailbox(&id("ada"));
    let new = ada.list(Folder::New).await;
    let (first, second) = (&new[0], &new[1]);
    let day = Duration::from_hours(24);
    ada.discard(&first.id, day, at(9)).await.unwrap();
    assert_eq!(ada.trash().await.len(), 1);
    ada.restore(&first.id).await.unwrap();
    ada.discard(&second.id, Duration::ZERO, at(9))
        .await
        .unwrap();
    assert!(ada.trash().await.is_empty());
    let left = list_all(&*store, "mailboxes/ada/messages/").await.unwrap();
    assert_eq!(left, [format!("mailboxes/ada/messages/{}", first.id)]);
}

#[tokio::test]
async fn sweeping_removes_nothing_that_is_referred_to_or_on_its_way() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store, 1);
    let ada = mailboxes.mailbox(&id("ada"));
    let recording = mailboxes.spool().begin(message_to(&["ada"], 0)).unwrap();
    speak(&mailboxes, recording, 2);
    ada.set_name(&mailboxes.spool().take(recording).await.unwrap(), at(0))
        .await
        .unwrap();
    mailboxes.spool().deliver(recording).await.unwrap();
    // The audio arrives, its record does not.
    store.set_weather(Weather::AwayAfter(1));
    assert!(!mailboxes.carry_once().await);
    store.set_weather(Weather::Fair);
    let mut sweeper = Sweeper::new();
    for _ in 0..3 {
        assert_eq!(sweeper.sweep(&mailboxes).await.unwrap().removed, 0);
    }
    assert!(mailboxes.carry_once().await);
    assert!(ada.audio(&only_new(&ada).await.id).await.is_ok());
    assert!(ada.name().await.unwrap().is_some());
}

#[tokio::test]
async fn what_a_lost_worker_left_half_delivered_is_finished_by_the_sweep() {
    for requests in 1..14 {
        let store = Arc::new(MemoryStore::new());
        let lost = worker(&store, 1);
        leave(&lost, &["ada", "bob"], 0, 2).await;
        store.set_weather(Weather::AwayAfter(requests));
        lost.carry_once().await;
        store.set_weather(Weather::Fair);
        let promised_in_store = !store.list("deliveries/", None, 9).await.unwrap().is_empty();
        let other = worker(&store, 2);
        let mut sweeper = Sweeper::new();
        sweeper.sweep(&other).await.unwrap();
        let touched: Vec<MailboxId> = sweeper.take_touched().into_iter().collect();
        if promised_in_store {
            for name in ["ada", "bob"] {
                only_new(&other.mailbox(&id(name))).await;
            }
            assert_eq!(touched, [id("ada"), id("bob")], "their lamps follow");
            assert!(store.list("deliveries/", None, 9).await.unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn a_lost_index_is_made_again_from_what_lies_beside_it() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store, 1);
    for second in [3, 1, 2] {
        leave(&mailboxes, &["ada"], second, 2).await;
    }
    assert!(mailboxes.carry_once().await);
    let before = mailboxes.mailbox(&id("ada")).list(Folder::New).await;
    for harm in [None, Some("not an index")] {
        store.delete("mailboxes/ada/index").await.unwrap();
        if let Some(bytes) = harm {
            store
                .put(
                    "mailboxes/ada/index",
                    bytes.into(),
                    mailbox::store::Condition::Always,
                )
                .await
                .unwrap();
        }
        let again = worker(&store, 2).mailbox(&id("ada"));
        assert_eq!(again.list(Folder::New).await, before);
    }
}

#[tokio::test]
async fn lost_answers_of_the_store_duplicate_nothing() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store, 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    store.set_weather(Weather::AnswersLost);
    for _ in 0..6 {
        assert!(!mailboxes.carry_once().await);
    }
    store.set_weather(Weather::Fair);
    assert!(mailboxes.carry_once().await);
    only_new(&worker(&store, 2).mailbox(&id("ada"))).await;
}
