//! How objects are written: created once, or applied on the server's side, and only if that would change anything.
use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use kube::{
    Api, Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
    core::Status,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    caches::Cache,
    conditions::{Finding, merge},
    context::Context,
    error::{Error, status},
    ours::{Ours, generation},
};

/// Whether an object was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It was made.
    Now,
    /// It existed and was left as it is.
    Before,
}

impl Context {
    /// The API of one Kind in our namespace.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates an object unless one of its name exists, which is never overwritten.
    pub async fn create<K>(&self, manager: &str, object: &K) -> Result<Created, Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        let parameters = PostParams {
            field_manager: Some(manager.to_owned()),
            ..PostParams::default()
        };
        match self.api::<K>().create(&parameters, object).await {
            Ok(_) => Ok(Created::Now),
            Err(error) if status(&error).is_some_and(Status::is_already_exists) => {
                Ok(Created::Before)
            }
            Err(error) => Err(failed("create", object, error)),
        }
    }

    /// Applies an object, unless the stored one has all of it already.
    pub async fn ensure<K>(&self, manager: &str, cache: &Cache<K>, object: &K) -> Result<(), Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize
            + Send
            + Sync
            + 'static,
    {
        let Some(stored) = cache.get(&object.name_any()) else {
            return self.make(manager, object).await;
        };
        if contains(
            &serde_json::to_value(&*stored)?,
            &serde_json::to_value(object)?,
        ) {
            return Ok(());
        }
        self.apply(manager, object).await
    }

    /// Makes an object that the cache lacks. One of the name that is somebody else's is not taken over.
    async fn make<K>(&self, manager: &str, object: &K) -> Result<(), Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        if self.create(manager, object).await? == Created::Now {
            return Ok(());
        }
        let name = object.name_any();
        let stored = self.api::<K>().get_metadata_opt(&name).await;
        let stored = stored.map_err(|error| failed("look for", object, error))?;
        let owners = object.owner_references();
        let ours = stored.is_none_or(|stored| stored.owner_references() == owners);
        if ours {
            return Ok(());
        }
        Err(Error::NotOurs {
            kind: K::kind(&()).into_owned(),
            name,
        })
    }

    /// Applies an object.
    pub async fn apply<K>(&self, manager: &str, object: &K) -> Result<(), Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        let parameters = PatchParams::apply(manager).force();
        let name = object.name_any();
        let patch = Patch::Apply(object);
        match self.api::<K>().patch(&name, &parameters, &patch).await {
            Ok(_) => Ok(()),
            Err(error) => Err(failed("apply", object, error)),
        }
    }

    /// Deletes this very object; one that is gone already is as good.
    pub async fn delete<K>(&self, object: &K) -> Result<(), Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned,
    {
        let parameters = DeleteParams {
            preconditions: Some(Preconditions {
                uid: object.meta().uid.clone(),
                resource_version: None,
            }),
            ..DeleteParams::background()
        };
        match self
            .api::<K>()
            .delete(&object.name_any(), &parameters)
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if gone(&error) => Ok(()),
            Err(error) => Err(failed("delete", object, error)),
        }
    }

    /// Writes what is found of an object into its status, if the stored status says otherwise. True if it did.
    ///
    /// `more` are further fields of the status that the operator alone writes; `null` removes one.
    pub async fn write_status<K: Ours>(
        &self,
        manager: &str,
        object: &K,
        findings: &[Finding],
        more: Map<String, Value>,
    ) -> Result<bool, Error> {
        let generation = generation(object);
        let conditions = merge(object.conditions(), findings, generation);
        let mut wanted = more;
        wanted.insert("observedGeneration".to_owned(), json!(generation));
        wanted.insert("conditions".to_owned(), serde_json::to_value(conditions)?);
        let stored = object.stored_status();
        let differs =
            |(key, value): (&String, &Value)| stored.get(key).unwrap_or(&Value::Null) != value;
        if !wanted.iter().any(differs) {
            return Ok(false);
        }
        wanted.retain(|_, value| !value.is_null());
        let patch = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            // The UID keeps an object that was deleted and made again from getting the other's status.
            "metadata": {"name": object.name_any(), "uid": object.uid()},
            "status": wanted,
        });
        let parameters = PatchParams::apply(manager).force();
        let api = self.api::<K>();
        let name = object.name_any();
        match api
            .patch_status(&name, &parameters, &Patch::Apply(&patch))
            .await
        {
            Ok(written) => {
                K::cache(&self.caches).wrote(written);
                Ok(true)
            }
            Err(error) if gone(&error) => Ok(false),
            Err(error) => Err(failed("write the status of", object, error)),
        }
    }
}

/// Whether the stored object says everything that is wanted of it. Defaults that the server added do no harm, nor do
/// labels of others; a list must have as many items as are wanted.
pub fn contains(stored: &Value, wanted: &Value) -> bool {
    match (stored, wanted) {
        (_, Value::Null) => true,
        (Value::Object(stored), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| contains(stored.get(key).unwrap_or(&Value::Null), value)),
        (Value::Null, Value::Object(wanted)) => wanted.values().all(Value::is_null),
        (Value::Array(stored), Value::Array(wanted)) => {
            stored.len() == wanted.len()
                && stored
                    .iter()
                    .zip(wanted)
                    .all(|(stored, wanted)| contains(stored, wanted))
        }
        (stored, wanted) => stored == wanted,
    }
}

fn gone(error: &kube::Error) -> bool {
    status(error).is_some_and(|status| status.is_not_found() || status.is_conflict())
}

fn failed<K: Resource<DynamicType = ()>>(verb: &str, object: &K, error: kube::Error) -> Error {
    Error::Api {
        doing: format!("{verb} {} {}", K::kind(&()), object.name_any()),
        error: Box::new(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_adds_is_no_difference_and_what_it_lacks_is() {
        let stored = json!({
            "metadata": {"name": "a", "uid": "1", "labels": {"ours": "x", "theirs": "y"}},
            "spec": {"ports": [{"name": "sip", "port": 5060, "protocol": "UDP"}]},
        });
        let wanted = json!({
            "metadata": {"name": "a", "labels": {"ours": "x"}},
            "spec": {"ports": [{"name": "sip", "port": 5060}], "selector": null},
        });
        assert!(contains(&stored, &wanted));
        let more_ports = json!({"spec": {"ports": [{"name": "sip"}, {"name": "tls"}]}});
        assert!(!contains(&stored, &more_ports));
        let other_port = json!({"spec": {"ports": [{"name": "sip", "port": 5070}]}});
        assert!(!contains(&stored, &other_port));
    }
}
