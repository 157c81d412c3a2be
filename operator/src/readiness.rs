//! `Ready`: whether every live worker has loaded an object and the credentials that belong to it.
use crds::{
    PhoneSystem, Problem, Severity,
    conditions::{ConditionType, Reason},
    credentials::{SHARD_ENTRY, shard_name, shard_of},
    report::Report,
};
use kube::{Resource, ResourceExt};

use crate::{
    awaited::Awaited,
    conditions::{Finding, find, holds},
    context::Context,
    credentials::Compiled,
    ours::{Ours, generation},
    status::not_accepted,
    versions::reaches,
};

/// Something that must be loaded before an object is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its UID; none if it does not exist yet.
    pub uid: Option<String>,
    /// Its generation.
    pub generation: i64,
}

/// Credentials that must be loaded before an object is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential<'a> {
    /// The PIN of this User.
    User(&'a str),
    /// The password of this Handset.
    Handset(&'a str),
    /// The password of this Trunk.
    Trunk(&'a str),
}

/// A shard as it is stored and as workers must have loaded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredShard {
    number: u32,
    resource_version: String,
}

impl Part {
    /// An object as it is.
    pub fn of<K: Resource>(object: &K) -> Self {
        Self {
            uid: object.meta().uid.clone(),
            generation: generation(object),
        }
    }

    /// Whether this worker has loaded it in this generation or a newer one.
    pub fn loaded_by(&self, report: &Report) -> bool {
        let loaded = self.uid.as_ref().and_then(|uid| report.generation(uid));
        loaded.is_some_and(|loaded| loaded >= self.generation)
    }
}

impl Credential<'_> {
    /// Whose it is.
    const fn name(&self) -> &str {
        match self {
            Self::User(name) | Self::Handset(name) | Self::Trunk(name) => name,
        }
    }
}

impl StoredShard {
    /// Whether this worker has loaded it in this version or a newer one.
    pub fn loaded_by(&self, report: &Report) -> bool {
        let Some(loaded) = report.credentials.get(&self.number) else {
            return false;
        };
        reaches(loaded, &self.resource_version)
    }
}

/// Whether an object is ready, and what it waits for first if it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The condition `Ready`.
    pub finding: Finding,
    /// What would change it.
    pub awaits: Awaited,
}

impl Readiness {
    fn new(finding: Finding, awaits: Awaited) -> Self {
        Self { finding, awaits }
    }
}

/// Whatever a worker tells may change it.
impl From<Finding> for Readiness {
    fn from(finding: Finding) -> Self {
        Self::new(finding, Awaited::News)
    }
}

/// What an object's readiness is judged by, beside what workers have loaded.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// What is wrong with it.
    pub problems: &'a [Problem],
    /// Whether it is in doubt what its status says: as its [queue](crate::queues::Queue::judge) knows.
    pub doubted: bool,
}

/// Whether the stored status says that this object is ready as it is now.
pub fn is_ready<K: Ours>(object: &K) -> bool {
    holds(
        object.conditions(),
        ConditionType::Ready,
        generation(object),
    )
}

