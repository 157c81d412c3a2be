//! What the API server holds in one namespace, kept current by watches.
//!
//! Each Kind is watched once, whoever needs it; `managedFields` are dropped, since nobody reads them and they are half
//! of what an object weighs.
mod store;

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crds::{Objects, Shared};
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
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use self::store::Store;
use crate::{kept::KeptSecret, ours::Ours, versions::reaches};

/// The objects of one Kind in one namespace.
#[derive(Debug)]
pub struct Cache<K> {
    store: Store<K>,
    /// Those of a list that has begun and not ended: until then the known ones hold.
    listing: Mutex<Vec<Arc<K>>>,
    /// Takes away what is kept for nothing.
    shrink: fn(&mut K),
    /// Whether everything was listed once. The store tells that to one who waits, and its controller waits already.
    listed: watch::Sender<bool>,
    /// What we have written ourselves and the watch has not told yet, by name.
    ahead: Mutex<HashMap<String, Arc<K>>>,
    /// What the watch tells of and this version cannot read.
    unreadable: Mutex<Unreadable>,
}

/// What a watch has seen.
#[derive(Debug)]
pub enum Change<K> {
    /// An object came or was changed.
    Applied {
        /// As it was.
        before: Option<Arc<K>>,
        /// As it is.
        now: Arc<K>,
    },
    /// An object went.
    Deleted(Arc<K>),
    /// Everything was listed anew. What differs from what was known was told before this, one by one.
    Listed,
    /// An object cannot be read, or one that could not be is gone.
    Unreadable,
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
            pub secrets: Cache<KeptSecret>,
            /// What is made for a `PhoneSystem`.
            pub made: Made,
        }

        impl Caches {
            /// Empty caches.
            pub fn new() -> Self {
                Self {
                    $($list: Cache::new(crds::$kind::shrink),)+
                    secrets: Cache::new(|_| ()),
                    made: Made::new(),
                }
            }

            /// Returns once everything was listed: before, what is there already would seem to be missing.
            pub async fn listed(&self) {
                $(self.$list.listed().await;)+
                self.secrets.listed().await;
                self.made.listed().await;
            }

            /// All that a directory is compiled from, but Secrets.
            pub fn objects(&self) -> Objects {
                Objects {
                    $($list: self.$list.shared(),)+
                    ..Objects::default()
                }
            }
        }
    };
}

crds::each_kind!(caches);

impl Default for Caches {
    fn default() -> Self {
        Self::new()
    }
}

