//! Everything of a store carried into another: nothing is lost or doubled, also where it is cut off, done again, or the target in use.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking anywhere")]

mod common;

use common::{at, id, leave, open};
use mailbox::copy::{Copied, copy, remove};
use mailbox::disk::TwinDisk;
use mailbox::inspect::{Wrong, inspect};
use mailbox::store::{Condition, list_all};
use mailbox::{BlobStore, Folder, GreetingSlot, Mailbox, Mailboxes, MemoryStore};
use media::codec::Codec;
use media::recording::Recording;
use std::sync::Arc;
use std::time::Duration;

/// Bob has a new message, Ada a new one, which is his too, a saved one, a deleted one, and a greeting; and there is a file for all.
async fn company() -> (Arc<MemoryStore>, Mailboxes) {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = fresh(&store, 1);
    leave(&mailboxes, &["ada", "bob"], 0, 2).await;
    leave(&mailboxes, &["ada"], 1, 2).await;
    leave(&mailboxes, &["ada"], 2, 2).await;
    assert!(mailboxes.carry_once().await);
    let ada = mailboxes.mailbox(&id("ada"));
    let new = ada.list(Folder::New).await;
    ada.mark_saved(&new[1].id).await.unwrap();
    ada.delete(&new[2].id, at(9)).await.unwrap();
    greet(&ada, 1).await;
    let files = mailboxes.files();
    files.write("open.wav", "a greeting".into()).await.unwrap();
    (store, mailboxes)
}

fn fresh(store: &Arc<MemoryStore>, seed: u8) -> Mailboxes {
    open(store.clone(), Arc::new(TwinDisk::new()), seed).0
}

async fn greet(mailbox: &Mailbox, sound: u8) {
    let mut greeting = Recording::new(Codec::Pcmu);
    greeting.push(0, &[sound; 160]);
    let slot = GreetingSlot::default_slot();
    let done = mailbox.set_greeting(&slot, &greeting, at(3));
    done.await.unwrap();
}

/// What a greeting says.
async fn greeting(mailbox: &Mailbox) -> Vec<u8> {
    let greeting = mailbox.greeting(&GreetingSlot::default_slot()).await;
    greeting.unwrap().unwrap().to_bytes()
}

/// New, saved and deleted messages.
async fn counts(mailboxes: &Mailboxes, name: &str) -> [usize; 3] {
    let mailbox = mailboxes.mailbox(&id(name));
    mailbox.refresh().await;
    let new = mailbox.list(Folder::New).await.len();
    let saved = mailbox.list(Folder::Saved).await.len();
    [new, saved, mailbox.trash().await.len()]
}

async fn is_in_order(store: &Arc<MemoryStore>) {
    let mut findings = inspect(&**store, Duration::ZERO).await.unwrap();
    // What the copy of the states is there for is the index, and the next change writes it.
    findings.retain(|it| !matches!(it.wrong, Wrong::StatesDiffer(_)));
    assert_eq!(findings, []);
}

#[tokio::test]
async fn an_empty_store_has_everything_then_and_twice_makes_no_difference() {
    let (source, before) = company().await;
    let target = Arc::new(MemoryStore::new());
    let copied = copy(&*source, &fresh(&target, 2)).await.unwrap();
    let expected = Copied {
        mailboxes: 2,
        messages: 4,
        greetings: 1,
        files: 1,
        ..Copied::default()
    };
    assert_eq!(copied, expected);
    let after = fresh(&target, 3);
    for name in ["ada", "bob"] {
        assert_eq!(counts(&after, name).await, counts(&before, name).await);
    }
    let (ada, was) = (after.mailbox(&id("ada")), before.mailbox(&id("ada")));
    for message in was.list(Folder::New).await {
        let (heard, said) = (ada.audio(&message.id).await, was.audio(&message.id).await);
        assert_eq!(heard.unwrap().to_bytes(), said.unwrap().to_bytes());
    }
    assert_eq!(greeting(&ada).await, greeting(&was).await);
    is_in_order(&target).await;
    let keys = list_all(&*target, "").await.unwrap();
    let again = copy(&*source, &fresh(&target, 4)).await.unwrap();
    let nothing = Copied {
        mailboxes: 2,
        ..Copied::default()
    };
    assert_eq!(again, nothing);
    assert_eq!(list_all(&*target, "").await.unwrap(), keys);
}

