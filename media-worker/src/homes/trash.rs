//! What a home's user has deleted, and gets back if he wants (spec MB-5).

use apps::Unavailable;
use mailbox::{MailboxError, Message, MessageId};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tracing::{info, warn};

use super::home::HomeState;
use super::{Home, ToHome};

/// Why a message is not restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRestored {
    /// It is not there any more: it was in the trash for too long.
    #[error("the message is gone: it was in the trash for longer than voicemail.trashRetention")]
    Gone,
    /// The mailbox can't be reached.
    #[error("the mailbox can't be reached: try again later")]
    Unavailable,
}

impl Home {
    /// The messages that its user has deleted and that can be restored, oldest first.
    ///
    /// # Errors
    /// When the mailbox can't be reached, or there is no such user any more.
    pub async fn trash(&self) -> Result<Vec<Message>, Unavailable> {
        let answer = self.ask(|reply| ToHome::Trash { reply }).await;
        answer.unwrap_or(Err(Unavailable))
    }

    /// Brings a message from the trash back to where it was. His lamps follow. Nothing happens to a message that is not in the trash.
    ///
    /// # Errors
    /// When the message is gone for good, or the mailbox can't be reached.
    pub async fn restore_message(&self, message: MessageId) -> Result<(), NotRestored> {
        let answer = self
            .ask(|reply| ToHome::RestoreMessage { message, reply })
            .await;
        answer.unwrap_or(Err(NotRestored::Unavailable))
    }
}

impl HomeState {
    /// Answers beside the home, which waits for no store.
    pub(super) fn trash(&self, reply: oneshot::Sender<Result<Vec<Message>, Unavailable>>) {
        let mailbox = self.user().and_then(|user| self.mailbox(&user));
        spawn_local(async move {
            let trash = match mailbox {
                Some(mailbox) if !mailbox.counts().await.incomplete => Ok(mailbox.trash().await),
                Some(_) | None => Err(Unavailable),
            };
            let _ = reply.send(trash);
        });
    }

    /// Restores beside the home, which is told when its mailbox has changed.
    pub(super) fn restore_message(
        &self,
        message: MessageId,
        reply: oneshot::Sender<Result<(), NotRestored>>,
    ) {
        let mailbox = self.user().and_then(|user| self.mailbox(&user));
        let itself = self.itself.clone();
        spawn_local(async move {
            let Some(mailbox) = mailbox else {
                let _ = reply.send(Err(NotRestored::Unavailable));
                return;
            };
            let restored = mailbox.restore(&message).await;
            if let (Ok(()), Some(home)) = (&restored, itself.upgrade()) {
                info!(mailbox = %mailbox.id(), id = %message, "a deleted message was restored");
                let _ = home.send(Box::new(ToHome::MailboxChanged)).await;
            }
            let _ = reply.send(restored.map_err(|error| {
                if matches!(error, MailboxError::NoSuchMessage) {
                    return NotRestored::Gone;
                }
                warn!(mailbox = %mailbox.id(), id = %message, %error, "a deleted message can't be restored");
                NotRestored::Unavailable
            }));
        });
    }
}
