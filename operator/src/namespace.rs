//! Everything that runs for one namespace: watches, the compiler, controllers.
use std::sync::Arc;

use crds::{CallRoute, Extension, Handset, PhoneSystem, User, UserSettings};
use futures::future::BoxFuture;

use crate::{
    context::Context,
    controller::{self, Reconcile},
    handsets, phone_system, plain, reports, triggers, users,
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
        ]);
    tracing::info!(namespace = &*context.namespace, "reconciling");
    futures::future::join_all(all).await;
}

/// Our Kinds, and the Secrets they refer to.
fn watches(context: &Arc<Context>) -> Vec<BoxFuture<'_, ()>> {
    let caches = &context.caches;
    vec![
        Box::pin(triggers::ours(context, &caches.phone_systems, |_, _| {
            Vec::new()
        })),
        Box::pin(triggers::ours(context, &caches.users, |_, _| Vec::new())),
        Box::pin(triggers::ours(
            context,
            &caches.user_settings,
            |settings, _| triggers::of_settings(settings),
        )),
        Box::pin(triggers::ours(context, &caches.handsets, |handset, _| {
            triggers::of_handset(handset)
        })),
        Box::pin(triggers::ours(
            context,
            &caches.extensions,
            |extension, gone| triggers::of_extension(context, extension, gone),
        )),
        Box::pin(triggers::ours(context, &caches.call_routes, |_, _| {
            Vec::new()
        })),
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
    let start = || context.clone();
    vec![
        Box::pin(controller::run(
            start(),
            &caches.phone_systems,
            &queues.phone_systems,
            ONE_BY_ONE,
            |it: Arc<PhoneSystem>, context| -> Reconcile {
                Box::pin(phone_system::reconcile(it, context))
            },
        )),
        Box::pin(controller::run(
            start(),
            &caches.users,
            &queues.users,
            MANY,
            |it: Arc<User>, context| -> Reconcile { Box::pin(users::reconcile(it, context)) },
        )),
        Box::pin(controller::run(
            start(),
            &caches.user_settings,
            &queues.user_settings,
            MANY,
            |it: Arc<UserSettings>, context| -> Reconcile {
                Box::pin(plain::user_settings(it, context))
            },
        )),
        Box::pin(controller::run(
            start(),
            &caches.handsets,
            &queues.handsets,
            MANY,
            |it: Arc<Handset>, context| -> Reconcile { Box::pin(handsets::reconcile(it, context)) },
        )),
        Box::pin(controller::run(
            start(),
            &caches.extensions,
            &queues.extensions,
            MANY,
            |it: Arc<Extension>, context| -> Reconcile { Box::pin(plain::extension(it, context)) },
        )),
        Box::pin(controller::run(
            start(),
            &caches.call_routes,
            &queues.call_routes,
            MANY,
            |it: Arc<CallRoute>, context| -> Reconcile { Box::pin(plain::call_route(it, context)) },
        )),
    ]
}

/// A namespace has one telephone system.
const ONE_BY_ONE: u16 = 1;
/// As many as keep the API server busy without hurting others.
const MANY: u16 = 16;
