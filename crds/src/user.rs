//! `User`: a person with an extension and a mailbox.
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Period, Presence,
    reference::{NameRef, SecretKeyRef, SecretRef},
    status::status,
};

/// A person with an extension and a mailbox. A User alone is enough: what else he needs is made for him.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "User",
    namespaced,
    status = "UserStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "sbu",
    category = "switchboard",
    doc = "A person with an extension and a mailbox. A User alone is enough: what else he needs is made for him.",
    printcolumn(json_path = ".spec.extension", name = "Extension", type_ = "string"),
    printcolumn(json_path = ".spec.displayName", name = "Display name", type_ = "string"),
    printcolumn(json_path = ".status.presence", name = "Presence", type_ = "string"),
    printcolumn(json_path = ".status.messages.new", name = "New", type_ = "integer"),
    printcolumn(json_path = ".status.messages.saved", name = "Saved", type_ = "integer", priority = 1),
    validation = Rule::new("self.metadata.name.size() <= 63")
        .message("a User's name becomes part of other names; write one of at most 63 characters")
)]
#[serde(rename_all = "camelCase")]
pub struct UserSpec {
    /// The name that called phones show and the directory lists. Default: the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// The number that reaches this user: 1 to 15 digits. Absent: he has a mailbox and phones but no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{1,15}$')")
        .message("an extension is 1 to 15 digits and nothing else; write for example extension: \"101\""))]
    #[schemars(length(max = 32))]
    pub extension: Option<String>,
    /// Where messages are mailed to, as `voicemail.email` says. Absent: nothing is mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[^@ ]+@[^@ ]+$')")
        .message("write an address with one @, for example mary@example.com"))]
    #[schemars(length(max = 254))]
    pub email: Option<String>,
    /// The language of the prompts he hears, a folder of `prompts/`. Default: UserSettings', else the PhoneSystem's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 35))]
    pub language: Option<String>,
    /// IANA time zone in which times are spoken, such as `America/New_York`. Default: the PhoneSystem's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
    /// Usually absent, so that the user sets it by phone or portal (UserSettings). Set here it is binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// His PIN: at least 5 digits. Default: a generated one in the Secret `<name>-pin`, key `pin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_secret_ref: Option<SecretKeyRef>,
    /// A class of `PhoneSystem.spec.classes`, whose permissions he has. Absent: only those listed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub class: Option<String>,
    /// Permissions beside those of the class. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 32))]
    pub permissions: Vec<Permission>,
    /// His mailbox.
    #[serde(default)]
    pub voicemail: Voicemail,
    /// How an outside phone takes a call that follows him.
    #[serde(default)]
    pub follow_me: FollowMe,
    /// The outside number that `*7` transfers a caller to, as E.164 with `+`. Absent: `*7` says that none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[+][0-9]{2,15}$')")
        .message("write the number with + and country code, for example quickTransfer: \"+15855550100\""))]
    #[schemars(length(max = 32))]
    pub quick_transfer: Option<String>,
}

/// What a user may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Permission {
    /// Call outside numbers.
    OutsideLine,
    /// Schedule conferences.
    CreateConferences,
    /// Change his own call routes.
    EditRoutes,
    /// Choose among his call routes.
    ApplyRoutes,
    /// Send one message to every voicemail user.
    SendToAll,
    /// See the figures of call queues.
    ViewQueueStatistics,
    /// Set the figures of call queues back to zero.
    ResetQueueStatistics,
    /// Put files into the company's shared folder and remove them.
    ManageFiles,
    /// Everything, for everybody.
    Administrator,
}

/// A user's mailbox: its limits, who watches it, what is mailed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Voicemail {
    /// How many messages the mailbox holds, new and saved. Default: 100.
    #[serde(default = "Voicemail::max_messages")]
    #[schemars(range(min = 0, max = 100_000))]
    pub max_messages: u32,
    /// How many minutes of audio the mailbox holds. Default: 60.
    #[serde(default = "Voicemail::max_minutes")]
    #[schemars(range(min = 0, max = 100_000))]
    pub max_minutes: u32,
    /// The longest message. Default: 5m.
    #[serde(default = "Voicemail::max_message_length")]
    pub max_message_length: Period,
    /// Whoever hangs up sooner leaves no message. Default: 1s.
    #[serde(default = "Voicemail::min_message_length")]
    pub min_message_length: Period,
    /// How long a deleted message can be restored. Default: 7d.
    #[serde(default = "Voicemail::trash_retention")]
    pub trash_retention: Period,
    /// Users whose phones may show this mailbox's lamp. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[schemars(length(max = 64))]
    pub monitored_by: Vec<NameRef>,
    /// Voicemail to e-mail.
    #[serde(default)]
    pub email: Email,
    /// The e-mail account whose unread mails the message center counts. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imap: Option<Imap>,
}

/// Voicemail to e-mail.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    /// What is mailed when a message arrives. Default: Off.
    #[serde(default)]
    pub mode: EmailMode,
}

/// What is mailed when a message arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum EmailMode {
    /// Nothing.
    #[default]
    Off,
    /// That there is a message.
    Notify,
    /// The message, as a WAV file.
    Attach,
    /// The message, as a WAV file; it is then deleted here.
    AttachAndDelete,
}

/// An e-mail account, read by IMAP over TLS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Imap {
    /// The server's host name.
    #[schemars(length(min = 1, max = 253))]
    pub host: String,
    /// Its TCP port. Default: 993.
    #[serde(default = "Imap::port")]
    pub port: u16,
    /// The Secret with `username`, `password` and perhaps `ca.crt`, labelled `switchboard.dev/use: imap`.
    pub credentials_secret_ref: SecretRef,
}

/// How an outside phone takes a call that follows a user.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct FollowMe {
    /// `Key`: whoever answers presses 1. `Pin`: he enters the user's PIN. Default: Key.
    #[serde(default)]
    pub accept: Accept,
}

/// What an outside phone must enter to take a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Accept {
    /// The key 1.
    #[default]
    Key,
    /// The user's PIN.
    Pin,
}

status! {
    /// What is known of a user at run time.
    pub struct UserStatus {
        /// The effective presence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub presence: Option<Presence>,
        /// The messages in his mailbox.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub messages: Option<MessageCounts>,
        /// His handsets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
        pub handsets: Vec<UserHandset>,
    }
}

/// The messages in a mailbox.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MessageCounts {
    /// Not yet heard.
    #[serde(default)]
    pub new: u32,
    /// Heard and kept.
    #[serde(default)]
    pub saved: u32,
}

/// One of a user's handsets.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct UserHandset {
    /// The Handset's name.
    pub name: String,
    /// Whether a phone is registered under it.
    #[serde(default)]
    pub registered: bool,
}

impl Default for Voicemail {
    fn default() -> Self {
        Self {
            max_messages: Self::max_messages(),
            max_minutes: Self::max_minutes(),
            max_message_length: Self::max_message_length(),
            min_message_length: Self::min_message_length(),
            trash_retention: Self::trash_retention(),
            monitored_by: Vec::new(),
            email: Email::default(),
            imap: None,
        }
    }
}

impl Voicemail {
    const fn max_messages() -> u32 {
        100
    }
    const fn max_minutes() -> u32 {
        60
    }
    const fn max_message_length() -> Period {
        Period::minutes(5)
    }
    const fn min_message_length() -> Period {
        Period::seconds(1)
    }
    const fn trash_retention() -> Period {
        Period::days(7)
    }
}

impl Imap {
    const fn port() -> u16 {
        993
    }
}
