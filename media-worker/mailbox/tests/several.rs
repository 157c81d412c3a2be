//! A message to many: one sync before the promise, audio stored once, each with his own message.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code outside of a test function"
)]

mod common;

use common::{at, id, message_to, only_new, open, speak};
use mailbox::disk::TwinDisk;
use mailbox::store::Weather;
use mailbox::{
    BlobStore, Draft, DraftKind, Folder, Limits, Mailboxes, MailboxesOptions, MemoryStore, Room,
};
use std::sync::Arc;
use std::time::Duration;

fn worker(store: &Arc<MemoryStore>) -> Mailboxes {
    open(store.clone(), Arc::new(TwinDisk::new()), 1).0
}

/// A message to `people`, for the last of whom it may be `most` long.
fn bounded(people: &[&str], most: Duration) -> Draft {
    let draft = message_to(people, 0);
    let DraftKind::Message(mut delivery) = draft.kind else {
        panic!("it is a message");
    };
    let last = delivery.recipients.last().unwrap().clone();
    delivery.most.insert(last, most);
    Draft {
        kind: DraftKind::Message(delivery),
        ..draft
    }
}

async fn all_keys(store: &MemoryStore, prefix: &str) -> Vec<String> {
    store.list(prefix, None, 5000).await.unwrap()
}

#[tokio::test]
async fn a_message_to_a_thousand_is_synced_once_stored_once_and_reaches_each() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let mut options = MailboxesOptions::new([1; 32]);
    // Only a promise is synced.
    options.spool.commit_every = Duration::from_hours(1);
    let (mailboxes, mut delivered) = Mailboxes::open(store.clone(), disk.clone(), options).unwrap();
    let names: Vec<String> = (0..1000).map(|number| format!("user{number}")).collect();
    let people: Vec<&str> = names.iter().map(String::as_str).collect();
    let recording = mailboxes.spool().begin(message_to(&people, 0)).unwrap();
    speak(&mailboxes, recording, 2);
    let before = disk.syncs();
    let promise = mailboxes.spool().deliver(recording).await.unwrap();
    assert_eq!(disk.syncs() - before, 1);
    assert!(promise.left_out.is_empty());
    let mut told = 0;
    while let Ok(one) = delivered.try_recv() {
        assert_eq!(one.message, promise.message);
        told += 1;
    }
    assert_eq!(told, 1000, "every lamp is told");
    assert!(mailboxes.carry_once().await);
    assert_eq!(all_keys(&store, "audio/").await.len(), 1);
    assert!(all_keys(&store, "deliveries/").await.is_empty());
    for name in &people {
        let mailbox = mailboxes.mailbox(&id(name));
        assert_eq!(only_new(&mailbox).await.id, promise.message);
    }
    let last = mailboxes.mailbox(&id("user999"));
    let heard = last.audio(&promise.message).await.unwrap();
    assert_eq!(heard.duration(), Duration::from_secs(2));
}

#[tokio::test]
async fn the_records_beside_the_indexes_do_not_name_the_other_recipients() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store);
    let recording = mailboxes
        .spool()
        .begin(message_to(&["ada", "bob"], 0))
        .unwrap();
    speak(&mailboxes, recording, 2);
    mailboxes.spool().deliver(recording).await.unwrap();
    assert!(mailboxes.carry_once().await);
    let [key] = &all_keys(&store, "mailboxes/ada/messages/").await[..] else {
        panic!("one record");
    };
    let record = store.get(key).await.unwrap().unwrap();
    let record = String::from_utf8_lossy(&record.bytes).into_owned();
    assert!(
        record.contains("ada") && !record.contains("bob"),
        "{record}"
    );
}

#[tokio::test]
async fn who_takes_less_than_was_said_is_named_and_gets_none() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store);
    let draft = bounded(&["ada", "bob"], Duration::from_secs(5));
    let recording = mailboxes.spool().begin(draft).unwrap();
    speak(&mailboxes, recording, 8);
    let promise = mailboxes.spool().deliver(recording).await.unwrap();
    assert_eq!(promise.left_out, [id("bob")]);
    let (ada, bob) = (mailboxes.mailbox(&id("ada")), mailboxes.mailbox(&id("bob")));
    for stored in [false, true] {
        if stored {
            assert!(mailboxes.carry_once().await);
        }
        only_new(&ada).await;
        assert!(bob.list(Folder::New).await.is_empty());
    }
}

