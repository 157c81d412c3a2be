//! What is restored from a backup becomes its owner's again.
//!
//! An owner is known by its UID, and whatever is created anew gets another. So a backup is restored without owners, and each
//! object that had one says by an annotation what it was made for. Of what the operator would make under that name for that
//! very object, and has no controller, the owner is set and the mark taken away. Whoever can write the mark could write the
//! owner himself, so it gives nobody a right; what bears no mark, a person has made, and it stays his.
use crds::{Kind, ObjectRef};
use futures::future::join_all;
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::{ApiResource, DynamicObject, Status},
};
use serde_json::{Value, json};

use crate::{
    context::Context,
    error::{Error, status},
    ours::{Ours, object_ref},
};

/// On an object that is restored from a backup: what it was made for, as in `User/mary`.
pub const MADE_FOR: &str = "switchboard.dev/made-for";

/// An object that is to become its owner's again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    resource: ApiResource,
    name: String,
}

impl Restored {
    /// This object, if it was made for `owner` and nobody controls it now.
    pub fn of<K: Resource<DynamicType = ()>>(object: &K, owner: &ObjectRef) -> Option<Self> {
        let is_his = made_for(object).as_ref() == Some(owner);
        is_his.then(|| Self {
            resource: ApiResource::erase::<K>(&()),
            name: object.name_any(),
        })
    }
}

/// What an object was made for before it was restored from a backup; none if somebody controls it.
pub fn made_for<K: Resource>(object: &K) -> Option<ObjectRef> {
    let owners = object.owner_references();
    if owners.iter().any(|it| it.controller == Some(true)) {
        return None;
    }
    let (kind, name) = object.annotations().get(MADE_FOR)?.split_once('/')?;
    let kind = Kind::OURS.iter().find(|it| it.as_str() == kind)?;
    Some(ObjectRef::new(*kind, name))
}

impl Context {
    /// Makes these objects `owner`'s again. One that is refused does not keep the others; the first error is told.
    pub async fn give_back<O: Ours>(&self, owner: &O, restored: &[Restored]) -> Result<(), Error> {
        let given = restored.iter().map(|it| self.give_back_one(owner, it));
        join_all(given).await.into_iter().collect()
    }

    async fn give_back_one<O: Ours>(&self, owner: &O, restored: &Restored) -> Result<(), Error> {
        let Restored { resource, name } = restored;
        let (kind, whose) = (&resource.kind, object_ref(owner));
        let failed = |error| Error::Api {
            doing: format!("give {kind} {name} back to {whose}"),
            error: Box::new(error),
        };
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &self.namespace, resource);
        let parameters = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        for left in (0..TRIES).rev() {
            // What is stored counts: the cache may be a moment behind, and knows little of Secrets.
            let stored = api.get_metadata_opt(name).await.map_err(failed)?;
            let Some(stored) = stored.filter(|it| made_for(it).as_ref() == Some(&whose)) else {
                return Ok(());
            };
            let patch = Patch::Merge(with_owner(&stored, owner));
            match api.patch_metadata(name, &parameters, &patch).await {
                Ok(_) => {
                    let namespace = &*self.namespace;
                    tracing::info!(
                        namespace,
                        "{kind} {name} was restored: it is {whose}'s again"
                    );
                    return Ok(());
                }
                // Something has changed in between, if only the status.
                Err(error) if left > 0 && status(&error).is_some_and(Status::is_conflict) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }
}

/// What makes this version of an object `owner`'s, and of no other version.
fn with_owner<K: Resource, O: Ours>(stored: &K, owner: &O) -> Value {
    let mut owners = stored.owner_references().to_vec();
    owners.extend(owner.controller_owner_ref(&()));
    json!({"metadata": {
        "resourceVersion": stored.resource_version(),
        "ownerReferences": owners,
        "annotations": {MADE_FOR: null},
    }})
}

/// Who sets owners, and changes nothing else.
const MANAGER: &str = "switchboard-operator-restored";
/// How often it is tried in a row, where somebody else is writing too.
const TRIES: u32 = 5;

#[cfg(test)]
mod tests {
    use crds::Handset;

    use super::*;

    fn handset(metadata: &str) -> Handset {
        let yaml =
            format!("{{metadata: {{name: mary{metadata}}}, spec: {{ownerRef: {{name: mary}}}}}}");
        serde_saphyr::from_str(&yaml).unwrap()
    }

    #[test]
    fn only_what_bears_the_mark_of_its_owner_and_has_no_controller_is_given_back() {
        let mary = ObjectRef::new(Kind::User, "mary");
        let mark = ", annotations: {switchboard.dev/made-for: User/mary}";
        let restored = Restored::of(&handset(mark), &mary).unwrap();
        assert_eq!(
            (&*restored.resource.plural, &*restored.name),
            ("handsets", "mary")
        );
        let john = ObjectRef::new(Kind::User, "john");
        assert_eq!(Restored::of(&handset(mark), &john), None);
        let owned = |controller: bool| {
            format!(
                "{mark}, ownerReferences: [{{apiVersion: example.com/v1, kind: Desk, name: d, uid: u, controller: {controller}}}]"
            )
        };
        assert_eq!(Restored::of(&handset(&owned(true)), &mary), None);
        assert!(Restored::of(&handset(&owned(false)), &mary).is_some());
        for other in ["", ", annotations: {switchboard.dev/made-for: mary}"] {
            assert_eq!(Restored::of(&handset(other), &mary), None, "{other}");
        }
    }
}
