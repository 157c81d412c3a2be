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

use crds::{Directory, Objects, Problem, compile, directory::Caller, secrets};
use serde::de::DeserializeOwned;
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
    fn to<T: DeserializeOwned>(list: &mut Vec<T>, value: Value) {
        list.push(serde_json::from_value(value).unwrap());
    }
    match value["kind"].as_str().unwrap() {
        "PhoneSystem" => to(&mut objects.phone_systems, value),
        "User" => to(&mut objects.users, value),
        "UserSettings" => to(&mut objects.user_settings, value),
        "Handset" => to(&mut objects.handsets, value),
        "Extension" => to(&mut objects.extensions, value),
        "CallRoute" => to(&mut objects.call_routes, value),
        other => panic!("no kind {other}"),
    }
}
