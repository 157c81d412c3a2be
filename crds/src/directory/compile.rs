//! From stored objects to the directory and what is wrong with them.
//!
//! Objects are taken oldest first, then by name, so that of two that want the same the older has it, and so that the
//! result is a function of the objects alone. What is invalid is left out, and only that.
mod aliases;
mod attendants;
mod mail;
mod mailboxes;
mod numbers;
mod people;
mod phones;
mod references;
mod routes;
mod system;
mod targets;
mod trunks;

use std::collections::HashSet;

use kube::Resource;

pub use mailboxes::ADOPT_MAILBOX;

use super::Directory;
use crate::{
    Kind, ObjectRef, Objects, PhoneSystem, Problem, conditions::Reason, credentials,
    reference::SecretKeyRef, secrets, shared::Shared, validate,
};

/// Compiles the directory. The problems are sorted by object and field.
pub fn compile(objects: &Objects) -> (Directory, Vec<Problem>) {
    compile_with(objects, &secrets::Index::new(&objects.secrets))
}

/// The same with Secrets that are kept elsewhere than among the objects.
pub fn compile_with(
    objects: &Objects,
    secrets: &dyn secrets::Entries,
) -> (Directory, Vec<Problem>) {
    let mut problems = Vec::new();
    let credentials = credentials::Index::new(&objects.credentials);
    let known = Known {
        secrets,
        credentials: &credentials,
    };
    let system = system::compile(objects, &known, &mut problems);
    let mut zones = system::Zones::default();
    let people = in_order(&objects.users, Kind::User, &mut problems);
    let mut users = people::compile(objects, &people, &system, &known, &mut zones, &mut problems);
    let names = references::Names::of(objects);
    let mailboxes = mailboxes::adopt(&people, &mut users, &mut problems);
    let mut aliases = aliases::compile(objects, &users, &mut problems);
    let taking = numbers::Taking {
        users: &mut users,
        aliases: &mut aliases,
    };
    let extensions = numbers::compile(objects, &people, &system.entry, taking, &mut problems);
    let (accounts, usernames) = phones::compile(
        objects,
        &people,
        &system.entry,
        &mut users,
        &known,
        &mut problems,
    );
    let known_to_routes = routes::Known {
        users: &users,
        extensions: &extensions,
        handsets: &usernames,
        numbers: &system.entry.numbers,
        names: &names,
    };
    let compiled = routes::compile(objects, &known_to_routes, &mut problems);
    let targets = targets::Targets {
        users: &users,
        extensions: &extensions,
        names: &names,
    };
    let attendants =
        attendants::compile(objects, &system.entry, targets, &mut zones, &mut problems);
    let around = trunks::Around {
        system: &system.entry,
        targets,
        known: &known,
    };
    let trunks = trunks::compile(objects, &around, &mut problems);
    let known_to_numbers = numbers::Known {
        users: &users,
        aliases: &aliases,
        plans: &compiled.plans,
        names: &names,
    };
    numbers::check_targets(objects, &known_to_numbers, &mut problems);
    references::check(objects, targets, &mut zones, &mut problems);
    system::check_traces(objects, &users, &mut problems);
    problems.sort();
    problems.dedup();
    let directory = Directory {
        system: system.entry,
        users,
        mailboxes,
        accounts,
        usernames,
        extensions,
        aliases,
        attendants,
        routes: compiled.routes,
        plans: compiled.plans,
        default_plans: compiled.default_plans,
        trunks,
    };
    (directory, problems)
}

/// What phones and PINs are checked with: the Secrets themselves, or in the cluster what was compiled from them.
struct Known<'a> {
    secrets: &'a dyn secrets::Entries,
    credentials: &'a credentials::Index<'a>,
}

/// The `PhoneSystem` that is in force: the oldest, among equals the first by name.
pub(crate) fn oldest(systems: &[Shared<PhoneSystem>]) -> Option<&PhoneSystem> {
    let systems = systems.iter().map(|system| &**system);
    systems.min_by_key(|system| age_order(*system))
}

