//! Runs a controller: takes what is to be reconciled from its queue, and what fails again later.
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    future::Future,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use crds::ObjectRef;
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};

use crate::{
    caches::Cache,
    context::Context,
    deletion,
    error::Error,
    ours::{Ours, object_ref},
    queues::Queue,
};

/// When to look at an object again whose reconcile has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action(Option<Duration>);

impl Action {
    /// After this time, if nothing asks for it before.
    pub const fn requeue(after: Duration) -> Self {
        Self(Some(after))
    }
}

/// One reconcile, begun.
pub type Reconcile = Pin<Box<dyn Future<Output = Result<Action, Error>> + Send>>;

/// Reconciles what the queue yields, until dropped: no object twice at a time, and `at_once` of them together. It begins when all that
/// there is has been listed: to a deletion, a worker's Pod that is not known yet would be one that has ended.
///
/// [`kube::runtime::Controller`] would watch each Kind once more for each controller that needs it, and keeps for each
/// of ten thousand objects that wait more than the object itself.
pub async fn run<K: Ours>(
    context: Arc<Context>,
    cache: &Cache<K>,
    queue: &Queue,
    at_once: usize,
    reconcile: fn(Arc<K>, Arc<Context>) -> Reconcile,
) {
    let mut running = FuturesUnordered::new();
    let mut busy: HashSet<Arc<str>> = HashSet::new();
    let mut again: HashSet<Arc<str>> = HashSet::new();
    let mut later = Later::default();
    context.caches.listed().await;
    loop {
        while running.len() < at_once
            && let Some(name) = queue.take()
        {
            if busy.contains(&name) {
                again.insert(name);
                continue;
            }
            later.forget(&name);
            let Some(object) = cache.get(&name) else {
                queue.forget(&name);
                context.succeeded(&ObjectRef::new(K::KIND, &*name));
                continue;
            };
            busy.insert(name.clone());
            let done = one(context.clone(), object, reconcile);
            running.push(async { (name, done.await) });
        }
        tokio::select! {
            () = queue.has_news(), if running.len() < at_once => {}
            Some((name, action)) = running.next() => {
                busy.remove(&name);
                if again.remove(&name) {
                    queue.push(&name);
                } else if let Action(Some(after)) = action {
                    later.put(name, Instant::now() + after);
                }
            }
            () = later.due() => later.take(Instant::now()).for_each(|name| queue.push(&name)),
        }
    }
}

/// Reconciles an object; when to look at it again.
async fn one<K: Ours>(
    context: Arc<Context>,
    object: Arc<K>,
    reconcile: fn(Arc<K>, Arc<Context>) -> Reconcile,
) -> Action {
    let began = Instant::now();
    let object = K::cache(&context.caches).newest(object);
    let key = object_ref(&*object);
    let done = reconcile(object, context.clone()).await;
    context
        .metrics
        .reconciled(K::KIND, began.elapsed(), done.is_ok());
    match done {
        Ok(action) => {
            context.succeeded(&key);
            action
        }
        Err(error) => {
            farewell(&context, &error).await;
            let pause = context.backoff(key.clone());
            // The end of a namespace is told once, when it is noticed.
            if !error.tells_of_an_end() {
                let (namespace, told) = (&*context.namespace, error.told());
                tracing::warn!(namespace, object = %key, "{told}; tried again in {pause:?}");
            }
            Action::requeue(pause)
        }
    }
}

/// What is to be looked at again, and when: each name once.
#[derive(Debug, Default)]
struct Later {
    order: BTreeSet<(Instant, Arc<str>)>,
    times: HashMap<Arc<str>, Instant>,
}

impl Later {
    fn put(&mut self, name: Arc<str>, at: Instant) {
        self.forget(&name);
        self.order.insert((at, name.clone()));
        self.times.insert(name, at);
    }

    fn forget(&mut self, name: &Arc<str>) {
        if let Some(at) = self.times.remove(name) {
            self.order.remove(&(at, name.clone()));
        }
    }

    /// Returns when the first is due; never if there is none.
    async fn due(&self) {
        match self.order.first() {
            Some((at, _)) => sleep_until(*at).await,
            None => std::future::pending().await,
        }
    }

    /// Takes out those that are due by now.
    fn take(&mut self, now: Instant) -> impl Iterator<Item = Arc<str>> {
        std::iter::from_fn(move || {
            let (at, _) = self.order.first()?;
            if *at > now {
                return None;
            }
            let (_, name) = self.order.pop_first()?;
            self.times.remove(&name);
            Some(name)
        })
    }
}

/// Lets all objects go if it is the end of their namespace that kept something from being made.
async fn farewell(context: &Context, error: &Error) {
    if error.tells_of_an_end()
        && !context.goes()
        && let Err(error) = deletion::notice(context).await
    {
        let (namespace, told) = (&*context.namespace, error.told());
        tracing::warn!(
            namespace,
            "objects hold up the end of their namespace: {told}"
        );
    }
}

/// Nothing more to do until something changes.
pub const fn settled() -> Action {
    Action(None)
}

/// To be looked at again, since what is waited for tells nobody when it changes.
pub const fn later() -> Action {
    Action::requeue(LATER)
}

const LATER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_off_comes_in_its_turn_and_once() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut later = Later::default();
        later.put("mary".into(), after(30));
        later.put("john".into(), after(20));
        later.put("mary".into(), after(10));
        later.put("anna".into(), after(5));
        later.forget(&"anna".into());
        let mut due = |at| later.take(at).map(|it| it.to_string()).collect::<Vec<_>>();
        assert!(due(after(9)).is_empty());
        assert_eq!(due(after(40)), ["mary", "john"]);
        assert!(due(after(40)).is_empty());
        assert!(later.times.is_empty());
    }
}
