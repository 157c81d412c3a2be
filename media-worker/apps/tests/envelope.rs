//! What is said before a message: who left it, when, and how long it is (spec MC-L0).

#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

mod support;

use std::time::Duration;

use apps::sim::{Company, Person};
use jiff::Timestamp;
use mailbox::{Folder, Sender};
use support::{MAIN, MARYS_PIN, mary, stranger, visit};

fn external(number: Option<&str>, name: Option<&str>) -> Sender {
    Sender::External {
        number: number.map(str::to_owned),
        name: name.map(str::to_owned),
    }
}

/// Mary has one message of this sender.
fn one_of(sender: Sender) -> Company {
    Company::new().with_message("mary", Folder::New, sender)
}

/// She hears this before it, in this order.
fn envelope(company: &Company, parts: &[&str]) {
    let person = mary().dials("1");
    let person = parts.iter().fold(person, |person, part| person.hears(part));
    visit(company, person.hears("[message m1]").hangs_up());
}

#[test]
fn who_when_and_how_long_are_said_before_the_message() {
    envelope(
        &one_of(stranger()),
        &[
            "From the number plus one five eight five",
            "Received today at two P M.",
            "It lasts twenty seconds.",
        ],
    );
}

#[test]
fn a_user_is_named_by_his_recording_his_directory_name_or_his_extension() {
    let john = || one_of(Company::new().sender("john"));
    envelope(&john().with_name("john"), &["From [john's name]."]);
    envelope(&john(), &["From J O H N."]);
    let jose = john().with(|objects| objects.users[1].spec.display_name = Some("José".into()));
    envelope(&jose, &["From J O S E."]);
    // Nobody here can say how her name is spelled.
    envelope(
        &one_of(Company::new().sender("zoe")),
        &["From extension one zero two one."],
    );
}

#[test]
fn a_user_is_named_as_he_is_called_now_and_one_who_has_left_as_he_was() {
    let company = one_of(Company::new().sender("john"));
    let company =
        company.with(|objects| objects.users[1].spec.display_name = Some("Jon Doe".into()));
    envelope(&company, &["From J O N D O E."]);
    let left = |extension: &str, name: &str| Sender::Internal {
        user: "left".into(),
        extension: extension.into(),
        name: name.into(),
    };
    envelope(&one_of(left("109", "Lee")), &["From L E E."]);
    envelope(
        &one_of(left("109", "李")),
        &["From extension one zero nine."],
    );
}

#[test]
fn a_stranger_is_named_by_name_and_number_as_far_as_they_came() {
    envelope(
        &one_of(external(Some("+15855550100"), Some("Ann"))),
        &["From A N N, at the number plus one five eight five"],
    );
    envelope(&one_of(external(None, Some("Ann"))), &["From A N N."]);
    envelope(&one_of(external(None, None)), &["From an unknown number."]);
    envelope(
        &one_of(external(Some("anonymous"), Some("李"))),
        &["From an unknown number."],
    );
}

/// What mary in `zone` hears at `now` of a message that was left at `left`.
fn when(zone: &str, left: &str, now: &str) -> String {
    let moment = |text: &str| text.parse::<Timestamp>().unwrap();
    let company = one_of(stranger())
        .with(|objects| objects.users[0].spec.time_zone = Some(zone.into()))
        .with_last_message("mary", |message| message.received = moment(left));
    let began = moment("2026-10-01T19:00:00Z");
    company.wait(Duration::try_from(moment(now) - began).unwrap());
    let person = Person::user("mary").hears("PIN").dials(MARYS_PIN);
    let person = person.hears(MAIN).dials("1").hears("[message m1]");
    let story = visit(&company, person.hangs_up());
    let received = story.heard.iter().find(|it| it.text.contains("Received"));
    received.unwrap().text.clone()
}

