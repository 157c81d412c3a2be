//! `CallMonitor`: calls that light keys on many phones (spec PH-6).
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{reference::NameRef, status::status};

/// A destination without a phone of its own: its calls light the keys that watch it, and any of them answers.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "CallMonitor",
    namespaced,
    status = "CallMonitorStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "cmon",
    category = "switchboard",
    doc = "A destination without a phone of its own: its calls light the keys that watch it, and any of them answers.",
    printcolumn(
        json_path = ".spec.displayName",
        name = "Display name",
        type_ = "string"
    ),
    printcolumn(json_path = ".status.ringing", name = "Ringing", type_ = "integer"),
    printcolumn(json_path = ".status.watching", name = "Watching", type_ = "integer")
)]
#[serde(rename_all = "camelCase")]
pub struct CallMonitorSpec {
    /// The name that phones show beside the caller. Default: the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// The Users whose handsets may have a key for it (`Handset.spec.keys`). Default: everyone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[schemars(length(max = 1000))]
    pub watchers: Vec<NameRef>,
}

status! {
    /// What is known of a call monitor at run time.
    pub struct CallMonitorStatus {
        /// How many calls wait to be answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ringing: Option<u32>,
        /// How many phones watch it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub watching: Option<u32>,
    }
}
