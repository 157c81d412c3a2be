//! What waits to be reconciled, one queue for each controller.
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crds::Kind;
use kube::ResourceExt;
use tokio::sync::Notify;

use crate::{
    awaited::Awaited,
    caches::{Cache, Caches},
    conditions::Finding,
    ours::Ours,
    readiness::{Readiness, is_ready},
};

/// The names of objects of one Kind to reconcile: each once, in the order in which they were asked for.
#[derive(Debug, Default)]
pub struct Queue {
    asked: Mutex<Asked>,
    news: Notify,
    /// Those that are looked at again when what they wait for has come.
    waiting: Mutex<HashMap<String, Awaited>>,
}

#[derive(Debug, Default)]
struct Asked {
    names: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl Queue {
    /// Asks for a reconcile of the object of this name, which may not exist any more.
    pub fn push(&self, name: &str) {
        let mut asked = held(&self.asked);
        if !asked.names.contains(name) {
            let name: Arc<str> = name.into();
            asked.names.insert(name.clone());
            asked.order.push_back(name);
            self.news.notify_one();
        }
    }

    /// Takes the next one out.
    pub fn take(&self) -> Option<Arc<str>> {
        let mut asked = held(&self.asked);
        let name = asked.order.pop_front()?;
        asked.names.remove(&name);
        Some(name)
    }

    /// Returns when there is something to take, or was.
    pub async fn has_news(&self) {
        self.news.notified().await;
    }

    /// Finds out whether this object is ready, and has it looked at again as long as it is not. It waits already while
    /// it is being judged, for whatever comes: what a worker loads or what is stored in between would otherwise be missed,
    /// and nothing else may come. `find` is told whether it was in doubt before, so that what its status says does not count.
    pub fn judge(&self, name: &str, find: impl FnOnce(bool) -> Readiness) -> Finding {
        let doubted = self.waits(name);
        let Readiness { finding, awaits } = find(doubted);
        let mut waiting = held(&self.waiting);
        if finding.holds == Some(true) {
            waiting.remove(name);
        } else {
            waiting.insert(name.to_owned(), awaits);
        }
        finding
    }

    /// Has those looked at again that were found ready, as if they had not been.
    fn doubt<K: Ours>(&self, objects: &Cache<K>) {
        for object in objects.all() {
            let object = objects.newest(object);
            if is_ready(&*object) {
                let name = object.name_any();
                self.waits(&name);
                self.push(&name);
            }
        }
    }

    /// Waits for whatever comes; whether it waited before.
    fn waits(&self, name: &str) -> bool {
        let mut waiting = held(&self.waiting);
        let before = waiting.insert(name.to_owned(), Awaited::Anything);
        before.is_some()
    }

    /// Forgets an object that is there no longer.
    pub fn forget(&self, name: &str) {
        held(&self.waiting).remove(name);
    }

    /// Asks for a reconcile of those that wait for what has come.
    pub fn wake_if(&self, has_come: impl Fn(&Awaited) -> bool) {
        let waiting = held(&self.waiting);
        for (name, _) in waiting.iter().filter(|(_, awaited)| has_come(awaited)) {
            self.push(name);
        }
    }
}

macro_rules! queues {
    ($($(#[$doc:meta])+ $kind:ident in $list:ident,)+) => {
        /// The queues of a namespace's controllers.
        #[derive(Debug, Default)]
        pub struct Queues {
            $(
                #[doc = concat!("Of every ", stringify!($kind), ".")]
                pub $list: Queue,
            )+
        }

        impl Queues {
            /// Has all looked at again that were found ready: what they were ready for is there no longer.
            pub fn doubt(&self, caches: &Caches) {
                $(self.$list.doubt(&caches.$list);)+
            }

            /// Asks for a reconcile of this object; Secrets have no controller of their own.
            pub fn push(&self, object: &crds::ObjectRef) {
                match object.kind {
                    $(Kind::$kind => self.$list.push(&object.name),)+
                    Kind::Secret => {}
                }
            }

            /// Asks for a reconcile of all that wait for what has come.
            pub fn wake_if(&self, has_come: impl Fn(&crate::awaited::Awaited) -> bool) {
                $(self.$list.wake_if(&has_come);)+
            }
        }
    };
}

crds::each_kind!(queues);

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use crds::conditions::{ConditionType, Reason};

    use super::*;

    #[test]
    fn whoever_is_asked_for_twice_is_taken_once_and_in_his_turn() {
        let queue = Queue::default();
        for name in ["mary", "john", "mary"] {
            queue.push(name);
        }
        let taken = || queue.take();
        assert_eq!(taken().as_deref(), Some("mary"));
        queue.push("mary");
        assert_eq!(taken().as_deref(), Some("john"));
        assert_eq!(taken().as_deref(), Some("mary"));
        assert_eq!(taken(), None);
    }

    #[test]
    fn whoever_waits_is_asked_for_again_when_what_he_waits_for_has_come() {
        let queue = Queue::default();
        let found = |ready| Readiness {
            finding: Finding::new(ConditionType::Ready, Some(ready), Reason::Loading, ""),
            awaits: Awaited::Stored(3),
        };
        queue.judge("mary", |_| found(false));
        queue.wake_if(|awaited| awaited.is_stored(4));
        assert_eq!(queue.take(), None, "it is not what she waits for");
        queue.wake_if(|awaited| awaited.is_stored(3));
        assert_eq!(queue.take().as_deref(), Some("mary"));
        queue.judge("mary", |_| found(true));
        queue.wake_if(|_| true);
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn what_a_worker_loads_while_an_object_is_judged_is_not_missed() {
        let queue = Queue::default();
        queue.judge("mary", |_| {
            queue.wake_if(|awaited| awaited.has_come(&[]));
            Finding::no(ConditionType::Ready, Reason::Loading, "").into()
        });
        assert_eq!(queue.take().as_deref(), Some("mary"));
    }

    #[test]
    fn what_is_stored_while_an_object_is_judged_is_not_missed() {
        let queue = Queue::default();
        queue.judge("mary", |_| {
            queue.wake_if(|awaited| awaited.is_stored(3));
            Readiness {
                finding: Finding::no(ConditionType::Ready, Reason::Loading, ""),
                awaits: Awaited::Stored(3),
            }
        });
        assert_eq!(queue.take().as_deref(), Some("mary"));
    }

    #[test]
    fn what_is_gone_is_not_asked_for_again_and_is_in_no_doubt_when_it_comes_anew() {
        let queue = Queue::default();
        let loading = || Finding::no(ConditionType::Ready, Reason::Loading, "").into();
        queue.judge("mary", |_| loading());
        queue.forget("mary");
        queue.wake_if(|_| true);
        assert_eq!(queue.take(), None);
        queue.judge("mary", |doubted| {
            assert!(!doubted);
            loading()
        });
    }

    #[test]
    fn what_was_not_ready_when_it_was_judged_last_is_in_doubt() {
        let queue = Queue::default();
        let judged = |ready| {
            let mut was_doubted = false;
            queue.judge("mary", |doubted| {
                was_doubted = doubted;
                Finding::new(ConditionType::Ready, Some(ready), Reason::Loading, "").into()
            });
            was_doubted
        };
        assert!(!judged(false));
        assert!(judged(true));
        assert!(!judged(true));
    }
}
