//! What is done to the store every hour: deleted messages expire (spec MB-5), audio that nobody refers to is removed.

use std::sync::Arc;
use std::time::Duration;

use crds::Directory;
use jiff::Timestamp;
use mailbox::{MailboxId, Mailboxes, Sweeper};
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::metrics::Metrics;

/// Keeps the store in order, for ever: after each `interval` by the directory that is in force then. Mailboxes that messages are put
/// into are told to `touched`.
pub(super) async fn keep(
    mailboxes: Mailboxes,
    directory: impl Fn() -> Arc<Directory>,
    metrics: Metrics,
    touched: mpsc::UnboundedSender<MailboxId>,
    interval: Duration,
) {
    let mut sweeper = Sweeper::new();
    loop {
        tokio::time::sleep(interval).await;
        expire(&mailboxes, &directory()).await;
        let outcome = sweeper.sweep(&mailboxes).await;
        for mailbox in sweeper.take_touched() {
            // Nobody listens when the worker is going down.
            let _ = touched.send(mailbox);
        }
        match outcome {
            Ok(swept) => {
                let damaged = i64::try_from(swept.damaged).unwrap_or(i64::MAX);
                metrics.store_damaged_objects.set(damaged);
                info!(?swept, "the store is in order");
            }
            Err(error) => {
                warn!(%error, "the store can't be put in order: it is tried again in an hour");
            }
        }
    }
}

async fn expire(mailboxes: &Mailboxes, directory: &Directory) {
    for user in directory.users() {
        let Ok(id) = MailboxId::new(&*user.mailbox) else {
            continue;
        };
        let mailbox = mailboxes.mailbox(&id);
        if let Err(error) = mailbox
            .expire(user.limits.trash_retention, Timestamp::now())
            .await
        {
            warn!(user = %user.name, %error, "deleted messages can't be removed: it is tried again in an hour");
        }
    }
}

/// How often. Between two sweeps a message on its way has arrived.
pub(super) const INTERVAL: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use crds::{Objects, PhoneSystem, User};
    use mailbox::disk::RealDisk;
    use mailbox::store::Condition;
    use mailbox::{BlobStore, Folder, FolderStore, Mailbox, MailboxesOptions, MessageId, played};
    use tempfile::TempDir;

    use super::*;

    /// Mary and her `PhoneSystem`.
    fn directory() -> Arc<Directory> {
        let mut objects = Objects::default();
        let system = "{metadata: {name: office}, spec: {domain: office.example.com}}";
        let system: PhoneSystem = serde_saphyr::from_str(system).unwrap();
        let mary = "{metadata: {name: mary}, spec: {voicemail: {trashRetention: 7d}}}";
        let mary: User = serde_saphyr::from_str(mary).unwrap();
        objects.phone_systems.push(system.into());
        objects.users.push(mary.into());
        Arc::new(crds::compile(&objects).0)
    }

    fn open(folder: &TempDir) -> Mailboxes {
        let store = FolderStore::open(folder.path().join("store")).unwrap();
        let disk = RealDisk::open(folder.path()).unwrap();
        let options = MailboxesOptions::new([1; 32]);
        let (mailboxes, _) = Mailboxes::open(Arc::new(store), Arc::new(disk), options).unwrap();
        mailboxes
    }

    /// Leaves Mary a message that arrives in the store.
    async fn leave(mailboxes: &Mailboxes, mary: &Mailbox) -> MessageId {
        let draft = played::draft(played::delivery(vec![mary.id().clone()]));
        let recording = played::speak(mailboxes, draft, Duration::from_secs(2)).unwrap();
        let promise = mailboxes.spool().deliver(recording).await.unwrap();
        assert!(mailboxes.carry_once().await);
        promise.message
    }

    #[tokio::test]
    async fn what_was_in_the_trash_for_long_goes_and_the_rest_can_be_restored() {
        let folder = TempDir::new().unwrap();
        let mailboxes = open(&folder);
        let mary = mailboxes.mailbox(&MailboxId::new("mary").unwrap());
        let (old, recent) = (
            leave(&mailboxes, &mary).await,
            leave(&mailboxes, &mary).await,
        );
        let week_ago = Timestamp::now() - Duration::from_hours(7 * 24 + 1);
        mary.delete(&old, week_ago).await.unwrap();
        mary.delete(&recent, Timestamp::now()).await.unwrap();
        assert_eq!(mary.trash().await.len(), 2);
        let swept = async {
            while mary.trash().await.len() > 1 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let metrics = Metrics::new().unwrap();
        let keeping = keep(
            mailboxes.clone(),
            directory,
            metrics.clone(),
            mpsc::unbounded_channel().0,
            Duration::from_millis(10),
        );
        tokio::select! {
            () = keeping => unreachable!("it goes on for ever"),
            () = swept => {}
            () = tokio::time::sleep(Duration::from_mins(1)) => panic!("nothing was removed"),
        }
        assert!(mary.restore(&old).await.is_err(), "it is gone");
        mary.restore(&recent).await.unwrap();
        assert_eq!(mary.list(Folder::New).await.len(), 1);
    }

    #[tokio::test]
    async fn the_owner_of_a_message_that_a_sweep_brings_is_told() {
        let folder = TempDir::new().unwrap();
        let mailboxes = open(&folder);
        let mary = mailboxes.mailbox(&MailboxId::new("mary").unwrap());
        leave(&mailboxes, &mary).await;
        // As a worker leaves it that was lost after it had stored a message and before it changed the index.
        let store = FolderStore::open(folder.path().join("store")).unwrap();
        let index = "mailboxes/mary/index";
        let before = store.get(index).await.unwrap().unwrap().bytes;
        leave(&mailboxes, &mary).await;
        store.put(index, before, Condition::Always).await.unwrap();
        let (touched, mut told) = mpsc::unbounded_channel();
        let keeping = keep(
            mailboxes.clone(),
            directory,
            Metrics::new().unwrap(),
            touched,
            Duration::from_millis(10),
        );
        tokio::select! {
            () = keeping => unreachable!("it goes on for ever"),
            mailbox = told.recv() => assert_eq!(mailbox.as_ref(), Some(mary.id())),
            () = tokio::time::sleep(Duration::from_mins(1)) => panic!("nobody was told"),
        }
        assert_eq!(mary.list(Folder::New).await.len(), 2);
    }
}
