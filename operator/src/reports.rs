//! What workers say of themselves: their reports, followed one question after another.
mod follow;
mod locked;
mod news;
mod question;
mod refused;
mod undone;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crds::{PhoneSystem, report::Report};
use kube::ResourceExt;

pub use self::follow::follow;

/// What is known of each worker, by its Pod's UID.
#[derive(Debug, Default)]
pub struct Reports(Mutex<HashMap<String, Heard>>);

/// What a worker has been heard to say.
#[derive(Clone, Debug)]
enum Heard {
    /// Its last report.
    Report(Arc<Report>),
    /// It does not answer; where it serves all the same, what keeps the operator from asking it.
    Silence(Option<Arc<str>>),
}

impl Heard {
    fn report(&self) -> Option<&Arc<Report>> {
        match self {
            Self::Report(report) => Some(report),
            Self::Silence(_) => None,
        }
    }
}

impl Reports {
    /// The last report of this Pod's worker.
    pub fn of_pod(&self, uid: &str) -> Option<Arc<Report>> {
        self.held().get(uid)?.report().cloned()
    }

    /// What keeps the operator from asking this Pod's worker, which serves, and what to do about it.
    pub fn trouble(&self, uid: &str) -> Option<Arc<str>> {
        match self.held().get(uid)? {
            Heard::Silence(trouble) => trouble.clone(),
            Heard::Report(_) => None,
        }
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
        let live = reports.values().filter_map(Heard::report);
        live.filter(|report| report.generation(&system).is_some())
            .cloned()
            .collect()
    }

    /// Notes what a worker says, and gives it back whole: what it has left out is as it was.
    fn says(&self, pod: &str, mut report: Report) -> Arc<Report> {
        let mut reports = self.held();
        if report.loaded.is_none()
            && let Some(Heard::Report(before)) = reports.get(pod)
        {
            report.loaded.clone_from(&before.loaded);
        }
        let report = Arc::new(report);
        reports.insert(pod.to_owned(), Heard::Report(report.clone()));
        report
    }

    /// Notes that a worker does not answer, and, where it serves, what keeps us from asking it.
    fn is_silent(&self, pod: &str, trouble: Option<Arc<str>>) {
        self.held().insert(pod.to_owned(), Heard::Silence(trouble));
    }

    fn forget(&self, pod: &str) {
        self.held().remove(pod);
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_report_leaves_out_is_as_it_was_and_shared() {
        let reports = Reports::default();
        let loaded = [("mary", 2)].into_iter().collect();
        let whole = Report {
            loaded: Some(loaded),
            ..Report::default()
        };
        let call = Report {
            calls: 1,
            ..Report::default()
        };
        reports.says("pod", whole);
        reports.says("pod", call.clone());
        let known = reports.of_pod("pod").unwrap();
        assert_eq!((known.calls, known.generation("mary")), (1, Some(2)));
        // Nothing is known any more of one that has been silent.
        reports.is_silent("pod", None);
        reports.says("pod", call);
        assert_eq!(reports.of_pod("pod").unwrap().generation("mary"), None);
    }
}
