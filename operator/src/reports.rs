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

/// The last report of each worker, by its Pod's UID; none of one that does not answer.
#[derive(Debug, Default)]
pub struct Reports(Mutex<HashMap<String, Option<Arc<Report>>>>);

impl Reports {
    /// The last report of this Pod's worker.
    pub fn of_pod(&self, uid: &str) -> Option<Arc<Report>> {
        self.held().get(uid).cloned().flatten()
    }

    /// Whether this Pod's worker has answered, or has been asked for so long that it will not.
    pub fn has_been_asked(&self, uid: &str) -> bool {
        self.held().contains_key(uid)
    }

    /// The reports of the live workers. A worker counts as live once it has loaded the telephone system: before, it is
    /// only starting.
    pub fn live(&self, system: &PhoneSystem) -> Vec<Arc<Report>> {
        let system = system.uid().unwrap_or_default();
        let reports = self.held();
        let live = reports.values().flatten();
        live.filter(|report| report.loaded.contains_key(&system))
            .cloned()
            .collect()
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
