//! `AutoAttendant`: a menu that answers callers (spec AA-1).
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    call_target::{CallTarget, Recording},
    extension::Center,
    status::status,
};

/// A menu that answers callers: a greeting, keys to press, extensions to dial; another one at certain hours and dates.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "AutoAttendant",
    namespaced,
    status = "AutoAttendantStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "aa",
    category = "switchboard",
    doc = "A menu that answers callers: a greeting, keys to press, extensions to dial; another one at certain hours and dates.",
    printcolumn(json_path = ".status.schedule", name = "Now", type_ = "string")
)]
#[serde(rename_all = "camelCase")]
pub struct AutoAttendantSpec {
    /// What callers hear. Absent: a standard greeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<Recording>,
    /// What each key does. Default: none, only extensions and codes can be dialled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["key".into()]))]
    #[schemars(length(max = 10))]
    pub options: Vec<MenuOption>,
    /// Where a caller is taken who presses nothing. Absent: the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_key: Option<CallTarget>,
    /// Whether callers may dial extensions and the codes of the message and conference centers. Default: true.
    #[serde(default = "AutoAttendantSpec::dial_extensions")]
    pub dial_extensions: bool,
    /// Hours and dates with a menu of their own. The first that fits is in force. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[schemars(length(max = 32))]
    pub schedules: Vec<AttendantSchedule>,
    /// IANA time zone of the schedules, such as `America/New_York`. Default: the PhoneSystem's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
    /// The language of what is said beside the greeting, a folder of `prompts/`. Default: the PhoneSystem's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 35))]
    pub language: Option<String>,
}

/// What a key does: exactly one of `target` and `dialByName`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.target) != has(self.dialByName)")
    .message("a key does exactly one thing; write either target: {extension: {number: \"101\"}} or dialByName: {}"))]
pub struct MenuOption {
    /// The key: a digit.
    #[x_kube(validation = Rule::new("self.matches('^[0-9]$')")
        .message("an option is one digit; write for example key: \"1\""))]
    #[schemars(length(max = 8))]
    pub key: String,
    /// Where the caller is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<CallTarget>,
    /// Asks for the letters of a name. Write `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dial_by_name: Option<Center>,
}

/// Hours or dates with a menu of their own.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.from) == has(self.to) && (!has(self.from) || self.from < self.to)")
    .message("hours have a beginning and a later end; write for example from: \"08:00\" and to: \"17:00\", and two schedules for hours across midnight"))]
pub struct AttendantSchedule {
    /// Its name, which the status shows while it is in force.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The days of the week it is for. Default: every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 7))]
    pub days: Vec<Weekday>,
    /// The dates it is for: `2027-12-24`, or `12-24` for every year. Default: every date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[x_kube(validation = Rule::new("self.all(d, d.matches('^([0-9]{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'))")
        .message("write year, month and day, or month and day for every year, for example dates: [\"2027-04-02\", \"12-25\"]"))]
    #[schemars(length(max = 100), inner(length(max = 10)))]
    pub dates: Vec<String>,
    /// From when, such as `08:00`. Absent: all day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')")
        .message("write hours and minutes from 00:00 to 23:59, for example from: \"08:00\""))]
    #[schemars(length(max = 8))]
    pub from: Option<String>,
    /// Until when, such as `17:00`; `24:00` is the end of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$')")
        .message("write hours and minutes from 00:00 to 24:00, for example to: \"17:00\""))]
    #[schemars(length(max = 8))]
    pub to: Option<String>,
    /// What callers then hear. Absent: the attendant's greeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<Recording>,
    /// What each key then does. Absent: what it does otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["key".into()]))]
    #[schemars(length(max = 10))]
    pub options: Vec<MenuOption>,
    /// Where a caller is then taken who presses nothing. Absent: where he is otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_key: Option<CallTarget>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Weekday {
    /// The first.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The seventh.
    Sunday,
}

status! {
    /// What is known of an attendant at run time.
    pub struct AutoAttendantStatus {
        /// The schedule in force. Absent: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub schedule: Option<String>,
    }
}

impl AutoAttendantSpec {
    const fn dial_extensions() -> bool {
        true
    }
}

impl Default for AutoAttendantSpec {
    fn default() -> Self {
        Self {
            greeting: None,
            options: Vec::new(),
            no_key: None,
            dial_extensions: Self::dial_extensions(),
            schedules: Vec::new(),
            time_zone: None,
            language: None,
        }
    }
}
