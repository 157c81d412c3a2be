//! `Extension`: a number and what answers it.
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{reference::NameRef, status::status};

/// A number and what answers it. The object's name is the number, so that the API server grants it to one only.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "Extension",
    namespaced,
    status = "ExtensionStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "ext",
    category = "switchboard",
    doc = "A number and what answers it. The object's name is the number.",
    printcolumn(json_path = ".status.target", name = "Target", type_ = "string"),
    validation = Rule::new("self.metadata.name.matches('^[0-9]{1,15}$')")
        .message("the name of an Extension is its number: write 1 to 15 digits, quoted, for example name: \"150\"")
)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionSpec {
    /// What answers: exactly one of the members.
    pub target: ExtensionTarget,
}

/// What answers a number: exactly one member.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.user), has(self.callRoute), has(self.conference), has(self.conferenceCenter), has(self.messageCenter), has(self.autoAttendant), has(self.queue), has(self.monitor), has(self.alias)].filter(x, x).size() == 1")
    .message("a target is exactly one thing; write for example target: {user: {name: mary}}"))]
pub struct ExtensionTarget {
    /// A User, by his call routes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<NameRef>,
    /// A CallRoute, whatever its user's presence and the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_route: Option<NameRef>,
    /// A Conference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference: Option<NameRef>,
    /// The conference center, which asks for a conference's ID. Write `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference_center: Option<Center>,
    /// The message center. Write `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_center: Option<Center>,
    /// An AutoAttendant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_attendant: Option<NameRef>,
    /// A CallQueue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<NameRef>,
    /// A CallMonitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<NameRef>,
    /// A MessageAlias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<NameRef>,
}

/// A part of the PhoneSystem that needs no name.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Center {}

status! {
    /// Whether the number is in force.
    pub struct ExtensionStatus {
        /// What answers, in words: `user mary`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub target: Option<String>,
    }
}
