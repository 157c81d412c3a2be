//! The service goes and comes back while messages are left and carried.

use std::sync::Arc;
use std::time::Duration;

use mailbox::{S3Store, Storage, Trouble};
use switchboard_tests::s3::{S3, files};
use tokio::time::timeout;

use crate::messages::{ada, assert_stored, leave, open};

#[tokio::test]
async fn messages_left_while_it_is_away_are_heard_and_arrive_once_when_it_is_back() {
    let mut service = S3::start();
    let store = Arc::new(S3Store::open(service.options("office/")).await);
    let state = tempfile::tempdir().unwrap();
    let mailboxes = open(store.clone(), state.path(), 1);
    let mut promised = leave(&mailboxes, 1).await;
    assert!(mailboxes.carry_once().await);
    service.stop();

    let carried = mailboxes.clone();
    let carrying = tokio::spawn(async move { carried.carry().await });
    let mut storage = mailboxes.storage();
    let away = |storage: &Storage| matches!(storage, Storage::Troubled(Trouble::Away(_)));
    let waiting = leave(&mailboxes, 5).await;
    timeout(PATIENCE, storage.wait_for(away))
        .await
        .unwrap()
        .unwrap();
    let mailbox = mailboxes.mailbox(&ada());
    for message in &waiting {
        assert!(mailbox.audio(message).await.is_ok(), "its owner hears it");
    }
    assert_eq!(mailbox.counts().await.new, 6);
    assert_eq!(mailboxes.uploads().stored, 1);
    promised.extend(waiting);

    service.start_again();
    let well = |storage: &Storage| *storage == Storage::Writable;
    timeout(PATIENCE, storage.wait_for(well))
        .await
        .unwrap()
        .unwrap();
    timeout(PATIENCE, async {
        while mailboxes.uploads().stored < 6 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    carrying.abort();
    mailboxes.close().await;
    assert_stored(store, &promised).await;
}

#[tokio::test]
async fn a_service_killed_while_it_takes_messages_has_each_once_in_the_end() {
    let mut service = S3::start();
    let store = Arc::new(S3Store::open(service.options("office/")).await);
    let state = tempfile::tempdir().unwrap();
    let mailboxes = open(store.clone(), state.path(), 1);
    let promised = leave(&mailboxes, 40).await;
    let carried = mailboxes.clone();
    let carrying = tokio::spawn(async move { carried.carry_once().await });
    let records = service.objects().join("office/mailboxes/ada/messages");
    timeout(PATIENCE, async {
        while files(&records) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .unwrap();
    service.stop();
    assert!(!carrying.await.unwrap(), "not all can have arrived");
    assert!(mailboxes.uploads().failed > 0);
    service.start_again();
    assert!(mailboxes.carry_once().await);
    mailboxes.close().await;
    assert_stored(store, &promised).await;
}

const PATIENCE: Duration = Duration::from_mins(1);
