//! A store that something outside has harmed: what is wrong is named, and put right without losing anything else.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking anywhere")]

mod common;

use bytes::Bytes;
use common::{at, id, leave, only_new, open};
use mailbox::disk::TwinDisk;
use mailbox::inspect::{Finding, Repair, Wrong, inspect, repair};
use mailbox::store::{Condition, list_all};
use mailbox::{BlobStore, Folder, GreetingSlot, Mailboxes, MemoryStore, Sweeper};
use media::codec::Codec;
use media::recording::Recording;
use std::sync::Arc;
use std::time::Duration;

/// Ada and Bob share a message and have one each; Ada has a greeting.
async fn company() -> (Arc<MemoryStore>, Mailboxes) {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = fresh(&store, 1);
    leave(&mailboxes, &["ada", "bob"], 0, 2).await;
    leave(&mailboxes, &["ada"], 1, 2).await;
    leave(&mailboxes, &["bob"], 2, 2).await;
    assert!(mailboxes.carry_once().await);
    let mut greeting = Recording::new(Codec::Pcmu);
    greeting.push(0, &[1; 160]);
    let ada = mailboxes.mailbox(&id("ada"));
    let slot = GreetingSlot::default_slot();
    ada.set_greeting(&slot, &greeting, at(3)).await.unwrap();
    (store, mailboxes)
}

fn fresh(store: &Arc<MemoryStore>, seed: u8) -> Mailboxes {
    open(store.clone(), Arc::new(TwinDisk::new()), seed).0
}

async fn found(store: &Arc<MemoryStore>) -> Vec<Finding> {
    inspect(&**store, Duration::ZERO).await.unwrap()
}

async fn keys(store: &Arc<MemoryStore>, prefix: &str) -> Vec<String> {
    list_all(&**store, prefix).await.unwrap()
}

async fn put(store: &Arc<MemoryStore>, key: &str, bytes: impl Into<Bytes>) {
    let put = store.put(key, bytes.into(), Condition::Always);
    put.await.unwrap();
}

/// Repairs, and says what is still wrong then.
async fn repaired(store: &Arc<MemoryStore>, day: i64) -> Vec<Finding> {
    let findings = found(store).await;
    let mailboxes = fresh(store, 9);
    let now = at(day * 24 * 3600);
    let repairs = repair(&mailboxes, &findings, now).await.unwrap();
    let left = found(store).await;
    let undone = repairs.iter().filter(|it| **it == Repair::Left).count();
    assert_eq!(left.len(), undone, "{findings:?}, then {left:?}");
    left
}

#[tokio::test]
async fn a_store_in_order_has_nothing_wrong() {
    let (store, mailboxes) = company().await;
    assert_eq!(found(&store).await, []);
    let ada = mailboxes.mailbox(&id("ada"));
    let message = ada.list(Folder::New).await.remove(0);
    ada.delete(&message.id, at(9)).await.unwrap();
    assert_eq!(found(&store).await, []);
    put(&store, "owner", "{}").await;
    put(&store, "another/office/owner", "{}").await;
    put(&store, "another/office/mailboxes/x/index", "theirs").await;
    assert_eq!(
        found(&store).await,
        [],
        "another system's is its own business"
    );
}

