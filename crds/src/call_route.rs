//! `CallRoute`: where a user's calls go (spec CR-1 to CR-8).
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Presence, extension::Center, reference::NameRef, status::Standing};

/// Where a user's calls go: connection attempts in order, then a *finally*.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "CallRoute",
    namespaced,
    status = "Standing",
    derive = "PartialEq",
    derive = "Default",
    shortname = "cr",
    category = "switchboard",
    doc = "Where a user's calls go: connection attempts in order, then a finally.",
    printcolumn(json_path = ".spec.userRef.name", name = "User", type_ = "string"),
    printcolumn(json_path = ".spec.presences", name = "Presences", type_ = "string")
)]
#[serde(rename_all = "camelCase")]
pub struct CallRouteSpec {
    /// The User whose calls it routes.
    pub user_ref: NameRef,
    /// The presences it is for. Absent: every presence that has no route of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 7))]
    pub presences: Vec<Presence>,
    /// The callers it is for. Absent: everyone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub callers: Vec<CallerMatch>,
    /// The connection attempts, in order. Empty: straight to `finally`.
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub attempts: Vec<Attempt>,
    /// What becomes of a call that nobody answered. Default: the user's voicemail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finally: Option<Finally>,
    /// Followed when all destinations of an attempt have failed and at least one was busy. Absent: busy counts as no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_busy: Option<OnBusy>,
}

/// Whose calls a route is for: exactly one member.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.external) != has(self.internal)")
    .message("a caller is either external or internal; write {external: \"585*\"} or {internal: {}}"))]
pub struct CallerMatch {
    /// An outside number, its beginning and `*`, or `*` for all. `+1585…`, `1585…` and `585…` are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^([+]?[0-9]{1,20}[*]?|[*])$')")
        .message("write digits, with * only at the end, for example external: \"585*\", or \"*\" for every outside caller"))]
    #[schemars(length(max = 32))]
    pub external: Option<String>,
    /// A phone of the company. Write `{}` for all, or `{userRef: {name: john}}` for those of one user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal: Option<InternalCaller>,
}

/// A phone of the company.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct InternalCaller {
    /// The User whose phones are meant. Absent: every phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_ref: Option<NameRef>,
}

/// One connection attempt: rings all its destinations at once.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// What rings, all at once.
    #[schemars(length(min = 1, max = 20))]
    pub destinations: Vec<Destination>,
    /// For how many rings of 6 seconds each. Default: 4.
    #[serde(default = "Attempt::rings")]
    #[schemars(range(min = 1, max = 15))]
    pub rings: u8,
}

/// What an attempt rings: exactly one member.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.handset), has(self.extension), has(self.monitor), has(self.outside), has(self.hotDesk)].filter(x, x).size() == 1")
    .message("a destination is exactly one thing; write for example {handset: {name: mary-desk}}"))]
pub struct Destination {
    /// A Handset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handset: Option<NameRef>,
    /// A number of the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionNumber>,
    /// A CallMonitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<NameRef>,
    /// An outside number (follow-me).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideNumber>,
    /// Wherever the user is logged in. Write `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot_desk: Option<Center>,
}

/// A number of the company.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionNumber {
    /// Its digits.
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{1,15}$')")
        .message("an extension is 1 to 15 digits and nothing else; write for example number: \"102\""))]
    #[schemars(length(max = 32))]
    pub number: String,
}

/// An outside number.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct OutsideNumber {
    /// As E.164: `+`, country code, number.
    #[x_kube(validation = Rule::new("self.matches('^[+][0-9]{2,15}$')")
        .message("write the number with + and country code and without spaces, for example number: \"+15855550111\""))]
    #[schemars(length(max = 32))]
    pub number: String,
}

/// What becomes of a call that nobody answered: exactly one member.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.voicemail), has(self.extension), has(self.outside), has(self.autoAttendant), has(self.queue), has(self.busy)].filter(x, x).size() == 1")
    .message("finally is exactly one thing; write for example finally: {voicemail: {userRef: {name: mary}}}"))]
pub struct Finally {
    /// A mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voicemail: Option<VoicemailOf>,
    /// A number of the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionNumber>,
    /// An outside number, connected at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideNumber>,
    /// An AutoAttendant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_attendant: Option<NameRef>,
    /// A CallQueue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<NameRef>,
    /// The caller hears busy. Write `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<Center>,
}

/// A mailbox.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct VoicemailOf {
    /// Whose. Default: the route's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_ref: Option<NameRef>,
}

/// What is done instead when somebody is busy.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct OnBusy {
    /// The connection attempts, in order. Default: none.
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub attempts: Vec<Attempt>,
    /// What becomes of a call that nobody answered. Default: the user's voicemail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finally: Option<Finally>,
}

impl Attempt {
    const fn rings() -> u8 {
        4
    }
}
