//! The `PodMonitor` by which Prometheus finds workers, where the cluster has that Kind.
use crds::PhoneSystem;
use kube::{
    ResourceExt,
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::json;

use crate::{names, users::owned_by};

/// The Kind, which is the Prometheus operator's.
pub fn monitors() -> ApiResource {
    let kind = GroupVersionKind::gvk("monitoring.coreos.com", "v1", "PodMonitor");
    ApiResource::from_gvk_with_plural(&kind, "podmonitors")
}

/// That of this system.
pub fn monitor(system: &PhoneSystem) -> DynamicObject {
    let labels = names::labels(&system.name_any());
    let name = names::worker(&system.name_any());
    let mut monitor = DynamicObject::new(&name, &monitors()).data(json!({"spec": {
        "selector": {"matchLabels": labels},
        "podMetricsEndpoints": [{"port": "metrics", "path": "/metrics"}],
    }}));
    monitor.metadata = owned_by(system, &name);
    monitor.metadata.labels = Some(labels);
    monitor
}