/// Sorts older before younger, then by name; objects without a time count as oldest.
fn age_order<K: Resource>(object: &K) -> (Option<jiff::Timestamp>, &str) {
    let meta = object.meta();
    (
        meta.creation_timestamp.as_ref().map(|time| time.0),
        meta.name.as_deref().unwrap_or_default(),
    )
}

/// Oldest first, each name once; a second object of the same name is reported and left out.
fn in_order<'a, K: Resource>(
    objects: &'a [Shared<K>],
    kind: Kind,
    problems: &mut Vec<Problem>,
) -> Vec<&'a K> {
    let mut seen = HashSet::with_capacity(objects.len());
    let mut ordered = Vec::with_capacity(objects.len());
    for object in objects.iter().map(|it| &**it) {
        let name = object.meta().name.as_deref().unwrap_or_default();
        if seen.insert(name) {
            ordered.push(object);
        } else {
            let object = ObjectRef::new(kind, name);
            problems.push(
                Problem::error(object, "metadata.name", Reason::Duplicate)
                    .because(format!("there is a second {kind} named {name}"))
                    .remedy("delete one of the two or give it another name"),
            );
        }
    }
    ordered.sort_by(|a, b| age_order(*a).cmp(&age_order(*b)));
    ordered
}

/// The entry of a Secret as text; a missing one is reported at `field`.
fn secret<'a>(
    secrets: &'a dyn secrets::Entries,
    entry: &SecretKeyRef,
    object: &ObjectRef,
    field: &str,
    problems: &mut Vec<Problem>,
) -> Option<&'a str> {
    let found = secrets.text(entry).filter(|text| !text.is_empty());
    if found.is_none() {
        problems.push(without(secrets, entry, object, field));
    }
    found
}

/// A Secret, or an entry of it, that is not there.
fn without(
    secrets: &dyn secrets::Entries,
    SecretKeyRef { name, key }: &SecretKeyRef,
    object: &ObjectRef,
    field: &str,
) -> Problem {
    let problem = Problem::error(object.clone(), field, Reason::SecretMissing);
    let Some(names) = secrets.names(name) else {
        return problem
            .because(format!("there is no Secret {name} with an entry {key}"))
            .remedy(format!("write a Secret {name} whose stringData has {key}"));
    };
    if names.contains(key.as_str()) {
        return problem
            .because(format!("the entry {key} of the Secret {name} is empty"))
            .remedy("write something into it");
    }
    let others = if names.is_empty() {
        "nor any other".to_owned()
    } else {
        format!("but {}", names.into_iter().collect::<Vec<_>>().join(", "))
    };
    // The entries of a mail server's Secret have names that can't be chosen.
    let remedy = if field.ends_with("credentialsSecretRef") {
        format!("write {key} into the Secret")
    } else {
        format!("write {key} into the Secret, or have {field} name the entry that is meant")
    };
    problem
        .because(format!("the Secret {name} has no entry {key}, {others}"))
        .remedy(remedy)
}

/// A reference to an object that does not exist.
fn not_found(object: &ObjectRef, field: impl Into<String>, kind: &str, name: &str) -> Problem {
    Problem::error(object.clone(), field, Reason::NotFound)
        .because(format!("there is no {kind} {name}"))
        .remedy(format!(
            "write the name of {} {kind} that exists, or create it",
            if kind.starts_with(['A', 'E']) {
                "an"
            } else {
                "a"
            }
        ))
}

/// A reference to a number of the company that nothing has.
fn no_such_number(object: &ObjectRef, field: impl Into<String>, number: &str) -> Problem {
    Problem::error(object.clone(), field, Reason::NotFound)
        .because(format!(
            "there is no User or Extension with the number {number}"
        ))
        .remedy("write the number of a User or Extension that exists, or create it")
}
