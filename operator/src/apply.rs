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

/// What is stored under the name of an object that the cache lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing.
    Nothing,
    /// What we made earlier, for the same owner.
    Ours,
    /// Somebody else's.
    Foreign,
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
        match self.post(manager, object).await {
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
            return self.make(manager, object).await.map(drop);
        };
        if contains(
            &serde_json::to_value(&*stored)?,
            &serde_json::to_value(object)?,
        ) {
            return Ok(());
        }
        self.apply(manager, object).await
    }

    /// Makes an object that the cache lacks. One of ours gets back the labels by which it is watched, one of the name
    /// that is somebody else's is not taken over.
    pub async fn make<K>(&self, manager: &str, object: &K) -> Result<Created, Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        let Err(refused) = self.post(manager, object).await else {
            return Ok(Created::Now);
        };
        let stored = if status(&refused).is_some_and(may_exist) {
            self.restore_labels(object).await?
        } else {
            Stored::Nothing
        };
        match stored {
            Stored::Nothing => Err(failed("create", object, refused)),
            Stored::Ours => Ok(Created::Before),
            Stored::Foreign => Err(Error::NotOurs {
                kind: K::kind(&()).into_owned(),
                name: object.name_any(),
            }),
        }
    }

    /// Asks the API server to create an object.
    async fn post<K>(&self, manager: &str, object: &K) -> Result<K, kube::Error>
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
        self.api::<K>().create(&parameters, object).await
    }

    /// Gives the stored object of this name, if it is ours, the labels back that it has lost and without which no watch
    /// tells of it.
    pub async fn restore_labels<K>(&self, object: &K) -> Result<Stored, Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned,
    {
        let name = object.name_any();
        let api = self.api::<K>();
        let stored = api.get_metadata_opt(&name).await;
        let Some(stored) = stored.map_err(|error| failed("look for", object, error))? else {
            return Ok(Stored::Nothing);
        };
        if stored.owner_references() != object.owner_references() {
            return Ok(Stored::Foreign);
        }
        let labels = object.labels();
        if labels
            .iter()
            .all(|(key, value)| stored.labels().get(key) == Some(value))
        {
            // It is new, and the watch tells of it in a moment.
            return Ok(Stored::Ours);
        }
        let patch = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": {"name": name, "uid": stored.uid(), "labels": labels},
        });
        let parameters = PatchParams::apply(LABELS).force();
        let patch = Patch::Apply(&patch);
        match api.patch_metadata(&name, &parameters, &patch).await {
            Err(error) if !gone(&error) => Err(failed("label", object, error)),
            Ok(_) | Err(_) => Ok(Stored::Ours),
        }
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
/// labels of others. To a selector or to what is in a list nothing may be added: it would lead elsewhere or allow less.
pub fn contains(stored: &Value, wanted: &Value) -> bool {
    match (stored, wanted) {
        (_, Value::Null) => true,
        (Value::Object(stored), Value::Object(wanted)) => wanted.iter().all(|(key, value)| {
            let stored = stored.get(key).unwrap_or(&Value::Null);
            if SELECTORS.contains(&key.as_str()) {
                equals(stored, value)
            } else {
                contains(stored, value)
            }
        }),
        (stored, wanted) => equals(stored, wanted),
    }
}

/// Whether nothing is missing and nothing was added but by the server.
fn equals(stored: &Value, wanted: &Value) -> bool {
    match (stored, wanted) {
        (Value::Object(stored), Value::Object(wanted)) => {
            let is_known = |key: &String| {
                wanted.get(key).is_some_and(|it| !it.is_null()) || FILLED_IN.contains(&key.as_str())
            };
            stored.keys().all(is_known)
                && wanted
                    .iter()
                    .all(|(key, value)| equals(stored.get(key).unwrap_or(&Value::Null), value))
        }
        (Value::Null, Value::Object(wanted)) => wanted.values().all(Value::is_null),
        (Value::Array(stored), Value::Array(wanted)) => {
            stored.len() == wanted.len()
                && stored
                    .iter()
                    .zip(wanted)
                    .all(|(stored, wanted)| equals(stored, wanted))
        }
        (stored, wanted) => stored == wanted,
    }
}

/// Who gives labels back, and applies nothing else.
const LABELS: &str = "switchboard-operator-labels";
/// The fields that say which Pods are meant.
const SELECTORS: &[&str] = &["selector", "podSelector"];
/// What the API server, or a cloud's controller, writes into items of lists of its own accord.
const FILLED_IN: &[&str] = &[
    "apiGroup",
    "appProtocol",
    "nodePort",
    "protocol",
    "targetPort",
];

/// Whether an object of that name may be why one is not created. Beside what says so, a port that it has is refused to
/// another (Invalid), and so is what it takes of a quota (Forbidden).
fn may_exist(refused: &Status) -> bool {
    refused.is_already_exists() || refused.is_invalid() || refused.is_forbidden()
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

    #[test]
    fn a_selector_and_the_items_of_a_list_are_as_wanted_and_nothing_more() {
        let wanted = json!({"spec": {
            "selector": {"app": "a"},
            "podSelector": {"matchLabels": {"app": "a"}},
            "ingress": [{"ports": [{"port": 5060}]}],
        }});
        let with = |pointer: &str, more: Value| {
            let mut stored = wanted.clone();
            stored["spec"]["type"] = json!("LoadBalancer");
            stored["spec"]["ingress"][0]["ports"][0]["protocol"] = json!("TCP");
            let parent = stored.pointer_mut(pointer).unwrap().as_object_mut();
            parent.unwrap().insert("more".to_owned(), more);
            stored
        };
        assert!(contains(&with("/spec", json!("x")), &wanted));
        assert!(!contains(&with("/spec/selector", json!("x")), &wanted));
        let labels = with("/spec/podSelector/matchLabels", json!("x"));
        assert!(!contains(&labels, &wanted));
        let from = with("/spec/ingress/0", json!([{"podSelector": {}}]));
        assert!(!contains(&from, &wanted));
    }
}
