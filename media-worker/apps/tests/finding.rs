//! Dial by name (spec AA-1): the letters of a first or last name, and those who have it in turn.

mod support;

use apps::Exit;
use apps::sim::{Company, Person};
use crds::{User, UserSpec};
use support::attendants::{OPEN, by_name, call_main, company, with_options};
use support::{INVALID, outsider};

const ASKED: &str = "Enter the first letters";
const NOBODY: &str = "There is nobody of that name.";

/// Colleagues whose attendant asks for names at key 8.
fn people() -> Company {
    let names = [
        ("ann", "Ann-Marie Miller", Some("110")),
        ("bob", "Bob Müller", Some("111")),
        ("mike", "Mike Ōta", Some("113")),
        ("ghost", "Mildred Unreachable", None),
    ];
    company(with_options(vec![by_name("8")])).with(|objects| {
        for (name, display_name, extension) in names {
            let spec = UserSpec {
                display_name: Some(display_name.into()),
                extension: extension.map(Into::into),
                ..UserSpec::default()
            };
            objects.users.push(User::new(name, spec).into());
        }
        let wanted = crds::secrets::missing(objects);
        objects.secrets.extend(wanted.into_iter().map(|wanted| {
            let entries = [(wanted.entry.key, "8361507294".to_owned())].into();
            crds::secrets::secret(&wanted.entry.name, entries)
        }));
    })
}

fn asked() -> Person {
    outsider().hears(OPEN).dials("8").hears(ASKED)
}

fn transfer(number: &str) -> Exit {
    Exit::Transfer(number.into())
}

#[test]
fn somebody_is_found_by_the_beginning_of_his_first_or_last_name() {
    // ANN, MARIE, MILLER, ANNMARIEMILLER, MILLERANN, and OTA without its mark.
    for (letters, extension) in [
        ("266", "110"),
        ("62743", "110"),
        ("6455", "110"),
        ("26662743645537", "110"),
        ("645537266", "110"),
        ("682", "113"),
        ("6453682", "113"),
        ("685", "111"),
    ] {
        let person = asked()
            .dials(letters)
            .dials("#")
            .hears("Extension")
            .dials("1");
        let story = call_main(&people(), person);
        assert_eq!(story.exit, transfer(extension), "{letters}");
    }
}

#[test]
fn a_pause_ends_the_letters_as_pound_does() {
    let story = call_main(
        &people(),
        asked().dials("266").hears("Extension").dials("1"),
    );
    assert_eq!(story.exit, transfer("110"));
}

#[test]
fn letters_and_choice_may_be_dialled_ahead() {
    let story = call_main(&people(), outsider().dials("8266#1"));
    assert_eq!(story.exit, transfer("110"));
}

#[test]
fn several_are_offered_in_turn_by_name() {
    // 6: Mary, Ann-Marie Miller, Bob Müller, Mike Ōta.
    let story = call_main(
        &people(),
        asked()
            .dials("6#")
            .hears("A N N M A R I E M I L L E R")
            .hears("Extension one one zero.")
            .hears("For the next name, press 2.")
            .dials("2")
            .hears("Extension one one one.")
            .dials("2")
            .hears("M A R Y")
            .dials("2")
            .hears("M I K E O T A")
            .hears("To enter another name, press 3.")
            .dials("2")
            .hears(INVALID)
            .dials("1"),
    );
    assert_eq!(story.exit, transfer("113"));
    assert!(!story.has("M I L D R E D"), "he has no number");
}

#[test]
fn a_recorded_name_is_heard_instead_of_letters() {
    let story = call_main(
        &people().with_name("mary"),
        asked()
            .dials("6279#")
            .hears("[mary's name]")
            .hears("one zero one")
            .dials("1"),
    );
    assert_eq!(story.exit, transfer("101"));
}

#[test]
fn a_name_that_nobody_has_is_said_so_and_another_is_asked_for() {
    let story = call_main(
        &people(),
        asked()
            .dials("999#")
            .hears(NOBODY)
            .hears(ASKED)
            .dials("266#")
            .hears("Extension")
            .dials("1"),
    );
    assert_eq!(story.exit, transfer("110"));
}

#[test]
fn another_name_can_be_entered_and_the_greeting_heard_again() {
    let story = call_main(
        &people(),
        asked()
            .dials("266#")
            .hears("Extension")
            .dials("3")
            .hears(ASKED)
            .dials("#")
            .hears(OPEN)
            .dials("8")
            .hears(ASKED)
            .dials("26*")
            .hears(ASKED)
            .dials("685#")
            .hears("Extension")
            .dials("#")
            .hears(OPEN)
            .dials("101"),
    );
    assert_eq!(story.exit, transfer("101"));
}

#[test]
fn who_enters_nothing_reaches_the_operator() {
    let story = call_main(
        &people(),
        asked().hears(ASKED).hears(ASKED).hears("One moment"),
    );
    assert_eq!(story.exit, transfer("0"));
    let silent = asked().dials("266#").hears("Extension").hears("One moment");
    assert_eq!(call_main(&people(), silent).exit, transfer("0"));
}

#[test]
fn star_says_the_name_again() {
    let again = asked()
        .dials("266#")
        .hears("Extension")
        .dials("*")
        .hears("Extension");
    assert_eq!(call_main(&people(), again.dials("1")).exit, transfer("110"));
}
