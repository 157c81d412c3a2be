//! Homes whose mailboxes could not be read, and what comes of them when the store works again.

use std::time::Duration;

use mailbox::Storage;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::ToHome;

/// The way back to a home that could not tell what its lamps are to show.
pub(super) type Unread = mpsc::WeakSender<Box<ToHome>>;

/// Lets homes tell what they could not, one after the other: a store that has just come back is not asked for everything at once.
/// Ends with the homes.
pub(super) async fn tell_later(
    mut unread: mpsc::UnboundedReceiver<Unread>,
    mut storage: watch::Receiver<Storage>,
) {
    let mut readable = false;
    while let Some(home) = unread.recv().await {
        if !readable {
            let works = storage.wait_for(|storage| *storage == Storage::Writable);
            // A store that takes nothing may be readable all the same: it is tried in any case.
            let _ = timeout(IN_ANY_CASE, works).await;
        }
        readable = is_told(&home).await;
        if !readable {
            sleep(REST).await;
        }
    }
}

/// Whether a home has told what there is; one that could not is in the queue again.
async fn is_told(home: &Unread) -> bool {
    let Some(home) = home.upgrade() else {
        return true;
    };
    let (reply, told) = oneshot::channel();
    let asked = home.send(Box::new(ToHome::TellAgain { reply })).await;
    asked.is_err() || told.await.unwrap_or(true)
}

/// How long the store is waited for before it is tried.
const IN_ANY_CASE: Duration = Duration::from_mins(1);
/// A store that seems to work and does not is not asked without pause.
const REST: Duration = Duration::from_secs(1);
