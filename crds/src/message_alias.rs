//! `MessageAlias`: a number that addresses several mailboxes (spec MB-9).
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{reference::NameRef, status::Standing};

/// A number that addresses the mailboxes of several Users; each of them gets the message.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "MessageAlias",
    plural = "messagealiases",
    namespaced,
    status = "Standing",
    derive = "PartialEq",
    derive = "Default",
    shortname = "ma",
    category = "switchboard",
    doc = "A number that addresses the mailboxes of several Users; each of them gets the message.",
    printcolumn(json_path = ".spec.extension", name = "Extension", type_ = "string"),
    printcolumn(
        json_path = ".spec.displayName",
        name = "Display name",
        type_ = "string"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct MessageAliasSpec {
    /// Its number: 1 to 15 digits, shared with no extension.
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{1,15}$')")
        .message("an extension is 1 to 15 digits and nothing else; write for example extension: \"500\""))]
    #[schemars(length(max = 32))]
    pub extension: String,
    /// The name that is shown and spelt to whoever addresses it. Default: the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// The Users who get its messages.
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[schemars(length(min = 1, max = 1000))]
    pub members: Vec<NameRef>,
}
