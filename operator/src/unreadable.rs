//! Objects that this version cannot read, as when a newer one has stored them: they say so themselves, and the others
//! are reconciled as if they were not there.
use std::{collections::HashMap, sync::Arc, time::Duration};

use crds::{
    Kind, ObjectRef,
    conditions::{ConditionType, Reason},
};
use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
    core::{ApiResource, DynamicObject, error_boundary::InvalidObject},
};
use serde_json::{Value, json};

use crate::{
    conditions::{Finding, merge},
    context::Context,
    error::Error,
    ours::Ours,
};

/// Who writes the statuses of what cannot be read.
pub const MANAGER: &str = "switchboard-operator-unreadable";

/// An object that cannot be read.
#[derive(Clone, Debug, PartialEq)]
struct Unreadable {
    object: ObjectRef,
    resource: ApiResource,
    uid: String,
    generation: i64,
    error: String,
}

/// Tells every object that cannot be read, and whoever looks at it, why not. Until dropped.
pub async fn tell_all(context: Arc<Context>) {
    let mut told: HashMap<ObjectRef, Unreadable> = HashMap::new();
    let mut failed = false;
    loop {
        let again = tokio::time::sleep(AGAIN);
        tokio::select! {
            () = context.triggers.unreadable_changed() => {}
            () = again, if failed => {}
        }
        let all = all(&context);
        told.retain(|object, _| all.iter().any(|it| it.object == *object));
        failed = false;
        for unreadable in all {
            if told.get(&unreadable.object) == Some(&unreadable) {
                continue;
            }
            match tell(&context, &unreadable).await {
                Ok(()) => {
                    told.insert(unreadable.object.clone(), unreadable);
                }
                Err(error) => {
                    failed = true;
                    let (namespace, told) = (&*context.namespace, error.told());
                    tracing::warn!(namespace, "{told}; tried again in {AGAIN:?}");
                }
            }
        }
    }
}

/// Every object that cannot be read; how many there are goes into the figures.
fn all(context: &Context) -> Vec<Unreadable> {
    let mut all = Vec::new();
    macro_rules! gather {
        ($($(#[$doc:meta])+ $kind:ident in $list:ident,)+) => {$(
            let of_kind = context.caches.$list.unreadable();
            context.metrics.unreadable(&context.namespace, Kind::$kind, of_kind.len());
            all.extend(of_kind.into_iter().map(Unreadable::new::<crds::$kind>));
        )+};
    }
    crds::each_kind!(gather);
    all
}

/// Writes the conditions, unless they say it already, and an Event.
async fn tell(context: &Context, unreadable: &Unreadable) -> Result<(), Error> {
    let Unreadable {
        object,
        resource,
        uid,
        generation,
        ..
    } = unreadable;
    let failed = |doing: &str, error| Error::Api {
        doing: format!("{doing} {object}, which cannot be read"),
        error: Box::new(error),
    };
    let api: Api<DynamicObject> =
        Api::namespaced_with(context.client.clone(), &context.namespace, resource);
    let stored = api.get_opt(&object.name).await;
    let stored = stored.map_err(|error| failed("look at", error))?;
    let Some(stored) = stored.filter(|it| it.uid().as_ref() == Some(uid)) else {
        return Ok(());
    };
    let conditions = conditions(&stored);
    let wanted = merge(&conditions, &unreadable.findings(), *generation);
    if wanted.iter().all(|it| conditions.contains(it)) {
        return Ok(());
    }
    tracing::error!(%object, "{}", unreadable.message());
    let patch = json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": object.name, "uid": uid},
        "status": {"observedGeneration": generation, "conditions": wanted},
    });
    let parameters = PatchParams::apply(MANAGER).force();
    api.patch_status(&object.name, &parameters, &Patch::Apply(&patch))
        .await
        .map_err(|error| failed("write the status of", error))?;
    let reference = ObjectReference {
        api_version: Some(resource.api_version.clone()),
        kind: Some(resource.kind.clone()),
        name: Some(object.name.clone()),
        namespace: Some(context.namespace.to_string()),
        uid: Some(uid.clone()),
        ..ObjectReference::default()
    };
    let reason = Reason::Unreadable.as_str();
    context
        .warn_about(&reference, reason, unreadable.message())
        .await;
    Ok(())
}

/// Those stored conditions that can be read.
fn conditions(stored: &DynamicObject) -> Vec<Condition> {
    let all = stored.data.pointer("/status/conditions");
    let all = all.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|it| serde_json::from_value(it.clone()).ok())
        .collect()
}

impl Unreadable {
    fn new<K: Ours>(invalid: InvalidObject) -> Self {
        let InvalidObject { error, metadata } = invalid;
        Self {
            object: ObjectRef::new(K::KIND, metadata.name.unwrap_or_default()),
            resource: ApiResource::erase::<K>(&()),
            uid: metadata.uid.unwrap_or_default(),
            generation: metadata.generation.unwrap_or_default(),
            error,
        }
    }

    fn message(&self) -> String {
        format!(
            "it cannot be read and is left out: {}; correct it, or install the version of Switchboard that it was written for",
            self.error
        )
    }

    fn findings(&self) -> Vec<Finding> {
        let accepted = Finding::no(ConditionType::Accepted, Reason::Unreadable, self.message());
        let ready = Finding::no(
            ConditionType::Ready,
            Reason::Unreadable,
            "it is left out; the condition Accepted says what to do",
        );
        if self.object.kind.becomes_ready() {
            vec![accepted, ready]
        } else {
            vec![accepted]
        }
    }
}

/// What could not be told is told after this time.
const AGAIN: Duration = Duration::from_secs(10);
