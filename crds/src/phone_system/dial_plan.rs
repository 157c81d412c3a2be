//! What dialled digits mean (spec DP-1). Every code of the guide is a default.
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What dialled digits mean, beside the extensions. Emergency numbers come first, then exact extensions, then
/// codes, then prefixes.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[self.operator, self.leaveMessage, self.everyone, self.messageCenterOf, self.messageCenter, self.conferenceCenter, self.outsideLine, self.accountLine].all(c, c.matches('^[0-9*#]{1,8}$'))")
    .message("a code is 1 to 8 of the keys 0-9, * and #; write for example operator: \"0\""))]
pub struct DialPlan {
    /// Reaches the operator: whatever the Extension of this number says. Default: 0.
    #[serde(default = "DialPlan::operator")]
    #[schemars(length(max = 8))]
    pub operator: String,
    /// Prefix of an extension: leaves a message without ringing. Default: 3.
    #[serde(default = "DialPlan::leave_message")]
    #[schemars(length(max = 8))]
    pub leave_message: String,
    /// In the message center: addresses every voicemail user. Default: 9.
    #[serde(default = "DialPlan::everyone")]
    #[schemars(length(max = 8))]
    pub everyone: String,
    /// Prefix of an extension: its user's message center. Default: 6.
    #[serde(default = "DialPlan::message_center_of")]
    #[schemars(length(max = 8))]
    pub message_center_of: String,
    /// Reaches one's own message center. Default: *404.
    #[serde(default = "DialPlan::message_center")]
    #[schemars(length(max = 8))]
    pub message_center: String,
    /// Reaches the conference center. Default: 408.
    #[serde(default = "DialPlan::conference_center")]
    #[schemars(length(max = 8))]
    pub conference_center: String,
    /// Prefix of an outside number. Default: 9.
    #[serde(default = "DialPlan::outside_line")]
    #[schemars(length(max = 8))]
    pub outside_line: String,
    /// Prefix of a PIN and an outside number. Default: 78.
    #[serde(default = "DialPlan::account_line")]
    #[schemars(length(max = 8))]
    pub account_line: String,
    /// Asks for extension and PIN, and makes the shared handset that user's (hot desk). Absent: no code does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[0-9*#]{1,8}$')")
        .message("a code is 1 to 8 of the keys 0-9, * and #; write for example hotDeskLogin: \"*11\""))]
    #[schemars(length(max = 8))]
    pub hot_desk_login: Option<String>,
    /// Asks for extension and PIN, and makes the handset nobody's again. Absent: no code does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[0-9*#]{1,8}$')")
        .message("a code is 1 to 8 of the keys 0-9, * and #; write for example hotDeskLogout: \"*12\""))]
    #[schemars(length(max = 8))]
    pub hot_desk_logout: Option<String>,
    /// Asks for extension and PIN, and logs that agent in to his queues. Absent: no code does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[0-9*#]{1,8}$')")
        .message("a code is 1 to 8 of the keys 0-9, * and #; write for example queueLogin: \"*21\""))]
    #[schemars(length(max = 8))]
    pub queue_login: Option<String>,
    /// Asks for extension and PIN, and logs that agent out. Absent: no code does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[0-9*#]{1,8}$')")
        .message("a code is 1 to 8 of the keys 0-9, * and #; write for example queueLogout: \"*22\""))]
    #[schemars(length(max = 8))]
    pub queue_logout: Option<String>,
    /// Numbers that always go through, with and without the outside line's prefix. Default: 911 and 112.
    #[serde(default = "DialPlan::emergency")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[x_kube(validation = Rule::new("self.all(n, n.matches('^[0-9]{2,8}$'))")
        .message("an emergency number is 2 to 8 digits; write for example emergency: [\"911\"]"))]
    #[schemars(length(max = 16), inner(length(max = 8)))]
    pub emergency: Vec<String>,
    /// How outside numbers are written here.
    #[serde(default)]
    pub numbers: Numbers,
}

/// How outside numbers are written here.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Numbers {
    /// The country's code, without `+`. Default: 1.
    #[serde(default = "Numbers::country_code")]
    #[x_kube(validation = Rule::new("self.matches('^[1-9][0-9]{0,2}$')")
        .message("write 1 to 3 digits without +, for example countryCode: \"1\""))]
    #[schemars(length(max = 8))]
    pub country_code: String,
    /// The area code that a number without one is in. Absent: such numbers stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{1,6}$')")
        .message("write 1 to 6 digits, for example areaCode: \"585\""))]
    #[schemars(length(max = 8))]
    pub area_code: Option<String>,
}

impl DialPlan {
    /// Every code that a phone can dial, with the field it stands in.
    pub fn codes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let always = [
            ("operator", &self.operator),
            ("leaveMessage", &self.leave_message),
            ("messageCenterOf", &self.message_center_of),
            ("messageCenter", &self.message_center),
            ("conferenceCenter", &self.conference_center),
            ("outsideLine", &self.outside_line),
            ("accountLine", &self.account_line),
        ];
        let optional = [
            ("hotDeskLogin", &self.hot_desk_login),
            ("hotDeskLogout", &self.hot_desk_logout),
            ("queueLogin", &self.queue_login),
            ("queueLogout", &self.queue_logout),
        ];
        let given = optional
            .into_iter()
            .filter_map(|(field, code)| Some((field, code.as_deref()?)));
        let always = always.into_iter();
        always
            .map(|(field, code)| (field, code.as_str()))
            .chain(given)
    }

    fn operator() -> String {
        "0".to_owned()
    }
    fn leave_message() -> String {
        "3".to_owned()
    }
    fn everyone() -> String {
        "9".to_owned()
    }
    fn message_center_of() -> String {
        "6".to_owned()
    }
    fn message_center() -> String {
        "*404".to_owned()
    }
    fn conference_center() -> String {
        "408".to_owned()
    }
    fn outside_line() -> String {
        "9".to_owned()
    }
    fn account_line() -> String {
        "78".to_owned()
    }
    fn emergency() -> Vec<String> {
        vec!["911".to_owned(), "112".to_owned()]
    }
}

impl Default for DialPlan {
    fn default() -> Self {
        Self {
            operator: Self::operator(),
            leave_message: Self::leave_message(),
            everyone: Self::everyone(),
            message_center_of: Self::message_center_of(),
            message_center: Self::message_center(),
            conference_center: Self::conference_center(),
            outside_line: Self::outside_line(),
            account_line: Self::account_line(),
            hot_desk_login: None,
            hot_desk_logout: None,
            queue_login: None,
            queue_logout: None,
            emergency: Self::emergency(),
            numbers: Numbers::default(),
        }
    }
}

impl Numbers {
    fn country_code() -> String {
        "1".to_owned()
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            country_code: Self::country_code(),
            area_code: None,
        }
    }
}
