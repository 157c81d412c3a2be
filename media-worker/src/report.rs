//! What the worker tells the operator about itself, as it changes.

use std::sync::Arc;
use std::time::Duration;

use crds::report::Report;
use tokio::sync::watch;
use tokio::time::timeout;

/// The newest report, for whoever asks. Clones are the same.
#[derive(Clone, Debug)]
pub struct ReportBoard {
    report: Arc<watch::Sender<Report>>,
}

impl ReportBoard {
    /// A board of the worker in this Pod; standalone the UID is empty.
    pub fn new(pod_uid: &str) -> Self {
        let report = Report {
            pod_uid: pod_uid.to_owned(),
            ..Report::default()
        };
        Self {
            report: Arc::new(watch::Sender::new(report)),
        }
    }

    /// Whether it is about the worker in this Pod.
    pub fn is_of(&self, pod_uid: &str) -> bool {
        self.report.borrow().pod_uid == pod_uid
    }

    /// Changes the report; whoever waits hears of it if it is another then.
    pub fn change(&self, change: impl FnOnce(&mut Report)) {
        self.report.send_if_modified(|report| {
            let before = report.clone();
            change(report);
            let changed = *report != before;
            if changed {
                report.revision = before.revision + 1;
            }
            changed
        });
    }

    /// The first report that is another than that of revision `after`; in any case one after a while.
    pub async fn after(&self, after: Option<u64>) -> Report {
        let mut reports = self.report.subscribe();
        let other = reports.wait_for(|report| Some(report.revision) != after);
        // The board keeps a sender, so that only the time-out ends the wait without an answer.
        let _ = timeout(PATIENCE, other).await;
        self.report.borrow().clone()
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
}