#[tokio::test]
async fn who_takes_as_much_as_was_said_gets_it() {
    let mailboxes = worker(&Arc::new(MemoryStore::new()));
    let draft = bounded(&["ada", "bob"], Duration::from_secs(8));
    let recording = mailboxes.spool().begin(draft).unwrap();
    speak(&mailboxes, recording, 8);
    let promise = mailboxes.spool().deliver(recording).await.unwrap();
    assert!(promise.left_out.is_empty());
    only_new(&mailboxes.mailbox(&id("bob"))).await;
}

#[tokio::test]
async fn who_was_left_out_stays_so_after_a_crash() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _delivered) = open(store.clone(), disk.clone(), 1);
    let draft = bounded(&["ada", "bob"], Duration::from_secs(5));
    let recording = mailboxes.spool().begin(draft).unwrap();
    speak(&mailboxes, recording, 8);
    mailboxes.spool().deliver(recording).await.unwrap();
    mailboxes.close().await;
    disk.restart(|_| 0);
    let (mailboxes, _delivered) = open(store, disk, 2);
    assert!(mailboxes.carry_once().await);
    only_new(&mailboxes.mailbox(&id("ada"))).await;
    let bob = mailboxes.mailbox(&id("bob"));
    assert!(bob.list(Folder::New).await.is_empty());
}

#[tokio::test]
async fn places_are_held_in_every_mailbox_until_the_message_is_decided() {
    let mailboxes = worker(&Arc::new(MemoryStore::new()));
    let one = Limits {
        messages: 1,
        total: Duration::from_mins(10),
        message: Duration::from_mins(5),
        shortest: Duration::from_secs(1),
    };
    let place = async |who: &str| match mailboxes.mailbox(&id(who)).room(&one).await {
        Room::Ok { place, .. } => Some(place),
        Room::Full => None,
    };
    let places = vec![place("ada").await.unwrap(), place("bob").await.unwrap()];
    assert!(place("ada").await.is_none() && place("bob").await.is_none());
    let draft = Draft {
        places,
        ..message_to(&["ada", "bob"], 0)
    };
    let recording = mailboxes.spool().begin(draft).unwrap();
    assert!(place("ada").await.is_none() && place("bob").await.is_none());
    mailboxes.spool().discard(recording).await.unwrap();
    assert!(place("ada").await.is_some() && place("bob").await.is_some());
}

#[tokio::test]
async fn half_way_through_the_fan_out_nobody_is_lost_and_nobody_gets_two() {
    for requests in 1..40 {
        let store = Arc::new(MemoryStore::new());
        let mailboxes = worker(&store);
        let people = ["ada", "bob", "eve", "joe"];
        let recording = mailboxes.spool().begin(message_to(&people, 0)).unwrap();
        speak(&mailboxes, recording, 2);
        mailboxes.spool().deliver(recording).await.unwrap();
        store.set_weather(Weather::AwayAfter(requests));
        mailboxes.carry_once().await;
        store.set_weather(Weather::Fair);
        assert!(mailboxes.carry_once().await, "after {requests}");
        assert_eq!(all_keys(&store, "audio/").await.len(), 1);
        for name in people {
            let mailbox = mailboxes.mailbox(&id(name));
            mailbox.refresh().await;
            only_new(&mailbox).await;
        }
    }
}

#[tokio::test]
async fn one_who_deletes_his_leaves_that_of_the_others() {
    let mailboxes = worker(&Arc::new(MemoryStore::new()));
    let recording = mailboxes
        .spool()
        .begin(message_to(&["ada", "bob"], 0))
        .unwrap();
    speak(&mailboxes, recording, 2);
    let promise = mailboxes.spool().deliver(recording).await.unwrap();
    mailboxes
        .mailbox(&id("ada"))
        .delete(&promise.message, at(5))
        .await
        .unwrap();
    assert!(mailboxes.carry_once().await);
    let ada = mailboxes.mailbox(&id("ada"));
    assert!(ada.list(Folder::New).await.is_empty());
    assert_eq!(ada.trash().await.len(), 1);
    only_new(&mailboxes.mailbox(&id("bob"))).await;
}
