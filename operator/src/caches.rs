//! What the API server holds in one namespace, kept current by watches.
//!
//! Each Kind is watched once, whoever needs it; `managedFields` are dropped, since nobody reads them and they are half
//! of what an object weighs.
use std::{
    fmt::Debug,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
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
    Api, Resource,
    runtime::{
        WatchStreamExt,
        reflector::{ObjectRef, Store, store, store::Writer},
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;

/// The objects of one Kind in one namespace.
#[derive(Debug)]
pub struct Cache<K: Resource<DynamicType = ()> + Clone + 'static> {
    namespace: Arc<str>,
    store: Store<K>,
    writer: Mutex<Option<Writer<K>>>,
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
    /// Everything was listed anew, and any object may have changed.
    Listed,
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

    fn copy(&self) -> Vec<K> {
        self.all().iter().map(|object| K::clone(object)).collect()
    }

    async fn listed(&self) {
        // The writer lives as long as the watch, and without the watch nothing runs at all.
        let _ = self.store.wait_until_ready().await;
    }

    /// A reference to the object of this name, which may not exist.
    pub fn key(&self, name: &str) -> ObjectRef<K> {
        ObjectRef::new(name).within(&self.namespace)
    }

    /// Keeps the cache current as long as the stream is polled, and yields what has changed. Can be called once.
    pub fn follow(&self, api: Api<K>, config: watcher::Config) -> impl Stream<Item = Change<K>> {
        let mut writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let store = self.store.clone();
        watcher(api, config)
            .default_backoff()
            .modify(|object| object.meta_mut().managed_fields = None)
            .filter_map(move |event| {
                let change = match event {
                    Ok(event) => writer.as_mut().and_then(|writer| {
                        let before = touched(&event).and_then(|key| store.get(&key));
                        writer.apply_watcher_event(&event);
                        change(event, before, &store)
                    }),
                    Err(error) => {
                        tracing::warn!(kind = %K::kind(&()), "watch interrupted: {error}");
                        None
                    }
                };
                std::future::ready(change)
            })
    }
}

fn touched<K>(event: &Event<K>) -> Option<ObjectRef<K>>
where
    K: Resource<DynamicType = ()> + Clone,
{
    match event {
        Event::Apply(object) | Event::Delete(object) => Some(ObjectRef::from_obj(object)),
        Event::Init | Event::InitApply(_) | Event::InitDone => None,
    }
}

fn change<K>(event: Event<K>, before: Option<Arc<K>>, store: &Store<K>) -> Option<Change<K>>
where
    K: Resource<DynamicType = ()> + Clone,
{
    match event {
        Event::Apply(object) => {
            let now = store
                .get(&ObjectRef::from_obj(&object))
                .unwrap_or_else(|| Arc::new(object));
            Some(Change::Applied { before, now })
        }
        Event::Delete(object) => Some(Change::Deleted(Arc::new(object))),
        Event::InitDone => Some(Change::Listed),
        Event::Init | Event::InitApply(_) => None,
    }
}
