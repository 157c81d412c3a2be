//! Where messages are kept, and how mail is sent.
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::SecretRef;

/// The annotation of a `PhoneSystem` that names the UID of a deleted one whose storage it takes over, mailboxes and all.
pub const ADOPT_STORAGE: &str = "switchboard.dev/adopt-storage";

/// Where messages are kept.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// A bucket of an S3 service.
    pub s3: S3,
}

/// A bucket of an S3 service.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct S3 {
    /// The service's URL, such as `http://s3.storage:7070`. Default: the region's at AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub endpoint: Option<String>,
    /// The region. Default: us-east-1.
    #[serde(default = "S3::region")]
    #[schemars(length(min = 1, max = 64))]
    pub region: String,
    /// The bucket.
    #[schemars(length(min = 1, max = 255))]
    pub bucket: String,
    /// What every key begins with; belongs to one PhoneSystem. Default: the namespace, the name and `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub prefix: Option<String>,
    /// The Secret with `accessKeyId` and `secretAccessKey`, labelled `switchboard.dev/use: s3`. Default: the Pod's identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SecretRef>,
}

/// How mail is sent.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// The server that takes it.
    pub smtp: Smtp,
}

/// A server that takes mail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(self.tls == 'Off' && has(self.credentialsSecretRef))")
    .message("a login is not sent in the clear; set tls to StartTls or Tls, or leave credentialsSecretRef out"))]
pub struct Smtp {
    /// Its host name.
    #[schemars(length(min = 1, max = 253))]
    pub host: String,
    /// Its TCP port. Default: 587.
    #[serde(default = "Smtp::port")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// How the connection is secured. Default: `StartTls`.
    #[serde(default)]
    pub tls: SmtpTls,
    /// The sender, such as `Voicemail <voicemail@example.com>`.
    #[x_kube(validation = Rule::new("self.matches('^([^<>@]*<[^<>@ ]+@[^<>@ ]+>|[^<>@ ]+@[^<>@ ]+)$')")
        .message("write an address, perhaps with a name before it, for example Voicemail <voicemail@example.com>"))]
    #[schemars(length(min = 3, max = 320))]
    pub from: String,
    /// The Secret with `username`, `password` and perhaps `ca.crt`, labelled `switchboard.dev/use: smtp`. Absent: no login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SecretRef>,
}

/// How a connection to a mail server is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SmtpTls {
    /// Not at all.
    Off,
    /// By STARTTLS, which must succeed.
    #[default]
    StartTls,
    /// From the first byte.
    Tls,
}

impl S3 {
    fn region() -> String {
        "us-east-1".to_owned()
    }
}

impl Smtp {
    const fn port() -> u16 {
        587
    }
}
