//! What may evict workers, and who may reach them.
use k8s_openapi::{
    api::{
        networking::v1::{
            NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
            NetworkPolicySpec,
        },
        policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::{METRICS_PORT, Source};
use crate::names;

/// One worker at a time. An eviction drains like any other end, so a node can be emptied with one worker too.
///
/// `maxUnavailable` would need a scale subresource of the `PhoneSystem`: without one, Kubernetes counts no Pods and lets none go.
pub(super) fn disruption_budget(source: Source<'_>) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: source.shared(&names::worker(&source.name())),
        spec: Some(PodDisruptionBudgetSpec {
            min_available: Some(IntOrString::Int(WORKERS - 1)),
            selector: Some(workers(source)),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }
}

/// SIP and media from everywhere, figures and reports from Pods of this cluster, and nothing else.
pub(super) fn network_policy(source: Source<'_>) -> NetworkPolicy {
    let mut open = vec![
        port("UDP", source.sip_port()),
        port("TCP", source.sip_port()),
    ];
    if source.has_tls() {
        open.push(port("TCP", source.tls_port()));
    }
    open.extend(source.media_ports().map(|number| port("UDP", number)));
    let anywhere = NetworkPolicyIngressRule {
        ports: Some(open),
        ..NetworkPolicyIngressRule::default()
    };
    let cluster = NetworkPolicyIngressRule {
        from: Some(vec![NetworkPolicyPeer {
            namespace_selector: Some(LabelSelector::default()),
            ..NetworkPolicyPeer::default()
        }]),
        ports: Some(vec![port("TCP", METRICS_PORT)]),
    };
    NetworkPolicy {
        metadata: source.shared(&names::worker(&source.name())),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(workers(source)),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![anywhere, cluster]),
            egress: None,
        }),
    }
}

fn workers(source: Source<'_>) -> LabelSelector {
    LabelSelector {
        match_labels: Some(names::labels(&source.name())),
        match_expressions: None,
    }
}

fn port(protocol: &str, number: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port: Some(IntOrString::Int(i32::from(number))),
        end_port: None,
    }
}

/// That run at a time.
const WORKERS: i32 = 1;
