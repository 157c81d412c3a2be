//! Finding audio: in the spool as long as it is on its way, then in the store.

use crate::ids::{AudioId, MailboxId, Place};
use crate::mailbox::MailboxError;
use crate::mailboxes::Shared;
use crate::message::Forwarded;
use crate::spool::Spooled;
use crate::{layout, record};
use bytes::Bytes;
use media::recording::Recording;

/// Audio that a message of this mailbox refers to.
pub(crate) async fn read(
    shared: &Shared,
    mailbox: &MailboxId,
    audio: &AudioId,
) -> Result<Recording, MailboxError> {
    let mut left = None;
    match shared.spool.board().audio(audio) {
        Some(Spooled::Recorded(record)) => match shared.spool.read(record).await {
            Ok(salvaged) if salvaged.unreadable == 0 => return Ok(salvaged.recording),
            Ok(salvaged) => left = Some(salvaged.recording).filter(|it| !it.is_empty()),
            Err(_) => {}
        },
        Some(Spooled::Forwarded(forwarded)) => {
            let Forwarded { from, message } = *forwarded;
            return Box::pin(read(shared, &from, &message.audio)).await;
        }
        None => {}
    }
    let bytes = match (stored(shared, mailbox, audio).await, left) {
        // Nobody has more of it.
        (Err(_), Some(left)) => return Ok(left),
        (stored, _) => stored?,
    };
    Ok(Recording::from_bytes(&bytes).or_else(|_| Recording::salvage(&bytes))?)
}

/// The audio of a message that is forwarded, as it is to be stored.
pub(crate) async fn original(
    shared: &Shared,
    forwarded: &Forwarded,
) -> Result<Bytes, MailboxError> {
    let Forwarded { from, message } = forwarded;
    if let Some(Spooled::Recorded(record)) = shared.spool.board().audio(&message.audio) {
        let recording = shared.spool.read(record).await?.whole()?;
        return Ok(recording.to_bytes().into());
    }
    stored(shared, from, &message.audio).await
}

async fn stored(
    shared: &Shared,
    mailbox: &MailboxId,
    audio: &AudioId,
) -> Result<Bytes, MailboxError> {
    let key = layout::audio(mailbox, audio);
    let blob = shared.store.get(&key).await?;
    let bytes = blob.ok_or(MailboxError::AudioMissing)?.bytes;
    match audio.place() {
        Place::Shared { .. } => Ok(bytes),
        Place::InRecord(_) => {
            let (_, audio) = record::split(&bytes);
            let audio = audio.ok_or(MailboxError::AudioMissing)?;
            Ok(bytes.slice_ref(audio))
        }
    }
}
