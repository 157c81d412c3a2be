//! `Handset`: the SIP account of one telephone.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    phone_system::MessagesKey,
    reference::{NameRef, SecretKeyRef},
    status::status,
};

/// The SIP account of one telephone.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "Handset",
    namespaced,
    status = "HandsetStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "hs",
    category = "switchboard",
    doc = "The SIP account of one telephone, a user's own or shared.",
    printcolumn(json_path = ".spec.ownerRef.name", name = "Owner", type_ = "string"),
    printcolumn(json_path = ".status.userRef.name", name = "User", type_ = "string"),
    printcolumn(
        json_path = ".status.contacts[0].uri",
        name = "Contact",
        type_ = "string"
    ),
    printcolumn(
        json_path = ".status.contacts[0].userAgent",
        name = "Phone",
        type_ = "string",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct HandsetSpec {
    /// The User whose phone it is. Absent: a shared handset, for hot desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_ref: Option<NameRef>,
    /// The username it registers and authenticates with. Default: the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9._+-]+$')")
        .message("a username is letters, digits and . _ + -; write for example mary-desk"))]
    #[schemars(length(min = 1, max = 64))]
    pub username: Option<String>,
    /// Its SIP password. Default: a generated one in the Secret `<name>-sip`, key `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_secret_ref: Option<SecretKeyRef>,
    /// How the phone fetches its configuration. Absent: it is set up by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<Provisioning>,
    /// What its messages key opens. Default: as `PhoneSystem.spec.features.messagesKey` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_key: Option<MessagesKey>,
    /// Its programmable keys, each at a position of its own. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["position".into()]))]
    #[schemars(length(max = 200))]
    pub keys: Vec<Key>,
}

/// How a phone fetches its configuration.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Provisioning {
    /// The hardware address on the phone's label, by which it is known.
    #[x_kube(validation = Rule::new("self.matches('^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$')")
        .message("write six pairs of hexadecimal digits with colons, for example mac: \"80:5e:c0:12:34:56\""))]
    #[schemars(length(max = 32))]
    pub mac: String,
}

/// A programmable key of a handset.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.extension), has(self.mailbox), has(self.monitor)].filter(x, x).size() == 1")
    .message("a key shows exactly one thing; write extension: \"102\", mailbox: {name: john} or monitor: {name: front-desk}"))]
pub struct Key {
    /// Which key, counted from 1.
    #[schemars(range(min = 1, max = 200))]
    pub position: u32,
    /// The extension that the key dials and whose lamp it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32))]
    pub extension: Option<String>,
    /// The User whose message lamp the key shows; his `voicemail.monitoredBy` must list the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<NameRef>,
    /// The CallMonitor whose calls the key shows and answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<NameRef>,
}

status! {
    /// What is known of a handset at run time.
    pub struct HandsetStatus {
        /// The phones registered under it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[x_kube(merge_strategy = ListMerge::Map(vec!["id".into()]))]
        pub contacts: Vec<Contact>,
        /// Whose it is now: the owner, or the user logged in by hot desk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub user_ref: Option<NameRef>,
    }
}

/// A phone registered under a handset.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Tells this contact from the others.
    pub id: String,
    /// The SIP URI it registered.
    pub uri: String,
    /// The worker that holds it.
    pub worker: String,
    /// What the phone calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// When it registered first.
    pub registered_at: Time,
}
