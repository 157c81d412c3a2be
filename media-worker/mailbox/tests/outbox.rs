//! E-mails to be sent: one for each message that arrives, whatever happens to the worker in between.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail by panicking anywhere"
)]

mod common;

use common::{at, id, leave, only_new};
use mailbox::disk::TwinDisk;
use mailbox::store::Weather;
use mailbox::{
    Arrived, ErrandName, MailWanted, MailboxId, Mailboxes, MailboxesOptions, MemoryStore, Progress,
    Sweeper,
};
use std::sync::Arc;

/// A worker for which Ada and Bob want e-mails, and Cid does not.
fn worker(store: &Arc<MemoryStore>, disk: &TwinDisk, seed: u8) -> Mailboxes {
    let wants = |mailbox: &MailboxId| mailbox.as_str() != "cid";
    let options = MailboxesOptions {
        mail_wanted: MailWanted::For(Arc::new(wants)),
        ..MailboxesOptions::new([seed; 32])
    };
    Mailboxes::open(store.clone(), Arc::new(disk.clone()), options)
        .unwrap()
        .0
}

async fn errands(mailboxes: &Mailboxes) -> Vec<ErrandName> {
    mailboxes.outbox().list().await.unwrap()
}

#[tokio::test]
async fn there_is_an_errand_for_each_who_wants_one() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store, &TwinDisk::new(), 1);
    let news = mailboxes.outbox();
    let promise = leave(&mailboxes, &["ada", "bob", "cid"], 0, 2).await;
    assert!(
        errands(&mailboxes).await.is_empty(),
        "not before it has arrived"
    );
    assert!(mailboxes.carry_once().await);
    news.news().await;
    let names: Vec<_> = errands(&mailboxes).await;
    let whose: Vec<&str> = names.iter().map(|name| name.mailbox.as_str()).collect();
    assert_eq!(whose, ["ada", "bob"]);
    assert!(names.iter().all(|name| name.message == promise.message));
    for name in &names {
        assert_eq!(
            mailboxes.outbox().arrived(name).await.unwrap(),
            Arrived::Yes
        );
    }
}

#[tokio::test]
async fn a_message_that_is_carried_again_makes_no_errand_again() {
    // The store fails at each step of carrying in turn; whatever was done is done again.
    for steps in 1..40 {
        let store = Arc::new(MemoryStore::new());
        let disk = TwinDisk::new();
        let mailboxes = worker(&store, &disk, 1);
        leave(&mailboxes, &["ada"], 0, 2).await;
        store.set_weather(Weather::AwayAfter(steps));
        let all = mailboxes.carry_once().await;
        store.set_weather(Weather::Fair);
        let before = errands(&mailboxes).await;
        let ada = mailboxes.mailbox(&id("ada"));
        ada.refresh().await;
        for name in &before {
            // Whoever sends does so only when the message is where it belongs.
            if mailboxes.outbox().arrived(name).await.unwrap() == Arrived::Yes {
                mailboxes.outbox().done(name).await.unwrap();
            }
        }
        let sent = before.len() - errands(&mailboxes).await.len();
        mailboxes.close().await;
        drop(mailboxes);
        let mailboxes = worker(&store, &disk, 2);
        assert!(mailboxes.carry_once().await);
        Sweeper::new().sweep(&mailboxes).await.unwrap();
        assert_eq!(
            sent + errands(&mailboxes).await.len(),
            1,
            "after {steps} steps"
        );
        if all {
            return;
        }
    }
    panic!("carrying takes more steps than were tried");
}

#[tokio::test]
async fn of_two_who_claim_an_errand_one_has_it() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store, &TwinDisk::new(), 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    assert!(mailboxes.carry_once().await);
    let name = errands(&mailboxes).await.remove(0);
    let outbox = mailboxes.outbox();
    let mut here = outbox.read(&name).await.unwrap().unwrap();
    assert_eq!(here.progress.since, Some(at(0)));
    let mut there = outbox.read(&name).await.unwrap().unwrap();
    let by = |holder: &str| Progress {
        attempts: 1,
        due: Some(at(60)),
        holder: Some(holder.to_owned()),
        since: Some(at(0)),
    };
    assert!(outbox.write(&mut here, by("one")).await.unwrap());
    assert!(!outbox.write(&mut there, by("two")).await.unwrap());
    let stands = outbox.read(&name).await.unwrap().unwrap();
    assert_eq!(stands.progress, by("one"));
    outbox.done(&name).await.unwrap();
    assert_eq!(outbox.read(&name).await.unwrap(), None);
}

#[tokio::test]
async fn an_errand_whose_message_has_expired_is_known_as_such() {
    let store = Arc::new(MemoryStore::new());
    let mailboxes = worker(&store, &TwinDisk::new(), 1);
    leave(&mailboxes, &["ada"], 0, 2).await;
    assert!(mailboxes.carry_once().await);
    let name = errands(&mailboxes).await.remove(0);
    let ada = mailboxes.mailbox(&id("ada"));
    let message = only_new(&ada).await;
    ada.delete(&message.id, at(9)).await.unwrap();
    ada.expire(std::time::Duration::from_secs(1), at(99))
        .await
        .unwrap();
    assert_eq!(
        mailboxes.outbox().arrived(&name).await.unwrap(),
        Arrived::Nowhere
    );
}
