//! How long a deletion waits for the end of a worker, and what people are told meanwhile. Pure.
use std::time::Duration;

use k8s_openapi::{api::core::v1::Pod, jiff::Timestamp};
use kube::ResourceExt;

/// How far the end of a worker is whose system is going.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EndOfWorker {
    /// Nobody has asked its Pod to go.
    NotAskedFor,
    /// It is waited for.
    Awaited {
        /// What people are told.
        note: String,
    },
    /// It should long have come: the node is lost, or something holds the Pod.
    GivenUp {
        /// What people are told.
        note: String,
    },
}

impl EndOfWorker {
    /// That of this Pod, which is waited for with this patience once its time is over.
    pub(super) fn of(pod: &Pod, patience: Duration, now: Timestamp) -> Self {
        // Kubernetes writes down when the grace that it gives a Pod ends.
        let Some(at_most) = pod.metadata.deletion_timestamp.as_ref().map(|it| it.0) else {
            return Self::NotAskedFor;
        };
        let name = pod.name_any();
        let over = Duration::try_from(now.duration_since(at_most));
        if over.is_ok_and(|over| over >= patience) {
            return Self::GivenUp {
                note: format!(
                    "mailboxes stay in storage, since the worker {name}, which might still store messages, should have ended by {at_most} and has not; {REMEDY} {name} --force"
                ),
            };
        }
        Self::Awaited {
            note: format!(
                "waits for the worker {name} to end its calls and to store its messages, until {at_most} at most; {REMEDY} {name} --force"
            ),
        }
    }
}

const REMEDY: &str = "if its node is gone for good: kubectl delete pod";

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    #[test]
    fn a_worker_has_the_time_of_its_pod_and_then_our_patience() {
        let mut pod = Pod::default();
        pod.metadata.name = Some("office-worker-0".to_owned());
        let patience = Duration::from_mins(10);
        let asked_for = at(1_000);
        assert_eq!(
            EndOfWorker::of(&pod, patience, asked_for),
            EndOfWorker::NotAskedFor
        );
        let at_most = at(2_000);
        pod.metadata.deletion_timestamp = Some(Time(at_most));
        for now in [1_000, 2_599] {
            let EndOfWorker::Awaited { note } = EndOfWorker::of(&pod, patience, at(now)) else {
                unreachable!("it may still end")
            };
            assert!(note.contains(&at_most.to_string()), "{note}");
            assert!(note.contains("pod office-worker-0 --force"), "{note}");
        }
        let end = EndOfWorker::of(&pod, patience, at(2_600));
        assert!(matches!(end, EndOfWorker::GivenUp { .. }), "{end:?}");
    }
}