impl Made {
    fn new() -> Self {
        Self {
            pods: Cache::new(|_| ()),
            services: Cache::new(|_| ()),
            claims: Cache::new(|_| ()),
            service_accounts: Cache::new(|_| ()),
            roles: Cache::new(|_| ()),
            role_bindings: Cache::new(|_| ()),
            disruption_budgets: Cache::new(|_| ()),
            network_policies: Cache::new(|_| ()),
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
{
    fn new(shrink: fn(&mut K)) -> Self {
        Self {
            store: Store::default(),
            listing: Mutex::default(),
            shrink,
            listed: watch::Sender::default(),
            ahead: Mutex::default(),
            unreadable: Mutex::default(),
        }
    }

    /// The object of this name.
    pub fn get(&self, name: &str) -> Option<Arc<K>> {
        self.store.get(name)
    }

    /// Every object, in no order.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.store.all()
    }

    /// Notes an object as the API server has answered a write of ours. Whoever decides by the watch alone would, until
    /// it tells of this, take the object for what it was and write once more.
    pub fn wrote(&self, object: K) {
        let object = self.lean(object);
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
    fn caught_up(&self, changes: &[Change<K>]) {
        let mut ahead = held(&self.ahead);
        for change in changes {
            match change {
                Change::Applied { now, .. } => {
                    let name = now.name_any();
                    if ahead
                        .get(&name)
                        .is_some_and(|own| is_as_new(&**now, &**own))
                    {
                        ahead.remove(&name);
                    }
                }
                Change::Deleted(gone) => drop(ahead.remove(&gone.name_any())),
                Change::Listed => ahead.retain(|name, own| {
                    let told = self.get(name);
                    told.is_some_and(|told| !is_as_new(&*told, &**own))
                }),
                Change::Unreadable => {}
            }
        }
    }

    fn shared(&self) -> Vec<Shared<K>> {
        self.all().into_iter().map(Shared::from).collect()
    }

    async fn listed(&self) {
        let mut listed = self.listed.subscribe();
        // The sender lives as long as we do.
        let _ = listed.wait_for(|listed| *listed).await;
    }

    /// Those that this version cannot read.
    pub fn unreadable(&self) -> Vec<InvalidObject> {
        held(&self.unreadable).known.values().cloned().collect()
    }

    /// Whether there is one that this version cannot read.
    pub fn has_unreadable(&self) -> bool {
        !held(&self.unreadable).known.is_empty()
    }

    /// Keeps the cache current as long as the stream is polled, and yields what has changed.
    pub fn follow(
        &self,
        api: Api<DeserializeGuard<K>>,
        config: watcher::Config,
    ) -> impl Stream<Item = Change<K>> {
        watcher(api, config)
            .default_backoff()
            .flat_map(move |event| {
                let changes = event.map(|event| self.take(event));
                futures::stream::iter(changes.unwrap_or_else(|error| {
                    tracing::warn!(kind = %K::kind(&()), "watch interrupted: {error}");
                    Vec::new()
                }))
            })
    }

    /// Puts what the watch tells into the store; what cannot be read is as if it were not there.
    fn take(&self, event: Event<DeserializeGuard<K>>) -> Vec<Change<K>> {
        let mut unreadable = held(&self.unreadable);
        let mut changes = Vec::new();
        match event {
            Event::Init => {
                unreadable.listing.clear();
                held(&self.listing).clear();
            }
            Event::InitApply(DeserializeGuard(Ok(object))) => {
                held(&self.listing).push(Arc::new(self.lean(object)));
            }
            Event::InitApply(DeserializeGuard(Err(invalid))) => {
                unreadable.listing.insert(name_of(&invalid), invalid);
            }
            Event::InitDone => {
                unreadable.known = std::mem::take(&mut unreadable.listing);
                let listed = std::mem::take(&mut *held(&self.listing));
                changes = self.store.replace(listed);
                changes.push(Change::Listed);
                self.listed.send_replace(true);
            }
            Event::Apply(DeserializeGuard(Ok(object))) => {
                let was = unreadable.known.remove(&object.name_any()).is_some();
                changes.push(self.store.put(self.lean(object)));
                changes.extend(was.then_some(Change::Unreadable));
            }
            Event::Apply(DeserializeGuard(Err(invalid))) => {
                let before = self.get(&name_of(&invalid));
                unreadable.known.insert(name_of(&invalid), invalid);
                changes.extend(before.map(|before| self.store.remove(K::clone(&before))));
                changes.push(Change::Unreadable);
            }
            Event::Delete(object) => {
                let name = object.meta().name.clone().unwrap_or_default();
                let was = unreadable.known.remove(&name).is_some();
                let gone = object.0.ok();
                changes.extend(gone.map(|object| self.store.remove(self.lean(object))));
                changes.extend(was.then_some(Change::Unreadable));
            }
        }
        drop(unreadable);
        self.caught_up(&changes);
        changes
    }

    /// Without what nobody reads, which is more than half of an object's weight: what each field's manager is, and what
    /// `kubectl apply` remembers. Lists that were read have room for four at least, and most hold one.
    fn lean(&self, mut object: K) -> K {
        let metadata = object.meta_mut();
        metadata.managed_fields = None;
        if let Some(annotations) = &mut metadata.annotations {
            annotations.remove(LAST_APPLIED);
            if annotations.is_empty() {
                metadata.annotations = None;
            }
        }
        if let Some(owners) = &mut metadata.owner_references {
            owners.shrink_to_fit();
        }
        (self.shrink)(&mut object);
        object
    }
}

fn name_of(invalid: &InvalidObject) -> String {
    invalid.metadata.name.clone().unwrap_or_default()
}

/// Whether this reading of an object is as new as that one.
fn is_as_new<K: Resource>(this: &K, that: &K) -> bool {
    let version = |object: &K| object.meta().resource_version.clone().unwrap_or_default();
    reaches(&version(this), &version(that))
}

/// Where `kubectl apply` remembers the manifest.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
