//! The objects of one Kind as they were last heard of, by name. Whoever compiles them shares them with the watch: of
//! thousands, none is copied because another has changed.
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use crds::Shared;
use kube::{Resource, ResourceExt, core::DeserializeGuard, runtime::watcher::Event};
use tokio::sync::watch;

/// The objects of one Kind. While a watch begins anew, what it knew stays.
#[derive(Debug)]
pub(super) struct Kept<K>(Arc<Held<K>>);

#[derive(Debug)]
struct Held<K> {
    objects: RwLock<ByName<K>>,
    listed: watch::Sender<bool>,
}

/// None: it can't be read.
type ByName<K> = HashMap<Box<str>, Option<Shared<K>>>;

impl<K> Clone for Kept<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Kept<K> {
    /// Knows of nothing yet.
    pub(super) fn new() -> Self {
        Self(Arc::new(Held {
            objects: RwLock::default(),
            listed: watch::Sender::new(false),
        }))
    }

    /// Waits until its watch has heard once what there is.
    pub(super) async fn complete(&self) {
        // The sender lives as long as what is held.
        let _ = self.0.listed.subscribe().wait_for(|listed| *listed).await;
    }

    /// Every object that can be read.
    pub(super) fn all(&self) -> Vec<Shared<K>> {
        self.read().values().flatten().cloned().collect()
    }

    /// Whether there is one of this name, be it one that can't be read.
    pub(super) fn has(&self, name: &str) -> bool {
        self.read().contains_key(name)
    }

    /// Looks at the object of this name; none if there is none that can be read.
    pub(super) fn look<T>(&self, name: &str, look: impl FnOnce(&K) -> T) -> Option<T> {
        let object = self.read().get(name).cloned().flatten();
        object.map(|object| look(&object))
    }

    fn read(&self) -> RwLockReadGuard<'_, ByName<K>> {
        let objects = self.0.objects.read();
        objects.unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, ByName<K>> {
        let objects = self.0.objects.write();
        objects.unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a watch tells, put into what is kept.
#[derive(Debug)]
pub(super) struct Keeper<K> {
    kept: Kept<K>,
    /// What has been listed so far.
    listing: ByName<K>,
}

impl<K: Resource<DynamicType = ()>> Keeper<K> {
    /// Keeps it there.
    pub(super) fn new(kept: Kept<K>) -> Self {
        Self {
            kept,
            listing: HashMap::new(),
        }
    }

    /// Takes in what a watch has told. An object that can't be read is left out, also where an earlier version could be.
    pub(super) fn hear(&mut self, event: Event<DeserializeGuard<K>>) {
        match event {
            Event::Init => self.listing.clear(),
            Event::InitApply(object) => {
                let name = name(&object);
                self.listing.insert(name, object.0.ok().map(Shared::from));
            }
            Event::InitDone => {
                *self.kept.write() = std::mem::take(&mut self.listing);
                self.kept.0.listed.send_replace(true);
            }
            Event::Apply(object) => {
                let name = name(&object);
                let object = object.0.ok().map(Shared::from);
                self.kept.write().insert(name, object);
            }
            Event::Delete(object) => {
                self.kept.write().remove(&name(&object));
            }
        }
    }
}

fn name<K: Resource<DynamicType = ()>>(object: &DeserializeGuard<K>) -> Box<str> {
    object.name_any().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crds::User;
    use futures::FutureExt;

    fn user(name: &str, generation: i64) -> DeserializeGuard<User> {
        let text = format!("{{metadata: {{name: {name}, generation: {generation}}}, spec: {{}}}}");
        DeserializeGuard(Ok(serde_saphyr::from_str(&text).unwrap()))
    }

    fn unreadable(name: &str) -> DeserializeGuard<User> {
        let text = format!(r#"{{"metadata": {{"name": "{name}"}}, "spec": 3}}"#);
        let guard: DeserializeGuard<User> = serde_json::from_str(&text).unwrap();
        assert!(guard.0.is_err());
        guard
    }

    /// Who is kept, and in which generation.
    fn known(kept: &Kept<User>) -> Vec<(String, i64)> {
        let of = |user: Shared<User>| (user.name_any(), user.metadata.generation.unwrap());
        let mut known: Vec<_> = kept.all().into_iter().map(of).collect();
        known.sort();
        known
    }

    fn kept_of(events: Vec<Event<DeserializeGuard<User>>>) -> (Kept<User>, Keeper<User>) {
        let kept = Kept::new();
        let mut keeper = Keeper::new(kept.clone());
        for event in events {
            keeper.hear(event);
        }
        (kept, keeper)
    }

    #[test]
    fn it_is_complete_with_the_first_list_and_what_was_known_stays_until_the_next_is_whole() {
        let (kept, mut keeper) = kept_of(vec![Event::Init, Event::InitApply(user("mary", 1))]);
        assert!(kept.complete().now_or_never().is_none());
        assert_eq!(known(&kept), []);
        keeper.hear(Event::InitDone);
        assert!(kept.complete().now_or_never().is_some());
        assert_eq!(known(&kept), [("mary".to_owned(), 1)]);
        keeper.hear(Event::Init);
        keeper.hear(Event::InitApply(user("john", 1)));
        assert_eq!(known(&kept), [("mary".to_owned(), 1)]);
        keeper.hear(Event::InitDone);
        assert_eq!(known(&kept), [("john".to_owned(), 1)]);
    }

    #[test]
    fn what_changes_goes_or_can_be_read_no_longer_does_so_here() {
        let (kept, mut keeper) = kept_of(vec![
            Event::Init,
            Event::InitApply(user("mary", 1)),
            Event::InitApply(user("john", 1)),
            Event::InitApply(unreadable("bob")),
            Event::InitDone,
        ]);
        keeper.hear(Event::Apply(user("mary", 2)));
        keeper.hear(Event::Delete(user("john", 1)));
        assert_eq!(known(&kept), [("mary".to_owned(), 2)]);
        assert_eq!(
            kept.look("mary", |user| user.metadata.generation),
            Some(Some(2))
        );
        assert_eq!(kept.look("bob", |_| ()), None);
        assert_eq!([kept.has("bob"), kept.has("john")], [true, false]);
        keeper.hear(Event::Apply(unreadable("mary")));
        assert_eq!(known(&kept), []);
    }
}
