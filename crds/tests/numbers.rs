//! Who has a number that several want, and what is said of Secrets and systems that are not there.

mod common;

use std::collections::BTreeMap;

use common::{faulty, objects};
use crds::{
    Objects, Problem, compile,
    directory::{Directory, Target},
    secrets,
};

fn user(name: &str, number: &str, day: u8) -> String {
    format!(
        "kind: User\nmetadata: {{name: {name}, creationTimestamp: '2026-01-{day:02}T00:00:00Z'}}\nspec: {{extension: '{number}'}}\n---\n"
    )
}

fn extension(number: &str, target: &str, day: u8) -> String {
    format!(
        "kind: Extension\nmetadata: {{name: '{number}', creationTimestamp: '2026-01-{day:02}T00:00:00Z'}}\nspec: {{target: {target}}}\n---\n"
    )
}

fn alias(number: &str, day: u8) -> String {
    format!(
        "kind: MessageAlias\nmetadata: {{name: sales, creationTimestamp: '2026-01-{day:02}T00:00:00Z'}}\n\
         spec: {{extension: '{number}', members: [{{name: mary}}]}}\n---\n"
    )
}

/// The directory of a folder.
fn by_age(documents: &str) -> (Directory, Vec<String>) {
    let documents = documents.trim_end_matches("---\n");
    let mut objects = objects(documents);
    objects.numbers_by_age = true;
    let (directory, problems) = compile(&objects);
    (directory, told(&problems))
}

fn told(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn in_a_folder_an_extension_that_comes_later_does_not_take_a_users_number() {
    let people = user("mary", "101", 1) + &user("john", "102", 2);
    let to_john = "{user: {name: john}}";
    let (directory, problems) = by_age(&(people.clone() + &extension("101", to_john, 3)));
    let mary = Target::User("mary".into());
    assert_eq!(directory.extension("101"), Some(&mary));
    assert_eq!(
        problems,
        [
            "Extension 101: metadata.name: the User mary has extension 101 already; write a number that is free"
        ]
    );
    let older = extension("101", to_john, 1) + &people.replace("2026-01-01", "2026-01-04");
    let (directory, problems) = by_age(&older);
    let john = Target::User("john".into());
    assert_eq!(directory.extension("101"), Some(&john));
    assert_eq!(
        problems,
        [
            "User mary: spec.extension: the Extension 101 leads to the User john; write a number that is free"
        ]
    );
}

#[test]
fn in_a_folder_an_alias_keeps_its_number_before_people_who_come_later() {
    let (directory, problems) = by_age(&(alias("101", 1) + &user("mary", "101", 2)));
    let sales = Target::Alias("sales".into());
    assert_eq!(directory.extension("101"), Some(&sales));
    assert_eq!(
        problems,
        [
            "User mary: spec.extension: the MessageAlias sales has extension 101 already; write a number that is free"
        ]
    );
}

#[test]
fn in_the_cluster_an_extension_gives_the_number_whoever_is_older() {
    let documents = user("mary", "101", 1)
        + &user("john", "102", 2)
        + &extension("101", "{user: {name: john}}", 3);
    let (directory, problems) = faulty(documents.trim_end_matches("---\n"));
    let john = Target::User("john".into());
    assert_eq!(directory.extension("101"), Some(&john));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("User mary: "), "{problems:?}");
}

const DESK: &str = "\
kind: User
metadata: {name: max}
spec: {extension: '202'}
---
kind: Handset
metadata: {name: max-desk}
spec: {ownerRef: {name: max}, passwordSecretRef: {name: max-pw, key: pass}}
";

/// Max with a phone whose password is where this Secret should have it.
fn desk(secret: Option<&str>) -> Objects {
    let mut objects = objects(DESK);
    let is_password = |name: Option<&str>| name == Some("max-pw");
    let others = |it: &crds::Secret| !is_password(it.metadata.name.as_deref());
    objects.secrets.retain(others);
    objects.secrets.extend(secret.map(|key| {
        let entries = BTreeMap::from([(key.to_owned(), "a-password-of-mine".to_owned())]);
        secrets::secret("max-pw", entries)
    }));
    objects
}

#[test]
fn nothing_is_generated_for_a_secret_that_lacks_the_entry_and_what_it_has_is_told() {
    let objects = desk(Some("password"));
    assert_eq!(secrets::missing(&objects), []);
    assert_eq!(secrets::unwritten(&objects), []);
    let (directory, problems) = compile(&objects);
    assert_eq!(directory.account("max-desk").unwrap().ha1, None);
    assert_eq!(
        told(&problems),
        [
            "Handset max-desk: spec.passwordSecretRef: the Secret max-pw has no entry pass, but password; \
             write pass into the Secret, or have spec.passwordSecretRef name the entry that is meant"
        ]
    );
}

#[test]
fn a_reference_to_a_secret_that_nobody_wrote_is_warned_of() {
    let objects = desk(None);
    assert_eq!(secrets::missing(&objects).len(), 1);
    assert_eq!(
        told(&secrets::unwritten(&objects)),
        [
            "Handset max-desk: spec.passwordSecretRef: no manifest has the Secret max-pw, so that its entry pass is generated; \
             correct the name or write the Secret, or leave passwordSecretRef out"
        ]
    );
    assert_eq!(secrets::unwritten(&desk(Some("pass"))), []);
}

#[test]
fn without_a_phone_system_that_alone_is_said() {
    let mail = "{name: mary}\nspec: {extension: '101', class: managers, email: mary@example.com, voicemail: {email: {mode: Attach}}}\n";
    let mut objects = objects(&format!("kind: User\nmetadata: {mail}"));
    objects.phone_systems.clear();
    let (_, problems) = compile(&objects);
    assert_eq!(
        told(&problems),
        ["PhoneSystem: there is none; write one: kind: PhoneSystem, with a name and spec.domain"]
    );
}
