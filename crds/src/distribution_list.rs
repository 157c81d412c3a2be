//! `DistributionList`: an e-mail list of the company (spec PO-9).
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{reference::NameRef, status::Standing};

/// An e-mail list of the company, as its directory shows it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "DistributionList",
    namespaced,
    status = "Standing",
    derive = "PartialEq",
    derive = "Default",
    shortname = "dl",
    category = "switchboard",
    doc = "An e-mail list of the company, as its directory shows it.",
    printcolumn(json_path = ".spec.address", name = "Address", type_ = "string"),
    printcolumn(
        json_path = ".spec.displayName",
        name = "Display name",
        type_ = "string"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct DistributionListSpec {
    /// The list's e-mail address.
    #[x_kube(validation = Rule::new("self.matches('^[^@ ]+@[^@ ]+$')")
        .message("write an address with one @, for example address: sales@example.com"))]
    #[schemars(length(max = 254))]
    pub address: String,
    /// Its name in the directory. Default: the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// What it is for. Default: nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub description: Option<String>,
    /// The Users on it. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[schemars(length(max = 1000))]
    pub members: Vec<NameRef>,
    /// E-mail addresses of others on it. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[x_kube(validation = Rule::new("self.all(a, a.matches('^[^@ ]+@[^@ ]+$'))")
        .message("write addresses with one @ each, for example others: [partner@example.org]"))]
    #[schemars(length(max = 1000), inner(length(min = 3, max = 254)))]
    pub others: Vec<String>,
}
