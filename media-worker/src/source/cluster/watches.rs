//! The watches: every Kind of ours in one namespace, and seventeen Secrets by name.
use std::{
    collections::HashMap,
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crds::{
    AutoAttendant, CallMonitor, CallQueue, CallRoute, Conference, Declared, DistributionList,
    Extension, Handset, MessageAlias, Objects, PhoneSystem, Secret, Shared, Trunk, User,
    UserSettings,
    credentials::{SHARD_ENTRY, SHARDS, Shard, shard_name},
};
use futures::{StreamExt, future::BoxFuture};
use k8s_openapi::NamespaceResourceScope;
use kube::{
    Api, Client, Resource, ResourceExt,
    core::DeserializeGuard,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tracing::{error, warn};

use super::{
    Scope,
    kept::{Keeper, Kept},
};
use crate::source::Loaded;

/// Everything that is watched, as it was last heard of. While a watch begins anew, what it knew stays.
#[derive(Debug)]
pub(super) struct Watched {
    systems: Kept<PhoneSystem>,
    users: Kept<User>,
    user_settings: Kept<UserSettings>,
    handsets: Kept<Handset>,
    trunks: Kept<Trunk>,
    attendants: Kept<AutoAttendant>,
    /// The Kinds that nobody asks for by name.
    others: Vec<Box<dyn Gathered>>,
    keys: Kept<Secret>,
    /// By number.
    shards: Vec<Kept<Secret>>,
}

impl Watched {
    /// Begins all watches; each change is told to `news`.
    pub(super) fn begin(client: &Client, scope: &Scope, news: &Arc<Notify>) -> Self {
        let trouble = Arc::new(Trouble::default());
        let eye = Eye {
            client,
            namespace: &scope.namespace,
            news,
            trouble: &trouble,
        };
        let shard = |number| eye.watch_named(&shard_name(&scope.system, number));
        Self {
            systems: eye.watch(watcher::Config::default()),
            users: eye.watch(watcher::Config::default()),
            user_settings: eye.watch(watcher::Config::default()),
            handsets: eye.watch(watcher::Config::default()),
            trunks: eye.watch(watcher::Config::default()),
            attendants: eye.watch(watcher::Config::default()),
            others: vec![
                eye.others::<Extension>(),
                eye.others::<CallRoute>(),
                eye.others::<Conference>(),
                eye.others::<CallQueue>(),
                eye.others::<CallMonitor>(),
                eye.others::<MessageAlias>(),
                eye.others::<DistributionList>(),
            ],
            keys: eye.watch_named(&format!("{}-keys", scope.system)),
            shards: (0..SHARDS).map(shard).collect(),
        }
    }

    /// Waits until each watch has heard once what there is.
    pub(super) async fn complete(&self) {
        self.systems.complete().await;
        self.users.complete().await;
        self.user_settings.complete().await;
        self.handsets.complete().await;
        self.trunks.complete().await;
        self.attendants.complete().await;
        for other in &self.others {
            other.complete().await;
        }
        self.keys.complete().await;
        for shard in &self.shards {
            shard.complete().await;
        }
    }

    /// What a directory is compiled from, and which versions those are. Of `PhoneSystem`s only the one in force is among them.
    pub(super) fn objects(&self, system: &str) -> (Objects, Loaded) {
        let mut loaded = Loaded::default();
        let mut phone_systems = read(&self.systems, &mut loaded);
        phone_systems.retain(|it| it.name_any() == system);
        let mut credentials = Vec::with_capacity(self.shards.len());
        for (number, shard) in (0..).zip(&self.shards) {
            for secret in shard.all() {
                let version = secret.resource_version().unwrap_or_default();
                loaded.credentials.insert(number, version);
                credentials.extend(credentials_in(&secret));
            }
        }
        let mut objects = Objects {
            phone_systems,
            users: read(&self.users, &mut loaded),
            user_settings: read(&self.user_settings, &mut loaded),
            handsets: read(&self.handsets, &mut loaded),
            trunks: read(&self.trunks, &mut loaded),
            auto_attendants: read(&self.attendants, &mut loaded),
            secrets: self.keys.all().iter().map(|it| Secret::clone(it)).collect(),
            credentials,
            ..Objects::default()
        };
        for other in &self.others {
            other.gather(&mut objects, &mut loaded);
        }
        (objects, loaded)
    }

    pub(super) fn handset<T>(&self, name: &str, look: impl FnOnce(&Handset) -> T) -> Option<T> {
        self.handsets.look(name, look)
    }

    pub(super) fn trunk<T>(&self, name: &str, look: impl FnOnce(&Trunk) -> T) -> Option<T> {
        self.trunks.look(name, look)
    }

    pub(super) fn attendant<T>(
        &self,
        name: &str,
        look: impl FnOnce(&AutoAttendant) -> T,
    ) -> Option<T> {
        self.attendants.look(name, look)
    }

    pub(super) fn user<T>(&self, name: &str, look: impl FnOnce(&User) -> T) -> Option<T> {
        self.users.look(name, look)
    }

    /// Whether there is a User of this name, be it one that can't be read.
    pub(super) fn has_user(&self, name: &str) -> bool {
        self.users.has(name)
    }

    pub(super) fn settings<T>(
        &self,
        user: &str,
        look: impl FnOnce(&UserSettings) -> T,
    ) -> Option<T> {
        self.user_settings.look(user, look)
    }
}

/// Objects of one Kind, whichever it is.
trait Gathered: Debug + Send + Sync {
    /// Waits until its watch has heard once what there is.
    fn complete(&self) -> BoxFuture<'_, ()>;
    /// Puts those that can be read among all objects, and notes their generations.
    fn gather(&self, objects: &mut Objects, loaded: &mut Loaded);
}

impl<K: Declared + Watchable> Gathered for Kept<K> {
    fn complete(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.complete())
    }

    fn gather(&self, objects: &mut Objects, loaded: &mut Loaded) {
        *K::of_mut(objects) = read(self, loaded);
    }
}

/// Which versions of the objects of a Kind have been heard of, by name. Workers and operator write the statuses of thousands of objects:
/// were each of these news, a worker did nothing but look at all objects again.
#[derive(Debug, Default)]
struct Heard(HashMap<String, u64>);

impl Heard {
    /// Whether something has changed that a directory may depend on.
    fn is_news<K: Resource<DynamicType = ()>>(&mut self, object: &K) -> bool {
        let version = version(object);
        self.0.insert(object.name_any(), version) != Some(version)
    }

    fn forget<K: Resource<DynamicType = ()>>(&mut self, object: &K) {
        self.0.remove(&object.name_any());
    }
}

/// Tells versions of an object apart that differ in more than its status. A `PhoneSystem`'s status counts, since it says how we are reached;
/// a Secret has no generation.
fn version<K: Resource<DynamicType = ()>>(object: &K) -> u64 {
    let meta = object.meta();
    let mut hasher = DefaultHasher::new();
    match meta.generation {
        Some(generation) if K::kind(&()) != PhoneSystem::kind(&()) => {
            (&meta.uid, generation, &meta.annotations).hash(&mut hasher);
        }
        Some(_) | None => meta.resource_version.hash(&mut hasher),
    }
    hasher.finish()
}

/// What each watch needs.
struct Eye<'a> {
    client: &'a Client,
    namespace: &'a str,
    news: &'a Arc<Notify>,
    trouble: &'a Arc<Trouble>,
}