#[tokio::test]
async fn an_index_that_is_lost_or_harmed_is_made_again() {
    for harm in [None, Some("{\"version\":1,")] {
        let (store, _) = company().await;
        match harm {
            None => store.delete("mailboxes/ada/index").await.unwrap(),
            Some(rubbish) => put(&store, "mailboxes/ada/index", rubbish).await,
        }
        let findings = found(&store).await;
        let lost = Wrong::IndexLost(id("ada"));
        assert!(findings.iter().any(|it| it.wrong == lost), "{findings:?}");
        assert_eq!(repaired(&store, 0).await, []);
        let ada = fresh(&store, 2).mailbox(&id("ada"));
        assert_eq!(ada.list(Folder::New).await.len(), 2);
        assert_eq!(ada.greetings().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_message_whose_recording_is_gone_is_named_and_then_removed() {
    let (store, _) = company().await;
    let audio = keys(&store, "audio/").await;
    let shared = fresh(&store, 2)
        .mailbox(&id("bob"))
        .list(Folder::New)
        .await
        .remove(0);
    let shared = audio
        .iter()
        .find(|key| key.contains(shared.audio.as_str()))
        .unwrap();
    store.delete(shared).await.unwrap();
    let own = keys(&store, "mailboxes/ada/messages/").await;
    for key in own {
        store.delete(&key).await.unwrap();
    }
    let findings = found(&store).await;
    let without = |it: &&Finding| matches!(it.wrong, Wrong::AudioMissing(..));
    assert_eq!(findings.iter().filter(without).count(), 3, "{findings:?}");
    assert!(
        findings[0].to_string().contains("backup"),
        "{}",
        findings[0]
    );
    assert_eq!(repaired(&store, 0).await, []);
    let mailboxes = fresh(&store, 3);
    assert_eq!(mailboxes.mailbox(&id("ada")).counts().await.new, 0);
    assert!(only_new(&mailboxes.mailbox(&id("bob"))).await.received == at(2));
}

#[tokio::test]
async fn a_record_that_is_gone_is_written_again() {
    let (store, _) = company().await;
    let bob = fresh(&store, 2).mailbox(&id("bob"));
    let shared = bob.list(Folder::New).await.remove(0);
    let record = format!("mailboxes/bob/messages/{}", shared.id);
    store.delete(&record).await.unwrap();
    let missing = Wrong::RecordMissing(id("bob"), shared.id.clone());
    let key = record.clone();
    assert_eq!(
        found(&store).await,
        [Finding {
            key,
            wrong: missing
        }]
    );
    assert_eq!(repaired(&store, 0).await, []);
    store.delete("mailboxes/bob/index").await.unwrap();
    let bob = fresh(&store, 3).mailbox(&id("bob"));
    assert_eq!(
        bob.list(Folder::New).await.len(),
        2,
        "it is there for a rebuild"
    );
}

#[tokio::test]
async fn a_recording_that_nobody_refers_to_goes_when_it_is_a_week_old() {
    let (store, _) = company().await;
    // 15 January 2027 is the day of `at(0)`.
    put(&store, "audio/20270115/20270115-lost", "sound").await;
    let orphan = Wrong::Orphan("20270115".to_owned());
    let left = repaired(&store, 6).await;
    assert_eq!(
        left.iter().map(|it| &it.wrong).collect::<Vec<_>>(),
        [&orphan]
    );
    let will_pass = |day: i64| left.iter().all(|it| it.will_pass(at(day * 24 * 3600)));
    assert!(will_pass(6), "a worker removes it");
    assert!(!will_pass(9), "no worker has");
    assert_eq!(repaired(&store, 9).await, []);
    assert_eq!(keys(&store, "audio/20270115/20270115-lost").await.len(), 0);
    assert_eq!(found(&store).await, [], "what is referred to stays");
}

#[tokio::test]
async fn harmed_and_foreign_objects_are_named_and_left_alone() {
    let (store, _) = company().await;
    let record = keys(&store, "mailboxes/bob/messages/").await.pop().unwrap();
    let mut bytes = store.get(&record).await.unwrap().unwrap().bytes.to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 0xff;
    put(&store, &record, bytes).await;
    put(&store, "mailboxes/ada/messages/m0", "no record").await;
    put(&store, "mailboxes/ada/DS_Store", "finder").await;
    put(&store, "notes.txt", "somebody's").await;
    let before = found(&store).await;
    let wrong: Vec<&str> = before.iter().map(|it| it.key.as_str()).collect();
    let mut expected = vec![
        "mailboxes/ada/DS_Store",
        "mailboxes/ada/messages/m0",
        "notes.txt",
    ];
    expected.push(&record);
    expected.sort_unstable();
    assert_eq!(wrong, expected, "{before:?}");
    assert_eq!(repaired(&store, 99).await, before);
}

#[tokio::test]
async fn a_sweep_counts_what_is_damaged_and_the_rest_of_the_mailbox_works() {
    let (store, _) = company().await;
    put(&store, "mailboxes/ada/messages/m0", "no record").await;
    put(&store, "mailboxes/ada/messages.old", "foreign").await;
    put(&store, "audio/loose", "foreign").await;
    let mailboxes = fresh(&store, 2);
    let mut sweeper = Sweeper::new();
    for _ in 0..3 {
        let swept = sweeper.sweep(&mailboxes).await.unwrap();
        assert_eq!((swept.delivered, swept.removed, swept.damaged), (0, 0, 3));
    }
    let ada = mailboxes.mailbox(&id("ada"));
    assert_eq!(ada.list(Folder::New).await.len(), 2);
    assert_eq!(
        keys(&store, "audio/loose").await.len(),
        1,
        "it is none of ours"
    );
}

#[tokio::test]
async fn what_is_only_wrong_for_a_moment_is_not_told() {
    let (store, mailboxes) = company().await;
    store.delete("mailboxes/ada/index").await.unwrap();
    let settle = Duration::from_secs(2);
    let looking = inspect(&*store, settle);
    // What a running worker does in the meantime.
    let mending = async {
        tokio::task::yield_now().await;
        let ada = mailboxes.mailbox(&id("ada"));
        ada.refresh().await;
        ada.counts().await
    };
    let (findings, _) = tokio::join!(looking, mending);
    assert_eq!(findings.unwrap(), []);
}
