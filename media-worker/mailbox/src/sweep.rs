//! Finishing what a lost worker left half done, and removing audio that nobody refers to.

use crate::deliver::{Parcel, deliver};
use crate::ids::{AudioId, MailboxId, MessageId};
use crate::inspect::holds;
use crate::layout;
use crate::mailbox::MailboxError;
use crate::mailboxes::Mailboxes;
use crate::rebuild;
use crate::record::DeliveryRecord;
use crate::store::list_all;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Sweeps a store from time to time. Audio goes when two sweeps in a row have found nobody who refers to it: leave an hour or more between
/// them, so that a message on its way has arrived.
#[derive(Default)]
pub struct Sweeper {
    suspects: HashSet<String>,
    touched: BTreeSet<MailboxId>,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Messages brought to where they belong.
    pub delivered: usize,
    /// Recordings removed.
    pub removed: usize,
    /// Objects that are none of ours or cannot be read: they are left alone, and named in the log.
    pub damaged: usize,
}

impl Sweeper {
    /// A sweeper that has not looked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the whole store once.
    pub async fn sweep(&mut self, mailboxes: &Mailboxes) -> Result<Swept, MailboxError> {
        let store = &mailboxes.shared.store;
        // Listed before the references are read: what is stored meanwhile is not judged.
        let audio = list_all(&**store, layout::AUDIO).await?;
        let mut swept = Swept {
            delivered: finish_deliveries(mailboxes, &mut self.touched).await?,
            removed: 0,
            damaged: 0,
        };
        let stored = list_all(&**store, layout::MAILBOXES).await?;
        let foreign = audio
            .iter()
            .chain(&stored)
            .filter(|key| holds(key).is_none());
        let mut damaged: Vec<String> = foreign.cloned().collect();
        let mut referred: HashSet<String> = mailboxes
            .shared
            .spool
            .board()
            .pending()
            .iter()
            .flat_map(spooled)
            .collect();
        for (mailbox, messages) in mailboxes_in(&stored) {
            let mailbox = mailboxes.mailbox(&mailbox);
            let key = |audio: &AudioId| layout::audio(mailbox.id(), audio);
            if mailbox.look_again().await? {
                self.touched.insert(mailbox.id().clone());
            }
            let (missing, audio) = mailbox.referred(&messages).await?;
            referred.extend(audio.iter().map(key));
            if missing > 0 {
                mailbox.rebuild().await?;
                self.touched.insert(mailbox.id().clone());
                referred.extend(mailbox.referred(&[]).await?.1.iter().map(key));
                // A record that cannot be read is not in the index afterwards either.
                let lost = mailbox.lacks(&messages).await?;
                swept.delivered += missing - lost.len();
                damaged.extend(lost.iter().map(|id| layout::message(mailbox.id(), id)));
            }
        }
        let unreferred: HashSet<String> = audio
            .into_iter()
            .filter(|key| !referred.contains(key) && holds(key).is_some())
            .collect();
        for key in unreferred.intersection(&self.suspects) {
            store.delete(key).await?;
            swept.removed += 1;
        }
        self.suspects = unreferred;
        swept.damaged = damaged.len();
        name(&damaged);
        Ok(swept)
    }

    /// The mailboxes that sweeps have put messages into, or found changed by others, each once, also where a sweep has failed after that: their
    /// owners' lamps follow.
    pub fn take_touched(&mut self) -> BTreeSet<MailboxId> {
        std::mem::take(&mut self.touched)
    }
}

/// Says what is damaged; a few of many are enough.
fn name(damaged: &[String]) {
    for key in damaged.iter().take(MOST_NAMED) {
        tracing::error!(
            key,
            "an object in the store is none of ours or cannot be read: media-worker mailbox check tells more"
        );
    }
    if damaged.len() > MOST_NAMED {
        tracing::error!(
            objects = damaged.len(),
            "so many objects in the store are none of ours or cannot be read"
        );
    }
}

/// Brings messages to several recipients to those that have not got them, who are added to `touched`.
async fn finish_deliveries(
    mailboxes: &Mailboxes,
    touched: &mut BTreeSet<MailboxId>,
) -> Result<usize, MailboxError> {
    let store = &mailboxes.shared.store;
    let mut finished = 0;
    for key in list_all(&**store, layout::DELIVERIES).await? {
        if let Some(record) = rebuild::read::<DeliveryRecord>(&**store, &key).await? {
            touched.extend(record.recipients.iter().cloned());
            finished += usize::from(
                deliver(
                    mailboxes,
                    &[Parcel {
                        record,
                        audio: Vec::new(),
                    }],
                )
                .await?
                .is_empty(),
            );
        }
    }
    Ok(finished)
}

/// What a message on its way refers to.
fn spooled(pending: &crate::spool::Pending) -> Vec<String> {
    let Some(message) = &pending.record.draft.message else {
        return Vec::new();
    };
    let Some(first) = message.delivery.recipients.first() else {
        return Vec::new();
    };
    message
        .refers_to()
        .map(|audio| layout::audio(first, audio))
        .collect()
}

/// The mailboxes that have keys, and their messages' names.
fn mailboxes_in(keys: &[String]) -> BTreeMap<MailboxId, Vec<MessageId>> {
    let mut mailboxes: BTreeMap<MailboxId, Vec<MessageId>> = BTreeMap::new();
    for key in keys {
        let mut parts = key.split('/').skip(1);
        let Some(Ok(mailbox)) = parts.next().map(MailboxId::new) else {
            continue;
        };
        let messages = mailboxes.entry(mailbox).or_default();
        if parts.next() == Some("messages")
            && let Some(Ok(message)) = parts.next().map(MessageId::new)
        {
            messages.push(message);
        }
    }
    mailboxes
}

const MOST_NAMED: usize = 10;
