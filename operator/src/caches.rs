//! What the API server holds in one namespace, kept current by watches.
//!
//! Each Kind is watched once, whoever needs it; `managedFields` are dropped, since nobody reads them and they are half
//! of what an object weighs.
mod changes;

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crds::{Objects, Secret};
use futures::{Stream, StreamExt};
use k8s_openapi::api::{
    core::v1::{PersistentVolumeClaim, Pod, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
    rbac::v1::{Role, RoleBinding},
};
use kube::{
    Api, Resource, ResourceExt,
    core::{DeserializeGuard, error_boundary::InvalidObject},
    runtime::{
        WatchStreamExt,
        reflector::{ObjectRef, Store, store, store::Writer},
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

pub use self::changes::Change;
use self::changes::Known;
use crate::versions::reaches;

/// The objects of one Kind in one namespace.
#[derive(Debug)]
pub struct Cache<K: Resource<DynamicType = ()> + Clone + 'static> {
    namespace: Arc<str>,
    store: Store<K>,
    writer: Mutex<Option<Writer<K>>>,
    /// Whether everything was listed once. The store tells that to one who waits, and its controller waits already.
    listed: watch::Sender<bool>,
    /// What we have written ourselves and the watch has not told yet, by name.
    ahead: Mutex<HashMap<String, Arc<K>>>,
    /// What the watch tells of and this version cannot read.
    unreadable: Mutex<Unreadable>,
}

/// Objects of one Kind that this version cannot read, by name.
#[derive(Debug, Default)]
struct Unreadable {
    known: BTreeMap<String, InvalidObject>,
    /// Those of a list that has begun and not ended: until then the known ones hold.
    listing: BTreeMap<String, InvalidObject>,
}

/// What the operator makes for a `PhoneSystem`, beside Secrets.
#[derive(Debug)]
pub struct Made {
    /// Workers.
    pub pods: Cache<Pod>,
    /// Of SIP and of media.
    pub services: Cache<Service>,
    /// Spools.
    pub claims: Cache<PersistentVolumeClaim>,
    /// The workers' identity.
    pub service_accounts: Cache<ServiceAccount>,
    /// The workers' rights.
    pub roles: Cache<Role>,
    /// Who has them.
    pub role_bindings: Cache<RoleBinding>,
    /// How many workers may be evicted at once.
    pub disruption_budgets: Cache<PodDisruptionBudget>,
    /// Who may reach the workers.
    pub network_policies: Cache<NetworkPolicy>,
}

macro_rules! caches {
    ($($(#[$doc:meta])+ $kind:ident in $list:ident,)+) => {
        /// Every Kind that the operator reads or makes, in one namespace.
        #[derive(Debug)]
        pub struct Caches {
            $(
                #[doc = concat!("Every ", stringify!($kind), ".")]
                pub $list: Cache<crds::$kind>,
            )+
            /// Secrets with the label that lets manifests refer to them, and no others.
            pub secrets: Cache<Secret>,
            /// What is made for a `PhoneSystem`.
            pub made: Made,
        }

        impl Caches {
            /// Empty caches for this namespace.
            pub fn new(namespace: &Arc<str>) -> Self {
                Self {
                    $($list: Cache::new(namespace),)+
                    secrets: Cache::new(namespace),
                    made: Made::new(namespace),
                }
            }

            /// Returns once everything was listed: before, what is there already would seem to be missing.
            pub async fn listed(&self) {
                $(self.$list.listed().await;)+
                self.secrets.listed().await;
                self.made.listed().await;
            }

            /// A copy of all that a directory is compiled from.
            pub fn objects(&self) -> Objects {
                Objects {
                    $($list: self.$list.copy(),)+
                    secrets: self.secrets.copy(),
                    credentials: Vec::new(),
                }
            }
        }
    };
}

crds::each_kind!(caches);

impl Made {
    fn new(namespace: &Arc<str>) -> Self {
        Self {
            pods: Cache::new(namespace),
            services: Cache::new(namespace),
            claims: Cache::new(namespace),
            service_accounts: Cache::new(namespace),
            roles: Cache::new(namespace),
            role_bindings: Cache::new(namespace),
            disruption_budgets: Cache::new(namespace),
            network_policies: Cache::new(namespace),
        }
    }

    async fn listed(&self) {
        self.pods.listed().await;
        self.services.listed().await;
        self.claims.listed().await;
        self.service_accounts.listed().await;
        self.roles.listed().await;
        self.role_bindings.listed().await;
        self.disruption_budgets.listed().await;
        self.network_policies.listed().await;
    }
}

impl<K> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    K::DynamicType: Hash + Eq,
{
    fn new(namespace: &Arc<str>) -> Self {
        let (store, writer) = store();
        Self {
            namespace: namespace.clone(),
            store,
            writer: Mutex::new(Some(writer)),
            listed: watch::Sender::default(),
            ahead: Mutex::default(),
            unreadable: Mutex::default(),
        }
    }

    /// The object of this name.
    pub fn get(&self, name: &str) -> Option<Arc<K>> {
        self.store.get(&self.key(name))
    }

    /// Every object, in no order.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.store.state()
    }

    /// The store that controllers take objects from.
    pub fn store(&self) -> Store<K> {
        self.store.clone()
    }

    /// Notes an object as the API server has answered a write of ours. Whoever decides by the watch alone would, until
    /// it tells of this, take the object for what it was and write once more.
    pub fn wrote(&self, object: K) {
        let object = lean(object);
        let name = object.name_any();
        let mut ahead = held(&self.ahead);
        let told = self.get(&name);
        if told.is_none_or(|told| !is_as_new(&*told, &object)) {
            ahead.insert(name, Arc::new(object));
        }
    }

    /// This object as it is known last: from the watch, or from a write of ours that the watch has not told yet.
    pub fn newest(&self, told: Arc<K>) -> Arc<K> {
        match held(&self.ahead).get(&told.name_any()) {
            Some(own) if own.meta().uid == told.meta().uid && !is_as_new(&*told, &**own) => {
                own.clone()
            }
            Some(_) | None => told,
        }
    }

    /// Forgets of our own writes what the watch has told.
    fn caught_up(&self, event: &Event<K>) {
        let mut ahead = held(&self.ahead);
        match event {
            Event::Apply(object) => {
                let name = object.name_any();
                if ahead
                    .get(&name)
                    .is_some_and(|own| is_as_new(object, &**own))
                {
                    ahead.remove(&name);
                }
            }
            Event::Delete(object) => drop(ahead.remove(&object.name_any())),
            Event::InitDone => ahead.retain(|name, own| {
                let told = self.get(name);
                told.is_some_and(|told| !is_as_new(&*told, &**own))
            }),
            Event::Init | Event::InitApply(_) => {}
        }
    }

    fn copy(&self) -> Vec<K> {
        self.all().iter().map(|object| K::clone(object)).collect()
    }

    async fn listed(&self) {
        let mut listed = self.listed.subscribe();
        // The sender lives as long as we do.
        let _ = listed.wait_for(|listed| *listed).await;
    }

    /// A reference to the object of this name, which may not exist.
    pub fn key(&self, name: &str) -> ObjectRef<K> {
        ObjectRef::new(name).within(&self.namespace)
    }

    /// Those that this version cannot read.
    pub fn unreadable(&self) -> Vec<InvalidObject> {
        held(&self.unreadable).known.values().cloned().collect()
    }

    /// Whether there is one that this version cannot read.
    pub fn has_unreadable(&self) -> bool {
        !held(&self.unreadable).known.is_empty()
    }

    /// Keeps the cache current as long as the stream is polled, and yields what has changed. Can be called once.
    pub fn follow(
        &self,
        api: Api<DeserializeGuard<K>>,
        config: watcher::Config,
    ) -> impl Stream<Item = Change<K>> {
        let mut writer = held(&self.writer).take();
        watcher(api, config)
            .default_backoff()
            .flat_map(move |event| {
                let changes = match (event, &mut writer) {
                    (Ok(event), Some(writer)) => self.take(writer, event),
                    (Ok(_), None) => Vec::new(),
                    (Err(error), _) => {
                        tracing::warn!(kind = %K::kind(&()), "watch interrupted: {error}");
                        Vec::new()
                    }
                };
                futures::stream::iter(changes)
            })
    }

    /// Puts what the watch tells into the store; what cannot be read is as if it were not there.
    fn take(&self, writer: &mut Writer<K>, event: Event<DeserializeGuard<K>>) -> Vec<Change<K>> {
        let mut unreadable = held(&self.unreadable);
        let (event, changed) = match event {
            Event::Init => {
                unreadable.listing.clear();
                (Some(Event::Init), false)
            }
            Event::InitDone => {
                unreadable.known = std::mem::take(&mut unreadable.listing);
                (Some(Event::InitDone), false)
            }
            Event::InitApply(DeserializeGuard(Ok(object))) => {
                (Some(Event::InitApply(lean(object))), false)
            }
            Event::InitApply(DeserializeGuard(Err(invalid))) => {
                unreadable.listing.insert(name_of(&invalid), invalid);
                (None, false)
            }
            Event::Apply(DeserializeGuard(Ok(object))) => {
                let was = unreadable.known.remove(&object.name_any()).is_some();
                (Some(Event::Apply(lean(object))), was)
            }
            Event::Apply(DeserializeGuard(Err(invalid))) => {
                let before = self.get(&name_of(&invalid));
                unreadable.known.insert(name_of(&invalid), invalid);
                (before.map(|before| Event::Delete(K::clone(&before))), true)
            }
            Event::Delete(object) => {
                let name = object.meta().name.clone().unwrap_or_default();
                let was = unreadable.known.remove(&name).is_some();
                let gone = object.0.ok().map(|object| Event::Delete(lean(object)));
                (gone, was)
            }
        };
        drop(unreadable);
        let mut changes = Vec::new();
        if let Some(event) = event {
            let known = Known::before(&event, &self.store);
            writer.apply_watcher_event(&event);
            self.caught_up(&event);
            if matches!(event, Event::InitDone) {
                self.listed.send_replace(true);
            }
            changes = known.changes(event, &self.store);
        }
        if changed {
            changes.push(Change::Unreadable);
        }
        changes
    }
}

fn name_of(invalid: &InvalidObject) -> String {
    invalid.metadata.name.clone().unwrap_or_default()
}

/// Without what nobody reads and what is half of an object's weight.
fn lean<K: Resource>(mut object: K) -> K {
    object.meta_mut().managed_fields = None;
    object
}

/// Whether this reading of an object is as new as that one.
fn is_as_new<K: Resource>(this: &K, that: &K) -> bool {
    let version = |object: &K| object.meta().resource_version.clone().unwrap_or_default();
    reaches(&version(this), &version(that))
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
