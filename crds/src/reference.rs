//! How one object names another.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An object of the same namespace, by name.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct NameRef {
    /// The object's `metadata.name`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

impl NameRef {
    /// A reference to the object of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// One entry of a Secret of the same namespace. The Secret must carry the label `switchboard.dev/use`.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// The Secret's `metadata.name`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The entry of the Secret's data.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// A Secret of the same namespace whose entries have fixed names. It must carry the label `switchboard.dev/use`.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// The Secret's `metadata.name`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// The conditions of a status, as [`crate::conditions`] documents them.
pub type Conditions = Vec<Condition>;
