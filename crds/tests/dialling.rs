//! What dialled digits mean (spec DP-1).
mod common;

use common::{directory, faulty, inside, outside};
use crds::directory::{Meaning, Target};
use proptest::prelude::*;

const PEOPLE: &str = "\
kind: User
metadata: {name: mary}
spec: {extension: '101'}
---
kind: User
metadata: {name: john}
spec: {extension: '102'}
---
kind: Extension
metadata: {name: '150'}
spec: {target: {callRoute: {name: front}}}
---
kind: CallRoute
metadata: {name: front}
spec: {userRef: {name: john}}
";

fn dial(keys: &str) -> Meaning {
    directory(PEOPLE).interpret(keys, &inside("john"))
}

#[test]
fn every_code_of_the_guide_has_its_meaning() {
    assert_eq!(dial("101"), Meaning::User("mary".into()));
    assert_eq!(
        dial("150"),
        Meaning::Extension(Target::CallRoute("front".into()))
    );
    assert_eq!(dial("3101"), Meaning::LeaveMessage("mary".into()));
    assert_eq!(dial("6101"), Meaning::MessageCenterOf("mary".into()));
    assert_eq!(dial("*404"), Meaning::MessageCenter);
    assert_eq!(dial("408"), Meaning::ConferenceCenter);
    assert_eq!(dial("0"), Meaning::Operator);
    assert_eq!(dial("9"), Meaning::Outside { number: "".into() });
    assert_eq!(
        dial("95550100"),
        Meaning::Outside {
            number: "5550100".into()
        }
    );
    assert_eq!(
        dial("78135795550100"),
        Meaning::Account {
            digits: "135795550100".into()
        }
    );
    assert_eq!(
        dial("+15855550100"),
        Meaning::Outside {
            number: "+15855550100".into()
        }
    );
}

#[test]
fn what_has_no_meaning_is_unknown() {
    for keys in [
        "",
        "9x",
        "3",
        "3999",
        "6",
        "555",
        "*405",
        "##",
        "\u{1F4DE}",
        "+",
        "+x",
    ] {
        assert_eq!(dial(keys), Meaning::Unknown, "{keys}");
    }
}

#[test]
fn emergency_numbers_go_through_with_and_without_prefix() {
    for (keys, number) in [
        ("911", "911"),
        ("9911", "911"),
        ("112", "112"),
        ("9112", "112"),
        ("78911", "911"),
    ] {
        assert_eq!(
            dial(keys),
            Meaning::Emergency {
                number: number.into()
            },
            "{keys}"
        );
    }
}

#[test]
fn a_caller_from_outside_gets_no_outside_line() {
    let directory = directory(PEOPLE);
    for keys in ["95550100", "9", "78135795550100", "+15855550100"] {
        assert_eq!(
            directory.interpret(keys, &outside("5855550111")),
            Meaning::Unknown,
            "{keys}"
        );
    }
    assert_eq!(
        directory.interpret("3101", &outside("")),
        Meaning::LeaveMessage("mary".into())
    );
}

#[test]
fn an_exact_extension_goes_before_code_and_prefix_and_is_reported() {
    let more = "---\nkind: User\nmetadata: {name: zoe}\nspec: {extension: '3101'}\n\
                ---\nkind: Extension\nmetadata: {name: '408'}\nspec: {target: {user: {name: zoe}}}\n";
    let (directory, problems) = faulty(&(PEOPLE.to_owned() + more));
    assert_eq!(
        directory.interpret("3101", &inside("john")),
        Meaning::User("zoe".into())
    );
    assert_eq!(
        directory.interpret("408", &inside("john")),
        Meaning::User("zoe".into())
    );
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems
            .iter()
            .any(|p| p.contains("no longer a message for extension 101")),
        "{problems:?}"
    );
    assert!(
        problems
            .iter()
            .any(|p| p.contains("no longer the conference center")),
        "{problems:?}"
    );
}

#[test]
fn an_extension_that_is_a_whole_prefix_hides_the_outside_line() {
    for (number, hidden) in [
        ("9", "the outside line"),
        ("78", "the outside line on a PIN"),
    ] {
        let user =
            format!("---\nkind: User\nmetadata: {{name: zoe}}\nspec: {{extension: '{number}'}}\n");
        let (_, problems) = faulty(&(PEOPLE.to_owned() + &user));
        assert_eq!(
            problems,
            [format!(
                "User zoe: spec.extension: whoever dials {number} reaches this and no longer {hidden}; \
                 write another number, or change the code in PhoneSystem.spec.dialPlan"
            )]
        );
    }
}

#[test]
fn an_extension_that_an_emergency_number_hides_is_reported_and_hidden() {
    let more = "---\nkind: User\nmetadata: {name: zoe}\nspec: {extension: '911'}\n";
    let (directory, problems) = faulty(&(PEOPLE.to_owned() + more));
    assert_eq!(
        directory.interpret("911", &inside("john")),
        Meaning::Emergency {
            number: "911".into()
        }
    );
    let expected = "User zoe: spec.extension: whoever dials 911 reaches the emergency number";
    assert!(problems[0].starts_with(expected), "{problems:?}");
}

#[test]
fn an_extension_with_the_operators_number_is_the_operator() {
    let more =
        "---\nkind: Extension\nmetadata: {name: '0'}\nspec: {target: {user: {name: mary}}}\n";
    let directory = directory(&(PEOPLE.to_owned() + more));
    assert_eq!(
        directory.interpret("0", &inside("john")),
        Meaning::User("mary".into())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_keys_panic_and_only_emergency_numbers_are_emergencies(keys in "[0-9*#+]{0,20}") {
        let emergency = ["911", "112", "9911", "9112", "78911", "78112"].contains(&keys.as_str());
        prop_assert_eq!(matches!(dial(&keys), Meaning::Emergency { .. }), emergency);
    }
}
