//! The controller of `PhoneSystem`s: from a specification to running workers.
pub mod addresses;
mod apply;
pub mod build;
mod dereference;
pub mod keys;
mod monitoring;
mod spool;
mod status;
mod unready;
pub mod worker;

use std::{sync::Arc, time::Duration};

use crds::{PhoneSystem, conditions::Reason};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use self::{
    build::{SLOT, build},
    dereference::Found,
    status::Course,
    worker::Step,
};
use crate::{
    context::Context,
    controller::{Action, settled},
    deletion,
    error::Error,
    looking::look,
    names,
    ours::object_ref,
    references::{Labelled, mounted, of_system},
    status::problems,
};

/// Who applies what this controller makes.
pub const MANAGER: &str = "switchboard-operator-phonesystem";

/// Brings what belongs to this system into the state it should be in.
pub async fn reconcile(system: Arc<PhoneSystem>, context: Arc<Context>) -> Result<Action, Error> {
    if context.goes() || worker_is_going(&context, &system) {
        deletion::notice(&context).await?;
    }
    if system.metadata.deletion_timestamp.is_some() {
        return deletion::system(&context, &system).await;
    }
    look(&context, &object_ref(&*system), &of_system(&system)).await?;
    let Some(problems) = problems(&context, &*system) else {
        return Ok(settled());
    };
    if problems.iter().any(|it| it.reason == Reason::NotOldest) {
        status::not_in_force(&context, &system, &problems).await?;
        return Ok(settled());
    }
    let held = deletion::holds_system(&context, &system);
    deletion::hold(&context, &*system, held).await?;
    let desired = build(&system, &context.options)?;
    let applied = Box::pin(apply::apply(&context, &system, &desired)).await;
    let found = Found::of(&system, &context).await?;
    let step = worker::step(&worker::Situation {
        current: found.pod.as_deref(),
        desired: desired.pod.as_ref(),
        may_start: !mounts_unlabelled(&context, &system),
        report: found.report.as_deref(),
        waiting_since: worker::waiting_since(&system),
        drain: system.spec.workers.drain_timeout.get(),
        now: Timestamp::now(),
    });
    let stepped = apply::step(&context, &system, &desired, &found, step).await;
    // Where something is refused that the Pod needs, so is the Pod.
    let done = applied.and(stepped);
    let complete = if found.is_yet_to_be_heard(&context) {
        false
    } else {
        let course = Course {
            step,
            refused: done.as_ref().err().filter(|error| error.is_refusal()),
        };
        status::status(&context, &system, &problems, &found, &desired, course).await?
    };
    done?;
    tracing::debug!(system = system.name_any(), ?step, "reconciled");
    Ok(next_look(step, complete))
}

/// Whether the worker is on its way out, as the first of all where a namespace is deleted.
fn worker_is_going(context: &Context, system: &PhoneSystem) -> bool {
    let pod = names::pod(&system.name_any(), SLOT);
    let pod = context.caches.made.pods.get(&pod);
    pod.is_some_and(|pod| pod.metadata.deletion_timestamp.is_some())
}

/// Whether a worker would mount a Secret that lacks the label for it. What is known by now counts: the snapshot may be
/// older than the look at the Secret. One that is missing keeps no worker from starting, since it is mounted if it is there.
fn mounts_unlabelled(context: &Context, system: &PhoneSystem) -> bool {
    let references = mounted(system);
    let stored = references
        .iter()
        .filter_map(|it| context.caches.secrets.get(&it.secret));
    let stored: Vec<_> = stored.collect();
    let secrets = stored.iter().map(|it| &**it);
    let unlabelled = context.unlabelled();
    let labelled = Labelled::new(&context.namespace, secrets, &unlabelled);
    let mut problems = references.iter().filter_map(|it| labelled.problem(it));
    problems.any(|it| it.reason == Reason::SecretNotLabelled)
}

/// When to look again if nothing changes before.
fn next_look(step: Step, complete: bool) -> Action {
    let soon = if complete {
        REGULARLY
    } else {
        status::FIGURES_AT_MOST_EVERY
    };
    Action::requeue(match step {
        Step::Wait { at_most } => at_most.min(soon),
        Step::Keep | Step::Held | Step::Create | Step::Delete | Step::Going => soon,
    })
}

/// Names of load balancers are resolved anew, and `PodMonitor`s looked for.
const REGULARLY: Duration = Duration::from_mins(1);
