//! `deletionPolicy: Delete`: mailboxes go with their User, everything goes with the `PhoneSystem`.
//!
//! A finalizer holds the object until object storage has been cleared. It never holds it for ever: when storage or its
//! Secret stay away, the worker does not end, or the whole namespace is going, the deletion is given up and mailboxes stay.
mod end_of_worker;
mod farewell;
mod purge;

use std::{sync::Arc, time::Duration};

use crds::{PhoneSystem, User, conditions::Reason, phone_system::DeletionPolicy};
use k8s_openapi::{
    api::core::v1::{Namespace, PersistentVolumeClaim, Pod},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
    jiff::Timestamp,
};
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
    core::Status,
};
use serde_json::json;

pub use self::farewell::{farewell, notice};
use self::{end_of_worker::EndOfWorker, purge::Purge};
use crate::{
    context::Context,
    controller::{Action, settled},
    error::{Error, status},
    names,
    ours::Ours,
    phone_system::build::SLOT,
};

/// Holds Users and `PhoneSystem`s until their mailboxes are deleted.
pub const FINALIZER: &str = "switchboard.dev/mailboxes";
/// Who applies the finalizer, and nothing else.
pub const MANAGER: &str = "switchboard-operator-deletion";

/// Whether mailboxes of this system are deleted with their owners. Without object storage they lie on the spool's
/// volume, which is deleted with the system.
pub fn is_asked_for(system: &PhoneSystem) -> bool {
    match system.spec.deletion_policy {
        DeletionPolicy::Delete => true,
        DeletionPolicy::Retain => false,
    }
}

/// Whether this system is held until its mailboxes are deleted. Nothing is in a namespace that is going.
pub fn holds_system(context: &Context, system: &PhoneSystem) -> bool {
    is_asked_for(system) && !context.goes()
}

/// Whether Users are held until their mailboxes are deleted; none if a system cannot be read that may ask for it.
pub fn holds_users(context: &Context) -> Option<bool> {
    if context.goes() {
        return Some(false);
    }
    if context.caches.phone_systems.has_unreadable() {
        return None;
    }
    let snapshot = context.snapshot();
    let system = snapshot.system.as_ref();
    Some(system.is_some_and(|it| is_asked_for(it)))
}

/// Sees to it that the object has the finalizer if it is to be held, and otherwise has it not.
pub async fn hold<K: Ours>(context: &Context, object: &K, held: bool) -> Result<(), Error> {
    if is_held(object.meta()) == held {
        return Ok(());
    }
    set_held::<K>(context, object.meta(), held).await
}

