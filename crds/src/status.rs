//! What the statuses of all Kinds have in common, and the columns in which `kubectl get` shows it.
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition,
};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::Kind;

/// Declares a status: which generation it describes and its conditions, then the fields of its own.
macro_rules! status {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// The `metadata.generation` that this status describes.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub observed_generation: Option<i64>,
            /// `Accepted`, `Ready` and those of its Kind, each with its reason.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
            pub conditions: $crate::reference::Conditions,
            $($own)*
        }
    };
}

pub(crate) use status;

status! {
    /// Whether it is valid and in force.
    pub struct Standing {}
}

/// Adds the columns that every Kind ends with: whether it is in order and, if not, why.
pub(crate) fn with_columns(
    mut definition: CustomResourceDefinition,
    kind: Kind,
) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        let columns = version.additional_printer_columns.get_or_insert_default();
        columns.extend(columns_of(kind));
    }
    definition
}

fn columns_of(kind: Kind) -> Vec<CustomResourceColumnDefinition> {
    let accepted = column("Accepted", "string", &of_condition("Accepted", "status"));
    let ready = column("Ready", "string", &of_condition("Ready", "status"));
    let reason = |decisive| column("Reason", "string", &of_condition(decisive, "reason"));
    let age = column("Age", "date", ".metadata.creationTimestamp");
    if kind == Kind::PhoneSystem {
        // Phones are served while messages wait for the bucket, so that `Ready` says nothing of it.
        let path = of_condition("StorageReady", "reason");
        let storage = column("Storage", "string", &path);
        vec![accepted, ready, reason("Ready"), storage, age]
    } else if kind.becomes_ready() {
        vec![accepted, ready, reason("Ready"), age]
    } else {
        vec![accepted, reason("Accepted"), age]
    }
}

fn of_condition(condition: &str, field: &str) -> String {
    format!(".status.conditions[?(@.type=='{condition}')].{field}")
}

fn column(name: &str, type_: &str, path: &str) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        type_: type_.to_owned(),
        json_path: path.to_owned(),
        ..CustomResourceColumnDefinition::default()
    }
}
