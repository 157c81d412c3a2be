//! What becomes of the Pod in a slot: made, kept, or replaced in a moment without calls. Pure.
use std::time::Duration;

use crds::{
    PhoneSystem,
    conditions::{ConditionType, Reason},
    report::Report,
};
use k8s_openapi::{api::core::v1::Pod, jiff::Timestamp};
use kube::ResourceExt;

use crate::{
    conditions::{Finding, find},
    names::BUILT,
};

/// All that the next step depends on.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The Pod there is.
    pub current: Option<&'a Pod>,
    /// The Pod there should be.
    pub desired: Option<&'a Pod>,
    /// Whether a new Pod may be started.
    pub may_start: bool,
    /// What the worker said last.
    pub report: Option<&'a Report>,
    /// Since when a replacement is waited for.
    pub waiting_since: Option<Timestamp>,
    /// How long a moment without calls is waited for at most.
    pub drain: Duration,
    /// Now.
    pub now: Timestamp,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All is as it should be.
    Keep,
    /// There should be another Pod than there is, and it may not be started.
    Held,
    /// There is no Pod, and there should be one.
    Create,
    /// The Pod is dead, or to be replaced, and nobody is in a call or there was no such moment for long. The worker lets
    /// calls that have begun meanwhile have the drain time-out as well: none that is shorter is cut off.
    Delete,
    /// The Pod is going.
    Going,
    /// The Pod is to be replaced in a moment without calls, and is told to go after this time in any case.
    Wait {
        /// What is left of the drain time-out.
        at_most: Duration,
    },
}

/// What to do with the Pod.
pub fn step(situation: &Situation<'_>) -> Step {
    let Some(current) = situation.current else {
        return match (situation.desired, situation.may_start) {
            (None, _) => Step::Keep,
            (Some(_), true) => Step::Create,
            (Some(_), false) => Step::Held,
        };
    };
    if current.metadata.deletion_timestamp.is_some() {
        return Step::Going;
    }
    if has_ended(current) {
        return Step::Delete;
    }
    let wanted = situation.desired.is_some_and(|desired| {
        desired.annotations().get(BUILT) == current.annotations().get(BUILT)
    });
    if wanted {
        return Step::Keep;
    }
    if situation.desired.is_some() && !situation.may_start {
        return Step::Held;
    }
    let at_most = remaining(situation);
    // A worker that serves but has not told of its calls yet may have some.
    let idle = match situation.report {
        Some(report) => report.calls == 0,
        None => !is_ready(current),
    };
    if idle || at_most.is_zero() {
        Step::Delete
    } else {
        Step::Wait { at_most }
    }
}

/// Why a Pod is [deleted](Step::Delete), for people.
pub fn why_replaced(current: &Pod, desired: Option<&Pod>) -> String {
    if has_ended(current) {
        let status = current.status.as_ref();
        let reason = status.and_then(|it| it.reason.as_deref());
        return match reason {
            Some(reason) => format!("it has ended ({reason}), and another is started"),
            None => "it has ended, and another is started".to_owned(),
        };
    }
    let Some(desired) = desired else {
        return "no worker is asked for any more (spec.workers.replicas: 0)".to_owned();
    };
    match (image(current), image(desired)) {
        (Some(old), Some(new)) if old != new => {
            format!("the image {new} is asked for in place of {old}")
        }
        _ => "the PhoneSystem or the operator's values have changed in a way that a running worker can't take, and another is started".to_owned(),
    }
}

fn image(pod: &Pod) -> Option<&str> {
    let containers = &pod.spec.as_ref()?.containers;
    containers.first()?.image.as_deref()
}

