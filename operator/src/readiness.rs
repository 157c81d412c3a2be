//! `Ready`: whether every live worker has loaded an object and the credentials that belong to it.
use crds::{
    PhoneSystem, Problem,
    conditions::{ConditionType, Reason},
    credentials::{SHARD_ENTRY, shard_name, shard_of},
    report::Report,
};
use kube::{Resource, ResourceExt};

use crate::{
    conditions::{Finding, find, holds},
    context::Context,
    ours::{Ours, generation},
    reports::Missing,
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

/// Whether an object is ready. One that was ready in this generation stays so under the same telephone system, as long
/// as it may use its Secrets: a worker that comes later loads it before it serves anybody, and thousands of objects
/// need not be written when a worker is replaced.
pub fn ready<K: Ours>(
    context: &Context,
    object: &K,
    judged: Judged<'_>,
    parts: &[Part],
    credentials: &[Credential<'_>],
) -> Finding {
    let snapshot = context.snapshot();
    if stays(context, object, judged, snapshot.system.as_deref()) {
        return loaded();
    }
    let Some(system) = &snapshot.system else {
        return Finding::no(
            ConditionType::Ready,
            Reason::NoPhoneSystem,
            "there is no PhoneSystem in this namespace; create one",
        );
    };
    let mut shards = Vec::with_capacity(credentials.len());
    for credential in credentials {
        match stored_shard(context, &system.name_any(), *credential) {
            Some(shard) => shards.push(shard),
            None => return loading("its credentials are being made"),
        }
    }
    for part in parts {
        let uid = part.uid.as_deref();
        match context
            .reports
            .missing(system, uid, part.generation, &shards)
        {
            Missing::Nothing => {}
            Missing::Worker => return no_worker(&system.name_any()),
            Missing::Loading => return loading("a worker has not loaded it yet"),
        }
    }
    loaded()
}

/// Whether what was found before holds without another look at the workers.
fn stays<K: Ours>(
    context: &Context,
    object: &K,
    judged: Judged<'_>,
    system: Option<&PhoneSystem>,
) -> bool {
    let lacks_secret = judged
        .problems
        .iter()
        .any(|it| SECRETS.contains(&it.reason));
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
    let snapshot = context.snapshot();
    let (name, compiled) = match credential {
        Credential::User(name) => {
            let compiled = snapshot.shards.get(shard_of(name) as usize)?;
            (
                name,
                compiled
                    .shard
                    .users
                    .contains_key(name)
                    .then_some(compiled)?,
            )
        }
        Credential::Handset(name) => {
            let compiled = snapshot.shards.get(shard_of(name) as usize)?;
            (
                name,
                compiled
                    .shard
                    .handsets
                    .contains_key(name)
                    .then_some(compiled)?,
            )
        }
        Credential::Trunk(name) => {
            let compiled = snapshot.shards.get(shard_of(name) as usize)?;
            let has = compiled.shard.trunks.contains_key(name);
            (name, has.then_some(compiled)?)
        }
    };
    let number = shard_of(name);
    let stored = context.caches.secrets.get(&shard_name(system, number))?;
    let bytes = stored.data.as_ref()?.get(SHARD_ENTRY)?;
    (bytes.0 == compiled.json).then_some(StoredShard {
        number,
        resource_version: stored.resource_version()?,
    })
}

/// What is wrong with an object that may not use a Secret it refers to.
pub const SECRETS: &[Reason] = &[Reason::SecretMissing, Reason::SecretNotLabelled];

fn loaded() -> Finding {
    let message = "every worker has loaded it";
    Finding::yes(ConditionType::Ready, Reason::Loaded, message)
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
