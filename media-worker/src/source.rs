//! Where the directory comes from: a folder of manifests and the state folder, or the Kubernetes API.
//!
//! A [`Source`] holds the newest [`Snapshot`] and publishes each next one: after a change of an object, which it
//! notices by itself, and after a change of what a user set by phone.
mod check;
mod cluster;
mod complaint;
mod folder;
mod located;
mod manifest;
mod manifests;
mod setup_sheet;
mod watching;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use crds::{Directory, Objects, UserSettings, UserSettingsSpec, secrets};
use tokio::{sync::watch, task::spawn_blocking};

pub use self::{
    check::check,
    cluster::{Cluster, FIELD_MANAGER, Scope, StartError, Stored},
    complaint::{Complaint, Fault, Meanwhile, Place},
    manifests::{Manifests, OpenError},
    setup_sheet::setup_sheet,
    watching::Watching,
};
use crate::state::StateError;

/// A directory, with what is wrong with the objects it was compiled from.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Who is who, and what numbers mean.
    pub directory: Arc<Directory>,
    /// What is not in force, or should be known nevertheless.
    pub complaints: Vec<Complaint>,
    /// Passwords and PINs, for [`setup_sheet`]. The cluster gives none away.
    pub credentials: Arc<secrets::Credentials>,
    /// What it was compiled from, for the operator. Only in the cluster.
    pub loaded: Loaded,
    /// How far sides reach us, where the operator says so.
    pub reached: Reached,
}

/// Which objects a snapshot was compiled from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The generation of every object of ours, by its UID.
    pub generations: BTreeMap<String, i64>,
    /// The `resourceVersion` of every shard of the credentials, by its number.
    pub credentials: BTreeMap<u32, String>,
}

/// The addresses and ports that far sides are told, as the operator has learnt them. Empty: those we are bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// For SIP.
    pub sip: Option<ReachedSip>,
    /// For our media.
    pub media: Option<ReachedMedia>,
}

/// How SIP reaches us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachedSip {
    /// Of either family.
    pub addresses: Vec<IpAddr>,
    /// For UDP.
    pub udp: u16,
    /// For TCP.
    pub tcp: u16,
    /// For TLS.
    pub tls: u16,
}

/// How media reach us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachedMedia {
    /// Of either family.
    pub addresses: Vec<IpAddr>,
    /// The port that leads to our first one; none: the same.
    pub first_port: Option<u16>,
}

/// Where a worker's directory comes from.
pub enum Source {
    /// From a folder: standalone.
    Folder(Arc<Manifests>),
    /// From the Kubernetes API: in a Pod.
    Cluster(Cluster),
}

impl Source {
    /// The snapshot now in force, and each next one.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        match self {
            Self::Folder(manifests) => manifests.snapshots(),
            Self::Cluster(cluster) => cluster.snapshots(),
        }
    }

    /// Changes what this user set by phone or web: on disk when this returns, and in force. Of two changes the last one wins.
    pub async fn update_settings(
        &self,
        user: &str,
        change: impl FnOnce(&mut UserSettingsSpec) + Send + 'static,
    ) -> Result<(), StateError> {
        match self {
            Self::Folder(manifests) => {
                let (manifests, user) = (Arc::clone(manifests), user.to_owned());
                // Calls must not wait for the disk.
                let update = move || manifests.update_settings(&user, change);
                spawn_blocking(update).await.unwrap_or(Ok(()))
            }
            Self::Cluster(cluster) => cluster.update_settings(user, Box::new(change)).await,
        }
    }
}

fn unset(user: &str) -> UserSettings {
    UserSettings::new(user, UserSettingsSpec::default())
}

/// What a user set by phone goes before the settings that are stored.
fn overlay(objects: &mut Objects, set: BTreeMap<String, UserSettings>) {
    let is_set = |given: &UserSettings| {
        given
            .metadata
            .name
            .as_ref()
            .is_some_and(|name| set.contains_key(name))
    };
    objects.user_settings.retain(|given| !is_set(given));
    objects
        .user_settings
        .extend(set.into_values().map(crds::Shared::from));
}

#[cfg(test)]
mod tests;
