//! What a User is told of himself.
use std::sync::Arc;

use crds::{Handset, Presence, Severity, User, conditions::Reason};
use kube::ResourceExt;
use serde_json::{Map, Value, json};

use super::{Found, MANAGER};
use crate::{
    context::Context,
    error::Error,
    readiness::{Credential, Judged, Part, Readiness, SECRETS, ready},
    status::{conclude, lacking, problems},
};

/// Writes the status, once the User has been judged as he is now.
pub(super) async fn status(
    context: &Context,
    user: &Arc<User>,
    found: &Found,
) -> Result<(), Error> {
    let Some(problems) = problems(context, &**user) else {
        return Ok(());
    };
    let queue = &context.queues.users;
    let ready = queue.judge(&user.name_any(), |doubted| {
        let problems = &problems;
        readiness(context, user, found, Judged { problems, doubted })
    });
    let more = more(user, found);
    conclude(context, MANAGER, user, &problems, vec![ready], more).await
}

/// Writes the status of a User for whom something could not be made.
pub(super) async fn refused(
    context: &Context,
    user: &Arc<User>,
    found: &Found,
    error: &Error,
) -> Result<(), Error> {
    crate::status::refused(context, MANAGER, user, error, more(user, found)).await
}

fn more(user: &User, found: &Found) -> Map<String, Value> {
    let presence = json!(presence(user, found));
    [("presence".to_owned(), presence)].into_iter().collect()
}

/// What the manifest says is binding; otherwise he chose it himself.
fn presence(user: &User, found: &Found) -> Presence {
    let chosen = found.settings.as_ref().and_then(|it| it.spec.presence);
    user.spec.presence.or(chosen).unwrap_or_default()
}

fn readiness(context: &Context, user: &User, found: &Found, judged: Judged<'_>) -> Readiness {
    let problems = judged.problems;
    let name = user.name_any();
    let mut parts = vec![Part::of(user)];
    if user.spec.extension.is_some() {
        match found.granted(user) {
            Some(extension) => parts.push(Part::of(&**extension)),
            None => return lacking(problems, NUMBER, "his number is being made").into(),
        }
    }
    if found.handsets.is_empty() && found.namesake.is_none() {
        return lacking(problems, &[], "his handset is being made").into();
    }
    let usable = found.handsets.iter().filter(|it| is_usable(context, it));
    let handsets: Vec<String> = usable.map(|it| it.name_any()).collect();
    parts.extend(found.handsets.iter().map(|handset| Part::of(&**handset)));
    let mut credentials = vec![Credential::User(&name)];
    credentials.extend(handsets.iter().map(|it| Credential::Handset(it)));
    let mut found = ready(context, user, judged, &parts, &credentials);
    if found.finding.reason == Reason::Loading {
        found.finding = lacking(problems, SECRETS, &found.finding.message);
    }
    found
}

/// Whether nothing is wrong with a Handset of his. Of one that has no password there are no credentials to wait for; its
/// own conditions say what to do about it, and he has his mailbox and other phones.
fn is_usable(context: &Context, handset: &Handset) -> bool {
    let snapshot = context.snapshot();
    let problems = snapshot.problems(handset).unwrap_or_default();
    problems.iter().all(|it| it.severity != Severity::Error)
}

/// Why a number is not granted.
const NUMBER: &[Reason] = &[Reason::NumberTaken, Reason::InvalidValue];
