//! From what has changed to what must be reconciled.
//!
//! What a User's reconcile decides depends on others' objects, so it waits until the namespace has been compiled with
//! the change: a reconcile sees a snapshot that is at least as new as what caused it.
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crds::{
    Extension, Handset, Kind, ObjectRef, UserSettings,
    credentials::{SHARDS, shard_name},
    secrets::USE_LABEL,
};
use futures::{Stream, StreamExt};
use kube::{Resource, ResourceExt, runtime::watcher};
use tokio::sync::Notify;

use crate::{
    caches::{Cache, Change},
    conditions::warnings,
    context::Context,
    deletion, handsets,
    kept::KeptSecret,
    names,
    ours::{Ours, object_ref},
    pace::Pace,
    readiness::stored_version,
    snapshot::{Snapshot, owning_user},
    status::is_going,
};

/// What waits for the namespace to be compiled.
#[derive(Debug, Default)]
pub struct Triggers {
    waiting: Mutex<HashSet<ObjectRef>>,
    compile: Notify,
    pods: Notify,
    unreadable: Notify,
}

impl Triggers {
    /// Asks for the namespace to be compiled, and for these to be reconciled then.
    pub fn compile_for(&self, objects: impl IntoIterator<Item = ObjectRef>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(objects);
        self.compile.notify_one();
    }

    /// Returns when a Pod has come, changed or gone.
    pub async fn pods_changed(&self) {
        self.pods.notified().await;
    }

    /// Returns when it may be others than before that cannot be read.
    pub async fn unreadable_changed(&self) {
        self.unreadable.notified().await;
    }

    /// Compiles for those that wait for it, and yields both. Where it breaks off they go on waiting, and it is asked for
    /// again.
    async fn fulfil<T>(
        &self,
        compiling: impl Future<Output = Option<T>>,
    ) -> Option<(T, HashSet<ObjectRef>)> {
        let requests = self.take();
        let Some(compiled) = compiling.await else {
            self.compile_for(requests);
            return None;
        };
        Some((compiled, requests))
    }

    fn take(&self) -> HashSet<ObjectRef> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *waiting)
    }
}

/// Compiles the namespace whenever something has changed, until dropped. Many changes at once are compiled once.
pub async fn compile(context: Arc<Context>) {
    let mut pace = Pace::new(Instant::now());
    context.caches.listed().await;
    loop {
        context.triggers.compile.notified().await;
        tokio::time::sleep(pace.pause(Instant::now())).await;
        let began = Instant::now();
        let compiled = context.triggers.fulfil(snapshot(&context)).await;
        let Some(((snapshot, changed), mut requests)) = compiled else {
            tokio::time::sleep(AFTER_FAILURE).await;
            continue;
        };
        let ended = Instant::now();
        context
            .metrics
            .compiled(&context.namespace, ended.duration_since(began));
        pace.compiled(began, ended, requests.len());
        requests.extend(changed);
        put_in_force(&context, Arc::new(snapshot), requests);
    }
}

/// The namespace as it is now, and what has changed in it; none, with a line in the log, if that breaks off.
async fn snapshot(context: &Arc<Context>) -> Option<(Snapshot, Vec<ObjectRef>)> {
    let compiling = context.clone();
    let compiled = tokio::task::spawn_blocking(move || {
        let unlabelled = compiling.unlabelled();
        let (caches, earlier) = (&compiling.caches, compiling.snapshot());
        Snapshot::of(caches, &compiling.namespace, &unlabelled, &earlier)
    });
    match compiled.await {
        Ok(Ok(snapshot)) => Some(snapshot),
        Ok(Err(error)) => {
            tracing::error!("the credentials cannot be written: {error}");
            None
        }
        Err(error) => {
            tracing::error!("compiling broke off: {error}");
            None
        }
    }
}

