//! `PhoneSystem`: the telephone system of a namespace. One per namespace; the oldest is in force.
mod dial_plan;
mod features;
mod network;
mod storage;
mod traces;
mod workers;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    dial_plan::{DialPlan, Numbers},
    features::{CallDetails, ConferenceSize, Conferences, Features, MessagesKey},
    network::{
        AddressPool, MediaAddress, MediaNetwork, Network, NetworkMode, SipNetwork, SipPorts,
    },
    storage::{ADOPT_STORAGE, Mail, S3, Smtp, SmtpTls, Storage},
    traces::Traces,
    workers::{Ephemeral, Spool, Workers},
};
use crate::{Period, reference::Conditions, user::Permission};

/// The telephone system of a namespace: domain, dial plan, limits, workers, network, storage.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "PhoneSystem",
    namespaced,
    status = "PhoneSystemStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "ps",
    category = "switchboard",
    doc = "The telephone system of a namespace. One per namespace; the oldest is in force.",
    printcolumn(json_path = ".spec.domain", name = "Domain", type_ = "string"),
    printcolumn(json_path = ".status.addresses[0]", name = "Address", type_ = "string"),
    printcolumn(
        json_path = ".status.workersReady",
        name = "Workers",
        type_ = "integer"
    ),
    printcolumn(
        json_path = ".status.registrations",
        name = "Phones",
        type_ = "integer"
    ),
    printcolumn(json_path = ".status.calls", name = "Calls", type_ = "integer"),
    validation = Rule::new("self.metadata.name.size() <= 50 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')")
        .message("a PhoneSystem's name becomes part of other names; write at most 50 small letters, digits and -, a letter first, for example office")
)]
#[serde(rename_all = "camelCase")]
pub struct PhoneSystemSpec {
    /// The SIP domain, which is also the digest realm. The advertised addresses are accepted as domains too.
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$')")
        .message("write a domain name without scheme or port, for example domain: office.example.com"))]
    #[schemars(length(min = 1, max = 253))]
    pub domain: String,
    /// IANA time zone in which times are spoken, such as `America/New_York`. Default: UTC.
    #[serde(default = "PhoneSystemSpec::time_zone")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: String,
    /// The languages callers hear.
    #[serde(default)]
    pub languages: Languages,
    /// What dialled digits mean.
    #[serde(default)]
    pub dial_plan: DialPlan,
    /// Permissions shared by many users. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[schemars(length(max = 64))]
    pub classes: Vec<Class>,
    /// Bounds on what phones and users may take.
    #[serde(default)]
    pub limits: Limits,
    /// What the system offers beside calls and voicemail.
    #[serde(default)]
    pub features: Features,
    /// How many conferences take place at once, and how many join each.
    #[serde(default)]
    pub conferences: Conferences,
    /// What is kept of every call.
    #[serde(default)]
    pub call_details: CallDetails,
    /// The worker Pods. Ignored standalone.
    #[serde(default)]
    pub workers: Workers,
    /// How SIP and media are reached. Ignored standalone, where the command line says it.
    #[serde(default)]
    pub network: Network,
    /// Where messages are kept. Absent: each worker's own volume; standalone, the state folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// How mail is sent. Absent: none is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// Whose calls are traced, and where the traces go. Absent: none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<Traces>,
    /// What becomes of mailboxes when the PhoneSystem or a User is deleted. With `Delete` but without `storage`, a User's mailbox stays on the worker's volume until the PhoneSystem is deleted. Standalone all stay. Default: Retain.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// The languages callers hear, each a folder of `prompts/`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.alternate) || self.alternate != self.default")
    .message("the alternate language must be another one than the default; leave alternate out if there is only one"))]
pub struct Languages {
    /// The language of whoever has none of his own. Default: en.
    #[serde(default = "Languages::default_language")]
    #[schemars(length(min = 2, max = 35))]
    pub default: String,
    /// The language that `##` switches to in the message center. Absent: none is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 35))]
    pub alternate: Option<String>,
}

/// Permissions shared by many users.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Its name, which `User.spec.class` gives.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// What its users may do. Default: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 32))]
    pub permissions: Vec<Permission>,
    /// Outside numbers that begin so are refused; E.164 with `+`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 256), inner(length(max = 20)))]
    pub barred_prefixes: Vec<String>,
}

/// Bounds on what phones and users may take.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// For how long a phone registers unless it asks for less. Default: 5m.
    #[serde(default = "Limits::registration_expiry")]
    pub registration_expiry: Period,
    /// How many calls a user may have at once. Default: 8.
    #[serde(default = "Limits::calls_per_user")]
    #[schemars(range(min = 1, max = 1000))]
    pub calls_per_user: u32,
    /// How many outside calls a user may begin within an hour, against misuse; emergency calls don't count. Default: 60.
    #[serde(default = "Limits::outside_calls_per_hour")]
    #[schemars(range(min = 1, max = 10_000))]
    pub outside_calls_per_hour: u32,
}

/// What becomes of mailboxes when their owner is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// They stay in storage.
    #[default]
    Retain,
    /// They are deleted; without object storage, all together with the system.
    Delete,
}

/// What is known of a telephone system at run time.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PhoneSystemStatus {
    /// The `metadata.generation` that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Accepted`, `Ready`, `Scaled`, `MediaAddressKnown`, `MediaReachable`, `StorageReady`, `MailReady`, `CertificateReady`, `SpoolSized`, `KeysKept`, `Updating`, with their reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Conditions,
    /// The addresses at which SIP is reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub addresses: Vec<String>,
    /// The ports at which SIP is reached, where the cluster has chosen them: with `NodePort`. Absent: those of the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_ports: Option<SipPorts>,
    /// What each slot announces for media.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["slot".into()]))]
    pub media: Vec<MediaAddress>,
    /// How many workers are ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers_ready: Option<u32>,
    /// How many phones are registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrations: Option<u32>,
    /// How many calls there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
    /// By what the key is known again that PINs are checked with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_key: Option<String>,
}

impl PhoneSystemSpec {
    fn time_zone() -> String {
        "UTC".to_owned()
    }
}

impl Languages {
    fn default_language() -> String {
        "en".to_owned()
    }
}

impl Default for Languages {
    fn default() -> Self {
        Self {
            default: Self::default_language(),
            alternate: None,
        }
    }
}

impl Limits {
    const fn registration_expiry() -> Period {
        Period::minutes(5)
    }
    const fn outside_calls_per_hour() -> u32 {
        60
    }
    const fn calls_per_user() -> u32 {
        8
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            registration_expiry: Self::registration_expiry(),
            calls_per_user: Self::calls_per_user(),
            outside_calls_per_hour: Self::outside_calls_per_hour(),
        }
    }
}
