//! The operator goes with its namespace: nobody comes after it who could let objects go. Or another goes that it looks
//! after, and with it the operator's rights in it.
//!
//! Kubernetes deletes the Pods of a namespace first and waits for their end, so the rights to do this are still there.
use std::sync::Arc;

use crds::{PhoneSystem, User};
use kube::{Client, ResourceExt, api::ListParams};

use super::{FINALIZER, is_held, look_at_namespace, namespace_is_going, set_held};
use crate::{context::Context, error::Error, metrics::Metrics, options::Options, ours::Ours};

/// If the operator's namespace is going: lets all objects go that are held in those of its namespaces that are going too.
/// Their mailboxes stay in storage.
pub async fn farewell(client: &Client, options: &Arc<Options>, metrics: &Metrics) {
    // On the heap: a context is large, and this waits beside everything else.
    let of = |namespace: &str| {
        let context = Context::new(client.clone(), namespace, options.clone(), metrics.clone());
        Box::new(context)
    };
    if !namespace_is_going(&of(&options.namespace)).await {
        return;
    }
    for namespace in options.namespaces() {
        let context = of(&namespace);
        if !namespace_is_going(&context).await {
            continue;
        }
        let released = async {
            release_all::<User>(&context).await?;
            release_all::<PhoneSystem>(&context).await
        };
        if let Err(error) = released.await {
            tracing::error!(
                namespace,
                "objects hold up the end of their namespace: {}; remove the finalizer {FINALIZER} from them",
                error.told()
            );
        }
    }
}

/// Looks whether this namespace is being deleted, and if so lets all objects in it go, once: their mailboxes stay in
/// storage. For when something speaks for it, as the end of a worker.
pub async fn notice(context: &Context) -> Result<(), Error> {
    let Some(goes) = look_at_namespace(context).await else {
        return Ok(());
    };
    // Noted first, so that nobody holds anew what is let go here.
    let went = context.note_going(goes);
    if goes == went {
        return Ok(());
    }
    if !goes {
        // It went, and there is another of its name.
        for user in context.caches.users.all() {
            context.queues.users.push(&user.name_any());
        }
        return Ok(());
    }
    let released = async {
        release_all::<User>(context).await?;
        release_all::<PhoneSystem>(context).await
    };
    let released = released.await;
    if released.is_ok() {
        let namespace = &*context.namespace;
        tracing::info!(
            namespace,
            "the namespace is being deleted: nothing more is made in it"
        );
    } else {
        context.note_going(false);
    }
    released
}

async fn release_all<K: Ours>(context: &Context) -> Result<(), Error> {
    // Their names will do: an object that cannot be read must not hold up the others.
    let parameters = ListParams::default();
    let all = context.api::<K>().list_metadata(&parameters).await;
    let all = all.map_err(|error| Error::Api {
        doing: format!("list {}", K::KIND),
        error: Box::new(error),
    })?;
    for object in all.items.iter().filter(|object| is_held(&object.metadata)) {
        tracing::warn!(
            namespace = &*context.namespace,
            object = object.name_any(),
            "its namespace is going; its mailboxes stay in storage"
        );
        set_held::<K>(context, &object.metadata, false).await?;
    }
    Ok(())
}