/// Puts what was compiled in the place of what was before, and has all reconciled that it concerns.
fn put_in_force(context: &Context, snapshot: Arc<Snapshot>, mut requests: HashSet<ObjectRef>) {
    let earlier = context.snapshot();
    if snapshot.shards != earlier.shards
        && let Some(system) = &snapshot.system
    {
        requests.insert(object_ref(&**system));
    }
    if holds(&snapshot) != holds(&earlier) {
        let users = context.caches.users.all();
        requests.extend(users.iter().map(|user| object_ref(&**user)));
    }
    let is_another = uid(&snapshot) != uid(&earlier);
    // One that cannot be read is taken to be the same, and at the start statuses tell of the one there is.
    let in_doubt = !earlier.is_empty() && !context.caches.phone_systems.has_unreadable();
    context.set_snapshot(snapshot);
    for object in &requests {
        context.queues.push(object);
    }
    if is_another {
        context.queues.wake_if(|_| true);
    }
    for number in 0..SHARDS {
        of_shard(context, number, &earlier);
    }
    if is_another && in_doubt {
        context.queues.doubt(&context.caches);
    }
}

/// Which telephone system is in force.
fn uid(snapshot: &Snapshot) -> Option<&String> {
    snapshot.system.as_ref()?.metadata.uid.as_ref()
}

/// Whether Users are held until their mailboxes are deleted.
fn holds(snapshot: &Snapshot) -> bool {
    snapshot
        .system
        .as_ref()
        .is_some_and(|it| deletion::is_asked_for(it))
}

/// Keeps one of our Kinds current. Changes of its status alone cause no more than an Event, where they are something to look
/// at.
pub async fn ours<K: Ours>(
    context: &Context,
    cache: &Cache<K>,
    related: impl Fn(&K, bool) -> Vec<ObjectRef>,
) {
    let mut changes = follow(context, cache, None);
    while let Some(change) = changes.next().await {
        match change {
            Change::Applied { before, now } => {
                if before.as_ref().is_none_or(|before| !same(&**before, &*now)) {
                    let mut requests = related(&now, false);
                    requests.push(object_ref(&*now));
                    context.triggers.compile_for(requests);
                }
                if let Some(before) = before {
                    tell(context, &*before, &*now).await;
                }
            }
            Change::Deleted(gone) => {
                let mut requests = related(&gone, true);
                // Its controller forgets it.
                requests.push(object_ref(&*gone));
                context.triggers.compile_for(requests);
            }
            Change::Listed => {
                context.triggers.compile_for([]);
                context.triggers.unreadable.notify_one();
            }
            Change::Unreadable => context.triggers.unreadable.notify_one(),
        }
    }
}

/// Tells people of conditions that warn, whoever has written them. What was so before we began to watch has been told.
async fn tell<K: Ours>(context: &Context, before: &K, now: &K) {
    let told = warnings(before.conditions(), now.conditions());
    if told.is_empty() || is_going(context, now) {
        return;
    }
    for condition in told {
        let (reason, message) = (&condition.reason, condition.message.clone());
        context.warn(now, reason, message).await;
    }
}

/// Keeps the labelled Secrets current.
pub async fn secrets(context: &Context) {
    let cache = &context.caches.secrets;
    let mut changes = follow(context, cache, Some(USE_LABEL));
    while let Some(change) = changes.next().await {
        match change {
            Change::Applied { now, .. } => of_secret(context, &now, false),
            Change::Deleted(gone) => of_secret(context, &gone, true),
            Change::Listed => context.triggers.compile_for([]),
            Change::Unreadable => {}
        }
    }
}

/// Keeps something current that is made for a `PhoneSystem`, which is reconciled when it changes.
pub async fn made<K>(context: &Context, cache: &Cache<K>)
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let is_pod = K::kind(&()) == "Pod";
    let mut changes = follow(context, cache, Some(names::MADE));
    while let Some(change) = changes.next().await {
        match change {
            Change::Applied { now, .. } => of_made(context, &*now),
            Change::Deleted(gone) => of_made(context, &*gone),
            Change::Listed | Change::Unreadable => {}
        }
        if is_pod {
            context.triggers.pods.notify_one();
        }
    }
}

/// Who else must be reconciled when a Handset changes: its owner, and whose phone it is by its name. It gets its password
/// at once: that depends on no other object, and is compiled together with the Handset then.
pub fn of_handset(context: &Context, handset: &Handset, gone: bool) -> Vec<ObjectRef> {
    let everything_is_known = context.snapshot().system.is_some();
    if !gone && everything_is_known && handsets::lacks_password(context, handset) {
        context.queues.handsets.push(&handset.name_any());
    }
    let owner = handset.spec.owner_ref.as_ref().map(|owner| &owner.name);
    owner
        .into_iter()
        .cloned()
        .chain(owning_user(handset))
        .map(|user| ObjectRef::new(Kind::User, user))
        .collect()
}

