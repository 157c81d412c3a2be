//! Carries promised messages from the spool to the store, and into every recipient's index.

use crate::deliver::{Parcel, deliver};
use crate::details;
use crate::ids::{MailboxId, MessageId};
use crate::mailbox::MailboxError;
use crate::mailboxes::{Mailboxes, Shared};
use crate::message::MessageState;
use crate::record::DeliveryRecord;
use crate::sound;
use crate::spool::{Pending, Salvaged, SpoolError};
use crate::storage::Storage;
use bytes::Bytes;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Carries messages until there are none, again and again.
pub(crate) struct Uploader {
    mailboxes: Mailboxes,
    leaves_the_rest: AtomicBool,
}

impl Uploader {
    pub(crate) fn new(mailboxes: Mailboxes) -> Self {
        Self {
            mailboxes,
            leaves_the_rest: AtomicBool::new(false),
        }
    }

    /// No batch is begun any more.
    pub(crate) fn leave_the_rest(&self) {
        self.leaves_the_rest.store(true, Ordering::Relaxed);
    }

    /// Carries what is promised as it is promised; when the store fails, tries again with back-off.
    pub(crate) async fn run(&self) {
        let mut delay = FIRST_DELAY;
        let every = self.mailboxes.shared.store_details_every;
        let mut details_due = Instant::now() + every;
        loop {
            let mut all = self.carry_messages().await;
            if Instant::now() >= details_due {
                details_due = Instant::now() + every;
                all &= self.carry_details().await;
            }
            let promised = self.mailboxes.shared.spool.board().promised.notified();
            if all {
                delay = FIRST_DELAY;
                tokio::select! {
                    () = promised => sleep(GATHER).await,
                    () = sleep_until(details_due) => {}
                }
            } else {
                // New promises do not shorten the wait: the store is in trouble. That it works again does.
                if timeout(delay, self.store_works_again()).await.is_err() {
                    delay = (delay * 2).min(LONGEST_DELAY);
                }
            }
        }
    }

    /// Someone else, the one who looks after the store or a reader, has found that it works.
    async fn store_works_again(&self) {
        let mut storage = self.mailboxes.storage();
        storage.mark_unchanged();
        while storage.changed().await.is_ok() {
            if *storage.borrow() == Storage::Writable {
                return;
            }
        }
    }

    /// Carries messages and call details that are there now; whether all arrived.
    pub(crate) async fn carry_all(&self) -> bool {
        let messages = self.carry_messages().await;
        self.carry_details().await && messages
    }

    async fn carry_details(&self) -> bool {
        match details::store(&self.mailboxes.shared).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "call details cannot be stored");
                false
            }
        }
    }

    /// Carries what is promised, batch by batch; what fails is left for another time.
    async fn carry_messages(&self) -> bool {
        let Shared { spool, watched, .. } = &*self.mailboxes.shared;
        watched.try_in_earnest();
        let mut failed: HashSet<u64> = HashSet::new();
        let disk_works = DiskWorks::new();
        loop {
            let pending = spool.board().pending();
            let batch = batch(pending, &failed);
            if batch.is_empty() {
                return failed.is_empty();
            }
            if self.leaves_the_rest.load(Ordering::Relaxed) {
                return false;
            }
            let counts = &self.mailboxes.shared.carried;
            let left = match carry(&self.mailboxes, &batch, &disk_works).await {
                Ok(left) => left,
                Err(error) => {
                    counts
                        .failed
                        .fetch_add(batch.len() as u64, Ordering::Relaxed);
                    tracing::warn!(%error, "messages cannot be carried to the store");
                    return false;
                }
            };
            let (left, settled): (Vec<u64>, Vec<u64>) = batch
                .iter()
                .map(|pending| pending.recording)
                .partition(|recording| left.contains(recording));
            counts
                .failed
                .fetch_add(left.len() as u64, Ordering::Relaxed);
            counts
                .stored
                .fetch_add(settled.len() as u64, Ordering::Relaxed);
            failed.extend(left);
            self.mailboxes.shared.unreadable.forget(&settled);
            if spool.settle(settled).await.is_err() {
                return false;
            }
        }
    }
}

/// The oldest that have not failed, as many as are carried together.
fn batch(mut pending: Vec<Pending>, failed: &HashSet<u64>) -> Vec<Pending> {
    pending.retain(|pending| !failed.contains(&pending.recording));
    let mut bytes = 0;
    let fits = |pending: &&Pending| {
        let fits = bytes < BYTES_AT_ONCE;
        bytes += pending.record.bytes();
        fits
    };
    let count = pending.iter().take(AT_ONCE).take_while(fits).count();
    pending.truncate(count);
    pending
}

