//! Looking through a whole store for what is wrong with it, and putting right what can be.
//!
//! It may be done beside a running worker. What a worker is in the middle of looks wrong for a moment: so whatever is found is looked at
//! again a while later, and told only if it is still so. Nothing of others' is ever changed.

mod keys;
mod mailbox;
mod repair;

pub(crate) use keys::{Holds, holds};
pub use repair::{Repair, repair};

use crate::ids::{MailboxId, MessageId};
use crate::layout;
use crate::rebuild;
use crate::record::{AudioRecord, DeliveryRecord};
use crate::store::{BlobStore, StoreError, list_all};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;
use tokio::time::sleep;

/// Something that is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The object that it is about.
    pub key: String,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What can be wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// Not one of ours.
    Foreign,
    /// One of ours, and not to be read.
    Unreadable(String),
    /// The index of a mailbox is missing or not to be read.
    IndexLost(MailboxId),
    /// A message is not in its mailbox's index, so nobody hears it.
    NotIndexed(MailboxId),
    /// The index counts a message that has no record; its recording is there.
    RecordMissing(MailboxId, MessageId),
    /// The index counts a message that has no recording, so nobody can hear it.
    AudioMissing(MailboxId, MessageId),
    /// A greeting or a name refers to a recording that is not there.
    GreetingMissing(MailboxId),
    /// A recording is harmed; what is left of it can be heard, or nothing.
    AudioDamaged(String),
    /// The copy of the messages' states is not what the index says.
    StatesDiffer(MailboxId),
    /// Nobody refers to a recording, which was made on that day, such as `20260131`.
    Orphan(String),
    /// A message to several has not reached all of them.
    Undelivered,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.key)?;
        match &self.wrong {
            Wrong::Foreign => f.write_str("is none of ours: it is left alone; remove it if nobody needs it"),
            Wrong::Unreadable(why) => write!(f, "cannot be read ({why}): bring it back from a backup, or remove it"),
            Wrong::IndexLost(_) => f.write_str("the index is missing or cannot be read: --repair makes it again"),
            Wrong::NotIndexed(_) => f.write_str("the message is not in its mailbox's index: --repair puts it there"),
            Wrong::RecordMissing(..) => f.write_str("the record of a message is missing: --repair writes it again"),
            Wrong::AudioMissing(..) => f.write_str("a message without its recording: bring the recording back from a backup, or --repair removes the message"),
            Wrong::GreetingMissing(_) => f.write_str("a greeting or name without its recording: its owner records it again"),
            Wrong::AudioDamaged(why) => write!(f, "the recording is harmed ({why}): bring it back from a backup"),
            Wrong::StatesDiffer(_) => f.write_str("the copy of the messages' states is not what the index says: --repair writes it again"),
            Wrong::Orphan(_) => f.write_str("a recording that nobody refers to: a worker removes it within hours, --repair once it is a week old"),
            Wrong::Undelivered => f.write_str("a message to several has not reached all of them: a worker brings it within an hour"),
        }
    }
}

/// Looks through a store, and again after `settle` where something was found; sorted by key.
pub async fn inspect(store: &dyn BlobStore, settle: Duration) -> Result<Vec<Finding>, StoreError> {
    let first = look(store).await?;
    if first.is_empty() {
        return Ok(Vec::new());
    }
    sleep(settle).await;
    let second = look(store).await?;
    Ok(first.intersection(&second).cloned().collect())
}

async fn look(store: &dyn BlobStore) -> Result<BTreeSet<Finding>, StoreError> {
    let mut found = BTreeSet::new();
    let keys = own_part(list_all(store, "").await?);
    let mut audio: BTreeMap<String, String> = BTreeMap::new();
    let mut mailboxes: BTreeMap<MailboxId, Vec<MessageId>> = BTreeMap::new();
    let mut referred = BTreeSet::new();
    for key in keys {
        match holds(&key) {
            None => {
                found.insert(finding(key, Wrong::Foreign));
            }
            Some(Holds::Audio { day }) => {
                audio.insert(key, day);
            }
            Some(Holds::Delivery) => {
                referred.extend(undelivered(store, &key, &mut found).await?);
            }
            Some(Holds::Message(mailbox, message)) => {
                mailboxes.entry(mailbox).or_default().push(message);
            }
            Some(Holds::AudioOf(mailbox)) => {
                if let Some(record) = rebuild::read::<AudioRecord>(store, &key).await? {
                    referred.insert(layout::audio(&mailbox, &record.audio));
                } else {
                    let why = "it does not say which recording it is".to_owned();
                    found.insert(finding(key, Wrong::Unreadable(why)));
                }
                mailboxes.entry(mailbox).or_default();
            }
            Some(Holds::OfIndex(mailbox)) => {
                mailboxes.entry(mailbox).or_default();
            }
            Some(Holds::OfTheSystem) => {}
        }
    }
    for (id, messages) in &mailboxes {
        let looked = mailbox::look(store, id, messages, &audio).await?;
        found.extend(looked.found);
        referred.extend(looked.referred);
    }
    for (key, day) in &audio {
        if !referred.contains(key) {
            found.insert(finding(key.clone(), Wrong::Orphan(day.clone())));
        } else if let Some(wrong) = mailbox::shared_audio(store, key).await? {
            found.insert(finding(key.clone(), wrong));
        }
    }
    Ok(found)
}

/// A message to several that is on its way; the recordings that it refers to.
async fn undelivered(
    store: &dyn BlobStore,
    key: &str,
    found: &mut BTreeSet<Finding>,
) -> Result<Vec<String>, StoreError> {
    let record: Option<DeliveryRecord> = rebuild::read(store, key).await?;
    let Some(DeliveryRecord {
        recipients,
        message,
    }) = record
    else {
        let why = "it is no record of a message".to_owned();
        found.insert(finding(key.to_owned(), Wrong::Unreadable(why)));
        return Ok(Vec::new());
    };
    found.insert(finding(key.to_owned(), Wrong::Undelivered));
    let Some(first) = recipients.first() else {
        return Ok(Vec::new());
    };
    let introductions = message.introductions.iter().map(|it| &it.audio);
    let refers = std::iter::once(&message.audio).chain(introductions);
    Ok(refers.map(|audio| layout::audio(first, audio)).collect())
}

/// Without what belongs to another system, whose part begins within ours and has a mark of its own.
fn own_part(keys: Vec<String>) -> Vec<String> {
    let others: Vec<String> = keys
        .iter()
        .filter_map(|key| key.strip_suffix("/owner"))
        .filter(|part| holds(&format!("{part}/owner")).is_none())
        .map(|part| format!("{part}/"))
        .collect();
    let is_ours = |key: &String| !others.iter().any(|part| key.starts_with(part));
    keys.into_iter().filter(is_ours).collect()
}

fn finding(key: String, wrong: Wrong) -> Finding {
    Finding { key, wrong }
}
