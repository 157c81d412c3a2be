//! The custom resources of a `PhoneSystem`, and the directory compiled from them.
//!
//! One file per Kind holds its specification, its status and what must hold of it, twice: as CEL for the API
//! server and as Rust for manifests in a folder. [`directory::compile`] turns a set of such objects into the
//! immutable, indexed snapshot a worker works from.
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    reason = "the KubeSchema derive repeats each type inside a function body"
)]
#![allow(
    clippy::duplicated_attributes,
    reason = "each printer column has a type"
)]
#![allow(
    clippy::doc_markdown,
    reason = "kubectl explain shows the documentation of fields as it is, Kinds unmarked"
)]

pub mod call_route;
pub mod conditions;
pub mod credentials;
pub mod directory;
pub mod extension;
pub mod handset;
pub mod manifests;
pub mod number;
pub mod objects;
pub mod period;
pub mod phone_system;
pub mod pin;
pub mod presence;
pub mod problem;
pub mod reference;
pub mod report;
pub mod schema;
pub mod secrets;
pub mod user;
pub mod user_settings;
mod validate;

pub use call_route::{CallRoute, CallRouteSpec};
pub use directory::{Directory, compile};
pub use extension::{Extension, ExtensionSpec};
pub use handset::{Handset, HandsetSpec};
pub use k8s_openapi::api::core::v1::Secret;
pub use objects::Objects;
pub use period::Period;
pub use phone_system::{PhoneSystem, PhoneSystemSpec};
pub use presence::Presence;
pub use problem::{Kind, ObjectRef, Problem, Severity};
pub use reference::{NameRef, SecretKeyRef};
pub use user::{User, UserSpec};
pub use user_settings::{UserSettings, UserSettingsSpec};

/// The API group of every Kind here.
pub const GROUP: &str = "switchboard.dev";
/// The version of every Kind here.
pub const VERSION: &str = "v1alpha1";
