//! What the controllers of one namespace share.
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{Client, runtime::events::EventType};

use crate::{
    caches::Caches, events::Events, metrics::Metrics, options::Options, ours::Ours, queues::Queues,
    reports::Reports, snapshot::Snapshot, triggers::Triggers,
};

/// What the controllers of one namespace share.
pub struct Context {
    /// The way to the API server.
    pub client: Client,
    /// The namespace, the only one that anything is read from or written to.
    pub namespace: Arc<str>,
    /// What the operator was told.
    pub options: Arc<Options>,
    /// What the API server holds.
    pub caches: Caches,
    /// What waits to be reconciled.
    pub queues: Queues,
    /// What waits for the namespace to be compiled first.
    pub triggers: Triggers,
    /// What workers say of themselves.
    pub reports: Reports,
    /// Figures.
    pub metrics: Metrics,
    events: Events,
    snapshot: RwLock<Arc<Snapshot>>,
    unlabelled: Mutex<BTreeSet<String>>,
    failures: Mutex<HashMap<crds::ObjectRef, u32>>,
    monitors_seen: Mutex<Option<Instant>>,
    figures_written: Mutex<Option<Instant>>,
    goes: AtomicBool,
}

impl Context {
    /// That of this namespace.
    pub fn new(client: Client, namespace: &str, options: Arc<Options>, metrics: Metrics) -> Self {
        let namespace: Arc<str> = namespace.into();
        Self {
            caches: Caches::new(),
            queues: Queues::default(),
            triggers: Triggers::default(),
            reports: Reports::default(),
            events: Events::new(client.clone(), &options.identity),
            snapshot: RwLock::default(),
            unlabelled: Mutex::default(),
            failures: Mutex::default(),
            monitors_seen: Mutex::default(),
            figures_written: Mutex::default(),
            goes: AtomicBool::default(),
            client,
            namespace,
            options,
            metrics,
        }
    }

    /// The namespace as it was compiled last.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        let snapshot = self.snapshot.read();
        snapshot.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a newer one in its place.
    pub fn set_snapshot(&self, snapshot: Arc<Snapshot>) {
        *self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// The names of Secrets that are referred to and exist without our label.
    pub fn unlabelled(&self) -> BTreeSet<String> {
        held(&self.unlabelled).clone()
    }

    /// Notes whether this Secret exists without our label; true if that is news.
    pub fn note_unlabelled(&self, secret: &str, exists: bool) -> bool {
        let mut unlabelled = held(&self.unlabelled);
        if exists {
            unlabelled.insert(secret.to_owned())
        } else {
            unlabelled.remove(secret)
        }
    }

    /// Whether the whole namespace is known to be going: nothing is held in it any more.
    pub fn goes(&self) -> bool {
        self.goes.load(Ordering::Relaxed)
    }

    /// Notes whether it is; what was known before.
    pub fn note_going(&self, goes: bool) -> bool {
        self.goes.swap(goes, Ordering::Relaxed)
    }

    /// How long to wait before this object, whose reconcile has failed again, is tried anew.
    pub fn backoff(&self, object: crds::ObjectRef) -> Duration {
        let mut failures = held(&self.failures);
        let failed = failures.entry(object).or_default();
        *failed += 1;
        LONGEST_BACKOFF.min(FIRST_BACKOFF * 2_u32.saturating_pow((*failed - 1).min(16)))
    }

    /// Forgets an object's failures.
    pub fn succeeded(&self, object: &crds::ObjectRef) {
        held(&self.failures).remove(object);
    }

    /// Whether it is time to look after `PodMonitor`s again; if so, the next time is `every` from now.
    pub fn monitors_due(&self, every: Duration, now: Instant) -> bool {
        due(&self.monitors_seen, every, now)
    }

    /// Whether figures that have changed may be written; if so, the next time is `every` from now.
    pub fn figures_due(&self, every: Duration, now: Instant) -> bool {
        due(&self.figures_written, every, now)
    }

    /// Tells people something good about an object, as an Event.
    pub async fn tell<K: Ours>(&self, object: &K, reason: &str, note: String) {
        let reference = object.object_ref(&());
        self.events
            .publish(&reference, EventType::Normal, reason, note)
            .await;
    }

    /// Tells people that they should look at an object, as an Event.
    pub async fn warn<K: Ours>(&self, object: &K, reason: &str, note: String) {
        self.warn_about(&object.object_ref(&()), reason, note).await;
    }

    /// The same about an object of which no more is known.
    pub async fn warn_about(&self, object: &ObjectReference, reason: &str, note: String) {
        self.events
            .publish(object, EventType::Warning, reason, note)
            .await;
    }
}

const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const LONGEST_BACKOFF: Duration = Duration::from_mins(1);

fn due(last: &Mutex<Option<Instant>>, every: Duration, now: Instant) -> bool {
    let mut last = held(last);
    let due = last.is_none_or(|last| now.duration_since(last) >= every);
    if due {
        *last = Some(now);
    }
    due
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
