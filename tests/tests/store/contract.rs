//! The bucket keeps the contract of every store.

use std::sync::Arc;

use bytes::Bytes;
use mailbox::store::{Condition, PutError, contract, list_all};
use mailbox::{BlobStore, S3Credentials, S3Options, S3Store};
use switchboard_tests::s3::{S3, files};

#[tokio::test]
async fn the_bucket_keeps_the_contract() {
    let service = S3::start();
    let by_folder = service.options("office");
    let by_keys = S3Options {
        credentials: S3Credentials::Keys(service.keys()),
        ..service.options("")
    };
    for options in [by_folder, by_keys] {
        let store = S3Store::open(options).await;
        contract::check(Arc::new(store)).await.unwrap();
    }
}

#[tokio::test]
async fn a_long_recording_is_written_in_parts_under_its_condition() {
    let service = S3::start();
    let store = S3Store::open(service.options("office/")).await;
    let long: Bytes = (0..9 << 20u32).map(|byte| (byte >> 8) as u8).collect();
    let put = async |bytes: &Bytes, condition| store.put("long", bytes.clone(), condition).await;
    let first = put(&long, Condition::IfAbsent).await.unwrap();
    let read = store.get("long").await.unwrap().unwrap();
    assert_eq!(read.etag, first);
    assert!(read.bytes == long);
    let second = put(&long.slice(1..), Condition::IfAbsent).await;
    assert_eq!(second, Err(PutError::Precondition));
    let other = put(&long.slice(1..), Condition::IfMatch(first.clone())).await;
    assert!(other.is_ok_and(|other| other != first));
    let stale = put(&long, Condition::IfMatch(first)).await;
    assert_eq!(stale, Err(PutError::Precondition));
    assert_eq!(
        files(&service.objects().join(".sgwtmp/multipart")),
        0,
        "parts of refused writes are removed"
    );
}

#[tokio::test]
async fn two_prefixes_and_what_is_not_ours_do_not_show() {
    let service = S3::start();
    let office = S3Store::open(service.options("office")).await;
    let other = S3Store::open(service.options("office2")).await;
    for key in ["a", "c", "d/e"] {
        office
            .put(key, "1".into(), Condition::Always)
            .await
            .unwrap();
    }
    other.put("f", "2".into(), Condition::Always).await.unwrap();
    let folder = service.objects().join("office");
    for foreign in ["b b", "c.", ".hidden", "zoë"] {
        std::fs::write(folder.join(foreign), "not ours").unwrap();
    }
    assert_eq!(
        list_all(&office, "").await.unwrap(),
        ["a", "c", "c.", "d/e"]
    );
    // A page of one that has a foreign object only is no end.
    assert_eq!(office.list("", Some("a"), 1).await.unwrap(), ["c"]);
    assert!(office.get("f").await.unwrap().is_none());
}

#[tokio::test]
async fn a_listing_longer_than_a_page_of_the_service_is_whole() {
    let service = S3::start();
    let store = S3Store::open(service.options("office/")).await;
    store
        .put("many/0000", "".into(), Condition::Always)
        .await
        .unwrap();
    let folder = service.objects().join("office/many");
    for number in 1..1100 {
        std::fs::write(folder.join(format!("{number:04}")), "").unwrap();
    }
    let keys = list_all(&store, "many/").await.unwrap();
    assert_eq!(keys.len(), 1100);
    assert!(keys.is_sorted());
    assert_eq!(store.list("many/", None, 1050).await.unwrap().len(), 1050);
}
