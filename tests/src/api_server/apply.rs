//! `kubectl apply`, by server-side apply and with strict field validation.

use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionNames;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, TypeMeta};
use kube::core::GroupVersionKind;
use kube::{Client, Error, ResourceExt};
use serde_json::Value;

/// Applies one object as `kubectl apply --server-side` does; with an empty namespace, one that lies in none.
pub async fn apply(
    client: &Client,
    namespace: &str,
    object: &Value,
) -> Result<DynamicObject, Error> {
    apply_as("kubectl", client, namespace, object).await
}

/// The same by another field manager.
pub async fn apply_as(
    manager: &str,
    client: &Client,
    namespace: &str,
    object: &Value,
) -> Result<DynamicObject, Error> {
    patch(client, namespace, object, &strict(manager)).await
}

/// Whether the object would be taken; nothing is kept.
pub async fn dry_run(client: &Client, namespace: &str, object: &Value) -> Result<(), Error> {
    patch(client, namespace, object, &strict("kubectl").dry_run())
        .await
        .map(drop)
}

fn strict(manager: &str) -> PatchParams {
    PatchParams::apply(manager).validation_strict()
}

async fn patch(
    client: &Client,
    namespace: &str,
    object: &Value,
    params: &PatchParams,
) -> Result<DynamicObject, Error> {
    let named: DynamicObject = serde_json::from_value(object.clone()).expect("an object");
    let resource = resource_of(object);
    let api: Api<DynamicObject> = if namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource)
    };
    api.patch(&named.name_any(), params, &Patch::Apply(object))
        .await
}

/// Every document of a YAML text.
pub fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).expect("YAML")
}

/// Where the API server serves an object, by its `apiVersion` and `kind`.
pub fn resource_of(object: &Value) -> ApiResource {
    let types: TypeMeta = serde_json::from_value(object.clone()).expect("apiVersion and kind");
    let gvk = GroupVersionKind::try_from(&types).expect("an apiVersion");
    let ours = || OURS.iter().find(|names| names.kind == gvk.kind);
    match ours().filter(|_| gvk.group == crds::GROUP) {
        Some(names) => ApiResource::from_gvk_with_plural(&gvk, &names.plural),
        None => ApiResource::from_gvk(&gvk),
    }
}

/// How our Kinds are called.
static OURS: LazyLock<Vec<CustomResourceDefinitionNames>> = LazyLock::new(|| {
    let definitions = crds::manifests::definitions().into_iter();
    definitions.map(|crd| crd.spec.names).collect()
});