#[tokio::test]
async fn what_the_target_has_and_its_owners_have_done_there_holds() {
    let (source, _before) = company().await;
    let target = Arc::new(MemoryStore::new());
    let worker = fresh(&target, 2);
    leave(&worker, &["ada"], 60, 2).await;
    assert!(worker.carry_once().await);
    let ada = worker.mailbox(&id("ada"));
    greet(&ada, 7).await;
    let hers = greeting(&ada).await;
    copy(&*source, &fresh(&target, 3)).await.unwrap();
    assert_eq!(counts(&worker, "ada").await, [2, 1, 1]);
    assert_eq!(greeting(&ada).await, hers);

    let restored = ada.trash().await.remove(0);
    ada.restore(&restored.id).await.unwrap();
    let heard = ada.list(Folder::New).await.remove(0);
    ada.mark_saved(&heard.id).await.unwrap();
    let now = counts(&worker, "ada").await;
    copy(&*source, &fresh(&target, 4)).await.unwrap();
    assert_eq!(counts(&worker, "ada").await, now);
    is_in_order(&target).await;
}

#[tokio::test]
async fn a_worker_that_knew_the_mailbox_before_loses_nothing() {
    let (source, _before) = company().await;
    let target = Arc::new(MemoryStore::new());
    let worker = fresh(&target, 2);
    let ada = worker.mailbox(&id("ada"));
    assert_eq!(ada.counts().await.new, 0, "it has looked");
    copy(&*source, &fresh(&target, 3)).await.unwrap();
    leave(&worker, &["ada"], 60, 2).await;
    assert!(worker.carry_once().await);
    assert_eq!(counts(&worker, "ada").await, [2, 1, 1]);
    is_in_order(&target).await;
}

#[tokio::test]
async fn the_next_sweep_finds_what_was_carried_and_its_owner_is_told() {
    let (source, _before) = company().await;
    let target = Arc::new(MemoryStore::new());
    let worker = fresh(&target, 2);
    let ada = worker.mailbox(&id("ada"));
    assert_eq!(ada.counts().await.new, 0, "it has looked");
    copy(&*source, &fresh(&target, 3)).await.unwrap();
    let mut sweeper = mailbox::Sweeper::new();
    sweeper.sweep(&worker).await.unwrap();
    assert!(sweeper.take_touched().contains(&id("ada")));
    assert_eq!(ada.counts().await.new, 1);
    sweeper.sweep(&worker).await.unwrap();
    assert!(
        sweeper.take_touched().is_empty(),
        "nothing has changed since"
    );
}

#[tokio::test]
async fn wherever_it_is_cut_off_the_next_brings_the_rest() {
    use mailbox::store::Weather;
    let (source, before) = company().await;
    for step in 0.. {
        let target = Arc::new(MemoryStore::new());
        target.set_weather(Weather::AwayAfter(step));
        let done = copy(&*source, &fresh(&target, 2)).await.is_ok();
        target.set_weather(Weather::Fair);
        // The worker of the target may sweep in between, and finds messages without an index.
        let mut sweeper = mailbox::Sweeper::new();
        sweeper.sweep(&fresh(&target, 5)).await.unwrap();
        copy(&*source, &fresh(&target, 3)).await.unwrap();
        let after = fresh(&target, 4);
        assert_eq!(counts(&after, "ada").await, counts(&before, "ada").await);
        assert_eq!(counts(&after, "bob").await, [1, 0, 0], "step {step}");
        is_in_order(&target).await;
        if done {
            assert!(step > 10, "something was asked of the target");
            return;
        }
    }
}

#[tokio::test]
async fn a_message_without_its_recording_is_named_and_the_rest_is_carried() {
    let (source, before) = company().await;
    let new = before.mailbox(&id("ada")).list(Folder::New).await;
    for key in list_all(&*source, "audio/").await.unwrap() {
        if key.ends_with(new[0].audio.as_str()) {
            source.delete(&key).await.unwrap();
        }
    }
    let saved = before.mailbox(&id("ada")).list(Folder::Saved).await;
    let record = format!("mailboxes/ada/messages/{}", saved[0].id);
    source.delete(&record).await.unwrap();
    let target = Arc::new(MemoryStore::new());
    let copied = copy(&*source, &fresh(&target, 2)).await.unwrap();
    assert_eq!(copied.missing.len(), 2, "{:?}", copied.missing);
    assert!(copied.missing.contains(&record));
    let after = fresh(&target, 3);
    assert_eq!(counts(&after, "ada").await, [0, 0, 1]);
    assert_eq!(counts(&after, "bob").await, [0, 0, 0]);
    is_in_order(&target).await;
}

#[tokio::test]
async fn where_the_index_of_the_source_is_lost_its_records_tell() {
    let (source, before) = company().await;
    let expected = counts(&before, "ada").await;
    source.delete("mailboxes/ada/index").await.unwrap();
    let target = Arc::new(MemoryStore::new());
    copy(&*source, &fresh(&target, 2)).await.unwrap();
    assert_eq!(counts(&fresh(&target, 3), "ada").await, expected);
    assert!(source.get("mailboxes/ada/index").await.unwrap().is_none());
    is_in_order(&target).await;
}

