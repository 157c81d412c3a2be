//! Message aliases (spec MB-9): a number, and the users who get its messages.
#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

mod common;

use common::{directory, faulty, inside, outside};
use crds::directory::{Directory, Meaning, Target};

const PEOPLE: &str = "\
kind: User
metadata: {name: mary}
spec: {extension: '101'}
---
kind: User
metadata: {name: john}
spec: {extension: '102'}
---
";

fn alias(number: &str, members: &str) -> String {
    format!(
        "{PEOPLE}kind: MessageAlias\nmetadata: {{name: sales}}\nspec: {{extension: '{number}', displayName: Sales, members: {members}}}\n"
    )
}

fn members(directory: &Directory) -> Vec<&str> {
    let alias = directory.alias("sales").unwrap();
    directory.members(alias).map(|user| &*user.name).collect()
}

#[test]
fn an_alias_has_a_number_a_name_and_members_and_is_in_force() {
    let directory = directory(&alias("500", "[{name: john}, {name: mary}]"));
    let sales = directory.alias("sales").unwrap();
    assert_eq!(
        (&*sales.display_name, sales.extension.as_deref()),
        ("Sales", Some("500"))
    );
    assert_eq!(members(&directory), ["john", "mary"]);
}

#[test]
fn its_number_and_the_code_for_leaving_a_message_lead_to_it() {
    let directory = directory(&alias("500", "[{name: john}]"));
    let sales = Meaning::Extension(Target::Alias("sales".into()));
    for caller in [inside("mary"), outside("+15855550100")] {
        assert_eq!(directory.interpret("500", &caller), sales);
        assert_eq!(directory.interpret("3500", &caller), sales);
    }
}

#[test]
fn an_extension_can_lead_to_it_under_another_number() {
    let more =
        "---\nkind: Extension\nmetadata: {name: '550'}\nspec: {target: {alias: {name: sales}}}\n";
    let directory = directory(&(alias("500", "[{name: john}]") + more));
    assert_eq!(
        directory.interpret("550", &inside("mary")),
        Meaning::Extension(Target::Alias("sales".into()))
    );
}

#[test]
fn a_number_that_somebody_has_is_not_given_to_it() {
    let (directory, problems) = faulty(&alias("101", "[{name: john}]"));
    assert_eq!(
        problems,
        [
            "MessageAlias sales: spec.extension: the User mary has extension 101 already; write a number that is free"
        ]
    );
    assert_eq!(directory.alias("sales").unwrap().extension, None);
    assert!(directory.user_by_extension("101").is_some());
}

#[test]
fn a_member_who_does_not_exist_is_named_and_the_others_stay() {
    let (directory, problems) = faulty(&alias("500", "[{name: nobody}, {name: mary}]"));
    assert_eq!(
        problems,
        [
            "MessageAlias sales: spec.members[0].name: there is no User nobody; write the name of a User that exists, or create it"
        ]
    );
    assert_eq!(members(&directory), ["mary"]);
}

#[test]
fn a_member_who_is_named_twice_gets_one_message() {
    let (directory, problems) = faulty(&alias("500", "[{name: mary}, {name: mary}]"));
    assert_eq!(
        problems,
        ["MessageAlias sales: spec.members[1].name: mary is a member already; name each User once"]
    );
    assert_eq!(members(&directory), ["mary"]);
}
