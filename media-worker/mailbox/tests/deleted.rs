//! A mailbox that was deleted with its owner does not come back.

mod common;

use common::{id, leave, only_new, open};
use mailbox::disk::TwinDisk;
use mailbox::{BlobStore, MemoryStore};
use std::sync::Arc;

#[tokio::test]
async fn what_was_on_its_way_to_a_mailbox_that_was_cleared_goes_nowhere() {
    let store = Arc::new(MemoryStore::new());
    let (mailboxes, _delivered) = open(store.clone(), Arc::new(TwinDisk::new()), 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    leave(&mailboxes, &["ada", "bob"], 1, 2).await;
    mailboxes.set_deleted([id("ada")]);
    assert!(mailboxes.carry_once().await, "nothing is left");
    for gone in ["mailboxes/ada/", "deliveries/"] {
        let keys = store.list(gone, None, 10).await.unwrap();
        assert_eq!(keys, Vec::<String>::new());
    }
    let bob = mailboxes.mailbox(&id("bob"));
    let message = only_new(&bob).await;
    assert_eq!(bob.audio(&message.id).await.unwrap().packets().count(), 100);
}

#[tokio::test]
async fn a_mailbox_that_is_not_cleared_or_is_somebodys_again_gets_what_was_promised() {
    let store = Arc::new(MemoryStore::new());
    let (mailboxes, _delivered) = open(store, Arc::new(TwinDisk::new()), 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    assert!(mailboxes.carry_once().await);
    leave(&mailboxes, &["ada"], 1, 2).await;
    leave(&mailboxes, &["bob"], 1, 2).await;
    mailboxes.set_deleted([id("ada"), id("bob")]);
    mailboxes.set_deleted([id("ada")]);
    assert!(mailboxes.carry_once().await);
    assert_eq!(mailboxes.mailbox(&id("ada")).counts().await.new, 2);
    assert_eq!(mailboxes.mailbox(&id("bob")).counts().await.new, 1);
}
