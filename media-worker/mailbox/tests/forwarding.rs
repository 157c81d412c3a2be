//! Forwarding: the recording is an introduction to a message that is in somebody's mailbox.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code outside of a test function"
)]

mod common;

use common::{at, id, leave, message_to, only_new, open, outside, speak};
use mailbox::disk::TwinDisk;
use mailbox::store::Weather;
use mailbox::{
    BlobStore, Draft, DraftKind, Folder, Forwarded, Mailboxes, MemoryStore, Message, Promise,
    Sender, Sweeper,
};
use std::sync::Arc;
use std::time::Duration;

fn worker(store: &Arc<MemoryStore>) -> Mailboxes {
    open(store.clone(), Arc::new(TwinDisk::new()), 1).0
}

fn user(name: &str) -> Sender {
    Sender::Internal {
        user: name.to_owned(),
        extension: "100".to_owned(),
        name: name.to_owned(),
    }
}

/// `from` forwards his message to these, with an introduction of so many seconds.
async fn forward(
    mailboxes: &Mailboxes,
    from: &str,
    message: &Message,
    to: &[&str],
    seconds: u32,
) -> Promise {
    let draft = message_to(to, 100);
    let DraftKind::Message(mut delivery) = draft.kind else {
        panic!("it is a message");
    };
    delivery.sender = user(from);
    delivery.forwards = Some(Forwarded {
        from: id(from),
        message: message.clone(),
    });
    let draft = Draft {
        kind: DraftKind::Message(delivery),
        ..draft
    };
    let recording = mailboxes.spool().begin(draft).unwrap();
    speak(mailboxes, recording, seconds);
    mailboxes.spool().deliver(recording).await.unwrap()
}

/// What this mailbox hears of its only message: how long each introduction is, and the message.
async fn heard(mailboxes: &Mailboxes, name: &str) -> Vec<u64> {
    let mailbox = mailboxes.mailbox(&id(name));
    let message = only_new(&mailbox).await;
    let mut heard = Vec::new();
    for introduction in &message.introductions {
        let words = mailbox.recording(&introduction.audio).await.unwrap();
        assert_eq!(words.duration(), introduction.duration);
        heard.push(words.duration().as_secs());
    }
    let audio = mailbox.audio(&message.id).await.unwrap();
    assert_eq!(audio.duration(), message.duration);
    heard.push(audio.duration().as_secs());
    heard
}

async fn ada_has_one(mailboxes: &Mailboxes) -> Message {
    leave(mailboxes, &["ada"], 0, 6).await;
    only_new(&mailboxes.mailbox(&id("ada"))).await
}

#[tokio::test]
async fn an_introduction_is_heard_before_the_message_wherever_both_are() {
    // In the spool both; the message stored; both stored.
    for (before, after) in [(false, false), (true, false), (false, true), (true, true)] {
        let mailboxes = worker(&Arc::new(MemoryStore::new()));
        let message = ada_has_one(&mailboxes).await;
        if before {
            assert!(mailboxes.carry_once().await);
        }
        forward(&mailboxes, "ada", &message, &["bob", "eve"], 3).await;
        if after {
            assert!(mailboxes.carry_once().await);
        }
        for name in ["bob", "eve"] {
            assert_eq!(heard(&mailboxes, name).await, [3, 6], "{before} {after}");
        }
        let bobs = only_new(&mailboxes.mailbox(&id("bob"))).await;
        assert_eq!((&bobs.sender, bobs.left), (&outside(), Some(at(0))));
        assert_eq!(bobs.received, at(100));
        assert_eq!(bobs.introductions[0].by, user("ada"));
    }
}

#[tokio::test]
async fn its_audio_is_stored_once_however_many_get_it() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store);
    let message = ada_has_one(&mailboxes).await;
    forward(&mailboxes, "ada", &message, &["bob", "eve", "joe"], 3).await;
    assert!(mailboxes.carry_once().await);
    let audio = async || store.list("audio/", None, 99).await.unwrap().len();
    assert_eq!(audio().await, 2, "the message and the introduction");
    let bobs = only_new(&mailboxes.mailbox(&id("bob"))).await;
    forward(&mailboxes, "bob", &bobs, &["amy", "kim"], 2).await;
    assert!(mailboxes.carry_once().await);
    assert_eq!(audio().await, 3, "what several may refer to is not copied");
}