#[test]
fn when_is_told_as_the_owner_counts_his_days() {
    let cases = [
        // The same moment is today here and was yesterday there.
        (
            "America/New_York",
            "2026-10-05T03:30:00Z",
            "2026-10-05T03:40:00Z",
            "Received today at eleven thirty P M.",
        ),
        (
            "Europe/Berlin",
            "2026-10-05T03:30:00Z",
            "2026-10-05T03:40:00Z",
            "Received today at five thirty A M.",
        ),
        // Across midnight.
        (
            "America/New_York",
            "2026-10-05T03:30:00Z",
            "2026-10-05T04:30:00Z",
            "Received yesterday at eleven thirty P M.",
        ),
        (
            "America/New_York",
            "2026-10-05T04:00:00Z",
            "2026-10-05T23:30:00Z",
            "Received today at midnight.",
        ),
        (
            "Europe/Berlin",
            "2026-10-04T22:00:00Z",
            "2026-10-05T22:00:00Z",
            "Received yesterday at midnight.",
        ),
        // This week by its day, later by its date.
        (
            "America/New_York",
            "2026-10-05T16:00:00Z",
            "2026-10-07T16:00:00Z",
            "Received on Monday at noon.",
        ),
        (
            "America/New_York",
            "2026-10-05T16:00:00Z",
            "2026-10-11T16:00:00Z",
            "Received on Monday at noon.",
        ),
        (
            "America/New_York",
            "2026-10-05T16:00:00Z",
            "2026-10-12T16:00:00Z",
            "Received on October fifth at noon.",
        ),
        (
            "America/New_York",
            "2026-10-05T16:00:00Z",
            "2027-02-12T17:00:00Z",
            "Received on October fifth, twenty twenty-six at noon.",
        ),
    ];
    for (zone, left, now, expected) in cases {
        assert_eq!(when(zone, left, now), expected, "{zone}, {left}, {now}");
    }
}

#[test]
fn daylight_saving_moves_neither_the_day_nor_the_hour() {
    // In New York the clocks go back on the first of November 2026 at 06:00Z: that day has 25 hours.
    let cases = [
        (
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:20:00Z",
            "Received today at one thirty A M.",
        ),
        (
            "2026-11-01T06:30:00Z",
            "2026-11-01T06:40:00Z",
            "Received today at one thirty A M.",
        ),
        (
            "2026-11-01T04:30:00Z",
            "2026-11-02T04:30:00Z",
            "Received today at twelve thirty A M.",
        ),
        (
            "2026-11-01T04:30:00Z",
            "2026-11-02T05:10:00Z",
            "Received yesterday at twelve thirty A M.",
        ),
        // On the fourteenth of March 2027 they go forward at 07:00Z: that day has 23.
        (
            "2027-03-14T05:30:00Z",
            "2027-03-15T03:50:00Z",
            "Received today at twelve thirty A M.",
        ),
        (
            "2027-03-14T05:30:00Z",
            "2027-03-15T04:10:00Z",
            "Received yesterday at twelve thirty A M.",
        ),
    ];
    for (left, now, expected) in cases {
        assert_eq!(
            when("America/New_York", left, now),
            expected,
            "{left}, {now}"
        );
    }
}

#[test]
fn a_forwarded_message_says_when_it_was_left_and_when_it_was_forwarded() {
    let company = one_of(stranger());
    company.wait(Duration::from_hours(24));
    let person = mary().dials("1").hears("Received yesterday at two P M.");
    let person = person.hears("[message m1]").dials("2102##");
    visit(&company, person.hears("[beep]").speaks(5).hangs_up());
    let john = Person::user("john")
        .hears("PIN")
        .dials("1027531#")
        .hears(MAIN);
    visit(
        &company,
        john.dials("1")
            .hears("Forwarded by M A R Y.")
            .hears("Received today at three")
            .hears("[introduction m2]")
            .hears("Received yesterday at two P M.")
            .hears("[message m1]")
            .hangs_up(),
    );
}
