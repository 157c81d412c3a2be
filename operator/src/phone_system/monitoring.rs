//! Makes the `PodMonitor`, where the cluster has that Kind.
use std::time::{Duration, Instant};

use crds::PhoneSystem;
use kube::{
    Api,
    api::{Patch, PatchParams},
    core::DynamicObject,
};

use super::{
    MANAGER,
    build::{monitor, monitors},
};
use crate::{apply::contains, context::Context, error::Error};

/// Looks after the `PodMonitor`, now and then: it is not watched, since most clusters do not have the Kind.
pub(super) async fn apply(context: &Context, system: &PhoneSystem) -> Result<(), Error> {
    if !context.monitors_due(EVERY, Instant::now()) {
        return Ok(());
    }
    let kind = monitors();
    let known = context
        .client
        .list_api_group_resources(&kind.api_version)
        .await;
    if !known.is_ok_and(|list| list.resources.iter().any(|it| it.name == kind.plural)) {
        return Ok(());
    }
    let wanted = monitor(system);
    let name = wanted.metadata.name.clone().unwrap_or_default();
    let api: Api<DynamicObject> =
        Api::namespaced_with(context.client.clone(), &context.namespace, &kind);
    let failed = |error| Error::Api {
        doing: format!("apply PodMonitor {name}"),
        error: Box::new(error),
    };
    let stored = api.get_opt(&name).await.map_err(failed)?;
    if let Some(stored) = stored
        && contains(
            &serde_json::to_value(stored)?,
            &serde_json::to_value(&wanted)?,
        )
    {
        return Ok(());
    }
    let parameters = PatchParams::apply(MANAGER).force();
    api.patch(&name, &parameters, &Patch::Apply(&wanted))
        .await
        .map(|_| ())
        .map_err(failed)
}

const EVERY: Duration = Duration::from_mins(5);
