//! `UserSettings`: what a user changes by phone or web. The only specification that workers and portal write.
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Presence,
    reference::{Conditions, NameRef},
    user::Email,
};

/// What a user changes by phone or web: same name as his User, made by the operator; the last writer wins.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "UserSettings",
    plural = "usersettings",
    namespaced,
    status = "UserSettingsStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "us",
    category = "switchboard",
    doc = "What a user changes by phone or web. Made by the operator under the User's name; the last writer wins.",
    printcolumn(json_path = ".spec.presence", name = "Presence", type_ = "string"),
    printcolumn(json_path = ".spec.language", name = "Language", type_ = "string"),
    printcolumn(
        json_path = ".spec.hotDesk.handsetRef.name",
        name = "Hot desk",
        type_ = "string"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct UserSettingsSpec {
    /// Where he is. Default: InOffice. `User.spec.presence`, where set, is binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// The greetings after which no message is taken: a presence, or `Default` for the default greeting. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    // Whole, so that a worker can empty it whoever has written it: of a set, what another manager owns would stay.
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    #[schemars(length(max = 8))]
    pub announce_only: Vec<GreetingSlot>,
    /// The language of the prompts he hears. Default: the PhoneSystem's. `User.spec.language`, where set, is binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 35))]
    pub language: Option<String>,
    /// A keyed hash of the PIN he chose by phone or web, which replaces the one in the Secret. Remove it to have the Secret's again. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub pin_verifier: Option<String>,
    /// A keyed hash of the PIN in the Secret when he chose his own: with another PIN in the Secret, that one holds again. Default: none, and his own holds whatever is in the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub pin_replaces: Option<String>,
    /// Voicemail to e-mail, as he chose. Default: as `User.spec.voicemail.email` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The shared handset he is logged in to. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot_desk: Option<HotDesk>,
}

/// A greeting a user can record.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum GreetingSlot {
    /// For every presence without one of its own.
    Default,
    /// For this presence, like those below.
    InOffice,
    /// At a meeting.
    AtAMeeting,
    /// On vacation.
    OnVacation,
    /// On a business trip.
    OnBusinessTrip,
    /// At home.
    AtHome,
    /// Away.
    Away,
    /// Busy.
    Busy,
}

impl From<Presence> for GreetingSlot {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::InOffice => Self::InOffice,
            Presence::AtAMeeting => Self::AtAMeeting,
            Presence::OnVacation => Self::OnVacation,
            Presence::OnBusinessTrip => Self::OnBusinessTrip,
            Presence::AtHome => Self::AtHome,
            Presence::Away => Self::Away,
            Presence::Busy => Self::Busy,
        }
    }
}

/// A login to a shared handset.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HotDesk {
    /// The shared Handset.
    pub handset_ref: NameRef,
}

/// Whether the settings are in force.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct UserSettingsStatus {
    /// The `metadata.generation` that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Accepted`, with its reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Conditions,
}
