//! The power fails anywhere between a caller's first word and the last index entry.

#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

mod common;

use common::{id, message_to, open, speak};
use mailbox::disk::TwinDisk;
use mailbox::{Folder, FolderStore, Mailboxes, MessageId, Promise};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn every_promised_message_arrives_exactly_once_whenever_the_power_fails() {
    for step in 0.. {
        let disk = Arc::new(TwinDisk::new());
        let store = Arc::new(FolderStore::on(disk.clone()).unwrap());
        let (mailboxes, _announced) = open(store, disk.clone(), 1);
        let out_at = disk.steps() + step;
        disk.lose_power_at(out_at);
        let promised = live(&mailboxes).await;
        let lived_to_the_end = disk.steps() < out_at;
        // The thread of a worker without power must have ended before the next worker starts.
        mailboxes.close().await;
        disk.restart(|unsynced| (unsynced * step as usize / 7) % (unsynced + 1));
        // Also while recovering.
        disk.lose_power_at(disk.steps() + step / 2);
        if let Ok(store) = FolderStore::on(disk.clone())
            && let Ok((mailboxes, _)) = Mailboxes::open(Arc::new(store), disk.clone(), options(2))
        {
            mailboxes.carry_once().await;
            mailboxes.close().await;
        }
        disk.restart(|unsynced| unsynced / 2);
        check(&disk, &promised, step).await;
        if lived_to_the_end {
            assert_eq!(promised.len(), 3);
            assert!(step > 40, "{step} steps");
            return;
        }
    }
}

async fn live(mailboxes: &Mailboxes) -> Vec<Promise> {
    let mut promised = Vec::new();
    for number in 0..3 {
        let recipients: &[&str] = if number == 1 {
            &["ada", "bob"]
        } else {
            &["ada"]
        };
        let Ok(recording) = mailboxes.spool().begin(message_to(recipients, number)) else {
            continue;
        };
        speak(mailboxes, recording, 2);
        promised.extend(mailboxes.spool().deliver(recording).await.ok());
        mailboxes.carry_once().await;
    }
    promised
}

async fn check(disk: &Arc<TwinDisk>, promised: &[Promise], step: u64) {
    let store = Arc::new(FolderStore::on(disk.clone()).unwrap());
    let (mailboxes, _announced) = open(store, disk.clone(), 3);
    assert!(mailboxes.carry_once().await, "step {step}: all is carried");
    let ada = mailboxes.mailbox(&id("ada"));
    let there: Vec<MessageId> = ada
        .list(Folder::New)
        .await
        .into_iter()
        .map(|message| message.id)
        .collect();
    let distinct: BTreeSet<&MessageId> = there.iter().collect();
    assert_eq!(there.len(), distinct.len(), "step {step}: none twice");
    for promise in promised {
        assert!(
            distinct.contains(&promise.message),
            "step {step}: {promise:?} is lost"
        );
        let audio = ada.audio(&promise.message).await.unwrap();
        assert_eq!(audio.duration(), Duration::from_secs(2), "step {step}");
    }
    let bobs = mailboxes.mailbox(&id("bob")).list(Folder::New).await;
    assert_eq!(
        bobs.len(),
        usize::from(bobs.iter().any(|message| distinct.contains(&message.id)))
    );
    let both = promised
        .iter()
        .filter(|promise| bobs.iter().any(|message| message.id == promise.message))
        .count();
    assert!(promised.len() < 3 || both == 1, "step {step}: Bob has his");
}

fn options(seed: u8) -> mailbox::MailboxesOptions {
    mailbox::MailboxesOptions::new([seed; 32])
}
