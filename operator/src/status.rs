//! The last step of every reconcile: what was found goes into the status, and to people as Events.
use std::sync::Arc;

use crds::{
    Problem, Severity,
    conditions::{ConditionType, Reason},
};
use serde_json::{Map, Value};

use crate::{
    conditions::{Finding, accepted, find, sentence},
    context::Context,
    error::Error,
    ours::{Ours, generation},
};

/// What is wrong with the object, or nothing if it was not judged in its present generation yet.
pub fn problems<K: Ours>(context: &Context, object: &K) -> Option<Vec<Problem>> {
    let snapshot = context.snapshot();
    Some(snapshot.problems(object)?.to_vec())
}

/// Writes `Accepted`, `further` findings and `more` fields, if anything differs. What is news to people becomes an
/// Event, once.
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
    {
        return Ok(());
    }
    if let Some(accepted) = findings.first()
        && accepted.holds == Some(false)
        && find(object.conditions(), ConditionType::Accepted)
            .is_none_or(|it| it.status != "False" || it.message != accepted.message)
    {
        let reason = accepted.reason.as_str();
        context
            .warn(&**object, reason, accepted.message.clone())
            .await;
    }
    if object.observed_generation() != Some(generation(&**object)) {
        for warning in problems
            .iter()
            .filter(|it| it.severity == Severity::Warning)
        {
            let reason = warning.reason.as_str();
            context.warn(&**object, reason, sentence(warning)).await;
        }
    }
    Ok(())
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
