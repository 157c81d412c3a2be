//! Where a caller is taken, as trunks, attendants and queues say it.
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::{
    call_route::{ExtensionNumber, OutsideNumber},
    extension::Center,
    reference::NameRef,
    validate,
};

/// Where a caller is taken: exactly one member.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.extension), has(self.voicemail), has(self.autoAttendant), has(self.queue), has(self.conference), has(self.conferenceCenter), has(self.messageCenter), has(self.outside), has(self.busy)].filter(x, x).size() == 1")
    .message("a caller is taken to exactly one thing; write for example {extension: {number: \"101\"}}"))]
pub struct CallTarget {
    /// A number of the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionNumber>,
    /// The mailbox of a User.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voicemail: Option<NameRef>,
    /// An AutoAttendant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_attendant: Option<NameRef>,
    /// A CallQueue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<NameRef>,
    /// A Conference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference: Option<NameRef>,
    /// The conference center, which asks for a conference's ID. Write `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference_center: Option<Center>,
    /// The message center, which asks for extension and PIN. Write `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_center: Option<Center>,
    /// An outside number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideNumber>,
    /// The caller hears busy. Write `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<Center>,
}

/// A recording among the company's shared files.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// Its path among the company's shared files, such as `attendant/open.wav`.
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*[.](wav|flac)$')")
        .message("a recording is a file among the shared ones; write for example file: attendant/open.wav"))]
    #[schemars(length(max = 255))]
    pub file: String,
}

impl Recording {
    /// Whether a shared file may have this name: a relative path of plain names that ends in `.wav` or `.flac`.
    pub fn is_name(file: &str) -> bool {
        validate::is_recording(file)
    }
}
