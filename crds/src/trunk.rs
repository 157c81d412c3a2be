//! `Trunk`: a line to the outside world or to another site (spec TR-1, TR-2).
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Period, call_target::CallTarget, reference::SecretKeyRef, status::status};

/// A line to a provider, a gateway or another site.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "Trunk",
    namespaced,
    status = "TrunkStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "trk",
    category = "switchboard",
    doc = "A line to a provider, a gateway or another site.",
    printcolumn(json_path = ".spec.server.host", name = "Server", type_ = "string"),
    printcolumn(
        json_path = ".spec.account.username",
        name = "Account",
        type_ = "string"
    ),
    printcolumn(
        json_path = ".status.registration",
        name = "Registration",
        type_ = "string"
    ),
    printcolumn(json_path = ".status.calls", name = "Calls", type_ = "integer"),
    printcolumn(
        json_path = ".spec.outbound.preference",
        name = "Preference",
        type_ = "integer",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct TrunkSpec {
    /// The far side: where calls are sent to and registrations go.
    pub server: Server,
    /// The account there. Absent: the far side knows us by our address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<TrunkAccount>,
    /// The addresses and networks from which calls of this trunk come. Default: those of the server's name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[x_kube(validation = Rule::new("self.all(a, a.matches('^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$'))")
        .message("write addresses or networks, for example addresses: [\"203.0.113.7\", \"2001:db8::/64\"]"))]
    #[schemars(length(max = 64), inner(length(min = 2, max = 49)))]
    pub addresses: Vec<String>,
    /// Calls that come in.
    #[serde(default)]
    pub inbound: Inbound,
    /// Calls that go out. Absent: none go out this way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound: Option<Outbound>,
    /// Another office whose extensions are dialled like local ones. Absent: the trunk leads to the outside world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
    /// How many calls it carries at once, both ways. Absent: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_calls: Option<u32>,
}

/// The far side of a trunk.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// Its host name or address.
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$') || self.matches('^[0-9A-Fa-f]*:[0-9A-Fa-f:.]+$')")
        .message("write a host name or an address without scheme or port, for example host: sip.provider.example"))]
    #[schemars(length(min = 1, max = 253))]
    pub host: String,
    /// Its port. Default: what the name's SRV records say, else 5060, with TLS 5061.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// How messages are carried. Default: Udp.
    #[serde(default)]
    pub transport: Transport,
}

/// How SIP messages are carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Transport {
    /// In datagrams.
    #[default]
    Udp,
    /// Over a connection.
    Tcp,
    /// Over an encrypted connection.
    Tls,
}

/// An account at the far side of a trunk.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TrunkAccount {
    /// The username.
    #[schemars(length(min = 1, max = 64))]
    pub username: String,
    /// Its password, in a Secret labelled `switchboard.dev/use: trunk`.
    pub password_secret_ref: SecretKeyRef,
    /// Whether to register, so that the far side knows where we are. Default: true.
    #[serde(default = "TrunkAccount::register")]
    pub register: bool,
    /// How long a registration is asked to last. Default: 10m.
    #[serde(default = "TrunkAccount::registration_expiry")]
    pub registration_expiry: Period,
}

/// What becomes of calls that come in by a trunk.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Inbound {
    /// The company's outside numbers on this trunk and what answers each. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["number".into()]))]
    #[schemars(length(max = 1000))]
    pub numbers: Vec<InboundNumber>,
    /// What answers every other number. Absent: the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<CallTarget>,
}

/// An outside number of the company.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct InboundNumber {
    /// As E.164: `+`, country code, number.
    #[x_kube(validation = Rule::new("self.matches('^[+][0-9]{2,15}$')")
        .message("write the number with + and country code and without spaces, for example number: \"+15855550100\""))]
    #[schemars(length(max = 32))]
    pub number: String,
    /// What answers it.
    pub target: CallTarget,
}

/// Which calls go out by a trunk, and how they are announced.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Outbound {
    /// Trunks are tried in this order, the smallest first; the next where one fails. Default: 100.
    #[serde(default = "Outbound::preference")]
    #[schemars(range(max = 1000))]
    pub preference: u32,
    /// The beginnings of the numbers it takes, as E.164 with `+`. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[x_kube(validation = Rule::new("self.all(p, p.matches('^[+][0-9]{1,15}$'))")
        .message("write beginnings of numbers with + and country code, for example prefixes: [\"+1\", \"+49\"]"))]
    #[schemars(length(max = 256), inner(length(max = 16)))]
    pub prefixes: Vec<String>,
    /// The number that called persons see, as E.164 with `+`. Absent: the far side chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[+][0-9]{2,15}$')")
        .message("write the number with + and country code, for example callerId: \"+15855550100\""))]
    #[schemars(length(max = 32))]
    pub caller_id: Option<String>,
    /// How the far side wants numbers written. Default: E164.
    #[serde(default)]
    pub number_format: NumberFormat,
    /// How long the far side may say nothing at all to a call before the next trunk is tried; a second at least. Default: 5s.
    #[serde(default = "Outbound::next_after")]
    pub next_after: Period,
}

/// How outside numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum NumberFormat {
    /// `+15855550100`.
    #[default]
    E164,
    /// `15855550100`.
    E164WithoutPlus,
    /// As dialled within the country: `5855550100`; with the international prefix where it lies abroad.
    National,
}

/// Another office, reached by a trunk.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    /// The extensions there.
    #[schemars(length(min = 1, max = 64))]
    pub extensions: Vec<ExtensionRange>,
}

/// Extensions of one length, one after the other.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.first.matches('^[0-9]{1,15}$') && self.last.size() == self.first.size() && self.last.matches('^[0-9]+$') && self.first <= self.last")
    .message("a range is two extensions of the same length, the smaller first; write for example {first: \"200\", last: \"299\"}"))]
pub struct ExtensionRange {
    /// The first of them.
    #[schemars(length(max = 32))]
    pub first: String,
    /// The last of them.
    #[schemars(length(max = 32))]
    pub last: String,
}

status! {
    /// What is known of a trunk at run time.
    pub struct TrunkStatus {
        /// Whether the far side knows where we are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub registration: Option<Registration>,
        /// How many calls it carries.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub calls: Option<u32>,
        /// The worker that holds it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub worker: Option<String>,
    }
}

/// Whether the far side of a trunk knows where we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::schema::leave_to_the_field)]
pub enum Registration {
    /// It needs no registration.
    NotNeeded,
    /// It has taken the registration.
    Registered,
    /// It has refused username or password.
    Refused,
    /// It does not answer.
    NoAnswer,
}

impl TrunkAccount {
    const fn register() -> bool {
        true
    }
    const fn registration_expiry() -> Period {
        Period::minutes(10)
    }
}

impl Outbound {
    const fn preference() -> u32 {
        100
    }
    const fn next_after() -> Period {
        Period::seconds(5)
    }
}
