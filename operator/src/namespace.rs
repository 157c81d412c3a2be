//! Everything that runs for one namespace: watches, the compiler, controllers.
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::{
    caches::Cache,
    context::Context,
    controller::{self, Reconcile},
    handsets,
    ours::Ours,
    phone_system, plain, reports, triggers, trunks, unreadable, users,
};

/// Reconciles a namespace until dropped.
pub async fn run(context: Arc<Context>) {
    let all = watches(&context)
        .into_iter()
        .chain(made(&context))
        .chain(controllers(&context))
        .chain([
            Box::pin(triggers::compile(context.clone())) as BoxFuture<'_, ()>,
            Box::pin(reports::follow(context.clone())),
            Box::pin(unreadable::tell_all(context.clone())),
        ]);
    tracing::info!(namespace = &*context.namespace, "reconciling");
    futures::future::join_all(all).await;
}

/// Our Kinds, and the Secrets they refer to.
fn watches(context: &Arc<Context>) -> Vec<BoxFuture<'_, ()>> {
    let caches = &context.caches;
    vec![
        alone(context, &caches.phone_systems),
        alone(context, &caches.users),
        Box::pin(triggers::ours(
            context,
            &caches.user_settings,
            |settings, _| triggers::of_settings(settings),
        )),
        Box::pin(triggers::ours(
            context,
            &caches.handsets,
            |handset, gone| triggers::of_handset(context, handset, gone),
        )),
        Box::pin(triggers::ours(
            context,
            &caches.extensions,
            |extension, gone| triggers::of_extension(context, extension, gone),
        )),
        alone(context, &caches.call_routes),
        alone(context, &caches.conferences),
        alone(context, &caches.trunks),
        alone(context, &caches.auto_attendants),
        alone(context, &caches.call_queues),
        alone(context, &caches.call_monitors),
        alone(context, &caches.message_aliases),
        alone(context, &caches.distribution_lists),
        Box::pin(triggers::secrets(context)),
    ]
}

/// What is made for a `PhoneSystem`.
fn made(context: &Arc<Context>) -> Vec<BoxFuture<'_, ()>> {
    let made = &context.caches.made;
    vec![
        Box::pin(triggers::made(context, &made.pods)),
        Box::pin(triggers::made(context, &made.services)),
        Box::pin(triggers::made(context, &made.claims)),
        Box::pin(triggers::made(context, &made.service_accounts)),
        Box::pin(triggers::made(context, &made.roles)),
        Box::pin(triggers::made(context, &made.role_bindings)),
        Box::pin(triggers::made(context, &made.disruption_budgets)),
        Box::pin(triggers::made(context, &made.network_policies)),
    ]
}

/// One for each Kind.
fn controllers(context: &Arc<Context>) -> Vec<BoxFuture<'_, ()>> {
    let (caches, queues) = (&context.caches, &context.queues);
    macro_rules! start {
        ($list:ident, $at_once:expr, $reconcile:path) => {
            Box::pin(controller::run(
                context.clone(),
                &caches.$list,
                &queues.$list,
                $at_once,
                |object, context| -> Reconcile { Box::pin($reconcile(object, context)) },
            ))
        };
    }
    vec![
        start!(phone_systems, ONE_BY_ONE, phone_system::reconcile),
        start!(users, MANY, users::reconcile),
        start!(user_settings, MANY, plain::user_settings),
        start!(handsets, MANY, handsets::reconcile),
        start!(extensions, MANY, plain::extension),
        start!(call_routes, MANY, plain::call_route),
        start!(conferences, FEW, plain::unavailable),
        start!(trunks, FEW, trunks::reconcile),
        start!(auto_attendants, FEW, plain::auto_attendant),
        start!(call_queues, FEW, plain::unavailable),
        start!(call_monitors, FEW, plain::unavailable),
        start!(message_aliases, FEW, plain::message_alias),
        start!(distribution_lists, FEW, plain::unavailable),
    ]
}

/// Watches a Kind whose objects concern no other's controller.
fn alone<'a, K: Ours>(context: &'a Context, cache: &'a Cache<K>) -> BoxFuture<'a, ()> {
    Box::pin(triggers::ours(context, cache, |_, _| Vec::new()))
}

/// A namespace has one telephone system.
const ONE_BY_ONE: usize = 1;
/// As many as keep the API server busy without hurting others.
const MANY: usize = 16;
/// Of which there are few.
const FEW: usize = 4;
