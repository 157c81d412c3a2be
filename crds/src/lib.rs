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

pub mod auto_attendant;
pub mod call_monitor;
pub mod call_queue;
pub mod call_route;
pub mod call_target;
pub mod conditions;
pub mod conference;
pub mod credentials;
pub mod directory;
pub mod distribution_list;
pub mod extension;
pub mod handset;
pub mod kinds;
pub mod manifests;
pub mod message_alias;
pub mod number;
pub mod period;
pub mod phone_system;
pub mod pin;
pub mod presence;
pub mod problem;
pub mod reference;
pub mod report;
pub mod schema;
pub mod secrets;
pub mod shared;
pub mod status;
pub mod trunk;
pub mod user;
pub mod user_settings;
mod validate;

pub use auto_attendant::{AutoAttendant, AutoAttendantSpec};
pub use call_monitor::{CallMonitor, CallMonitorSpec};
pub use call_queue::{CallQueue, CallQueueSpec};
pub use call_route::{CallRoute, CallRouteSpec};
pub use conference::{Conference, ConferenceSpec};
pub use directory::{Directory, compile, compile_with};
pub use distribution_list::{DistributionList, DistributionListSpec};
pub use extension::{Extension, ExtensionSpec};
pub use handset::{Handset, HandsetSpec};
pub use k8s_openapi::api::core::v1::Secret;
pub use kinds::{Declared, Kind, Objects};
pub use message_alias::{MessageAlias, MessageAliasSpec};
pub use period::Period;
pub use phone_system::{PhoneSystem, PhoneSystemSpec};
pub use presence::Presence;
pub use problem::{ObjectRef, Problem, Severity};
pub use reference::{NameRef, SecretKeyRef};
pub use shared::Shared;
pub use trunk::{Trunk, TrunkSpec};
pub use user::{User, UserSpec};
pub use user_settings::{UserSettings, UserSettingsSpec};

/// The API group of every Kind here.
pub const GROUP: &str = "switchboard.dev";
/// The version of every Kind here.
pub const VERSION: &str = "v1alpha1";
