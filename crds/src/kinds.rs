//! The Kinds of this project: one list, from which comes whatever treats them all alike.
use std::fmt;

use k8s_openapi::{
    api::core::v1::Secret,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    apimachinery::pkg::apis::meta::v1::Time,
};
use kube::{CustomResourceExt, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    AutoAttendant, CallMonitor, CallQueue, CallRoute, Conference, DistributionList, Extension,
    Handset, MessageAlias, PhoneSystem, Trunk, User, UserSettings, credentials::Shard,
    shared::Shared, status::with_columns,
};

/// A Kind of this project, as its Rust type says it.
pub trait Declared: Resource<DynamicType = ()> + Clone + DeserializeOwned {
    /// Which it is.
    const KIND: Kind;

    /// The objects of this Kind among all.
    fn of(objects: &Objects) -> &Vec<Shared<Self>>;

    /// The same, to change.
    fn of_mut(objects: &mut Objects) -> &mut Vec<Shared<Self>>;
}

/// Hands the list of Kinds to another macro: of each its documentation, its name and its objects' name in [`Objects`].
#[macro_export]
macro_rules! each_kind {
    ($macro:ident) => {
        $macro! {
            /// The telephone system itself, of which the oldest is in force.
            PhoneSystem in phone_systems,
            /// People.
            User in users,
            /// What people change by phone or web; same name as the User.
            UserSettings in user_settings,
            /// Telephones.
            Handset in handsets,
            /// Numbers beyond the users' own.
            Extension in extensions,
            /// Where calls go.
            CallRoute in call_routes,
            /// Conferences, scheduled or always open.
            Conference in conferences,
            /// Lines to the outside world and to other sites.
            Trunk in trunks,
            /// Menus that answer callers.
            AutoAttendant in auto_attendants,
            /// Callers who wait for agents.
            CallQueue in call_queues,
            /// Calls that light keys on many phones.
            CallMonitor in call_monitors,
            /// Numbers that address several mailboxes.
            MessageAlias in message_aliases,
            /// The company's e-mail lists.
            DistributionList in distribution_lists,
        }
    };
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident in $list:ident,)+) => {
        /// The Kinds a problem can be about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])+ $kind,)+
            /// A core Kubernetes Secret.
            Secret,
        }

        impl Kind {
            /// Those of this project, in the order in which one meets them.
            pub const OURS: &[Self] = &[$(Self::$kind),+];

            /// The name as manifests spell it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind),)+
                    Self::Secret => "Secret",
                }
            }

            /// What the API server is told of it; none for a Secret, which it knows.
            pub fn definition(self) -> Option<CustomResourceDefinition> {
                match self {
                    $(Self::$kind => Some(with_columns($kind::crd(), self)),)+
                    Self::Secret => None,
                }
            }
        }

        /// Every object of one namespace that the directory depends on, in any order.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Objects {
            $($(#[doc = $doc])+ pub $list: Vec<Shared<$kind>>,)+
            /// SIP passwords, PINs and the system's keys.
            pub secrets: Vec<Secret>,
            /// In the cluster, instead of Secrets: what the operator compiled from them.
            pub credentials: Vec<Shard>,
            /// Whether a number that several want is whose object is the oldest, as in a folder. In the cluster an Extension
            /// goes before Users and aliases, for by it a User is given his number.
            pub numbers_by_age: bool,
        }

        impl Objects {
            /// Adds the object of a manifest.
            pub fn add(&mut self, kind: Kind, manifest: Value) -> Result<(), serde_json::Error> {
                match kind {
                    $(Kind::$kind => self.$list.push(serde_json::from_value::<$kind>(manifest)?.into()),)+
                    Kind::Secret => self.secrets.push(serde_json::from_value(manifest)?),
                }
                Ok(())
            }

            /// Adds all of another set.
            pub fn extend_from(&mut self, other: &Self) {
                $(self.$list.extend_from_slice(&other.$list);)+
                self.secrets.extend_from_slice(&other.secrets);
                self.credentials.extend_from_slice(&other.credentials);
            }

            /// Takes over the object of this Kind and name from another set; whether it is there.
            pub fn take_over(&mut self, kind: Kind, name: &str, from: &Self) -> bool {
                let named = |given: Option<&str>| given == Some(name);
                match kind {
                    $(Kind::$kind => {
                        let found = from.$list.iter().find(|it| named(it.metadata.name.as_deref()));
                        self.$list.extend(found.cloned());
                        found.is_some()
                    })+
                    Kind::Secret => {
                        let found = from.secrets.iter().find(|it| named(it.metadata.name.as_deref()));
                        self.secrets.extend(found.cloned());
                        found.is_some()
                    }
                }
            }

            /// Gives each object of ours that has no creation time the one that is known of its Kind and name.
            pub fn date(&mut self, since: impl Fn(Kind, &str) -> Option<Time>) {
                $(for object in &mut self.$list {
                    if object.metadata.creation_timestamp.is_some() {
                        continue;
                    }
                    let name = object.metadata.name.as_deref().unwrap_or_default();
                    if let Some(time) = since(Kind::$kind, name) {
                        object.metadata.creation_timestamp = Some(time);
                    }
                })+
            }

            /// The names of the objects of this Kind.
            pub fn names(&self, kind: Kind) -> Vec<String> {
                match kind {
                    $(Kind::$kind => self.$list.iter().map(|it| it.name_any()).collect(),)+
                    Kind::Secret => self.secrets.iter().map(ResourceExt::name_any).collect(),
                }
            }
        }

        $(impl Declared for $kind {
            const KIND: Kind = Kind::$kind;

            fn of(objects: &Objects) -> &Vec<Shared<Self>> {
                &objects.$list
            }

            fn of_mut(objects: &mut Objects) -> &mut Vec<Shared<Self>> {
                &mut objects.$list
            }
        })+
    };
}

each_kind!(kinds);

impl Kind {
    /// Whether its objects have the condition `Ready`. Settings have not: they are in force with their User, whose
    /// `Ready` tells it.
    pub const fn becomes_ready(self) -> bool {
        !matches!(self, Self::UserSettings | Self::Secret)
    }

    /// Whether this version does what objects of the Kind ask for. The others are checked and kept, and said to be
    /// [`NotAvailableYet`](crate::problem::Reason::NotAvailableYet).
    pub const fn is_available(self) -> bool {
        match self {
            Self::PhoneSystem
            | Self::User
            | Self::UserSettings
            | Self::Handset
            | Self::Extension
            | Self::CallRoute
            | Self::MessageAlias
            | Self::Trunk
            | Self::AutoAttendant
            | Self::Secret => true,
            Self::Conference | Self::CallQueue | Self::CallMonitor | Self::DistributionList => {
                false
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
