//! Objects for the tests, written as people write them.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "several test programs share it, and each uses a part"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy knows tests by their attribute only"
)]

use std::collections::BTreeMap;

use crds::{Directory, Kind, Objects, Problem, compile, directory::Caller, secrets};
use serde_json::Value;

/// A system `office` and these documents, with every Secret that is wanted.
pub fn objects(documents: &str) -> Objects {
    let mut objects = Objects::default();
    let system = "kind: PhoneSystem\nmetadata: {name: office}\nspec: {domain: office.example.com, \
                  dialPlan: {numbers: {countryCode: '1', areaCode: '585'}}}\n---\n";
    for document in (system.to_owned() + documents).split("---\n") {
        add(&mut objects, document);
    }
    for wanted in secrets::missing(&objects) {
        let entries = BTreeMap::from([(wanted.entry.key, "8361507294".to_owned())]);
        objects
            .secrets
            .push(secrets::secret(&wanted.entry.name, entries));
    }
    objects
}

/// The directory of these documents, which must be in order.
pub fn directory(documents: &str) -> Directory {
    let (directory, problems) = compile(&objects(documents));
    assert_eq!(
        problems.iter().map(Problem::to_string).collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    directory
}

/// The directory of these documents, and what is wrong with them, one line each.
pub fn faulty(documents: &str) -> (Directory, Vec<String>) {
    let (directory, problems) = compile(&objects(documents));
    (directory, problems.iter().map(Problem::to_string).collect())
}

/// Somebody outside.
pub fn outside(number: &str) -> Caller {
    Caller::External {
        number: number.into(),
        name: None,
    }
}

/// Somebody of the company.
pub fn inside(user: &str) -> Caller {
    Caller::User(user.into())
}

fn add(objects: &mut Objects, document: &str) {
    let mut value: Value = serde_saphyr::from_str(document).unwrap();
    value["apiVersion"] = "switchboard.dev/v1alpha1".into();
    let kind = value["kind"].as_str().unwrap().to_owned();
    let found = Kind::OURS.iter().find(|known| known.as_str() == kind);
    let kind = found.unwrap_or_else(|| panic!("no kind {kind}"));
    objects.add(*kind, value).unwrap();
}

/// Mary at 101, who is the operator too.
pub(crate) const PEOPLE: &str = "\
kind: User
metadata: {name: mary}
spec: {extension: '101'}
---
kind: Extension
metadata: {name: '0'}
spec: {target: {user: {name: mary}}}
---
";