impl Eye<'_> {
    /// Watches the one object of this name: the worker's Role allows no more.
    fn watch_named<K: Watchable>(&self, name: &str) -> Kept<K> {
        self.watch(watcher::Config::default().fields(&format!("metadata.name={name}")))
    }

    fn others<K: Declared + Watchable>(&self) -> Box<dyn Gathered> {
        Box::new(self.watch::<K>(watcher::Config::default()))
    }

    fn watch<K: Watchable>(&self, config: watcher::Config) -> Kept<K> {
        let api: Api<DeserializeGuard<K>> = Api::namespaced(self.client.clone(), self.namespace);
        let kept = Kept::new();
        let mut keeper = Keeper::new(kept.clone());
        let events = watcher(api, config)
            .default_backoff()
            .modify(|object| object.managed_fields_mut().clear());
        let (news, trouble) = (Arc::clone(self.news), Arc::clone(self.trouble));
        tokio::spawn(async move {
            let mut events = pin!(events);
            let mut heard = Heard::default();
            while let Some(event) = events.next().await {
                let event = match event {
                    Ok(event) => event,
                    Err(error) => {
                        trouble.say(&K::kind(&()), &error);
                        continue;
                    }
                };
                let is_news = match &event {
                    Event::Apply(object) => {
                        say_if_unreadable(object);
                        heard.is_news(object)
                    }
                    Event::InitApply(object) => {
                        say_if_unreadable(object);
                        heard.is_news(object);
                        false
                    }
                    Event::Delete(object) => {
                        heard.forget(object);
                        true
                    }
                    Event::InitDone => true,
                    Event::Init => {
                        heard = Heard::default();
                        false
                    }
                };
                keeper.hear(event);
                if is_news {
                    news.notify_one();
                }
            }
        });
        kept
    }
}