/// Whether an object is ready; one of which nothing is in force is not. One that was ready in this generation stays so
/// under the same telephone system, as long as it may use its Secrets: a worker that comes later loads it before it serves
/// anybody, and thousands of objects need not be written when a worker is replaced.
pub fn ready<K: Ours>(
    context: &Context,
    object: &K,
    judged: Judged<'_>,
    parts: &[Part],
    credentials: &[Credential<'_>],
) -> Readiness {
    if let Some(found) = left_out(judged.problems) {
        return found.into();
    }
    let snapshot = context.snapshot();
    if stays(context, object, judged, snapshot.system.as_deref()) {
        return loaded(judged.problems).into();
    }
    let Some(system) = &snapshot.system else {
        let found = Finding::no(
            ConditionType::Ready,
            Reason::NoPhoneSystem,
            "there is no PhoneSystem in this namespace; create one",
        );
        return found.into();
    };
    let mut shards = Vec::with_capacity(credentials.len());
    for credential in credentials {
        let Some(shard) = stored_shard(context, &system.name_any(), *credential) else {
            let awaits = Awaited::Stored(shard_of(credential.name()));
            return Readiness::new(loading("its credentials are being made"), awaits);
        };
        shards.push(shard);
    }
    let live = context.reports.live(system);
    if live.is_empty() {
        return no_worker(&system.name_any()).into();
    }
    let awaited = parts.iter().cloned().map(Awaited::Object);
    let mut awaited = awaited.chain(shards.into_iter().map(Awaited::Shard));
    match awaited.find(|it| !it.has_come(&live)) {
        Some(awaits) => Readiness::new(loading("a worker has not loaded it yet"), awaits),
        None => loaded(judged.problems).into(),
    }
}

/// Whether what was found before holds without another look at the workers.
fn stays<K: Ours>(
    context: &Context,
    object: &K,
    judged: Judged<'_>,
    system: Option<&PhoneSystem>,
) -> bool {
    let mut problems = judged.problems.iter();
    let lacks_secret =
        problems.any(|it| it.severity == Severity::Error && SECRETS.contains(&it.reason));
    if judged.doubted || lacks_secret || !is_ready(object) {
        return false;
    }
    let Some(system) = system else {
        // Nothing is known of one that cannot be read, and workers go on with it.
        return context.caches.phone_systems.has_unreadable();
    };
    // Whoever was ready before this system was made was so under another.
    let since = find(object.conditions(), ConditionType::Ready).map(|it| &it.last_transition_time);
    since.map(|it| it.0) >= system.metadata.creation_timestamp.as_ref().map(|it| it.0)
}

/// The shard in which this credential lies, if it is stored as it should be.
fn stored_shard(
    context: &Context,
    system: &str,
    credential: Credential<'_>,
) -> Option<StoredShard> {
    let number = shard_of(credential.name());
    let snapshot = context.snapshot();
    let compiled = snapshot.shards.get(number as usize)?;
    if !compiled.has(credential) {
        return None;
    }
    let resource_version = stored_version(context, system, number, compiled)?;
    Some(StoredShard {
        number,
        resource_version,
    })
}

/// The version in which this shard is stored, if it is stored as it was compiled.
pub fn stored_version(
    context: &Context,
    system: &str,
    number: u32,
    compiled: &Compiled,
) -> Option<String> {
    let stored = context.caches.secrets.get(&shard_name(system, number))?;
    let is_stored = stored.bytes(SHARD_ENTRY)? == compiled.json;
    is_stored.then(|| stored.resource_version())?
}

/// What is wrong with an object that may not use a Secret it refers to, or could not use what is in it.
pub const SECRETS: &[Reason] = &[
    Reason::SecretMissing,
    Reason::SecretNotLabelled,
    Reason::WeakPin,
];

/// `Ready` of an object that every worker has loaded. Where that is true of a part only, the reason is why: it is what
/// `kubectl get` shows.
pub fn loaded(problems: &[Problem]) -> Finding {
    let mut problems = problems.iter();
    let (reason, message) = match problems.find(|it| it.severity == Severity::Error) {
        None => (Reason::Loaded, "every worker has loaded it"),
        Some(first) => (
            first.reason,
            "every worker has loaded what of it is accepted; the condition Accepted names the rest",
        ),
    };
    Finding::yes(ConditionType::Ready, reason, message)
}

/// `Ready` of an object of which nothing is in force, however often it is loaded.
fn left_out(problems: &[Problem]) -> Option<Finding> {
    let whole = problems.iter().find(|it| it.leaves_out)?;
    not_accepted(std::slice::from_ref(whole))
}

fn loading(message: &str) -> Finding {
    Finding::no(ConditionType::Ready, Reason::Loading, message)
}

fn no_worker(system: &str) -> Finding {
    let message = format!("no worker is running; run: kubectl describe phonesystem {system}");
    Finding::no(ConditionType::Ready, Reason::NoWorker, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_says_why_an_object_is_in_force_in_part_or_not_at_all() {
        let route = crds::ObjectRef::new(crds::Kind::CallRoute, "a");
        let gone = Problem::error(route.clone(), "spec.finally", Reason::NotFound);
        let warned = Problem::warning(route.clone(), "spec", Reason::Overlap);
        let round = Problem::error(route, "spec", Reason::RoutingLoop).leaving_out();
        let found = |problems: &[Problem]| {
            let found = left_out(problems).unwrap_or_else(|| loaded(problems));
            (found.holds, found.reason)
        };
        assert_eq!(found(&[]), (Some(true), Reason::Loaded));
        let warned = std::slice::from_ref(&warned);
        assert_eq!(found(warned), (Some(true), Reason::Loaded));
        let part = std::slice::from_ref(&gone);
        assert_eq!(found(part), (Some(true), Reason::NotFound));
        assert_eq!(found(&[gone, round]), (Some(false), Reason::RoutingLoop));
    }

    #[test]
    fn credentials_are_loaded_once_a_worker_has_this_version_or_a_newer_one() {
        let shard = StoredShard {
            number: 3,
            resource_version: "100".to_owned(),
        };
        let loaded = |version: &str| {
            let credentials = [(3, version.to_owned())].into();
            shard.loaded_by(&Report {
                credentials,
                ..Report::default()
            })
        };
        assert!(!loaded("99"));
        assert!(loaded("100"));
        assert!(loaded("1000"));
        assert!(!shard.loaded_by(&Report::default()));
    }
}
