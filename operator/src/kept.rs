//! What is kept of a Secret. There are three for each User, and as Kubernetes' own type each weighs more than he does.
use std::borrow::Cow;

use crds::{
    Kind, ObjectRef, Secret,
    secrets::{self, USE_LABEL},
};
use k8s_openapi::{NamespaceResourceScope, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Resource, ResourceExt};
use serde::Deserialize;

use crate::{
    references::SYSTEM,
    restored::{MADE_FOR, made_for},
};

/// A labelled Secret: what it may be used for, what is in it, and whose it is.
#[derive(Clone, Deserialize)]
#[serde(from = "Secret")]
pub struct KeptSecret {
    metadata: ObjectMeta,
    purpose: Box<str>,
    initial: bool,
    owner: Option<ObjectRef>,
    /// None where the whole Secret is kept.
    entries: Box<[KeptEntry]>,
    whole: Option<Box<Secret>>,
}

/// A key and its value.
type KeptEntry = (Box<str>, Box<[u8]>);

impl KeptSecret {
    /// The label's value.
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// What is in this entry.
    pub fn bytes(&self, key: &str) -> Option<&[u8]> {
        if let Some(whole) = &self.whole {
            return Some(&whole.data.as_ref()?.get(key)?.0);
        }
        let found = self.entries.iter().find(|(name, _)| **name == *key);
        found.map(|(_, bytes)| &**bytes)
    }

    /// Whether a PIN in it must be changed at the first login.
    pub const fn is_initial(&self) -> bool {
        self.initial
    }

    /// The object of ours that it was made for.
    pub const fn owner(&self) -> Option<&ObjectRef> {
        self.owner.as_ref()
    }

    /// Whether it was restored from a backup and is not its owner's yet.
    pub fn is_to_be_given_back(&self) -> bool {
        made_for(self).is_some()
    }

    /// All of it: of those few that the operator itself makes for a system, and puts right.
    pub fn whole(&self) -> Option<&Secret> {
        self.whole.as_deref()
    }
}

impl From<Secret> for KeptSecret {
    fn from(mut secret: Secret) -> Self {
        let purpose = secret.labels().get(USE_LABEL).map(String::as_str);
        let purpose: Box<str> = purpose.unwrap_or_default().into();
        let initial = secrets::is_initial(&secret);
        let owner = owner(&secret);
        let metadata = metadata(&secret);
        let is_whole = *purpose == *SYSTEM;
        let entries = secret.data.iter().flatten().filter(|_| !is_whole);
        let entries = entries.map(|(key, bytes)| (key.as_str().into(), bytes.0.as_slice().into()));
        let entries = entries.collect();
        let whole = is_whole.then(|| {
            secret.metadata.managed_fields = None;
            Box::new(secret)
        });
        Self {
            metadata,
            purpose,
            initial,
            owner,
            entries,
            whole,
        }
    }
}

/// Which Secret it is, and in what version; of one that is to be given back to its owner, whose it was.
fn metadata(secret: &Secret) -> ObjectMeta {
    let metadata = &secret.metadata;
    let mark = made_for(secret).and_then(|_| secret.annotations().get(MADE_FOR));
    ObjectMeta {
        name: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        uid: metadata.uid.clone(),
        resource_version: metadata.resource_version.clone(),
        annotations: mark.map(|mark| [(MADE_FOR.to_owned(), mark.clone())].into()),
        ..ObjectMeta::default()
    }
}

fn owner(secret: &Secret) -> Option<ObjectRef> {
    let owners = secret.owner_references();
    let ours = owners
        .iter()
        .filter(|it| it.api_version.starts_with(crds::GROUP));
    let owner = ours.into_iter().find_map(|owner| {
        let kind = Kind::OURS.iter().find(|kind| kind.as_str() == owner.kind)?;
        Some(ObjectRef::new(*kind, &*owner.name))
    });
    owner.or_else(|| made_for(secret))
}

/// No content is printed.
impl std::fmt::Debug for KeptSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptSecret")
            .field("name", &self.metadata.name)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

impl Resource for KeptSecret {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        Secret::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        Secret::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        Secret::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        Secret::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(purpose: &str, owner: &str) -> KeptSecret {
        let manifest = serde_json::json!({
            "metadata": {
                "name": "mary-pin", "namespace": "telephony", "uid": "1", "resourceVersion": "7",
                "labels": {"switchboard.dev/use": purpose},
                "annotations": {"switchboard.dev/generated": "true"},
                "ownerReferences": [{"apiVersion": owner, "kind": "User", "name": "mary", "uid": "2"}],
            },
            "data": {"pin": "MTM1Nzk="},
        });
        serde_json::from_value(manifest).unwrap()
    }

    #[test]
    fn of_a_secret_its_use_its_entries_and_its_owner_are_kept() {
        let kept = read("pin", "switchboard.dev/v1alpha1");
        assert_eq!(kept.name_any(), "mary-pin");
        assert_eq!(kept.resource_version().as_deref(), Some("7"));
        assert_eq!(kept.purpose(), "pin");
        assert_eq!(kept.bytes("pin"), Some(b"13579".as_slice()));
        assert_eq!(kept.bytes("password"), None);
        assert!(kept.is_initial());
        assert_eq!(kept.owner(), Some(&ObjectRef::new(Kind::User, "mary")));
        assert!(kept.whole().is_none(), "it would weigh four times as much");
        assert_eq!(read("pin", "example.com/v1").owner(), None);
        assert!(read("system", "switchboard.dev/v1alpha1").whole().is_some());
    }

    #[test]
    fn of_a_restored_secret_it_is_kept_whose_it_was_until_it_is_so_again() {
        let read = |owners: serde_json::Value| -> KeptSecret {
            let manifest = serde_json::json!({"metadata": {
                "name": "mary-pin",
                "annotations": {"switchboard.dev/made-for": "User/mary"},
                "ownerReferences": owners,
            }});
            serde_json::from_value(manifest).unwrap()
        };
        let restored = read(serde_json::json!([]));
        assert!(restored.is_to_be_given_back());
        assert_eq!(restored.owner(), Some(&ObjectRef::new(Kind::User, "mary")));
        let mary = serde_json::json!([{"apiVersion": "switchboard.dev/v1alpha1", "kind": "User", "name": "mary", "uid": "2", "controller": true}]);
        let owned = read(mary);
        assert!(!owned.is_to_be_given_back());
        assert_eq!(owned.owner(), Some(&ObjectRef::new(Kind::User, "mary")));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let printed = format!("{:?}", read("pin", "switchboard.dev/v1alpha1"));
        assert!(
            !printed.contains("13579") && printed.contains("mary-pin"),
            "{printed}"
        );
    }
}