/// Audio, records, every index, then the spool may forget them. Each step may be done again after a crash without harm.
/// Returns the recordings that did not arrive.
async fn carry(
    mailboxes: &Mailboxes,
    batch: &[Pending],
    disk_works: &DiskWorks,
) -> Result<HashSet<u64>, MailboxError> {
    let mut left = HashSet::new();
    let mut parcels = Vec::new();
    let mut recordings: HashMap<MessageId, u64> = HashMap::new();
    for pending in batch {
        match pack(&mailboxes.shared, pending, disk_works).await {
            Ok(Some(parcel)) => {
                recordings.insert(parcel.record.message.id.clone(), pending.recording);
                parcels.push(parcel);
            }
            Ok(None) => {}
            Err(MailboxError::Store(error)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(recording = pending.recording, %error, "a promised message cannot be read from the spool");
                left.insert(pending.recording);
            }
        }
    }
    let undelivered = deliver(mailboxes, &parcels).await?;
    left.extend(
        undelivered
            .iter()
            .filter_map(|message| recordings.get(message)),
    );
    Ok(left)
}

/// Reads a promised message out of the spool; `None` where it is none.
async fn pack(
    shared: &Shared,
    pending: &Pending,
    disk_works: &DiskWorks,
) -> Result<Option<Parcel>, MailboxError> {
    let recipients: Vec<MailboxId> = pending.record.recipients().cloned().collect();
    let (Some(stored), Some(first)) = (&pending.record.draft.message, recipients.first()) else {
        return Ok(None);
    };
    let Some(mut message) = pending.record.message(first) else {
        return Ok(None);
    };
    message.state = MessageState::New;
    let Salvaged {
        recording,
        unreadable,
    } = read(shared, pending, disk_works).await?;
    message.partial |= unreadable > 0;
    let mut audio = Vec::new();
    // Without any of it, its owner hears that the recording is lost.
    if unreadable == 0 || !recording.is_empty() {
        match message.introductions.first_mut() {
            Some(introduction) if stored.delivery.forwards.is_some() => {
                introduction.duration = recording.duration();
            }
            Some(_) | None => message.duration = recording.duration(),
        }
        audio.push((stored.audio.clone(), Bytes::from(recording.to_bytes())));
    }
    if let (Some(copy), Some(forwarded)) = (&stored.copy, &stored.delivery.forwards) {
        match sound::original(shared, forwarded).await {
            Ok(original) => audio.push((copy.clone(), original)),
            // Its owner has been deleted meanwhile. What was said about it is delivered all the same.
            Err(MailboxError::AudioMissing) => {
                tracing::error!(id = %message.id, "the recording of a forwarded message is gone");
            }
            Err(error) => return Err(error),
        }
    }
    let record = DeliveryRecord {
        recipients,
        message,
    };
    Ok(Some(Parcel { record, audio }))
}

/// The recording, whole; or what is left of it once the disk has been asked for the rest for long enough.
async fn read(
    shared: &Shared,
    pending: &Pending,
    disk_works: &DiskWorks,
) -> Result<Salvaged, SpoolError> {
    let Shared {
        spool, unreadable, ..
    } = shared;
    let recording = pending.recording;
    let salvaged = spool.read(pending.record.clone()).await?;
    if salvaged.unreadable == 0 {
        unreadable.forget(&[recording]);
        return Ok(salvaged);
    }
    let works = *disk_works.get_or_init(|| spool.disk_works()).await;
    if !unreadable.is_given_up(recording, works, Instant::now()) {
        return Err(Salvaged::damage());
    }
    tracing::error!(
        recording,
        runs = salvaged.unreadable,
        "the disk of the spool has lost audio: its message arrives without it"
    );
    Ok(salvaged)
}

/// Whether the spool's disk keeps what is written: looked at once a round, and only if it does not give what it should have.
type DiskWorks = OnceCell<bool>;

/// Messages carried together share syncs and index entries.
const AT_ONCE: usize = 256;
/// What a batch takes in memory, but for the one that exceeds it.
const BYTES_AT_ONCE: u64 = 16 << 20;
/// Promised messages are safe and listed where they are: what comes within this time is carried together.
const GATHER: Duration = Duration::from_secs(5);
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(30);