/// What can be watched: every Kind of ours, and Secrets.
trait Watchable:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}

impl<K> Watchable for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

/// Says that the API server can't be read: a few watches fail together, again and again, and one line in a while is enough.
#[derive(Debug, Default)]
struct Trouble(Mutex<Option<Instant>>);

impl Trouble {
    fn say(&self, kind: &str, error: &watcher::Error) {
        let now = Instant::now();
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|said| now.duration_since(said) >= SAID_EVERY) {
            *said = Some(now);
            warn!(kind, error = %DisplayChain(error), "the API server can't be watched: what is known holds, and it is tried again");
        }
    }
}

/// An error with what caused it.
struct DisplayChain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for DisplayChain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

fn say_if_unreadable<K: Resource<DynamicType = ()>>(object: &DeserializeGuard<K>) {
    if let Err(invalid) = &object.0 {
        let name = invalid.metadata.name.as_deref().unwrap_or_default();
        error!(kind = %K::kind(&()), name, error = %invalid, "an object can't be read and is left out: update the worker, or correct the object");
    }
}

/// Every object; its generation is noted.
fn read<K: Resource<DynamicType = ()>>(kept: &Kept<K>, loaded: &mut Loaded) -> Vec<Shared<K>> {
    let objects = kept.all();
    for object in &objects {
        let meta = object.meta();
        if let (Some(uid), Some(generation)) = (&meta.uid, meta.generation) {
            loaded.generations.insert(uid.clone(), generation);
        }
    }
    objects
}

fn credentials_in(secret: &Secret) -> Option<Shard> {
    let entry = secret.data.as_ref()?.get(SHARD_ENTRY)?;
    serde_json::from_slice(&entry.0)
        .inspect_err(|error| {
            error!(secret = secret.name_any(), %error, "credentials can't be read: the operator of this version writes them anew");
        })
        .ok()
}

const SAID_EVERY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn heard_of<K: Resource<DynamicType = ()> + DeserializeOwned>(versions: &[&str]) -> Vec<bool> {
        let mut heard = Heard::default();
        let objects = versions.iter().map(|it| serde_saphyr::from_str::<K>(it));
        objects
            .map(|object| heard.is_news(&object.unwrap()))
            .collect()
    }

    #[test]
    fn a_status_is_no_news_and_a_spec_an_annotation_and_a_namesake_are() {
        let first =
            "{metadata: {name: mary, uid: a, generation: 1, resourceVersion: '1'}, spec: {}}";
        let told = "{metadata: {name: mary, uid: a, generation: 1, resourceVersion: '2'}, spec: {}, status: {}}";
        let spec =
            "{metadata: {name: mary, uid: a, generation: 2, resourceVersion: '3'}, spec: {}}";
        let adopts = "{metadata: {name: mary, uid: a, generation: 2, resourceVersion: '4', annotations: {b: c}}, spec: {}}";
        let another = "{metadata: {name: mary, uid: b, generation: 2, resourceVersion: '5', annotations: {b: c}}, spec: {}}";
        let news = heard_of::<User>(&[first, told, spec, adopts, another, another]);
        assert_eq!(news, [true, false, true, true, true, false]);
    }

    #[test]
    fn how_we_are_reached_and_what_a_secret_has_are_news() {
        let office = |version: u8| {
            format!(
                "{{metadata: {{name: office, uid: a, generation: 1, resourceVersion: '{version}'}}, spec: {{domain: a.example}}}}"
            )
        };
        assert_eq!(
            heard_of::<PhoneSystem>(&[&office(1), &office(2)]),
            [true, true]
        );
        let secret = |version: u8| {
            format!("{{metadata: {{name: keys, uid: a, resourceVersion: '{version}'}}}}")
        };
        assert_eq!(heard_of::<Secret>(&[&secret(1), &secret(2)]), [true, true]);
    }
}
