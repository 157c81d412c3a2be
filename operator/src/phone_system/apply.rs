//! Makes what a telephone system needs, and puts right what others changed.
use crds::{
    PhoneSystem,
    conditions::Reason,
    credentials::shard_name,
    secrets::{PIN_KEY, key_entry},
};
use k8s_openapi::api::core::v1::Service;
use kube::ResourceExt;

use super::{
    MANAGER,
    build::{Desired, SLOT, is_shard, keys, shard},
    dereference::Found,
    keys::Keys,
    monitoring, spool,
    worker::{Step, why_replaced},
};
use crate::{
    apply::Created, caches::Cache, context::Context, credentials::Compiled, error::Error,
    looking::look_for, names, ours::object_ref, restored::Restored,
};

/// Makes everything but the Pod. What is refused does not keep the rest from being made; the first error is told.
/// Only a foreign Secret of a name that is ours does: workers would be allowed to read it.
pub(super) async fn apply(
    context: &Context,
    system: &PhoneSystem,
    desired: &Desired,
) -> Result<(), Error> {
    let made = &context.caches.made;
    let name = system.name_any();
    let (sip, media) = (names::sip_service(&name), names::media_service(&name, SLOT));
    secrets(context, system).await?;
    let results = futures::join!(
        context.ensure(MANAGER, &made.service_accounts, &desired.service_account),
        // A binding to a role that is not there yet would be refused.
        async {
            context.ensure(MANAGER, &made.roles, &desired.role).await?;
            let binding = &desired.role_binding;
            context.ensure(MANAGER, &made.role_bindings, binding).await
        },
        service(context, &made.services, &sip, desired.sip.as_ref()),
        service(context, &made.services, &media, desired.media.as_ref()),
        spool::apply(context, desired.spool.as_ref()),
        context.ensure(
            MANAGER,
            &made.disruption_budgets,
            &desired.disruption_budget
        ),
        context.ensure(MANAGER, &made.network_policies, &desired.network_policy),
        monitored(context, system),
    );
    results.0?;
    results.1?;
    results.2?;
    results.3?;
    results.4?;
    results.5?;
    results.6?;
    results.7
}

/// The `PodMonitor`. Phones are served without one, so where it is refused that is told and keeps nothing back.
async fn monitored(context: &Context, system: &PhoneSystem) -> Result<(), Error> {
    match monitoring::apply(context, system).await {
        Err(error) if error.is_refusal() => {
            let reason = Reason::ApplyFailed.as_str();
            context.warn(system, reason, error.told()).await;
            Ok(())
        }
        applied => applied,
    }
}

/// Takes the step that the worker's Pod needs.
pub(super) async fn step(
    context: &Context,
    system: &PhoneSystem,
    desired: &Desired,
    found: &Found,
    step: Step,
) -> Result<(), Error> {
    match (step, &desired.pod, &found.pod) {
        (Step::Create, Some(pod), _) => {
            if context.make(MANAGER, pod).await? == Created::Now {
                let note = format!("started {}", pod.name_any());
                context.tell(system, "WorkerStarted", note).await;
            }
        }
        (Step::Delete, _, Some(pod)) => {
            context.delete(&**pod).await?;
            let why = why_replaced(pod, desired.pod.as_ref());
            let note = format!("{} goes: {why}", pod.name_any());
            context.tell(system, "WorkerReplaced", note).await;
        }
        (
            Step::Create | Step::Delete | Step::Keep | Step::Held | Step::Going | Step::Wait { .. },
            _,
            _,
        ) => {}
    }
    Ok(())
}

/// The keys, once; and those shards whose content has changed.
async fn secrets(context: &Context, system: &PhoneSystem) -> Result<(), Error> {
    let cache = &context.caches.secrets;
    let name = key_entry(&system.name_any(), PIN_KEY).name;
    let stored = cache.get(&name);
    let restored = stored
        .as_deref()
        .and_then(|it| Restored::of(it, &object_ref(system)));
    context.give_back(system, restored.as_slice()).await?;
    match Keys::of(system, stored.as_deref()) {
        Keys::Kept(_) | Keys::Replaced => {}
        // Workers keep the credentials they have, until a person has decided; unless there they are, without the label.
        Keys::Lost => return context.restore_labels(&keys(system)?).await.map(drop),
        Keys::ToBeMade => {
            if context.make(MANAGER, &keys(system)?).await? == Created::Before {
                look_for(context, &object_ref(system), &name).await?;
            }
            if context.unlabelled().contains(&name) {
                let kind = "Secret".to_owned();
                return Err(Error::NotOurs { kind, name });
            }
        }
    }
    let snapshot = context.snapshot();
    let shards = (0..).zip(&snapshot.shards);
    let ensured = shards.map(|(number, compiled)| ensure_shard(context, system, number, compiled));
    futures::future::try_join_all(ensured).await?;
    Ok(())
}

/// As [`Context::ensure`], but without a copy of what is as it should be: together they are megabytes.
async fn ensure_shard(
    context: &Context,
    system: &PhoneSystem,
    number: u32,
    compiled: &Compiled,
) -> Result<(), Error> {
    let name = shard_name(&system.name_any(), number);
    let Some(stored) = context.caches.secrets.get(&name) else {
        let wanted = shard(system, number, compiled);
        return context.make(MANAGER, &wanted).await.map(drop);
    };
    let stored = stored.whole();
    if stored.is_some_and(|stored| is_shard(stored, system, compiled)) {
        return Ok(());
    }
    let wanted = shard(system, number, compiled);
    context.apply(MANAGER, &wanted).await
}

/// A Service, or none in a mode that has none.
async fn service(
    context: &Context,
    cache: &Cache<Service>,
    name: &str,
    desired: Option<&Service>,
) -> Result<(), Error> {
    match (desired, cache.get(name)) {
        (Some(service), _) => context.ensure(MANAGER, cache, service).await,
        (None, Some(old)) => context.delete(&*old).await,
        (None, None) => Ok(()),
    }
}
