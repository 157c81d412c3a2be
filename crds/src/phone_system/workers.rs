//! The worker Pods.
use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Affinity, ResourceRequirements, Toleration, TopologySpreadConstraint},
    apimachinery::pkg::api::resource::Quantity,
};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;

/// The worker Pods.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Workers {
    /// How many. Default: 1. Until sharing between workers exists, more are not started and `Scaled` says so.
    #[serde(default = "Workers::replicas")]
    #[schemars(range(min = 0, max = 64))]
    pub replicas: u32,
    /// How long a worker that is to go waits for its last calls. Default: 15m.
    #[serde(default = "Workers::drain_timeout")]
    pub drain_timeout: Period,
    /// The volume that holds recordings until they are uploaded.
    #[serde(default)]
    pub spool: Spool,
    /// CPU and memory, as in a Pod. Default: none asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Placement, as in a Pod. Default: anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// The labels of the nodes to run on. Default: any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that are tolerated, as in a Pod. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub tolerations: Vec<Toleration>,
    /// How workers spread, as in a Pod. Default: over nodes, where possible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
}

/// The volume that holds recordings until they are uploaded.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(has(self.ephemeral) && (has(self.size) || has(self.storageClassName)))")
    .message("a spool is either a volume or ephemeral; write {size: 5Gi} or {ephemeral: {}}"))]
pub struct Spool {
    /// Its size. Default: 5Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// Its StorageClass. Default: the cluster's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub storage_class_name: Option<String>,
    /// Write `{}` for a spool on the node's disk: what is not yet uploaded is lost with the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral: Option<Ephemeral>,
}

/// A spool on the node's disk.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ephemeral {}

impl Workers {
    const fn replicas() -> u32 {
        1
    }
    const fn drain_timeout() -> Period {
        Period::minutes(15)
    }
}

impl Default for Workers {
    fn default() -> Self {
        Self {
            replicas: Self::replicas(),
            drain_timeout: Self::drain_timeout(),
            spool: Spool::default(),
            resources: None,
            affinity: None,
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            topology_spread_constraints: Vec::new(),
        }
    }
}
