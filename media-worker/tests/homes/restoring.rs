//! What a user has deleted and gets back, what he can do with a message whose recording is lost, and what his lamp shows, asked of his home.

use std::sync::Arc;
use std::time::Duration;

use apps::{Inbox, OpenError, Side, Unavailable};
use jiff::Timestamp;
use mailbox::store::Weather;
use mailbox::{BlobStore, Folder, MailboxId, MemoryStore};
use media_worker::homes::{LoginAnswer, NotRestored};
use tokio::task::LocalSet;

use crate::scene::Scene;

#[tokio::test]
async fn a_deleted_message_is_where_it_was_again_and_the_lamp_shows_it() {
    let story = async {
        let scene = Scene::new().await;
        let message = scene.leave().await;
        scene.lamp_shows("1/0").await;
        assert_eq!(scene.home.trash().await, Ok(Vec::new()));
        scene.delete(&message).await;
        scene.lamp_shows("0/0").await;
        let trash = scene.home.trash().await.unwrap();
        assert_eq!(trash.len(), 1);
        assert_eq!(trash[0].id, message);

        scene.home.restore_message(message.clone()).await.unwrap();
        scene.lamp_shows("1/0").await;
        assert_eq!(scene.home.trash().await, Ok(Vec::new()));
        assert_eq!(scene.mailbox.list(Folder::New).await.len(), 1);
        // Twice is once.
        assert_eq!(scene.home.restore_message(message).await, Ok(()));
        assert_eq!(scene.mailbox.list(Folder::New).await.len(), 1);
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn what_was_in_the_trash_for_too_long_is_gone() {
    let story = async {
        let scene = Scene::new().await;
        let message = scene.leave().await;
        scene.delete(&message).await;
        let later = Timestamp::now() + Duration::from_secs(2);
        let expired = scene.mailbox.expire(Duration::from_secs(1), later).await;
        assert_eq!(expired.unwrap(), 1);
        let restored = scene.home.restore_message(message).await;
        assert_eq!(restored, Err(NotRestored::Gone));
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn what_cannot_be_restored_while_the_store_is_away_can_be_afterwards() {
    let story = async {
        let scene = Scene::new().await;
        let message = scene.leave().await;
        scene.delete(&message).await;
        scene.lamp_shows("0/0").await;
        scene.store.set_weather(Weather::Away);
        let restored = scene.home.restore_message(message.clone()).await;
        assert_eq!(restored, Err(NotRestored::Unavailable));
        scene.store.set_weather(Weather::Fair);
        assert_eq!(scene.home.restore_message(message).await, Ok(()));
        scene.lamp_shows("1/0").await;
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn a_message_whose_recording_is_lost_can_be_deleted_by_its_owner() {
    let story = async {
        let scene = Scene::new().await;
        let message = scene.leave().await;
        scene.lamp_shows("1/0").await;
        // Where a message has one recipient, its recording is in its record.
        let record = format!("mailboxes/mary/messages/{message}");
        scene.store.delete(&record).await.unwrap();
        let login = scene.home.login(Side::OwnHandset, "13579").await;
        let Some(LoginAnswer::Admitted(inbox)) = login else {
            panic!("the PIN is right");
        };
        let opened = inbox.open(&message).await;
        assert_eq!(opened.err(), Some(OpenError::Lost));
        inbox.delete(&message).await.unwrap();
        scene.lamp_shows("0/0").await;
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn while_the_store_is_away_after_a_restart_no_lamp_is_told_that_there_is_nothing() {
    let story = async {
        let before = Scene::new().await;
        before.leave().await;
        let store = Arc::clone(&before.store);
        store.set_weather(Weather::Away);
        let scene = Scene::on(Arc::clone(&store), 2).await;
        // The home answers this after it has asked for the messages in vain.
        assert_eq!(scene.home.trash().await, Err(Unavailable));
        scene.promise().await;
        let told = scene.told().await;
        assert!(
            told.contains("Voice-Message: 1/0"),
            "this one is known: {told}"
        );
        store.set_weather(Weather::Fair);
        // Whoever asks the store for anything finds that it works.
        let john = MailboxId::new("john").unwrap();
        let mailboxes = &scene.office.mailboxes;
        assert!(!mailboxes.mailbox(&john).counts().await.incomplete);
        scene.lamp_shows("2/0").await;
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn who_subscribes_while_the_store_is_away_is_told_nothing_and_later_what_there_is() {
    let story = async {
        let store = Arc::new(MemoryStore::new());
        store.set_weather(Weather::Away);
        let scene = Scene::on(Arc::clone(&store), 1).await;
        scene.subscribe().await;
        let told = scene.told().await;
        assert!(told.contains("Subscription-State: active"), "{told}");
        assert!(!told.contains("Messages-Waiting"), "{told}");
        store.set_weather(Weather::Fair);
        let john = MailboxId::new("john").unwrap();
        let mailboxes = &scene.office.mailboxes;
        assert!(!mailboxes.mailbox(&john).counts().await.incomplete);
        scene.lamp_shows("0/0").await;
    };
    LocalSet::new().run_until(story).await;
}