/// Who else must be reconciled when settings change: whose they are.
pub fn of_settings(settings: &UserSettings) -> Vec<ObjectRef> {
    vec![ObjectRef::new(Kind::User, settings.name_any())]
}

/// Who else must be reconciled when an Extension changes: whose it is, and, when it goes, who would like to have it.
pub fn of_extension(context: &Context, extension: &Extension, gone: bool) -> Vec<ObjectRef> {
    let target = extension
        .spec
        .target
        .user
        .as_ref()
        .map(|user| user.name.clone());
    let mut users: Vec<String> = target.into_iter().chain(owning_user(extension)).collect();
    if gone {
        users.extend_from_slice(context.snapshot().wanting(&extension.name_any()));
    }
    let request = |user| ObjectRef::new(Kind::User, user);
    users.into_iter().map(request).collect()
}

fn of_secret(context: &Context, secret: &KeptSecret, gone: bool) {
    if let Some(owner) = secret.owner()
        && (gone || owner.kind == Kind::PhoneSystem || secret.is_to_be_given_back())
    {
        context.queues.push(owner);
    }
    context.note_unlabelled(&secret.name_any(), false);
    match shard(secret) {
        Some(number) => of_shard(context, number, &Snapshot::default()),
        None => context.triggers.compile_for([]),
    }
}

/// Which shard of the credentials this is, if it is one. What was compiled is not compiled anew.
fn shard(secret: &KeptSecret) -> Option<u32> {
    let system = secret.whole()?.labels().get(names::INSTANCE)?;
    let name = secret.name_any();
    (0..SHARDS).find(|number| shard_name(system, *number) == name)
}

/// Those who wait for credentials in this shard look at it once it is stored as it was compiled, which it was not
/// before, be it that the one has changed or the other.
fn of_shard(context: &Context, number: u32, earlier: &Snapshot) {
    let snapshot = context.snapshot();
    let shard = |of: &Snapshot| of.shards.get(number as usize).cloned();
    let (Some(system), Some(compiled)) = (&snapshot.system, shard(&snapshot)) else {
        return;
    };
    let is_news = shard(earlier).is_none_or(|before| !Arc::ptr_eq(&before, &compiled));
    if is_news && stored_version(context, &system.name_any(), number, &compiled).is_some() {
        context.queues.wake_if(|awaited| awaited.is_stored(number));
    }
}

fn of_made<K: Resource>(context: &Context, object: &K) {
    if let Some(system) = object.labels().get(names::INSTANCE) {
        context.queues.phone_systems.push(system);
    }
}

fn follow<'a, K>(
    context: &Context,
    cache: &'a Cache<K>,
    selector: Option<&str>,
) -> std::pin::Pin<Box<dyn Stream<Item = Change<K>> + Send + 'a>>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let config = watcher::Config {
        label_selector: selector.map(str::to_owned),
        // Each Kind is listed at once with all others, and a page is read as a whole.
        page_size: Some(PAGE),
        ..watcher::Config::default()
    };
    Box::pin(cache.follow(context.api(), config))
}

/// Whether nothing but the status differs.
fn same<K: Resource>(before: &K, now: &K) -> bool {
    let (before, now) = (before.meta(), now.meta());
    before.uid == now.uid
        && before.generation == now.generation
        && before.deletion_timestamp == now.deletion_timestamp
        && before.owner_references == now.owner_references
        && before.finalizers == now.finalizers
        && before.annotations == now.annotations
}

/// Of a list, so many objects are asked for at a time.
const PAGE: u32 = 100;
/// How long after compiling has broken off it is tried again: what it broke off at is not gone in a moment.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn what_was_asked_for_when_compiling_broke_off_is_asked_for_again() {
        let triggers = Triggers::default();
        let mary = ObjectRef::new(Kind::User, "mary");
        let is_asked_for = || triggers.compile.notified().now_or_never().is_some();
        triggers.compile_for([mary.clone()]);
        assert!(is_asked_for());
        let broken_off = triggers.fulfil(async { None::<u8> }).now_or_never();
        assert_eq!(broken_off, Some(None));
        assert!(is_asked_for());
        let done = triggers.fulfil(async { Some(7) }).now_or_never();
        assert_eq!(done, Some(Some((7, [mary].into()))));
        assert!(!is_asked_for());
    }
}
