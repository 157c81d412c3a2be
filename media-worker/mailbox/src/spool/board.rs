//! What everyone may see of the spool without asking its thread: promised messages, recordings under way, places held.

use super::ledger::Record;
use crate::ids::{AudioId, MailboxId, MessageId};
use crate::message::{Forwarded, Message, MessageState};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The spool's notice board.
#[derive(Default)]
pub(crate) struct Board {
    full: AtomicBool,
    posted: Mutex<Posted>,
    /// Told when a message is promised.
    pub(crate) promised: Notify,
}

/// A promised message that is not in the store yet.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) recording: u64,
    pub(crate) record: Arc<Record>,
}

/// Where audio is that the store may not have yet.
pub(crate) enum Spooled {
    /// It was recorded here.
    Recorded(Arc<Record>),
    /// It is that of the message that is forwarded.
    Forwarded(Box<Forwarded>),
}

/// A place in a mailbox and the length granted with it, held for a caller until dropped or handed over with his draft.
#[derive(Debug)]
pub struct Place {
    mailbox: MailboxId,
    length: Duration,
    posted: std::sync::Weak<Board>,
}

/// What callers may still leave in a mailbox: recordings under way and places held.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Claimed {
    pub(crate) messages: u32,
    pub(crate) length: Duration,
}

#[derive(Default)]
struct Posted {
    /// Every recipient, and the length granted to him.
    under_way: HashMap<u64, HashMap<MailboxId, Duration>>,
    places: HashMap<MailboxId, Claimed>,
    pending: BTreeMap<u64, Arc<Record>>,
}

impl Board {
    /// Whether recordings may not begin.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    pub(super) fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    pub(super) fn begun(&self, recording: u64, recipients: Vec<MailboxId>, places: &[Place]) {
        let held: HashMap<&MailboxId, Duration> = places
            .iter()
            .map(|place| (&place.mailbox, place.length))
            .collect();
        let granted = recipients.into_iter().map(|recipient| {
            let length = held.get(&recipient).copied().unwrap_or_default();
            (recipient, length)
        });
        let granted = granted.collect();
        self.posted().under_way.insert(recording, granted);
    }

    pub(super) fn is_under_way(&self, recording: u64) -> bool {
        self.posted().under_way.contains_key(&recording)
    }

    /// A promise was made, or what is promised has changed.
    pub(super) fn promise(&self, recording: u64, record: Arc<Record>) {
        let mut posted = self.posted();
        posted.under_way.remove(&recording);
        posted.pending.insert(recording, record);
        drop(posted);
        self.promised.notify_one();
    }

    /// The recording is no longer of interest.
    pub(super) fn gone(&self, recording: u64) {
        let mut posted = self.posted();
        posted.under_way.remove(&recording);
        posted.pending.remove(&recording);
    }

    pub(super) fn set_state(&self, recording: u64, mailbox: MailboxId, state: MessageState) {
        if let Some(record) = self.posted().pending.get_mut(&recording) {
            Arc::make_mut(record).states.insert(mailbox, state);
        }
    }

    /// All promised messages not in the store yet, oldest first.
    pub(crate) fn pending(&self) -> Vec<Pending> {
        let posted = self.posted();
        posted
            .pending
            .iter()
            .map(|(&recording, record)| Pending {
                recording,
                record: record.clone(),
            })
            .collect()
    }

    /// The promised messages of one mailbox.
    pub(crate) fn messages(&self, mailbox: &MailboxId) -> Vec<Message> {
        self.posted().messages(mailbox)
    }

    /// One promised message of a mailbox.
    pub(crate) fn find(&self, mailbox: &MailboxId, message: &MessageId) -> Option<Pending> {
        let posted = self.posted();
        let is_it = |record: &Record| {
            record.is_for(mailbox)
                && record
                    .draft
                    .message
                    .as_ref()
                    .is_some_and(|stored| &stored.id == message)
        };
        let (&recording, record) = posted.pending.iter().find(|(_, record)| is_it(record))?;
        Some(Pending {
            recording,
            record: record.clone(),
        })
    }

    /// Where audio is that a promised message has and the store may not have yet.
    pub(crate) fn audio(&self, audio: &AudioId) -> Option<Spooled> {
        let posted = self.posted();
        posted.pending.values().find_map(|record| {
            let message = record.draft.message.as_ref()?;
            if message.audio == *audio {
                return Some(Spooled::Recorded(record.clone()));
            }
            let forwarded = message.delivery.forwards.as_ref()?;
            let is_copy = message.copy.as_ref() == Some(audio);
            is_copy.then(|| Spooled::Forwarded(Box::new(forwarded.clone())))
        })
    }

    /// Whether a promised message forwards this one of this mailbox, whose audio must stay until then.
    pub(crate) fn forwards(&self, mailbox: &MailboxId, message: &MessageId) -> bool {
        let posted = self.posted();
        let drafts = posted.pending.values().map(|record| &record.draft.message);
        let forwarded = drafts.filter_map(|draft| draft.as_ref()?.delivery.forwards.as_ref());
        forwarded
            .into_iter()
            .any(|it| it.from == *mailbox && it.message.id == *message)
    }

    /// Holds a place of the length that is granted in view of the promised messages and of what others claim.
    pub(crate) fn hold(
        self: &Arc<Self>,
        mailbox: &MailboxId,
        grant: impl FnOnce(Vec<Message>, Claimed) -> Option<Duration>,
    ) -> Option<Place> {
        let mut posted = self.posted();
        let length = grant(posted.messages(mailbox), posted.claimed(mailbox))?;
        let held = posted.places.entry(mailbox.clone()).or_default();
        held.messages += 1;
        held.length += length;
        Some(Place {
            mailbox: mailbox.clone(),
            length,
            posted: Arc::downgrade(self),
        })
    }

    fn posted(&self) -> MutexGuard<'_, Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Posted {
    fn messages(&self, mailbox: &MailboxId) -> Vec<Message> {
        let theirs = self
            .pending
            .values()
            .filter(|record| record.is_for(mailbox));
        theirs
            .filter_map(|record| record.message(mailbox))
            .collect()
    }

    fn claimed(&self, mailbox: &MailboxId) -> Claimed {
        let mut claimed = self.places.get(mailbox).copied().unwrap_or_default();
        let recorded = self.under_way.values();
        for length in recorded.filter_map(|granted| granted.get(mailbox)) {
            claimed.messages += 1;
            claimed.length += *length;
        }
        claimed
    }

    fn release(&mut self, mailbox: &MailboxId, messages: u32, length: Duration) {
        if let Some(held) = self.places.get_mut(mailbox) {
            held.messages = held.messages.saturating_sub(messages);
            held.length = held.length.saturating_sub(length);
            if held.messages == 0 {
                self.places.remove(mailbox);
            }
        }
    }
}

impl Place {
    /// How long a message in it may be.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// No more than this length of it is needed.
    pub fn shorten(&mut self, length: Duration) {
        let spare = self.length.saturating_sub(length);
        self.length -= spare;
        if let Some(board) = self.posted.upgrade() {
            board.posted().release(&self.mailbox, 0, spare);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(board) = self.posted.upgrade() {
            board.posted().release(&self.mailbox, 1, self.length);
        }
    }
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}
