//! Every store keeps the contract.

use mailbox::disk::TwinDisk;
use mailbox::store::{Condition, contract};
use mailbox::{BlobStore, FolderStore, MemoryStore, OwnedStore, Owner};
use std::sync::Arc;

#[tokio::test]
async fn the_folder_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    contract::check(Arc::new(FolderStore::open(folder.path()).unwrap()))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_memory_keeps_the_contract() {
    contract::check(Arc::new(MemoryStore::new())).await.unwrap();
}

#[tokio::test]
async fn an_owned_store_keeps_the_contract() {
    let owner = Owner {
        uid: "1".into(),
        name: "telephony/office".into(),
    };
    let store = OwnedStore::new(Arc::new(MemoryStore::new()), owner, None);
    contract::check(Arc::new(store)).await.unwrap();
}

#[tokio::test]
async fn the_folder_on_the_twin_keeps_the_contract() {
    contract::check(Arc::new(
        FolderStore::on(Arc::new(TwinDisk::new())).unwrap(),
    ))
    .await
    .unwrap();
}

#[tokio::test]
async fn a_blob_survives_the_power_whole_or_not_at_all() {
    for step in 0.. {
        let disk = Arc::new(TwinDisk::new());
        let store = FolderStore::on(disk.clone()).unwrap();
        store
            .put("a/b", "old".into(), Condition::Always)
            .await
            .unwrap();
        let before = disk.steps();
        disk.lose_power_at(before + step);
        let put = store.put("a/b", "newer".into(), Condition::Always).await;
        let finished = disk.steps() < before + step;
        disk.restart(|unsynced| unsynced / 2);
        let store = FolderStore::on(disk).unwrap();
        let there = store.get("a/b").await.unwrap().unwrap().bytes;
        assert!(
            there == "newer" || (there == "old" && put.is_err()),
            "step {step}: {there:?} after {put:?}"
        );
        if finished {
            return;
        }
    }
}

#[tokio::test]
async fn two_folders_open_on_the_same_files_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (
        FolderStore::open(folder.path()).unwrap(),
        FolderStore::open(folder.path()).unwrap(),
    );
    let etag = one.put("a", "1".into(), Condition::IfAbsent).await.unwrap();
    two.put("a", "2".into(), Condition::IfMatch(etag.clone()))
        .await
        .unwrap();
    assert!(
        one.put("a", "3".into(), Condition::IfMatch(etag))
            .await
            .is_err()
    );
}
