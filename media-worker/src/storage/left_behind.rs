//! Mailboxes on the volume of a worker that has a bucket: they are from before it got that, and nobody hears what is in them.

use std::path::Path;
use std::time::Duration;

use mailbox::FolderStore;
use tokio::sync::watch;
use tokio::task::{spawn_blocking, spawn_local};
use tokio::time::sleep;
use tracing::{info, warn};

use super::{given, worker_name};
use crate::cli::{Run, Slot};

/// What is to be said of them, as long as there are any.
#[derive(Clone, Debug)]
pub struct LeftBehind {
    said: watch::Receiver<Option<String>>,
}

impl LeftBehind {
    /// There are none.
    pub fn none() -> Self {
        let (_, said) = watch::channel(None);
        Self { said }
    }

    /// Looks for them at the start and, while there are any, again and again.
    pub fn follow(options: &Run) -> Self {
        let (slot, state) = (options.slot.clone(), options.state.clone());
        let Some(text) =
            look(&slot, &state).filter(|_| given(options.bucket.bucket.as_ref()).is_some())
        else {
            return Self::none();
        };
        warn!("{text}");
        let (tell, said) = watch::channel(Some(text));
        spawn_local(async move {
            while tell.borrow().is_some() {
                sleep(AGAIN).await;
                let (slot, state) = (slot.clone(), state.clone());
                // Where it breaks off, what was said holds.
                if let Ok(found) = spawn_blocking(move || look(&slot, &state)).await {
                    tell.send_replace(found);
                }
            }
            info!("no mailboxes lie on the worker's volume any more");
        });
        Self { said }
    }

    /// What is to be said now.
    pub fn said(&self) -> Option<String> {
        self.said.borrow().clone()
    }
}

/// How many there are and what helps; nothing where there are none.
fn look(slot: &Slot, state: &Path) -> Option<String> {
    let mailboxes = FolderStore::mailboxes_in(state.join("store"));
    (mailboxes > 0).then(|| {
        format!(
            "mailboxes from before there was a bucket lie on the worker's volume ({mailboxes}), and nobody hears what is in them: \
             kubectl -n {} exec {} -c worker -- media-worker mailbox copy {} here --remove",
            slot.namespace,
            worker_name(slot),
            state.display()
        )
    })
}

const AGAIN: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use mailbox::BlobStore;
    use mailbox::store::Condition;

    use super::*;

    #[tokio::test]
    async fn mailboxes_on_the_volume_are_told_with_the_command_that_carries_them() {
        let state = tempfile::tempdir().unwrap();
        let slot = Slot {
            namespace: "telephony".to_owned(),
            system: "office".to_owned(),
            system_uid: "uid".to_owned(),
            slot: 0,
        };
        assert_eq!(look(&slot, state.path()), None, "there is no store");
        let store = FolderStore::open(state.path().join("store")).unwrap();
        let put = async |key: &str| store.put(key, "x".into(), Condition::Always).await;
        put("files/open.wav").await.unwrap();
        put("mailboxes/mary/notes.txt").await.unwrap();
        assert_eq!(look(&slot, state.path()), None, "no message is there");
        put("mailboxes/mary/messages/m1").await.unwrap();
        put("mailboxes/john/index").await.unwrap();
        let said = look(&slot, state.path()).unwrap();
        assert!(said.contains("(2)"), "{said}");
        assert!(
            said.contains("-n telephony exec office-worker-0 -c worker"),
            "{said}"
        );
        for key in ["mailboxes/mary/messages/m1", "mailboxes/john/index"] {
            store.delete(key).await.unwrap();
        }
        assert_eq!(look(&slot, state.path()), None);
    }
}