/// `Updating`, as this step leaves it.
pub fn updating(step: Step, pod: Option<&Pod>, calls: u32) -> Finding {
    let up_to_date =
        |message: &str| Finding::no(ConditionType::Updating, Reason::UpToDate, message);
    match step {
        Step::Keep => up_to_date(match pod {
            Some(pod) if is_ready(pod) => "the worker runs as the manifest asks",
            Some(_) => {
                "the worker is built as the manifest asks and does not serve; the condition Ready says why"
            }
            None => "no worker is asked for",
        }),
        Step::Create => {
            up_to_date("a worker is being started; the condition Ready says how far it is")
        }
        Step::Held => Finding::no(
            ConditionType::Updating,
            Reason::HeldBack,
            "no new worker is started, since it would mount a Secret that lacks the label for that; the condition Accepted says what to do",
        ),
        Step::Delete | Step::Going => Finding::yes(
            ConditionType::Updating,
            Reason::Replacing,
            "the old worker is going and a new one comes; calls that are still on the line go on for the drain time-out at most, and no new ones are taken",
        ),
        Step::Wait { .. } => Finding::yes(
            ConditionType::Updating,
            Reason::WaitingForCalls,
            format!(
                "the worker is replaced in a moment without calls ({calls} now); if there is none within the drain time-out, it takes no new calls from then on and goes with its last one, at most as long again"
            ),
        ),
    }
}

/// Since when a replacement is waited for, as the status says: so it outlives a restart of the operator.
pub fn waiting_since(system: &PhoneSystem) -> Option<Timestamp> {
    let stored = &system.status.as_ref()?.conditions;
    let updating = find(stored, ConditionType::Updating)?;
    let waits = updating.reason == Reason::WaitingForCalls.as_str();
    waits.then_some(updating.last_transition_time.0)
}

/// Whether the kubelet says that the worker serves.
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|it| it.conditions.as_ref());
    conditions.is_some_and(|all| {
        all.iter()
            .any(|it| it.type_ == "Ready" && it.status == "True")
    })
}

/// Why a Pod does not run, as Kubernetes says it.
pub fn why_not_running(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let containers = status.container_statuses.iter().flatten();
    let initial = status.init_container_statuses.iter().flatten();
    // A container waits for those that are started before it, and says no more than that: why, the first of them says.
    let waiting = initial.chain(containers).find_map(|container| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        let reason = waiting.reason.as_deref();
        let reason = reason.filter(|it| *it != "PodInitializing")?;
        let said = [Some(reason), waiting.message.as_deref()];
        let said = said.into_iter().flatten().filter(|it| !it.is_empty());
        let said: Vec<&str> = said.collect();
        Some(format!("container {}: {}", container.name, said.join(" ")))
    });
    let unscheduled = status.conditions.iter().flatten().find_map(|condition| {
        let waits = condition.type_ == "PodScheduled" && condition.status == "False";
        waits.then(|| condition.message.clone()).flatten()
    });
    unscheduled.or(waiting)
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Failed" | "Succeeded"))
}

