//! The controllers of Kinds for which nothing is made: they are told whether they are valid and in force.
use std::sync::Arc;

use crds::{
    AutoAttendant, CallRoute, Extension, MessageAlias, UserSettings,
    conditions::{ConditionType, Reason},
    extension::ExtensionTarget,
};
use kube::ResourceExt;
use serde_json::{Map, Value, json};

use crate::{
    conditions::Finding,
    context::Context,
    controller::{Action, settled},
    error::Error,
    ours::Ours,
    queues::Queue,
    readiness::{Judged, Part, ready},
    status::{conclude, problems},
};

/// Tells an Extension what answers it.
pub async fn extension(extension: Arc<Extension>, context: Arc<Context>) -> Result<Action, Error> {
    let mut more = Map::new();
    more.insert("target".to_owned(), target(&extension.spec.target));
    let queue = &context.queues.extensions;
    loaded(&context, queue, &extension, more).await
}

/// Tells a `CallRoute` whether it is in force.
pub async fn call_route(route: Arc<CallRoute>, context: Arc<Context>) -> Result<Action, Error> {
    loaded(&context, &context.queues.call_routes, &route, Map::new()).await
}

/// Tells an `AutoAttendant` whether it is in force. Which of its hours it is, the worker tells.
pub async fn auto_attendant(
    attendant: Arc<AutoAttendant>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let queue = &context.queues.auto_attendants;
    loaded(&context, queue, &attendant, Map::new()).await
}

/// Tells a `MessageAlias` whether it is in force.
pub async fn message_alias(
    alias: Arc<MessageAlias>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let queue = &context.queues.message_aliases;
    loaded(&context, queue, &alias, Map::new()).await
}

/// Tells `UserSettings` whether they are valid.
pub async fn user_settings(
    settings: Arc<UserSettings>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    if let Some(problems) = problems(&context, &*settings) {
        conclude(
            &context,
            MANAGER,
            &settings,
            &problems,
            Vec::new(),
            Map::new(),
        )
        .await?;
    }
    Ok(settled())
}

/// Tells an object of a Kind without behaviour in this version whether it is valid, and that nothing comes of it yet.
pub async fn unavailable<K: Ours>(object: Arc<K>, context: Arc<Context>) -> Result<Action, Error> {
    if let Some(problems) = problems(&context, &*object) {
        let message = format!(
            "this version does nothing for a {} yet; it is kept",
            K::KIND
        );
        let ready = Finding::no(ConditionType::Ready, Reason::NotAvailableYet, message);
        conclude(
            &context,
            MANAGER,
            &object,
            &problems,
            vec![ready],
            Map::new(),
        )
        .await?;
    }
    Ok(settled())
}

/// `Accepted`, and `Ready` once every worker has loaded it.
async fn loaded<K: Ours>(
    context: &Context,
    queue: &Queue,
    object: &Arc<K>,
    more: Map<String, Value>,
) -> Result<Action, Error> {
    if object.meta().deletion_timestamp.is_none()
        && let Some(problems) = problems(context, &**object)
    {
        let found = queue.judge(&object.name_any(), |doubted| {
            let problems = &problems;
            let judged = Judged { problems, doubted };
            ready(context, &**object, judged, &[Part::of(&**object)], &[])
        });
        conclude(context, MANAGER, object, &problems, vec![found], more).await?;
    }
    Ok(settled())
}

/// In words: `user mary`.
fn target(target: &ExtensionTarget) -> Value {
    let named = [
        ("user", &target.user),
        ("route", &target.call_route),
        ("conference", &target.conference),
        ("attendant", &target.auto_attendant),
        ("queue", &target.queue),
        ("monitor", &target.monitor),
        ("alias", &target.alias),
    ];
    let mut words = named
        .into_iter()
        .filter_map(|(what, name)| Some(format!("{what} {}", name.as_ref()?.name)));
    if let Some(words) = words.next() {
        json!(words)
    } else if target.conference_center.is_some() {
        json!("conference center")
    } else if target.message_center.is_some() {
        json!("message center")
    } else {
        Value::Null
    }
}

/// Who writes these statuses.
pub(crate) const MANAGER: &str = "switchboard-operator-status";
