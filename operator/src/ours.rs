//! What all our Kinds have in common.
use std::fmt::Debug;

use crds::Declared;
use k8s_openapi::{NamespaceResourceScope, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{Resource, ResourceExt};
use serde::Serialize;

use crate::caches::{Cache, Caches};

/// A custom resource of ours: it has conditions, and a generation that they describe.
pub trait Ours:
    Declared
    + Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Debug
    + Serialize
    + Send
    + Sync
    + 'static
{
    /// The status as stored, `null` if there is none.
    fn stored_status(&self) -> serde_json::Value;

    /// The conditions as stored.
    fn conditions(&self) -> &[Condition];

    /// Gives back the room that reading has left in its lists.
    fn shrink(&mut self);

    /// The objects of this Kind among all.
    fn cache(caches: &Caches) -> &Cache<Self>;
}

/// The object as problems name it.
pub fn object_ref<K: Ours>(object: &K) -> crds::ObjectRef {
    crds::ObjectRef::new(K::KIND, object.name_any())
}

/// The object's generation; objects always have one in the API server.
pub fn generation<K: Resource>(object: &K) -> i64 {
    object.meta().generation.unwrap_or_default()
}

macro_rules! ours {
    ($($(#[$doc:meta])+ $kind:ident in $list:ident,)+) => {$(
        impl Ours for crds::$kind {
            fn stored_status(&self) -> serde_json::Value {
                serde_json::to_value(&self.status).unwrap_or_default()
            }

            fn conditions(&self) -> &[Condition] {
                self.status.as_ref().map_or(&[], |status| &status.conditions)
            }

            fn shrink(&mut self) {
                if let Some(status) = &mut self.status {
                    status.conditions.shrink_to_fit();
                }
            }

            fn cache(caches: &Caches) -> &Cache<Self> {
                &caches.$list
            }
        }
    )+};
}

crds::each_kind!(ours);
