//! What waits to be reconciled, one queue for each controller.
use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crds::{CallRoute, Extension, Handset, Kind, PhoneSystem, User, UserSettings};
use futures::{
    Stream, StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};
use kube::runtime::{controller::ReconcileRequest, reflector::ObjectRef};

use crate::ours::Ours;

/// The names of objects of one Kind to reconcile.
#[derive(Debug)]
pub struct Queue<K: Ours> {
    namespace: String,
    sender: UnboundedSender<ObjectRef<K>>,
    receiver: Mutex<Option<UnboundedReceiver<ObjectRef<K>>>>,
    /// Those that are looked at again when a worker has loaded something.
    waiting: Mutex<HashSet<String>>,
}

/// The queues of a namespace's controllers.
#[derive(Debug)]
pub struct Queues {
    /// Of telephone systems.
    pub phone_systems: Queue<PhoneSystem>,
    /// Of people.
    pub users: Queue<User>,
    /// Of what they changed.
    pub user_settings: Queue<UserSettings>,
    /// Of telephones.
    pub handsets: Queue<Handset>,
    /// Of numbers.
    pub extensions: Queue<Extension>,
    /// Of routes.
    pub call_routes: Queue<CallRoute>,
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

    /// Says whether this object waits for a worker to load it.
    pub fn waits(&self, name: &str, waits: bool) {
        let mut waiting = held(&self.waiting);
        if waits {
            waiting.insert(name.to_owned());
        } else {
            waiting.remove(name);
        }
    }

    /// Asks for a reconcile of all that wait for a worker.
    pub fn wake(&self) {
        for name in held(&self.waiting).iter() {
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

impl Queues {
    /// Empty queues.
    pub fn new(namespace: &str) -> Self {
        Self {
            phone_systems: Queue::new(namespace),
            users: Queue::new(namespace),
            user_settings: Queue::new(namespace),
            handsets: Queue::new(namespace),
            extensions: Queue::new(namespace),
            call_routes: Queue::new(namespace),
        }
    }

    /// Asks for a reconcile of this object; Secrets have no controller of their own.
    pub fn push(&self, object: &crds::ObjectRef) {
        let name = &object.name;
        match object.kind {
            Kind::PhoneSystem => self.phone_systems.push(name),
            Kind::User => self.users.push(name),
            Kind::UserSettings => self.user_settings.push(name),
            Kind::Handset => self.handsets.push(name),
            Kind::Extension => self.extensions.push(name),
            Kind::CallRoute => self.call_routes.push(name),
            Kind::Secret
            | Kind::Conference
            | Kind::Trunk
            | Kind::AutoAttendant
            | Kind::CallQueue
            | Kind::CallMonitor
            | Kind::MessageAlias
            | Kind::DistributionList => {}
        }
    }

    /// Asks for a reconcile of all that wait for a worker.
    pub fn wake(&self) {
        self.users.wake();
        self.handsets.wake();
        self.extensions.wake();
        self.call_routes.wake();
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
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
        queue.waits("mary", true);
        queue.wake();
        assert_eq!(taken(&mut requests).as_deref(), Some("mary"));
        queue.waits("mary", false);
        queue.wake();
        assert_eq!(taken(&mut requests), None);
    }
}
