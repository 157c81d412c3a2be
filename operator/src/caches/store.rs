//! The objects of one Kind in one namespace, by name: a reflector's store would keep namespace, UID and version of each once
//! more beside it.
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use kube::{Resource, ResourceExt};

use super::Change;

/// The objects of one Kind in one namespace.
#[derive(Debug)]
pub(super) struct Store<K>(RwLock<ByName<K>>);

type ByName<K> = HashMap<Box<str>, Arc<K>>;

impl<K> Default for Store<K> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Resource> Store<K> {
    pub(super) fn get(&self, name: &str) -> Option<Arc<K>> {
        self.read().get(name).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<K>> {
        self.read().values().cloned().collect()
    }

    /// Puts an object in the place of an older one.
    pub(super) fn put(&self, object: K) -> Change<K> {
        let now = Arc::new(object);
        let before = self.write().insert(name(&*now), now.clone());
        Change::Applied { before, now }
    }

    /// Takes an object away.
    pub(super) fn remove(&self, gone: K) -> Change<K> {
        self.write().remove(&*gone.name_any());
        Change::Deleted(Arc::new(gone))
    }

    /// Puts what is listed in the place of everything; what came, changed and went: whoever waits for one object does
    /// not know of lists.
    pub(super) fn replace(&self, listed: Vec<Arc<K>>) -> Vec<Change<K>> {
        let listed = listed.into_iter().map(|object| (name(&*object), object));
        let now: ByName<K> = listed.collect();
        let mut stored = self.write();
        let mut known = std::mem::replace(&mut *stored, now);
        let mut changes = Vec::new();
        for (name, now) in &*stored {
            let now = now.clone();
            match known.remove(name) {
                Some(before) if before.resource_version() == now.resource_version() => {}
                Some(before) if before.uid() == now.uid() => {
                    let before = Some(before);
                    changes.push(Change::Applied { before, now });
                }
                other => {
                    changes.extend(other.map(Change::Deleted));
                    changes.push(Change::Applied { before: None, now });
                }
            }
        }
        changes.extend(known.into_values().map(Change::Deleted));
        changes
    }

    fn read(&self) -> RwLockReadGuard<'_, ByName<K>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, ByName<K>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name<K: Resource>(object: &K) -> Box<str> {
    let name = object.meta().name.as_deref();
    name.unwrap_or_default().into()
}
