//! The last step of every reconcile: what was found goes into the status, and to people as Events.
use std::sync::Arc;

use crds::{
    Kind, ObjectRef, Problem, Severity,
    conditions::{ConditionType, Reason},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::{Map, Value};

use crate::{
    caches::Cache,
    conditions::{Finding, accepted, find, news, sentence},
    context::Context,
    error::Error,
    ours::Ours,
    restored::made_for,
};

/// What is wrong with the object, or nothing if it was not judged in its present generation yet.
pub fn problems<K: Ours>(context: &Context, object: &K) -> Option<Vec<Problem>> {
    let snapshot = context.snapshot();
    Some(snapshot.problems(object)?.to_vec())
}

/// Writes `Accepted`, `further` findings and `more` fields, if anything differs. What comes into the message of `Accepted`
/// becomes an Event, once; nobody needs to mend what is going.
pub async fn conclude<K: Ours>(
    context: &Context,
    manager: &str,
    object: &Arc<K>,
    problems: &[Problem],
    further: Vec<Finding>,
    more: Map<String, Value>,
) -> Result<(), Error> {
    let mut findings = vec![accepted(problems)];
    findings.extend(further);
    if !context
        .write_status(manager, &**object, &findings, more)
        .await?
        || is_going(context, &**object)
    {
        return Ok(());
    }
    let before = find(object.conditions(), ConditionType::Accepted);
    for problem in news(problems, before.map(|it| it.message.as_str())) {
        let reason = problem.reason.as_str();
        context.warn(&**object, reason, sentence(problem)).await;
    }
    Ok(())
}

/// Whether the object is being deleted, or will be with what it was made for, as far as is known; or waits for that, which is
/// being restored.
pub fn is_going<K: Ours>(context: &Context, object: &K) -> bool {
    let meta = object.meta();
    let mut owners = meta.owner_references.iter().flatten();
    let owner = owners.find(|it| it.controller == Some(true));
    context.goes()
        || meta.deletion_timestamp.is_some()
        || owner.is_some_and(|owner| goes(context, owner))
        || made_for(object).is_some_and(|owner| is_to_come(context, &owner))
}

/// Whether somebody is restored after what was made for him.
fn is_to_come(context: &Context, owner: &ObjectRef) -> bool {
    owner.kind == Kind::User && context.caches.users.get(&owner.name).is_none()
}

fn goes(context: &Context, owner: &OwnerReference) -> bool {
    fn gone<K: Ours>(cache: &Cache<K>, owner: &OwnerReference) -> bool {
        cache.get(&owner.name).is_none_or(|it| {
            let meta = it.meta();
            meta.uid.as_ref() != Some(&owner.uid) || meta.deletion_timestamp.is_some()
        })
    }
    let is = |kind: Kind| owner.kind == kind.as_str() && owner.api_version.starts_with(crds::GROUP);
    (is(Kind::User) && gone(&context.caches.users, owner))
        || (is(Kind::PhoneSystem) && gone(&context.caches.phone_systems, owner))
}

/// Tells an object what the API server refuses to make for it: by `Ready`, and by an Event when that is news.
pub async fn refused<K: Ours>(
    context: &Context,
    manager: &str,
    object: &Arc<K>,
    error: &Error,
    more: Map<String, Value>,
) -> Result<(), Error> {
    if !error.is_refusal() {
        return Ok(());
    }
    let Some(problems) = problems(context, &**object) else {
        return Ok(());
    };
    let message = format!("{}; it is tried again", error.told());
    let before = find(object.conditions(), ConditionType::Ready);
    if before.is_none_or(|it| it.message != message) {
        let reason = Reason::ApplyFailed.as_str();
        context.warn(&**object, reason, error.told()).await;
    }
    let ready = Finding::no(ConditionType::Ready, Reason::ApplyFailed, message);
    conclude(context, manager, object, &problems, vec![ready], more).await
}

/// `Ready=False` of an object that cannot become ready before it is accepted.
pub fn not_accepted(problems: &[Problem]) -> Option<Finding> {
    let first = problems.iter().find(|it| it.severity == Severity::Error)?;
    Some(Finding::no(
        ConditionType::Ready,
        first.reason,
        "it is not accepted yet; the condition Accepted says what to do",
    ))
}

/// `Ready` of an object that lacks something, with the reason for which it was not accepted, if it was not.
pub fn lacking(problems: &[Problem], reasons: &[Reason], message: &str) -> Finding {
    let known: Vec<Problem> = problems
        .iter()
        .filter(|problem| reasons.contains(&problem.reason))
        .cloned()
        .collect();
    not_accepted(&known)
        .unwrap_or_else(|| Finding::no(ConditionType::Ready, Reason::Loading, message))
}
