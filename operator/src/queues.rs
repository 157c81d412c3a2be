//! What waits to be reconciled, one queue for each controller.
use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crds::Kind;
use futures::{
    Stream, StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};
use kube::{
    ResourceExt,
    runtime::{controller::ReconcileRequest, reflector::ObjectRef},
};

use crate::{
    caches::{Cache, Caches},
    conditions::Finding,
    ours::Ours,
    readiness::is_ready,
};

/// The names of objects of one Kind to reconcile.
#[derive(Debug)]
pub struct Queue<K: Ours> {
    namespace: String,
    sender: UnboundedSender<ObjectRef<K>>,
    receiver: Mutex<Option<UnboundedReceiver<ObjectRef<K>>>>,
    /// Those that are looked at again when a worker has loaded something.
    waiting: Mutex<HashSet<String>>,
}

impl<K: Ours> Queue<K> {
    fn new(namespace: &str) -> Self {
        let (sender, receiver) = unbounded();
        Self {
            namespace: namespace.to_owned(),
            sender,
            receiver: Mutex::new(Some(receiver)),
            waiting: Mutex::default(),
        }
    }

    /// Asks for a reconcile of the object of this name, which may not exist any more.
    pub fn push(&self, name: &str) {
        let key = ObjectRef::new(name).within(&self.namespace);
        // The queue outlives its controller only while everything is being stopped.
        let _ = self.sender.unbounded_send(key);
    }

    /// Finds out whether this object is ready, and has it looked at again as long as it is not. It waits already while
    /// it is being judged: what a worker loads in between would otherwise be missed, and nothing else may come. `find`
    /// is told whether it was in doubt before, so that what its status says does not count.
    pub fn judge(&self, name: &str, find: impl FnOnce(bool) -> Finding) -> Finding {
        let doubted = self.waits(name, true);
        let found = find(doubted);
        if found.holds == Some(true) {
            self.waits(name, false);
        }
        found
    }

    /// Has those looked at again that were found ready, as if they had not been.
    fn doubt(&self, objects: &Cache<K>) {
        for object in objects.all() {
            let object = objects.newest(object);
            if is_ready(&*object) {
                let name = object.name_any();
                self.waits(&name, true);
                self.push(&name);
            }
        }
    }

    /// Whether it waited before.
    fn waits(&self, name: &str, waits: bool) -> bool {
        let mut waiting = held(&self.waiting);
        if waits {
            !waiting.insert(name.to_owned())
        } else {
            waiting.remove(name)
        }
    }

    /// Asks for a reconcile of all that wait for a worker.
    pub fn wake(&self) {
        self.wake_if(|_| true);
    }

    /// Asks for a reconcile of those among them whom it concerns.
    pub fn wake_if(&self, concerns: impl Fn(&str) -> bool) {
        let waiting = held(&self.waiting);
        for name in waiting.iter().filter(|name| concerns(name)) {
            self.push(name);
        }
    }

    /// What the controller takes from the queue. Can be called once; a second stream ends at once.
    pub fn requests(&self) -> impl Stream<Item = Result<ReconcileRequest<K>, Infallible>> {
        let receiver = held(&self.receiver).take();
        futures::stream::iter(receiver)
            .flatten()
            .map(|key| Ok(ReconcileRequest::from(key)))
    }
}

macro_rules! queues {
    ($($(#[$doc:meta])+ $kind:ident in $list:ident,)+) => {
        /// The queues of a namespace's controllers.
        #[derive(Debug)]
        pub struct Queues {
            $(
                #[doc = concat!("Of every ", stringify!($kind), ".")]
                pub $list: Queue<crds::$kind>,
            )+
        }

        impl Queues {
            /// Empty queues.
            pub fn new(namespace: &str) -> Self {
                Self { $($list: Queue::new(namespace),)+ }
            }

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

            /// Asks for a reconcile of all that wait for a worker.
            pub fn wake(&self) {
                $(self.$list.wake();)+
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
    use crds::{
        User,
        conditions::{ConditionType, Reason},
    };
    use futures::FutureExt;

    use super::*;

    fn taken<K: Ours>(
        stream: &mut (impl Stream<Item = Result<ReconcileRequest<K>, Infallible>> + Unpin),
    ) -> Option<String> {
        let request = stream.next().now_or_never()??;
        request.ok().map(|request| request.obj_ref.name)
    }

    #[test]
    fn whoever_waits_is_asked_for_again_until_he_has_what_he_waited_for() {
        let queue = Queue::<User>::new("telephony");
        let mut requests = Box::pin(queue.requests());
        let found = |ready| Finding::new(ConditionType::Ready, Some(ready), Reason::Loading, "");
        queue.judge("mary", |_| found(false));
        queue.wake();
        assert_eq!(taken(&mut requests).as_deref(), Some("mary"));
        queue.judge("mary", |_| found(true));
        queue.wake();
        assert_eq!(taken(&mut requests), None);
    }

    #[test]
    fn what_a_worker_loads_while_an_object_is_judged_is_not_missed() {
        let queue = Queue::<User>::new("telephony");
        let mut requests = Box::pin(queue.requests());
        queue.judge("mary", |_| {
            queue.wake();
            Finding::no(ConditionType::Ready, Reason::Loading, "")
        });
        assert_eq!(taken(&mut requests).as_deref(), Some("mary"));
    }

    #[test]
    fn what_was_not_ready_when_it_was_judged_last_is_in_doubt() {
        let queue = Queue::<User>::new("telephony");
        let judged = |ready| {
            let mut was_doubted = false;
            queue.judge("mary", |doubted| {
                was_doubted = doubted;
                Finding::new(ConditionType::Ready, Some(ready), Reason::Loading, "")
            });
            was_doubted
        };
        assert!(!judged(false));
        assert!(judged(true));
        assert!(!judged(true));
    }
}
