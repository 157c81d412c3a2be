//! What workers say of themselves: their reports, followed one question after another.
mod follow;
mod locked;
mod refused;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crds::{PhoneSystem, report::Report};
use kube::ResourceExt;

pub use self::follow::follow;
use crate::readiness::StoredShard;

/// The last report of each worker, by its Pod's UID; none of one that does not answer.
#[derive(Debug, Default)]
pub struct Reports(Mutex<HashMap<String, Option<Arc<Report>>>>);

/// What is still missing before an object is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing.
    Nothing,
    /// No worker is there.
    Worker,
    /// A worker has not loaded the object yet.
    Loading,
}

impl Reports {
    /// The last report of this Pod's worker.
    pub fn of_pod(&self, uid: &str) -> Option<Arc<Report>> {
        self.held().get(uid).cloned().flatten()
    }

    /// Whether this Pod's worker has answered, or has been asked for so long that it will not.
    pub fn has_been_asked(&self, uid: &str) -> bool {
        self.held().contains_key(uid)
    }

    /// What the live workers lack of an object of this UID and generation, and of these shards' credentials.
    ///
    /// A worker counts as live once it has loaded the telephone system: before, it is only starting.
    pub fn missing(
        &self,
        system: &PhoneSystem,
        uid: Option<&str>,
        generation: i64,
        shards: &[StoredShard],
    ) -> Missing {
        let system = system.uid().unwrap_or_default();
        let reports = self.held();
        let mut live = reports
            .values()
            .flatten()
            .filter(|report| report.loaded.contains_key(&system))
            .peekable();
        if live.peek().is_none() {
            return Missing::Worker;
        }
        let has_all = |report: &Arc<Report>| {
            let loaded = uid.and_then(|uid| report.loaded.get(uid));
            loaded.is_some_and(|loaded| *loaded >= generation)
                && shards.iter().all(|shard| shard.loaded_by(report))
        };
        if live.all(has_all) {
            Missing::Nothing
        } else {
            Missing::Loading
        }
    }

    fn put(&self, pod: &str, report: Option<Report>) {
        self.held().insert(pod.to_owned(), report.map(Arc::new));
    }

    fn forget(&self, pod: &str) {
        self.held().remove(pod);
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Option<Arc<Report>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
