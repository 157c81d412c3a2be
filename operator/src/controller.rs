//! Runs a controller: takes what is to be reconciled from its queue, and what fails again later.
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use kube::runtime::{
    applier,
    controller::{self, Action},
};

use crate::{
    caches::Cache,
    context::Context,
    deletion,
    error::Error,
    ours::{Ours, object_ref},
    queues::Queue,
};

/// One reconcile, begun.
pub type Reconcile = Pin<Box<dyn Future<Output = Result<Action, Error>> + Send>>;

/// Reconciles what the queue yields, until dropped: no object twice at a time, and `at_once` of them together.
///
/// [`kube::runtime::Controller`] would watch each Kind once more for each controller that needs it; this is its inner
/// part, fed from the shared caches.
pub async fn run<K>(
    context: Arc<Context>,
    cache: &Cache<K>,
    queue: &Queue<K>,
    at_once: u16,
    reconcile: fn(Arc<K>, Arc<Context>) -> Reconcile,
) where
    K: Ours + Unpin,
{
    let measured = move |object: Arc<K>, context: Arc<Context>| -> Reconcile {
        Box::pin(async move {
            let began = Instant::now();
            let object = K::cache(&context.caches).newest(object);
            let key = object_ref(&*object);
            let done = reconcile(object, context.clone()).await;
            context
                .metrics
                .reconciled(K::KIND, began.elapsed(), done.is_ok());
            match &done {
                Ok(_) => context.succeeded(&key),
                Err(error) => farewell(&context, error).await,
            }
            done
        })
    };
    let failed = |object: Arc<K>, error: &Error, context: Arc<Context>| {
        let object = object_ref(&*object);
        let pause = context.backoff(object.clone());
        tracing::warn!(%object, "{error}; tried again in {pause:?}");
        Action::requeue(pause)
    };
    let config = controller::Config::default().concurrency(at_once);
    let requests = queue.requests();
    applier(measured, failed, context, cache.store(), requests, config)
        .for_each(|_| std::future::ready(()))
        .await;
}

/// Lets all objects go if it is the end of their namespace that kept something from being made.
async fn farewell(context: &Context, error: &Error) {
    if error.tells_of_an_end()
        && !context.goes()
        && let Err(error) = deletion::notice(context).await
    {
        let namespace = &*context.namespace;
        tracing::warn!(
            namespace,
            "objects hold up the end of their namespace: {error}"
        );
    }
}

/// Nothing more to do until something changes.
pub fn settled() -> Action {
    Action::await_change()
}

/// To be looked at again, since what is waited for tells nobody when it changes.
pub fn later() -> Action {
    Action::requeue(LATER)
}

const LATER: Duration = Duration::from_secs(30);
