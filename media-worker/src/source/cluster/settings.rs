//! What users change by phone, on its way to the API server.
//!
//! A change is kept in the state folder first, holds at once, and is written with retries. It goes before what the API
//! server has until the watch shows what was written.
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crds::{Shared, UserSettings, UserSettingsSpec};
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::{sync::Notify, time::sleep};
use tracing::{error, warn};

use super::{FIELD_MANAGER, SettingsChange, watches::Watched};
use crate::{
    source::unset,
    state::{State, StateError},
};

/// The changes that the API server has not confirmed.
#[derive(Debug)]
pub(super) struct Settings {
    state: State,
    /// The generation that the API server gave to what was written, by user.
    written: Mutex<BTreeMap<String, i64>>,
    revision: AtomicU64,
    changed: Notify,
    /// Told when something is undone.
    news: Arc<Notify>,
}

impl Settings {
    /// Those that an earlier process kept are written first.
    pub(super) fn new(state: State, news: Arc<Notify>) -> Self {
        let changed = Notify::new();
        changed.notify_one();
        Self {
            state,
            written: Mutex::default(),
            revision: AtomicU64::new(0),
            changed,
            news,
        }
    }

    /// Changes what this user has set. It is on disk when this returns.
    pub(super) fn change(
        &self,
        user: &str,
        stored: Option<UserSettingsSpec>,
        change: SettingsChange,
    ) -> Result<(), StateError> {
        let mut settings = unset(user);
        let before = self.state.settings(user).map(|before| before.spec);
        settings.spec = before.or(stored).unwrap_or_default();
        change(&mut settings.spec);
        self.state.put_settings(user, settings)?;
        self.written().remove(user);
        self.revision.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_one();
        Ok(())
    }

    /// The changes that go before what the API server has.
    pub(super) fn unwritten(&self) -> BTreeMap<String, UserSettings> {
        self.state.all_settings()
    }

    /// Grows with each change of [`Settings::unwritten`].
    pub(super) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Relaxed)
    }

    /// Lets go of what the watch shows.
    pub(super) fn seen(&self, stored: &[Shared<UserSettings>]) {
        let mut written = self.written();
        if written.is_empty() {
            return;
        }
        for settings in stored {
            let user = settings.name_any();
            let shown = settings.metadata.generation;
            if written
                .get(&user)
                .is_some_and(|written| shown >= Some(*written))
            {
                written.remove(&user);
                self.forget(&user);
            }
        }
    }

    fn forget(&self, user: &str) {
        if let Err(error) = self.state.remove_settings(user) {
            warn!(user, %error, "settings that are written already stay in the state folder");
        }
        self.revision.fetch_add(1, Ordering::Relaxed);
        self.news.notify_one();
    }

    /// The next change to write.
    fn next(&self) -> Option<(String, UserSettings)> {
        let written = self.written();
        self.state
            .all_settings()
            .into_iter()
            .find(|(user, _)| !written.contains_key(user))
    }

    /// The API server has taken `spec`; unless it has been changed since, it is confirmed by the watch.
    fn taken(&self, user: &str, spec: &UserSettingsSpec, generation: i64) {
        let mut written = self.written();
        if self
            .state
            .settings(user)
            .is_some_and(|now| now.spec == *spec)
        {
            written.insert(user.to_owned(), generation);
        }
    }

    fn written(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, i64>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes changes as they come, for ever, once the watches are complete.
pub(super) async fn write(settings: Arc<Settings>, api: Api<UserSettings>, watched: Arc<Watched>) {
    let mut delay = FIRST_DELAY;
    loop {
        let Some((user, change)) = settings.next() else {
            settings.changed.notified().await;
            continue;
        };
        if watched.user(&user, |_| ()).is_none() {
            settings.forget(&user); // deleted meanwhile
            continue;
        }
        let params = PatchParams::apply(FIELD_MANAGER).force();
        match api
            .patch(&user, &params, &Patch::Apply(&patch(&change)))
            .await
        {
            Ok(stored) => {
                let generation = stored.metadata.generation.unwrap_or_default();
                settings.taken(&user, &change.spec, generation);
                delay = FIRST_DELAY;
            }
            Err(kube::Error::Api(status)) if is_final(status.code) => {
                error!(user, error = %status, "the API server refuses what a user has set by phone, and it is undone");
                settings.forget(&user);
            }
            Err(error) => {
                warn!(user, %error, "what a user has set by phone can't be written yet: it holds here, and it is tried again");
                sleep(delay).await;
                delay = (delay * 2).min(LONGEST_DELAY);
            }
        }
    }
}

/// What is applied. The list is there also when it is empty: left out, it would stay as another manager has written it.
fn patch(change: &UserSettings) -> Value {
    let mut patch = json!(change);
    patch["spec"]["announceOnly"] = json!(change.spec.announce_only);
    patch
}

/// Whether the same would be refused again: it is not valid.
fn is_final(code: u16) -> bool {
    matches!(code, 400 | 422)
}

const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(10);
