//! The set of stored objects a directory is compiled from.
use k8s_openapi::api::core::v1::Secret;

use crate::{CallRoute, Extension, Handset, PhoneSystem, User, UserSettings, credentials::Shard};

/// Every object of one namespace that the directory depends on, in any order.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Of which the oldest is in force.
    pub phone_systems: Vec<PhoneSystem>,
    /// People.
    pub users: Vec<User>,
    /// What they changed by phone or web; same name as the User.
    pub user_settings: Vec<UserSettings>,
    /// Telephones.
    pub handsets: Vec<Handset>,
    /// Numbers beyond the users' own.
    pub extensions: Vec<Extension>,
    /// Where calls go.
    pub call_routes: Vec<CallRoute>,
    /// SIP passwords, PINs and the system's keys.
    pub secrets: Vec<Secret>,
    /// In the cluster, instead of Secrets: what the operator compiled from them.
    pub credentials: Vec<Shard>,
}