async fn set_held<K: Ours>(
    context: &Context,
    object: &ObjectMeta,
    held: bool,
) -> Result<(), Error> {
    let name = object.name.as_deref().unwrap_or_default();
    let finalizers: &[&str] = if held { &[FINALIZER] } else { &[] };
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {"name": name, "uid": object.uid, "finalizers": finalizers},
    });
    let failed = |error| Error::Api {
        doing: format!("hold {} {name}", K::KIND),
        error: Box::new(error),
    };
    let is_gone = |it: &Status| it.is_not_found() || it.is_conflict();
    let parameters = PatchParams::apply(MANAGER).force();
    let api = context.api::<K>();
    let patch = Patch::Apply(&patch);
    let written = match api.patch_metadata(name, &parameters, &patch).await {
        Ok(written) => written.metadata,
        Err(error) if status(&error).is_some_and(is_gone) => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if held || !is_held(&written) {
        return Ok(());
    }
    // Somebody has applied it too, as with a manifest from a backup: to the API server it is then also his.
    let others = written.finalizers.iter().flatten();
    let others: Vec<&String> = others.filter(|it| *it != FINALIZER).collect();
    let patch = json!({"metadata": {
        "resourceVersion": written.resource_version,
        "finalizers": others,
    }});
    let parameters = PatchParams::default();
    let patch = Patch::Merge(&patch);
    match api.patch_metadata(name, &parameters, &patch).await {
        Err(error) if !status(&error).is_some_and(Status::is_not_found) => Err(failed(error)),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Deletes the mailbox of a User who is going, and lets him go.
pub async fn user(context: &Context, user: &Arc<User>) -> Result<Action, Error> {
    if context.goes() {
        return release(context, &**user).await;
    }
    let snapshot = context.snapshot();
    let system = snapshot.system.as_ref().filter(|it| is_asked_for(it));
    let Some(system) = system else {
        // Nobody asks for it any more, unless a system that cannot be read now does.
        let unknown = context.caches.phone_systems.has_unreadable();
        if unknown && !has_waited(&**user, context.options.deletion_patience) {
            return Ok(Action::requeue(AGAIN));
        }
        return release(context, &**user).await;
    };
    let Some(mailbox) = snapshot.mailbox_of_deleted(user) else {
        // The snapshot is older than the deletion. A User who is in no directory has no mailbox to delete.
        if has_waited(&**user, context.options.deletion_patience) {
            return release(context, &**user).await;
        }
        return Ok(Action::requeue(BEHIND));
    };
    if system.spec.storage.is_none() && is_held(&user.metadata) {
        let note = "without spec.storage of the PhoneSystem his messages lie on the worker's volume: they stay there, out of \
                    everybody's reach, until the PhoneSystem is deleted";
        context.warn(&**user, "MailboxStays", note.to_owned()).await;
        return release(context, &**user).await;
    }
    finish(context, user, system, Purge::Mailbox(mailbox)).await
}

/// Deletes all mailboxes of a system that is going, once its worker is gone, and lets it go.
pub async fn system(context: &Context, system: &Arc<PhoneSystem>) -> Result<Action, Error> {
    if !is_held(&system.metadata) {
        return Ok(settled());
    }
    if !holds_system(context, system) {
        return release(context, &**system).await;
    }
    let name = system.name_any();
    let made = &context.caches.made;
    if let Some(pod) = made.pods.get(&names::pod(&name, SLOT)) {
        return end_of(context, system, &pod).await;
    }
    if let Some(claim) = made.claims.get(&names::spool(&name, SLOT)) {
        context.delete::<PersistentVolumeClaim>(&claim).await?;
    }
    finish(context, system, system, Purge::Everything).await
}

/// Has a worker go whose system is going: it would store what it still has. Its end brings us here again.
async fn end_of(context: &Context, system: &PhoneSystem, pod: &Pod) -> Result<Action, Error> {
    let patience = context.options.deletion_patience;
    match EndOfWorker::of(pod, patience, Timestamp::now()) {
        EndOfWorker::NotAskedFor => context.delete(pod).await?,
        EndOfWorker::Awaited { note } => context.tell(system, "DeletionWaits", note).await,
        EndOfWorker::GivenUp { note } => return give_up(context, system, note).await,
    }
    Ok(Action::requeue(AGAIN.min(patience)))
}

async fn finish<K: Ours>(
    context: &Context,
    object: &Arc<K>,
    system: &PhoneSystem,
    what: Purge,
) -> Result<Action, Error> {
    if !is_held(object.meta()) {
        return Ok(settled());
    }
    let Err(why) = purge::purge(context, system, &what).await else {
        let note = what.done(system);
        context.tell(&**object, "MailboxDeleted", note).await;
        return release(context, &**object).await;
    };
    if !has_waited(&**object, context.options.deletion_patience)
        && !namespace_is_going(context).await
    {
        let note = format!("mailboxes could not be deleted yet, and it is tried again: {why}");
        context.warn(&**object, "DeletionWaits", note).await;
        return Ok(Action::requeue(
            AGAIN.min(context.options.deletion_patience),
        ));
    }
    let note = format!("mailboxes could not be deleted and stay in storage: {why}");
    give_up(context, &**object, note).await
}

/// Lets an object go whose mailboxes stay.
async fn give_up<K: Ours>(context: &Context, object: &K, note: String) -> Result<Action, Error> {
    tracing::warn!(object = object.name_any(), "{note}");
    let reason = Reason::DeletionGivenUp.as_str();
    context.warn(object, reason, note).await;
    release(context, object).await
}

async fn release<K: Ours>(context: &Context, object: &K) -> Result<Action, Error> {
    hold(context, object, false).await?;
    Ok(settled())
}

fn is_held(object: &ObjectMeta) -> bool {
    let finalizers = object.finalizers.iter().flatten();
    finalizers.into_iter().any(|it| it == FINALIZER)
}

fn has_waited<K: Ours>(object: &K, patience: Duration) -> bool {
    object
        .meta()
        .deletion_timestamp
        .as_ref()
        .is_some_and(|since| {
            let waited = Timestamp::now().duration_since(since.0);
            Duration::try_from(waited).is_ok_and(|waited| waited >= patience)
        })
}

/// Whether the whole namespace is being deleted. Who may not look takes it to stay.
async fn namespace_is_going(context: &Context) -> bool {
    look_at_namespace(context).await.unwrap_or_default()
}

/// The same; none if there is no answer.
async fn look_at_namespace(context: &Context) -> Option<bool> {
    let namespaces: Api<Namespace> = Api::all(context.client.clone());
    let namespace = namespaces.get(&context.namespace).await.ok()?;
    Some(namespace.metadata.deletion_timestamp.is_some())
}

/// A snapshot is compiled within this time of a change.
const BEHIND: Duration = Duration::from_millis(250);
/// What a deletion waits for, storage or the end of a worker, is looked at again after this time.
const AGAIN: Duration = Duration::from_secs(5);
