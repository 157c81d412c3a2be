//! What the worker tells the operator about itself, as it changes.

use std::sync::Arc;
use std::time::Duration;

use crds::report::{Generations, Report};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;

/// The newest report, for whoever asks. Clones are the same.
#[derive(Clone, Debug)]
pub struct ReportBoard {
    posted: Arc<watch::Sender<Posted>>,
}

#[derive(Debug)]
struct Posted {
    report: Report,
    /// The revision in which what is loaded changed last.
    loaded_since: u64,
}

impl ReportBoard {
    /// A board of the worker in this Pod; standalone the UID is empty.
    pub fn new(pod_uid: &str) -> Self {
        // An earlier process of this Pod began earlier, and has not changed its report each microsecond.
        let revision = Timestamp::now().as_microsecond().unsigned_abs();
        let report = Report {
            revision,
            pod_uid: pod_uid.to_owned(),
            loaded: Some(Generations::default()),
            ..Report::default()
        };
        Self {
            posted: Arc::new(watch::Sender::new(Posted {
                report,
                loaded_since: revision,
            })),
        }
    }

    /// Whether it is about the worker in this Pod.
    pub fn is_of(&self, pod_uid: &str) -> bool {
        self.posted.borrow().report.pod_uid == pod_uid
    }

    /// Changes the report; whoever waits hears of it if it is another then.
    pub fn change(&self, change: impl FnOnce(&mut Report)) {
        self.posted.send_if_modified(|posted| {
            let report = &mut posted.report;
            let before = report.clone();
            change(report);
            let changed = *report != before;
            if changed {
                report.revision = before.revision + 1;
            }
            if report.loaded != before.loaded {
                posted.loaded_since = report.revision;
            }
            changed
        });
    }

    /// The first report that is another than that of revision `after`; in any case one after a while.
    pub async fn after(&self, after: Option<u64>) -> Report {
        let mut posted = self.posted.subscribe();
        let other = posted.wait_for(|posted| Some(posted.report.revision) != after);
        // The board keeps a sender, so that only the time-out ends the wait without an answer.
        let _ = timeout(PATIENCE, other).await;
        self.posted.borrow().report.clone()
    }

    /// The same without what is loaded, for who keeps that from revision `after`, where it has not changed since.
    pub async fn change_after(&self, after: u64) -> Report {
        let mut report = self.after(Some(after)).await;
        let since = self.posted.borrow().loaded_since;
        if (since..=report.revision).contains(&after) {
            report.loaded = None;
        }
        report
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_comes_with_the_next_change() {
        let board = ReportBoard::new("pod");
        let first = board.after(None).await;
        let asked = board.clone();
        let waiting = tokio::spawn(async move { asked.after(Some(first.revision)).await });
        tokio::task::yield_now().await;
        board.change(|report| report.calls = 0);
        assert!(!waiting.is_finished(), "nothing has changed");
        board.change(|report| report.calls = 1);
        let next = waiting.await.unwrap();
        assert_eq!((next.calls, next.revision), (1, first.revision + 1));
        assert_eq!(next.pod_uid, "pod");
    }

    #[tokio::test]
    async fn a_revision_of_an_earlier_process_is_answered_at_once() {
        let board = ReportBoard::new("pod");
        let answer = timeout(PATIENCE / 4, board.after(Some(77))).await;
        assert!(answer.is_ok());
    }

    #[tokio::test]
    async fn what_is_loaded_is_told_again_only_once_it_has_changed() {
        let board = ReportBoard::new("pod");
        let load = |generation| {
            let loaded: Generations = [("mary", generation)].into_iter().collect();
            board.change(|report| report.loaded = Some(loaded));
        };
        load(1);
        let first = board.after(None).await;
        assert_eq!(first.generation("mary"), Some(1));
        board.change(|report| report.calls = 1);
        load(1);
        let call = board.change_after(first.revision).await;
        assert_eq!((call.calls, call.loaded), (1, None));
        load(2);
        board.change(|report| report.calls = 2);
        let news = board.change_after(call.revision).await;
        assert_eq!((news.calls, news.generation("mary")), (2, Some(2)));
        let whole = board.after(Some(call.revision)).await;
        assert_eq!(whole.generation("mary"), Some(2));
    }

    #[tokio::test]
    async fn whoever_has_asked_an_earlier_process_is_told_all() {
        let board = ReportBoard::new("pod");
        let later = board.after(None).await.revision + 77;
        for of_another in [77, later] {
            let report = board.change_after(of_another).await;
            assert_eq!(report.loaded, Some(Generations::default()));
        }
    }
}
