//! What callers hear of the owner: his greetings and his name.

use super::{Mailbox, MailboxError};
use crate::ids::{AudioId, GreetingSlot};
use crate::layout;
use crate::record::{AudioRecord, to_bytes};
use crate::store::Condition;
use jiff::Timestamp;
use media::recording::Recording;
use std::sync::{Arc, PoisonError};

impl Mailbox {
    /// The greeting recorded for a slot, if any.
    pub async fn greeting(
        &self,
        slot: &GreetingSlot,
    ) -> Result<Option<Arc<Recording>>, MailboxError> {
        let audio = self
            .load(&mut self.cell.loaded.lock().await)
            .await?
            .index
            .greetings
            .get(slot)
            .cloned();
        self.kept_audio(audio).await
    }

    /// The slots that have a greeting.
    pub async fn greetings(&self) -> Result<Vec<GreetingSlot>, MailboxError> {
        Ok(self
            .load(&mut self.cell.loaded.lock().await)
            .await?
            .index
            .greetings
            .keys()
            .cloned()
            .collect())
    }

    /// Records a greeting; the one before is gone.
    pub async fn set_greeting(
        &self,
        slot: &GreetingSlot,
        recording: &Recording,
        now: Timestamp,
    ) -> Result<(), MailboxError> {
        let audio = self
            .store_audio(&layout::greeting(self.id(), slot), recording, now)
            .await?;
        let mut loaded = self.cell.loaded.lock().await;
        self.change(&mut loaded, |index| {
            index.greetings.insert(slot.clone(), audio.clone()) != Some(audio.clone())
        })
        .await
    }

    /// Removes a greeting; a missing one is fine.
    pub async fn delete_greeting(&self, slot: &GreetingSlot) -> Result<(), MailboxError> {
        self.shared
            .store
            .delete(&layout::greeting(self.id(), slot))
            .await?;
        let mut loaded = self.cell.loaded.lock().await;
        self.change(&mut loaded, |index| index.greetings.remove(slot).is_some())
            .await
    }

    /// The owner's recorded name, if any.
    pub async fn name(&self) -> Result<Option<Arc<Recording>>, MailboxError> {
        let audio = self
            .load(&mut self.cell.loaded.lock().await)
            .await?
            .index
            .name
            .clone();
        self.kept_audio(audio).await
    }

    /// Records the owner's name.
    pub async fn set_name(
        &self,
        recording: &Recording,
        now: Timestamp,
    ) -> Result<(), MailboxError> {
        let audio = self
            .store_audio(&layout::name(self.id()), recording, now)
            .await?;
        let mut loaded = self.cell.loaded.lock().await;
        self.change(&mut loaded, |index| {
            index.name.replace(audio.clone()) != Some(audio.clone())
        })
        .await
    }

    async fn store_audio(
        &self,
        record: &str,
        recording: &Recording,
        now: Timestamp,
    ) -> Result<AudioId, MailboxError> {
        let audio = self.shared.names.audio(now);
        let store = &self.shared.store;
        store
            .put(
                &layout::audio(self.id(), &audio),
                recording.to_bytes().into(),
                Condition::Always,
            )
            .await?;
        store
            .put(
                record,
                to_bytes(&AudioRecord {
                    audio: audio.clone(),
                })
                .into(),
                Condition::Always,
            )
            .await?;
        Ok(audio)
    }

    /// Audio that every caller hears: read once and kept.
    async fn kept_audio(
        &self,
        audio: Option<AudioId>,
    ) -> Result<Option<Arc<Recording>>, MailboxError> {
        let Some(audio) = audio else { return Ok(None) };
        let kept = || {
            self.cell
                .greetings
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(recording) = kept().get(&audio) {
            return Ok(Some(recording.clone()));
        }
        let recording = Arc::new(self.recording(&audio).await?);
        let mut kept = kept();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(audio, recording.clone());
        Ok(Some(recording))
    }
}

/// The default greeting, one per presence, the name.
const MOST_KEPT: usize = 9;
