//! Homes whose mailboxes were not read yet, after a start or because the store was away, and what comes of them when it works.

use std::time::Duration;

use futures::future::join_all;
use mailbox::Storage;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::ToHome;

/// The way back to a home that could not tell yet what its lamps are to show.
pub(super) type Unread = mpsc::WeakSender<Box<ToHome>>;

/// Lets homes tell what they could not, some side by side: a store that has just come back is not asked for everything at once.
/// Ends with the homes.
pub(super) async fn tell_later(
    mut unread: mpsc::UnboundedReceiver<Unread>,
    mut storage: watch::Receiver<Storage>,
) {
    let mut readable = true;
    let mut homes = Vec::new();
    while unread.recv_many(&mut homes, AT_ONCE).await > 0 {
        if !readable {
            let works = storage.wait_for(|storage| *storage == Storage::Writable);
            // A store that takes nothing may be readable all the same: it is tried in any case.
            let _ = timeout(IN_ANY_CASE, works).await;
        }
        let told = join_all(homes.iter().map(is_told)).await;
        readable = told.into_iter().all(|told| told);
        homes.clear();
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

/// So many mailboxes are read side by side.
const AT_ONCE: usize = 16;
/// How long the store is waited for before it is tried.
const IN_ANY_CASE: Duration = Duration::from_mins(1);
/// A store that seems to work and does not is not asked without pause.
const REST: Duration = Duration::from_secs(1);
