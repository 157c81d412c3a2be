//! `Conference`: a call that many join (spec CF-1 to CF-13).
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Period,
    reference::{NameRef, SecretKeyRef},
    status::status,
};

/// A call that many join by its ID: at its time, or at any time where it has no schedule.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "Conference",
    namespaced,
    status = "ConferenceStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "conf",
    category = "switchboard",
    doc = "A call that many join by its ID: at its time, or at any time where it has no schedule.",
    printcolumn(json_path = ".status.id", name = "ID", type_ = "string"),
    printcolumn(
        json_path = ".spec.description",
        name = "Description",
        type_ = "string"
    ),
    printcolumn(json_path = ".status.state", name = "State", type_ = "string"),
    printcolumn(json_path = ".status.nextStart", name = "Next start", type_ = "string"),
    printcolumn(
        json_path = ".status.participants",
        name = "Participants",
        type_ = "integer"
    ),
    printcolumn(
        json_path = ".spec.creatorRef.name",
        name = "Creator",
        type_ = "string",
        priority = 1
    ),
    printcolumn(
        json_path = ".status.worker",
        name = "Worker",
        type_ = "string",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ConferenceSpec {
    /// What it is about. Default: the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub description: Option<String>,
    /// The User who made it and may change it. Absent: the administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator_ref: Option<NameRef>,
    /// Users who may change and end it, and mute or disconnect participants. Default: the creator alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[schemars(length(max = 32))]
    pub moderators: Vec<NameRef>,
    /// When it takes place. Absent: it is unscheduled, and open at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// False ends it: a scheduled one is then Canceled with all its dates, an unscheduled one Disabled. Default: true.
    #[serde(default = "ConferenceSpec::enabled")]
    pub enabled: bool,
    /// The digits by which it is joined, its own among all conferences. Default: assigned, and told in `status.id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{3,10}$')")
        .message("a conference ID is 3 to 10 digits; write for example id: \"480\", or leave id out"))]
    #[schemars(length(max = 32))]
    pub id: Option<String>,
    /// The digits that are asked for after the ID. Default: generated ones in the Secret `<name>-conference`, key `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_secret_ref: Option<SecretKeyRef>,
}

/// When a conference takes place.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Date and time of its first start in the time zone, such as `2027-01-15T14:00`.
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]$')")
        .message("write date and time without a zone, for example start: \"2027-01-15T14:00\"; the zone is timeZone"))]
    #[schemars(length(max = 32))]
    pub start: String,
    /// For how long its seats are kept.
    pub duration: Period,
    /// IANA time zone of `start`, such as `America/New_York`. Default: the PhoneSystem's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
    /// How often it takes place. Default: Once.
    #[serde(default)]
    pub repeat: Repeat,
}

/// How often a conference takes place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Repeat {
    /// Never again.
    #[default]
    Once,
    /// Every day.
    Daily,
    /// Every 7 days.
    Weekly,
    /// Every 14 days.
    EveryTwoWeeks,
    /// Every 21 days.
    EveryThreeWeeks,
    /// Every 28 days.
    EveryFourWeeks,
}

status! {
    /// What is known of a conference at run time.
    pub struct ConferenceStatus {
        /// Where it stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub state: Option<ConferenceState>,
        /// The digits by which it is joined.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub id: Option<String>,
        /// Where its password is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub password_secret_ref: Option<SecretKeyRef>,
        /// When it starts next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_start: Option<Time>,
        /// The date under way and those to come, the next ones only.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schemars(length(max = 16))]
        pub occurrences: Vec<Occurrence>,
        /// How many have joined.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub participants: Option<u32>,
        /// The worker that mixes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub worker: Option<String>,
    }
}

/// Where a conference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::schema::leave_to_the_field)]
pub enum ConferenceState {
    /// Scheduled, and its time has not come.
    Queued,
    /// Scheduled, from its start until its time is over and all have left.
    Active,
    /// Scheduled, and its last date is over.
    Expired,
    /// Scheduled, and ended by its creator or a moderator.
    Canceled,
    /// Unscheduled, and open.
    Enabled,
    /// Unscheduled, and closed.
    Disabled,
}

/// One date of a conference.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// When it starts.
    pub start: Time,
    /// When its time is over.
    pub end: Time,
    /// Whether a moderator has ended this date. Default: false.
    #[serde(default)]
    pub ended: bool,
}

impl ConferenceSpec {
    const fn enabled() -> bool {
        true
    }
}

impl Default for ConferenceSpec {
    fn default() -> Self {
        Self {
            description: None,
            creator_ref: None,
            moderators: Vec::new(),
            schedule: None,
            enabled: Self::enabled(),
            id: None,
            password_secret_ref: None,
        }
    }
}
