//! What users change by phone, on its way to the API server.
//!
//! A change is kept in the state folder first, holds at once, and is written with retries, each user's by itself. It goes
//! before what the API server has until the watch shows what was written.
mod waiting;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crds::{Shared, UserSettings, UserSettingsSpec, report::UndoneSettings};
use jiff::Timestamp;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout_at},
};
use tracing::{error, warn};

use self::waiting::Waiting;
use super::{FIELD_MANAGER, SettingsChange, watches::Watched};
use crate::{
    report::ReportBoard,
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
    /// Where the operator reads of it.
    report: ReportBoard,
}

impl Settings {
    /// Those that an earlier process kept are written first.
    pub(super) fn new(state: State, news: Arc<Notify>, report: ReportBoard) -> Self {
        let changed = Notify::new();
        changed.notify_one();
        Self {
            state,
            written: Mutex::default(),
            revision: AtomicU64::new(0),
            changed,
            news,
            report,
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

    /// The next change to write: of those that nobody waits with, else the one that is waited with for the shortest time.
    fn next(&self, waiting: &Waiting) -> Option<(String, UserSettings)> {
        let written = self.written();
        self.state
            .all_settings()
            .into_iter()
            .filter(|(user, _)| !written.contains_key(user))
            .min_by_key(|(user, _)| waiting.until(user))
    }

    /// The API server refuses `spec` for good. Unless it has been changed since, it is undone, and the operator tells of it.
    fn undo(&self, user: &str, spec: &UserSettingsSpec, why: &str) {
        let kept = self.state.settings(user);
        if kept.is_some_and(|now| now.spec != *spec) {
            return;
        }
        self.forget(user);
        let now = Timestamp::now();
        let undone = UndoneSettings {
            user: user.to_owned(),
            at: now,
            why: why.chars().take(LONGEST_REASON).collect(),
        };
        self.report.change(|report| report.undo(undone, now));
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

/// Writes changes as they come, for ever, once the watches are complete. What can't be written waits, and nobody else's with it.
pub(super) async fn write(settings: Arc<Settings>, api: Api<UserSettings>, watched: Arc<Watched>) {
    let mut waiting = Waiting::default();
    loop {
        let Some((user, change)) = settings.next(&waiting) else {
            settings.changed.notified().await;
            continue;
        };
        let until = waiting.until(&user);
        if let Some(until) = until.filter(|until| *until > Instant::now()) {
            // Another user's change need not wait.
            let _ = timeout_at(until, settings.changed.notified()).await;
            continue;
        }
        if !watched.has_user(&user) {
            settings.forget(&user); // deleted meanwhile
            waiting.forget(&user);
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
                waiting.forget(&user);
            }
            Err(kube::Error::Api(status)) if is_final(status.code) => {
                error!(user, error = %status, "the API server refuses what a user has set by phone, and it is undone");
                settings.undo(&user, &change.spec, &status.message);
                waiting.forget(&user);
            }
            Err(error) => {
                warn!(user, %error, "what a user has set by phone can't be written yet: it holds here, and it is tried again");
                let delay = waiting.put_off(&user, Instant::now());
                if !matches!(error, kube::Error::Api(_)) {
                    sleep(delay).await; // it has not answered, and would answer nobody else either
                }
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

/// An Event says no more.
const LONGEST_REASON: usize = 300;