#[tokio::test]
async fn each_forwarders_words_are_kept_the_last_ones_first() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store);
    let message = ada_has_one(&mailboxes).await;
    forward(&mailboxes, "ada", &message, &["bob"], 3).await;
    let bobs = only_new(&mailboxes.mailbox(&id("bob"))).await;
    forward(&mailboxes, "bob", &bobs, &["eve"], 2).await;
    assert_eq!(heard(&mailboxes, "eve").await, [2, 3, 6], "from the spool");
    assert!(mailboxes.carry_once().await);
    let again = open(store, Arc::new(TwinDisk::new()), 2).0;
    assert_eq!(heard(&again, "eve").await, [2, 3, 6], "from the store");
    let eves = only_new(&again.mailbox(&id("eve"))).await;
    assert_eq!((eves.left, eves.sender), (Some(at(0)), outside()));
}

#[tokio::test]
async fn what_is_forwarded_outlasts_the_message_of_who_forwarded_it() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store);
    let message = ada_has_one(&mailboxes).await;
    assert!(mailboxes.carry_once().await);
    forward(&mailboxes, "ada", &message, &["bob"], 3).await;
    let ada = mailboxes.mailbox(&id("ada"));
    ada.delete(&message.id, at(200)).await.unwrap();
    // Not while it is needed, and then for good.
    assert_eq!(ada.expire(Duration::ZERO, at(300)).await.unwrap(), 0);
    assert_eq!(heard(&mailboxes, "bob").await, [3, 6]);
    assert!(mailboxes.carry_once().await);
    assert_eq!(ada.expire(Duration::ZERO, at(300)).await.unwrap(), 1);
    let mut sweeper = Sweeper::new();
    for _ in 0..3 {
        sweeper.sweep(&mailboxes).await.unwrap();
    }
    assert_eq!(heard(&mailboxes, "bob").await, [3, 6]);
}

#[tokio::test]
async fn errors_half_way_through_a_forward_lose_and_double_nothing() {
    for requests in 1..30 {
        let store = Arc::new(MemoryStore::new());
        let mailboxes = worker(&store);
        let message = ada_has_one(&mailboxes).await;
        assert!(mailboxes.carry_once().await);
        forward(&mailboxes, "ada", &message, &["bob", "eve"], 3).await;
        store.set_weather(Weather::AwayAfter(requests));
        mailboxes.carry_once().await;
        store.set_weather(Weather::Fair);
        assert!(mailboxes.carry_once().await, "after {requests}");
        for name in ["bob", "eve"] {
            mailboxes.mailbox(&id(name)).refresh().await;
            assert_eq!(heard(&mailboxes, name).await, [3, 6], "after {requests}");
        }
    }
}

#[tokio::test]
async fn a_forward_survives_a_crash_before_it_was_carried() {
    let store = Arc::new(MemoryStore::new());
    let disk = Arc::new(TwinDisk::new());
    let (mailboxes, _delivered) = open(store.clone(), disk.clone(), 1);
    let message = ada_has_one(&mailboxes).await;
    forward(&mailboxes, "ada", &message, &["bob"], 3).await;
    mailboxes.close().await;
    disk.restart(|_| 0);
    let (mailboxes, _delivered) = open(store, disk, 2);
    assert_eq!(heard(&mailboxes, "bob").await, [3, 6], "from the spool");
    assert!(mailboxes.carry_once().await);
    assert_eq!(heard(&mailboxes, "bob").await, [3, 6], "from the store");
}

#[tokio::test]
async fn when_the_message_is_gone_with_its_owner_the_words_about_it_arrive() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store);
    let message = ada_has_one(&mailboxes).await;
    assert!(mailboxes.carry_once().await);
    forward(&mailboxes, "ada", &message, &["bob"], 3).await;
    for key in store.list("mailboxes/ada/", None, 99).await.unwrap() {
        store.delete(&key).await.unwrap();
    }
    assert!(mailboxes.carry_once().await, "it is not tried for ever");
    let bob = mailboxes.mailbox(&id("bob"));
    let bobs = only_new(&bob).await;
    assert!(bob.audio(&bobs.id).await.is_err());
    let words = bob.recording(&bobs.introductions[0].audio).await.unwrap();
    assert_eq!(words.duration(), Duration::from_secs(3));
}

#[tokio::test]
async fn the_store_may_be_away_all_the_while() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store);
    store.set_weather(Weather::Away);
    let message = ada_has_one(&mailboxes).await;
    forward(&mailboxes, "ada", &message, &["bob"], 3).await;
    assert_eq!(heard(&mailboxes, "bob").await, [3, 6]);
    store.set_weather(Weather::Fair);
    assert!(mailboxes.carry_once().await);
    let bob = mailboxes.mailbox(&id("bob"));
    bob.refresh().await;
    assert_eq!(bob.list(Folder::New).await.len(), 1);
    assert_eq!(heard(&mailboxes, "bob").await, [3, 6]);
}
