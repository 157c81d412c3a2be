//! Carrying everything of one store into another, when a system gets a bucket, or another one.
//!
//! What the target has already stays as it is, so that it may be done again, and beside the worker that uses the target: messages that came
//! meanwhile, and what owners have done since, hold. What was cut off goes on with the next. A message that was carried and is deleted for
//! good since comes back with the next, for as long as the source has it: [`remove`] it there.

use crate::ids::{AudioId, MailboxId, MessageId};
use crate::index::{BadIndex, Index};
use crate::inspect::{Holds, holds};
use crate::layout;
use crate::mailbox::{Mailbox, MailboxError};
use crate::mailboxes::Mailboxes;
use crate::message::Message;
use crate::rebuild;
use crate::record::{AudioRecord, DeliveryRecord, split, to_bytes, with_audio};
use crate::store::{BlobStore, Condition, PutError, StoreError, check_key, list_all};
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::{BTreeSet, HashSet};

/// What was carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// The mailboxes of the source.
    pub mailboxes: usize,
    /// Messages that the target did not have.
    pub messages: usize,
    /// Greetings and names that it did not have.
    pub greetings: usize,
    /// Files of the company that it did not have.
    pub files: usize,
    /// Recordings that the source refers to and does not have: what they belong to is not carried.
    pub missing: BTreeSet<String>,
    /// Records of the source that cannot be read: what they tell of is not carried.
    pub unreadable: BTreeSet<String>,
    /// Files, greetings and names of which the target has others, which stay.
    pub differing: BTreeSet<String>,
}

/// Why not everything was carried. What was, is.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source does not answer.
    #[error("what is to be copied can't be read")]
    Read(#[source] StoreError),
    /// A later version has written the source.
    #[error(
        "the index of the mailbox {0} was written by a newer version of this program: use that one"
    )]
    Newer(MailboxId),
    /// The target does not take it.
    #[error("what is copied can't be written")]
    Write(#[source] MailboxError),
}

/// Carries everything of `from` that `to` does not have.
pub async fn copy(from: &dyn BlobStore, to: &Mailboxes) -> Result<Copied, CopyError> {
    let mut carrier = Carrier {
        from,
        to,
        copied: Copied::default(),
    };
    let keys = list(from, layout::MAILBOXES).await?;
    let mailboxes: BTreeSet<MailboxId> = keys.iter().filter_map(|key| of_mailbox(key)).collect();
    carrier.copied.mailboxes = mailboxes.len();
    for mailbox in &mailboxes {
        carrier.mailbox(&to.mailbox(mailbox)).await?;
    }
    carrier.deliveries().await?;
    let details = list(from, layout::DETAILS).await?;
    carrier.blobs(details).await?;
    carrier.files().await?;
    Ok(carrier.copied)
}

/// Takes away from the source what was carried, while nobody uses it; returns how many blobs. Indexes go last: without one, what is beside
/// it would look like messages that never arrived.
pub async fn remove(from: &dyn BlobStore, copied: &Copied) -> Result<usize, StoreError> {
    let mut keys = Vec::new();
    for part in layout::PARTS {
        keys.extend(own(list_all(from, part).await?));
    }
    keys.retain(|key| !copied.differing.contains(key));
    keys.sort_by_key(|key| matches!(holds(key), Some(Holds::OfIndex(_))));
    for key in &keys {
        from.delete(key).await?;
    }
    Ok(keys.len())
}

/// What becomes of one blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carried {
    /// The target has it now.
    Now,
    /// It had one of that key.
    Before,
    /// The source has none.
    Missing,
}

struct Carrier<'a> {
    from: &'a dyn BlobStore,
    to: &'a Mailboxes,
    copied: Copied,
}

