//! A prefix belongs to one system: another neither writes nor deletes there.

#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

mod common;

use common::{id, leave, open};
use mailbox::disk::TwinDisk;
use mailbox::store::{Condition, list_all};
use mailbox::{BlobStore, MemoryStore, OwnedStore, Owner, Storage, StoreError, Trouble};
use mailbox::{owner, purge};
use std::sync::Arc;

fn system(uid: &str) -> Owner {
    Owner {
        uid: uid.to_owned(),
        name: "telephony/office".to_owned(),
    }
}

fn taken(owner: &str, claimant: &str) -> StoreError {
    StoreError::PrefixTaken {
        owner: system(owner),
        claimant: system(claimant),
    }
}

#[tokio::test]
async fn the_first_to_claim_has_it_and_another_is_told_whose_it_is() {
    let store = MemoryStore::new();
    assert_eq!(owner::of(&store).await, Ok(None));
    owner::claim(&store, &system("1"), None).await.unwrap();
    owner::claim(&store, &system("1"), None).await.unwrap();
    assert_eq!(
        owner::claim(&store, &system("2"), Some("3")).await,
        Err(taken("1", "2").into())
    );
    owner::claim(&store, &system("2"), Some("1")).await.unwrap();
    assert_eq!(owner::of(&store).await, Ok(Some(system("2"))));
}

#[tokio::test]
async fn of_two_that_claim_at_once_one_has_it() {
    let store = Arc::new(MemoryStore::new());
    let (one, two) = (system("1"), system("2"));
    let claims = tokio::join!(
        owner::claim(&*store, &one, None),
        owner::claim(&*store, &two, None)
    );
    let winner = owner::of(&*store).await.unwrap().unwrap();
    assert_eq!(claims.0.is_ok(), winner == one);
    assert_eq!(claims.1.is_ok(), winner == two);
}

#[tokio::test]
async fn messages_wait_in_the_spool_while_the_prefix_is_anothers() {
    let store = Arc::new(MemoryStore::new());
    owner::claim(&*store, &system("1"), None).await.unwrap();
    let (disk, ours) = (Arc::new(TwinDisk::new()), system("2"));
    let owned = Arc::new(OwnedStore::new(store.clone(), ours.clone(), None));
    let (mailboxes, _announced) = open(owned, disk.clone(), 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    assert!(!mailboxes.carry_once().await);
    let expected = Trouble::PrefixTaken {
        owner: system("1"),
        claimant: system("2"),
    };
    assert_eq!(*mailboxes.storage().borrow(), Storage::Troubled(expected));
    assert_eq!(list_all(&*store, "").await.unwrap(), ["owner"]);
    mailboxes.close().await;

    let adopting = OwnedStore::new(store.clone(), ours, Some("1".into()));
    let (mailboxes, _announced) = open(Arc::new(adopting), disk, 2);
    assert!(mailboxes.carry_once().await);
    assert_eq!(mailboxes.mailbox(&id("ada")).counts().await.new, 1);
    assert_eq!(*mailboxes.storage().borrow(), Storage::Writable);
}

#[tokio::test]
async fn deleting_a_mailbox_leaves_the_others() {
    let store = Arc::new(MemoryStore::new());
    owner::claim(&*store, &system("1"), None).await.unwrap();
    let (mailboxes, _announced) = open(store.clone(), Arc::new(TwinDisk::new()), 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    leave(&mailboxes, &["ada2"], 0, 2).await;
    assert!(mailboxes.carry_once().await);
    assert!(
        purge::mailbox(&*store, &system("1"), &id("ada"))
            .await
            .unwrap()
            > 0
    );
    assert_eq!(
        purge::mailbox(&*store, &system("1"), &id("ada")).await,
        Ok(0)
    );
    for (name, messages) in [("ada", 0), ("ada2", 1)] {
        let mailbox = mailboxes.mailbox(&id(name));
        mailbox.refresh().await;
        assert_eq!(mailbox.counts().await.new, messages, "{name}");
    }
}

#[tokio::test]
async fn deleting_a_system_leaves_what_is_not_its_own() {
    let store = MemoryStore::new();
    let put = async |key: &str| store.put(key, "x".into(), Condition::Always).await.unwrap();
    for number in 0..1100 {
        put(&format!("mailboxes/ada/messages/{number}")).await;
    }
    put("audio/20260101/a").await;
    put("other/owner").await;
    assert_eq!(
        purge::system(&store, &system("1")).await,
        Ok(0),
        "without a mark, nothing is known to be its own"
    );
    owner::claim(&store, &system("1"), None).await.unwrap();
    assert_eq!(
        purge::system(&store, &system("2")).await,
        Err(taken("1", "2"))
    );
    assert_eq!(purge::system(&store, &system("1")).await, Ok(1101));
    assert_eq!(list_all(&store, "").await.unwrap(), ["other/owner"]);
    assert_eq!(purge::system(&store, &system("1")).await, Ok(0));
}
