//! What a watch has seen, one object at a time.
use std::{collections::HashMap, sync::Arc};

use kube::{
    Resource, ResourceExt,
    runtime::reflector::{ObjectRef, Store},
    runtime::watcher::Event,
};

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

/// What of the store an event is about to change.
pub(super) struct Known<K>(Vec<Arc<K>>);

impl<K> Known<K>
where
    K: Resource<DynamicType = ()> + Clone,
{
    pub(super) fn before(event: &Event<K>, store: &Store<K>) -> Self {
        Self(match event {
            Event::Apply(object) => store
                .get(&ObjectRef::from_obj(object))
                .into_iter()
                .collect(),
            Event::InitDone => store.state(),
            Event::Delete(_) | Event::Init | Event::InitApply(_) => Vec::new(),
        })
    }

    /// What the event, which the store has taken, has changed.
    pub(super) fn changes(self, event: Event<K>, store: &Store<K>) -> Vec<Change<K>> {
        match event {
            Event::Apply(object) => {
                let now = store
                    .get(&ObjectRef::from_obj(&object))
                    .unwrap_or_else(|| Arc::new(object));
                let before = self.0.into_iter().next();
                vec![Change::Applied { before, now }]
            }
            Event::Delete(object) => vec![Change::Deleted(Arc::new(object))],
            Event::InitDone => {
                let mut changes = self.differences(store.state());
                changes.push(Change::Listed);
                changes
            }
            Event::Init | Event::InitApply(_) => Vec::new(),
        }
    }

    /// What came, changed and went while the watch was away: whoever waits for one object does not know of lists.
    fn differences(self, now: Vec<Arc<K>>) -> Vec<Change<K>> {
        let mut known: HashMap<String, Arc<K>> =
            self.0.into_iter().map(|it| (it.name_any(), it)).collect();
        let mut changes = Vec::new();
        for now in now {
            match known.remove(&now.name_any()) {
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
}
