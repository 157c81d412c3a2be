//! Why a worker's Pod is not taken to serve, and what helps. Pure.
use k8s_openapi::api::core::v1::{Pod, PodCondition};
use kube::ResourceExt;

use super::worker::{is_ready, why_not_running};

/// Why this Pod's worker is not taken to serve, and what to do about it. `trouble` is what keeps the operator from asking
/// it, where that has been so for a while.
pub(super) fn why(pod: &Pod, trouble: Option<&str>) -> String {
    let name = pod.name_any();
    if let Some(until) = &pod.metadata.deletion_timestamp {
        let until = until.0;
        return format!(
            "the worker is going, and may end its calls until {until}; if it is there long after that, its node is gone; run: \
             kubectl delete pod {name} --force"
        );
    }
    if let Some(trouble) = trouble
        && is_ready(pod)
    {
        return format!("the worker serves, but {trouble}");
    }
    if is_out_of_sight(pod)
        && let Some(node) = pod.spec.as_ref().and_then(|it| it.node_name.as_deref())
    {
        return format!(
            "the worker's node {node} does not answer; run: kubectl get node {node}; if it is gone for good, run: \
             kubectl delete pod {name} --force"
        );
    }
    let why = why_not_running(pod)
        .or_else(|| gate(pod))
        .unwrap_or_else(|| "it is starting".to_owned());
    format!("the worker does not serve yet: {why}; to see more, run: kubectl describe pod {name}")
}

/// What the API server refused, and what helps where it is the namespace that allows too little.
pub(super) fn refused(told: &str, namespace: &str) -> String {
    let remedy = if told.contains("violates PodSecurity") {
        format!(
            "; if workers may do that here, run: kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=privileged --overwrite"
        )
    } else {
        String::new()
    };
    format!("{told}{remedy}; it is tried again")
}

/// Whether Kubernetes has lost sight of a Pod that served: it takes away `Ready` then, and knows no more of the containers
/// than what their node said last.
fn is_out_of_sight(pod: &Pod) -> bool {
    let is =
        |type_: &str, status: &str| condition(pod, type_).is_some_and(|it| it.status == status);
    is("ContainersReady", "True") && is("Ready", "False") && gate(pod).is_none()
}

/// What a Pod waits for whose containers are ready, as when a load balancer's controller has given it a readiness gate:
/// the kubelet, which says so, is there.
fn gate(pod: &Pod) -> Option<String> {
    let ready = condition(pod, "Ready")?;
    let waits = ready.reason.as_deref() == Some("ReadinessGatesNotReady");
    let message = ready.message.as_deref().unwrap_or_default();
    waits.then(|| format!("it waits for a readiness gate: {message}"))
}

fn condition<'p>(pod: &'p Pod, type_: &str) -> Option<&'p PodCondition> {
    let mut all = pod.status.as_ref()?.conditions.iter().flatten();
    all.find(|it| it.type_ == type_)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(metadata: &str, conditions: &str) -> Pod {
        let manifest = format!(
            "{{metadata: {{name: office-worker-0{metadata}}}, spec: {{nodeName: cellar, containers: []}}, \
             status: {{phase: Running, conditions: [{conditions}]}}}}"
        );
        let Ok(pod) = serde_saphyr::from_str(&manifest) else {
            unreachable!("{manifest}")
        };
        pod
    }

    const SERVES: &str = "{type: ContainersReady, status: 'True'}, {type: Ready, status: 'True'}";
    const LOST: &str = "{type: ContainersReady, status: 'True'}, {type: Ready, status: 'False'}";
    const STARTS: &str = "{type: ContainersReady, status: 'False'}, {type: Ready, status: 'False'}";

    #[test]
    fn a_worker_that_cannot_be_asked_is_told_from_one_that_is_starting() {
        let trouble = Some("the operator can't ask it");
        assert_eq!(
            why(&pod("", SERVES), trouble),
            "the worker serves, but the operator can't ask it"
        );
        for (conditions, trouble) in [(SERVES, None), (STARTS, trouble)] {
            let why = why(&pod("", conditions), trouble);
            assert!(why.contains("it is starting"), "{why}");
        }
    }

    #[test]
    fn a_worker_that_waits_for_a_readiness_gate_is_on_no_lost_node() {
        let gate = "pod readiness gate \"balancer\" does not exist.";
        let waits = LOST.replace(
            "status: 'False'",
            &format!("status: 'False', reason: ReadinessGatesNotReady, message: '{gate}'"),
        );
        let why = why(&pod("", &waits), None);
        assert!(why.contains("does not serve yet"), "{why}");
        assert!(why.contains(gate), "{why}");
        assert!(!why.contains("--force"), "{why}");
    }

    #[test]
    fn a_worker_whose_node_is_lost_or_that_is_going_is_told_with_what_helps() {
        let lost = why(&pod("", LOST), None);
        for part in [
            "kubectl get node cellar",
            "kubectl delete pod office-worker-0 --force",
        ] {
            assert!(lost.contains(part), "{lost}");
        }
        let going = pod(", deletionTimestamp: '2026-11-26T10:00:00Z'", LOST);
        let going = why(&going, None);
        for part in [
            "until 2026-11-26T10:00:00Z",
            "kubectl delete pod office-worker-0 --force",
        ] {
            assert!(going.contains(part), "{going}");
        }
    }

    #[test]
    fn what_pod_security_refuses_is_told_with_the_command_that_allows_it() {
        let told = "create Pod office-worker-0: pods \"office-worker-0\" is forbidden: violates PodSecurity \"restricted:latest\": host namespaces (hostNetwork=true)";
        let refusal = refused(told, "telephony");
        for part in [
            told,
            "kubectl label namespace telephony pod-security.kubernetes.io/enforce=privileged --overwrite",
            "; it is tried again",
        ] {
            assert!(refusal.contains(part), "{refusal}");
        }
        let other = refused("create Service office-sip: exceeded quota", "telephony");
        assert_eq!(
            other,
            "create Service office-sip: exceeded quota; it is tried again"
        );
    }
}