#[tokio::test]
async fn a_message_on_its_way_to_several_arrives_from_the_target() {
    let (source, _before) = company().await;
    // As a worker leaves it that was lost after its promise and before any mailbox had the message.
    let on_its_way = fresh(&source, 5);
    leave(&on_its_way, &["bob", "eve"], 30, 2).await;
    assert!(on_its_way.carry_once().await);
    let bob = on_its_way.mailbox(&id("bob"));
    let message = bob.list(Folder::New).await.pop().unwrap();
    let promise = format!("deliveries/{}", message.id);
    let key = format!("mailboxes/eve/messages/{}", message.id);
    let record = source.get(&key).await.unwrap().unwrap().bytes;
    let mut record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    record["recipients"] = serde_json::json!(["bob", "eve"]);
    let record = record.to_string();
    let put = source.put(&promise, record.into(), Condition::Always);
    put.await.unwrap();
    for key in list_all(&*source, "mailboxes/eve/").await.unwrap() {
        source.delete(&key).await.unwrap();
    }
    let target = Arc::new(MemoryStore::new());
    copy(&*source, &fresh(&target, 6)).await.unwrap();
    let worker = fresh(&target, 7);
    let found = inspect(&*target, Duration::ZERO).await.unwrap();
    assert!(matches!(&found[..], [it] if it.wrong == Wrong::Undelivered));
    mailbox::Sweeper::new().sweep(&worker).await.unwrap();
    assert_eq!(counts(&worker, "eve").await, [1, 0, 0]);
    assert_eq!(counts(&worker, "bob").await, [2, 0, 0]);
    is_in_order(&target).await;
}

#[tokio::test]
async fn what_is_removed_from_the_source_is_all_that_the_target_has() {
    let (source, before) = company().await;
    let expected = counts(&before, "ada").await;
    let put = source.put("mailboxes/ada/notes.txt", "x".into(), Condition::Always);
    put.await.unwrap();
    let target = Arc::new(MemoryStore::new());
    let to = fresh(&target, 2);
    let files = to.files();
    files.write("open.wav", "another".into()).await.unwrap();
    let copied = copy(&*source, &to).await.unwrap();
    assert_eq!(copied.differing.len(), 1);
    assert!(remove(&*source, &copied).await.unwrap() > 0);
    assert_eq!(
        list_all(&*source, "").await.unwrap(),
        ["files/open.wav", "mailboxes/ada/notes.txt"]
    );
    let other = files.read("open.wav").await.unwrap().unwrap().bytes;
    assert_eq!(other, "another");
    assert_eq!(counts(&fresh(&target, 3), "ada").await, expected);
}

#[tokio::test]
async fn a_removal_that_is_cut_off_leaves_nothing_that_comes_back_changed() {
    use mailbox::store::Weather;
    for step in 0.. {
        let (source, before) = company().await;
        let expected = counts(&before, "ada").await;
        let target = Arc::new(MemoryStore::new());
        let copied = copy(&*source, &fresh(&target, 2)).await.unwrap();
        source.set_weather(Weather::AwayAfter(step));
        let done = remove(&*source, &copied).await.is_ok();
        source.set_weather(Weather::Fair);
        copy(&*source, &fresh(&target, 3)).await.unwrap();
        assert_eq!(counts(&fresh(&target, 4), "ada").await, expected);
        is_in_order(&target).await;
        if done {
            return;
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_so_is_a_greeting_that_is_another_there() {
    let (source, before) = company().await;
    for key in ["deliveries/torn", "mailboxes/ada/messages/torn"] {
        let torn = source.put(key, "{".into(), Condition::IfAbsent);
        torn.await.unwrap();
    }
    let target = Arc::new(MemoryStore::new());
    greet(&fresh(&target, 2).mailbox(&id("ada")), 7).await;
    let copied = copy(&*source, &fresh(&target, 3)).await.unwrap();
    let unreadable: Vec<_> = copied.unreadable.iter().collect();
    assert_eq!(
        unreadable,
        ["deliveries/torn", "mailboxes/ada/messages/torn"]
    );
    assert_eq!(copied.differing.len(), 2, "{copied:?}");
    // Whoever wants it can still hear it there.
    let said = greeting(&before.mailbox(&id("ada"))).await;
    remove(&*source, &copied).await.unwrap();
    let left = list_all(&*source, "").await.unwrap();
    assert!(copied.differing.iter().all(|it| left.contains(it)));
    let mut sounds = Vec::new();
    for key in &copied.differing {
        sounds.extend(source.get(key).await.unwrap());
    }
    assert!(sounds.iter().any(|sound| sound.bytes == said));
}