fn remaining(situation: &Situation<'_>) -> Duration {
    let since = situation.waiting_since.unwrap_or(situation.now);
    let waited = situation.now.duration_since(since);
    let waited = Duration::try_from(waited).unwrap_or_default();
    situation.drain.saturating_sub(waited)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(built: &str, rest: &str) -> Pod {
        let yaml = format!(
            "{{metadata: {{name: office-worker-0, annotations: {{switchboard.dev/built: {built}}}}}, {rest}}}"
        );
        serde_saphyr::from_str(&yaml).unwrap()
    }

    fn with_calls(calls: u32) -> Report {
        Report {
            calls,
            ..Report::default()
        }
    }

    fn next(current: Option<&Pod>, report: Option<&Report>, waited: i64) -> Step {
        let desired = pod("new", "spec: {containers: []}");
        let now = Timestamp::from_second(10_000).unwrap();
        step(&Situation {
            current,
            desired: Some(&desired),
            may_start: true,
            report,
            waiting_since: Timestamp::from_second(10_000 - waited).ok(),
            drain: Duration::from_mins(15),
            now,
        })
    }

    const READY: &str = "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}";

    #[test]
    fn a_worker_built_otherwise_is_replaced_once_nobody_is_in_a_call() {
        let old = pod("old", READY);
        let at_most = Duration::from_mins(5);
        assert_eq!(
            next(Some(&old), Some(&with_calls(2)), 600),
            Step::Wait { at_most }
        );
        assert_eq!(next(Some(&old), Some(&with_calls(0)), 600), Step::Delete);
        assert_eq!(next(Some(&old), Some(&with_calls(2)), 900), Step::Delete);
    }

    #[test]
    fn a_worker_that_has_not_told_of_its_calls_is_not_taken_to_have_none() {
        let serving = pod("old", READY);
        assert!(matches!(next(Some(&serving), None, 0), Step::Wait { .. }));
        let starting = pod("old", "status: {phase: Pending}");
        assert_eq!(next(Some(&starting), None, 0), Step::Delete);
    }

    #[test]
    fn a_dead_pod_is_removed_and_a_missing_one_made() {
        let failed = pod("new", "status: {phase: Failed, reason: Evicted}");
        assert_eq!(next(Some(&failed), None, 0), Step::Delete);
        assert_eq!(next(None, None, 0), Step::Create);
        let fine = pod("new", READY);
        assert_eq!(next(Some(&fine), Some(&with_calls(2)), 0), Step::Keep);
    }

    #[test]
    fn nothing_is_started_or_replaced_while_a_secret_may_not_be_mounted() {
        let (old, desired) = (pod("old", READY), pod("new", "spec: {containers: []}"));
        let idle = with_calls(0);
        let situation = Situation {
            current: Some(&old),
            desired: Some(&desired),
            may_start: false,
            report: Some(&idle),
            waiting_since: None,
            drain: Duration::from_mins(15),
            now: Timestamp::from_second(0).unwrap(),
        };
        let held = step(&situation);
        assert_eq!(held, Step::Held);
        assert_eq!(updating(held, Some(&old), 0).reason, Reason::HeldBack);
        let current = None;
        assert_eq!(
            step(&Situation {
                current,
                ..situation
            }),
            Step::Held
        );
        let current = Some(&desired);
        assert_eq!(
            step(&Situation {
                current,
                ..situation
            }),
            Step::Keep
        );
    }

    #[test]
    fn a_container_that_cannot_start_is_told_of_and_not_the_one_that_waits_for_it() {
        let waits = |upload: &str| {
            pod(
                "new",
                &format!(
                    "status: {{initContainerStatuses: [{{name: upload, image: i, imageID: '', ready: false, restartCount: 0, \
                     state: {{waiting: {{{upload}}}}}}}], \
                     containerStatuses: [{{name: worker, image: i, imageID: '', ready: false, restartCount: 0, \
                     state: {{waiting: {{reason: PodInitializing}}}}}}]}}"
                ),
            )
        };
        let refused = waits("reason: ErrImagePull, message: 'ghcr.io/worker:9.9.9: not found'");
        assert_eq!(
            why_not_running(&refused).as_deref(),
            Some("container upload: ErrImagePull ghcr.io/worker:9.9.9: not found")
        );
        let fails = waits("reason: CreateContainerError");
        assert_eq!(
            why_not_running(&fails).as_deref(),
            Some("container upload: CreateContainerError")
        );
        assert_eq!(why_not_running(&waits("reason: PodInitializing")), None);
    }

    #[test]
    fn a_worker_is_said_to_run_only_where_one_serves() {
        let says = |step, pod: Option<&Pod>| {
            let found = updating(step, pod, 0);
            assert_eq!((found.holds, found.reason), (Some(false), Reason::UpToDate));
            found.message
        };
        let serving = pod("new", READY);
        let runs = "the worker runs as the manifest asks";
        assert_eq!(says(Step::Keep, Some(&serving)), runs);
        let starting = pod("new", "status: {phase: Pending}");
        assert!(says(Step::Keep, Some(&starting)).contains("does not serve"));
        assert!(says(Step::Create, None).contains("is being started"));
        assert_eq!(says(Step::Keep, None), "no worker is asked for");
    }

    #[test]
    fn of_a_worker_that_goes_it_is_told_why() {
        let with = |image: &str| {
            pod(
                "old",
                &format!("spec: {{containers: [{{name: worker, image: {image}}}]}}"),
            )
        };
        let (old, new) = (with("worker:1"), with("worker:2"));
        assert_eq!(
            why_replaced(&old, Some(&new)),
            "the image worker:2 is asked for in place of worker:1"
        );
        let otherwise = why_replaced(&old, Some(&old));
        assert!(otherwise.contains("have changed"), "{otherwise}");
        assert!(why_replaced(&old, None).contains("replicas: 0"));
        let evicted = pod("new", "status: {phase: Failed, reason: Evicted}");
        let ended = why_replaced(&evicted, Some(&new));
        assert!(ended.contains("it has ended (Evicted)"), "{ended}");
    }
}