impl Carrier<'_> {
    /// Carries a mailbox: recordings, then the records that refer to them, then all of it into the index at once.
    async fn mailbox(&mut self, mailbox: &Mailbox) -> Result<(), CopyError> {
        let id = mailbox.id();
        let all = self.index(id).await?;
        self.unreadable(id, &all).await?;
        // Before any record is written: one without an index would be taken for a message that never arrived.
        let mut new = mailbox.lacking(&all).await.map_err(CopyError::Write)?;
        self.differing(id, &all, &new).await?;
        let audio = new.audio().map(|audio| layout::audio(id, audio));
        let shared: BTreeSet<String> = audio.filter(|it| it.starts_with(layout::AUDIO)).collect();
        let carried = self.blobs(shared.into_iter().collect()).await?;
        self.leave_out(id, &mut new, &those(&carried, Carried::Missing));
        self.errands(id, &new).await?;
        let missing = self.records(id, &new).await?;
        self.leave_out(id, &mut new, &missing);
        for (slot, audio) in &new.greetings {
            self.audio_record(&layout::greeting(id, slot), audio)
                .await?;
        }
        if let Some(audio) = &new.name {
            self.audio_record(&layout::name(id), audio).await?;
        }
        mailbox.take_over(&new).await.map_err(CopyError::Write)?;
        // A sweep of the target may have removed meanwhile what an earlier try had carried and nobody referred to.
        let before = those(&carried, Carried::Before);
        self.blobs(before.into_iter().collect()).await?;
        self.copied.messages += new.messages().count();
        self.copied.greetings += new.greetings.len() + usize::from(new.name.is_some());
        Ok(())
    }

    /// What the source says of a mailbox, also where its index is lost.
    async fn index(&self, id: &MailboxId) -> Result<Index, CopyError> {
        let stored = self.from.get(&layout::index(id)).await;
        let stored = stored.map_err(CopyError::Read)?;
        let old = match stored.map(|blob| Index::from_bytes(&blob.bytes)) {
            Some(Ok(index)) => index,
            Some(Err(BadIndex::Version(_))) => return Err(CopyError::Newer(id.clone())),
            Some(Err(BadIndex::Syntax(_))) | None => Index::new(),
        };
        rebuild::index(self.from, id, &old, |_| None)
            .await
            .map_err(CopyError::Read)
    }

    /// Records of messages that nobody can tell the message of.
    async fn unreadable(&mut self, id: &MailboxId, all: &Index) -> Result<(), CopyError> {
        let mut keys = list(self.from, &layout::messages(id)).await?;
        let told = |key: &String| {
            MessageId::new(layout::last(key)).is_ok_and(|message| all.get(&message).is_some())
        };
        keys.retain(|key| !told(key));
        self.copied.unreadable.extend(keys);
        Ok(())
    }

    /// Greetings and the name, where the owner has recorded others in the target.
    async fn differing(
        &mut self,
        id: &MailboxId,
        all: &Index,
        new: &Index,
    ) -> Result<(), CopyError> {
        let greetings = all.greetings.iter();
        let greetings = greetings.filter(|(slot, _)| !new.greetings.contains_key(slot));
        let greetings = greetings.map(|(slot, audio)| (layout::greeting(id, slot), audio));
        let name = all.name.iter().filter(|_| new.name.is_none());
        let name = name.map(|audio| (layout::name(id), audio));
        for (key, audio) in greetings.chain(name) {
            let theirs = rebuild::read::<AudioRecord>(&*self.to.shared.store, &key).await;
            let theirs = theirs.map_err(|error| CopyError::Write(error.into()))?;
            if theirs.is_none_or(|theirs| theirs.audio != *audio) {
                self.copied.differing.insert(layout::audio(id, audio));
                self.copied.differing.insert(key);
            }
        }
        Ok(())
    }

    /// Nobody could hear what refers to these.
    fn leave_out(&mut self, id: &MailboxId, index: &mut Index, missing: &HashSet<String>) {
        let key = |audio: &AudioId| layout::audio(id, audio);
        let left_out = index.retain_audible(|audio| !missing.contains(&key(audio)));
        self.copied.missing.extend(left_out.iter().map(key));
    }

    /// The records of messages; those are returned that should have the recording in them and do not.
    async fn records(&self, id: &MailboxId, new: &Index) -> Result<HashSet<String>, CopyError> {
        let carrying = new.messages().map(|message| self.record(id, message));
        let carried: Vec<(String, Carried)> = stream::iter(carrying)
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(those(&carried, Carried::Missing))
    }

    /// A message's record, with the state that the message has now: whoever finds the record before it is in the index goes by that.
    async fn record(
        &self,
        id: &MailboxId,
        message: &Message,
    ) -> Result<(String, Carried), CopyError> {
        let key = layout::message(id, &message.id);
        let stored = self.from.get(&key).await.map_err(CopyError::Read)?;
        let audio = stored.as_ref().and_then(|blob| split(&blob.bytes).1);
        let record = DeliveryRecord {
            recipients: vec![id.clone()],
            message: message.clone(),
        };
        let bytes = match audio {
            Some(audio) => with_audio(&record, audio),
            None if layout::audio(id, &message.audio) == key => {
                return Ok((key, Carried::Missing));
            }
            None => to_bytes(&record),
        };
        let carried = self.put(&key, bytes.into()).await?;
        Ok((key, carried))
    }

    /// E-mails that are still to be sent about messages that are carried.
    async fn errands(&self, id: &MailboxId, new: &Index) -> Result<(), CopyError> {
        let prefix = layout::outbox(id);
        let wanted: HashSet<String> = new
            .messages()
            .map(|message| format!("{prefix}{}", message.id))
            .collect();
        let mut keys = list(self.from, &prefix).await?;
        keys.retain(|key| wanted.contains(key));
        self.blobs(keys).await.map(|_| ())
    }

    async fn audio_record(&self, key: &str, audio: &AudioId) -> Result<(), CopyError> {
        let record = AudioRecord {
            audio: audio.clone(),
        };
        self.put(key, to_bytes(&record).into()).await.map(|_| ())
    }

    /// Messages to several that have not reached all of them: the target's worker brings them the rest of the way.
    async fn deliveries(&mut self) -> Result<(), CopyError> {
        for key in list(self.from, layout::DELIVERIES).await? {
            let record = rebuild::read::<DeliveryRecord>(self.from, &key).await;
            let Some(record) = record.map_err(CopyError::Read)? else {
                self.copied.unreadable.insert(key);
                continue;
            };
            let Some(first) = record.recipients.first() else {
                continue;
            };
            let introductions = record.message.introductions.iter().map(|it| &it.audio);
            let audio = std::iter::once(&record.message.audio).chain(introductions);
            let audio: Vec<String> = audio.map(|audio| layout::audio(first, audio)).collect();
            let carried = self.blobs(audio).await?;
            let missing = those(&carried, Carried::Missing);
            if missing.is_empty() {
                self.blob(&key).await?;
            }
            self.copied.missing.extend(missing);
        }
        Ok(())
    }

    async fn files(&mut self) -> Result<(), CopyError> {
        // One at a time: each may have a hundred megabytes.
        for key in list(self.from, layout::FILES).await? {
            let carried = self.blob(&key).await?;
            if carried == Carried::Now {
                self.copied.files += 1;
            } else if self.differs(&key).await? {
                self.copied.differing.insert(key);
            }
        }
        Ok(())
    }

    async fn differs(&self, key: &str) -> Result<bool, CopyError> {
        let ours = self.from.get(key).await.map_err(CopyError::Read)?;
        let theirs = self.to.shared.store.get(key).await;
        let theirs = theirs.map_err(|error| CopyError::Write(error.into()))?;
        Ok(ours.map(|blob| blob.bytes) != theirs.map(|blob| blob.bytes))
    }

    /// Carries blobs, in the order given.
    async fn blobs(&self, keys: Vec<String>) -> Result<Vec<(String, Carried)>, CopyError> {
        let carrying = keys.into_iter().map(|key| async move {
            let carried = self.blob(&key).await?;
            Ok::<_, CopyError>((key, carried))
        });
        stream::iter(carrying).buffered(AT_ONCE).try_collect().await
    }

    async fn blob(&self, key: &str) -> Result<Carried, CopyError> {
        match self.from.get(key).await.map_err(CopyError::Read)? {
            Some(blob) => self.put(key, blob.bytes).await,
            None => Ok(Carried::Missing),
        }
    }

    /// Writes a blob where the target has none of that key.
    async fn put(&self, key: &str, bytes: Bytes) -> Result<Carried, CopyError> {
        let store = &self.to.shared.store;
        match store.put(key, bytes, Condition::IfAbsent).await {
            Ok(_) => Ok(Carried::Now),
            Err(PutError::Precondition) => Ok(Carried::Before),
            Err(error) => Err(CopyError::Write(error.into())),
        }
    }
}

/// The keys of which this has become.
fn those(carried: &[(String, Carried)], wanted: Carried) -> HashSet<String> {
    let those = carried.iter().filter(|(_, carried)| *carried == wanted);
    those.map(|(key, _)| key.clone()).collect()
}

/// Whose mailbox that key is of, if any.
fn of_mailbox(key: &str) -> Option<MailboxId> {
    match holds(key)? {
        Holds::Message(mailbox, _) | Holds::AudioOf(mailbox) | Holds::OfIndex(mailbox) => {
            Some(mailbox)
        }
        Holds::Audio { .. } | Holds::Delivery | Holds::OfTheSystem => None,
    }
}

async fn list(from: &dyn BlobStore, prefix: &str) -> Result<Vec<String>, CopyError> {
    let keys = list_all(from, prefix).await.map_err(CopyError::Read)?;
    Ok(own(keys).collect())
}

/// Without what is none of ours.
fn own(keys: Vec<String>) -> impl Iterator<Item = String> {
    let is_ours = |key: &String| check_key(key).is_ok() && holds(key).is_some();
    keys.into_iter().filter(is_ours)
}

/// Recordings are held in memory meanwhile.
const AT_ONCE: usize = 16;
