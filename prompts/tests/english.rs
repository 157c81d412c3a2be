//! What English sounds like, in writing: the hard cases of its grammar.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking anywhere")]

mod support;

use jiff::Zoned;
use prompts::{Noun, PromptId, Say};
use support::{Ear, at, count, date, moment, seconds, time, zone};

#[test]
fn cardinal_numbers() {
    english().hears_each(
        Say::Number,
        &[
            (0, "zero"),
            (1, "one"),
            (2, "two"),
            (13, "thirteen"),
            (20, "twenty"),
            (21, "twenty-one"),
            (100, "one hundred"),
            (101, "one hundred one"),
            (1_000, "one thousand"),
            (1_110, "one thousand one hundred ten"),
            (21_300, "twenty-one thousand three hundred"),
            (1_000_000, "one million"),
            (2_000_000_017, "two billion seventeen"),
            (1_000_000_000_000, "one thousand billion"),
        ],
    );
}

#[test]
fn the_greatest_number_has_words() {
    let words = english().hears(Say::Number(u64::MAX));
    assert!(words.ends_with("eight hundred seven"), "{words}");
}

#[test]
fn the_noun_agrees_with_its_number() {
    english().hears_each(
        count(Noun::NEW_MESSAGE),
        &[
            (0, "no new messages"),
            (1, "one new message"),
            (2, "two new messages"),
            (21, "twenty-one new messages"),
            (100, "one hundred new messages"),
            (101, "one hundred one new messages"),
            (1_000_000, "one million new messages"),
        ],
    );
}

#[test]
fn every_hour_has_its_half_of_the_day() {
    english().hears_each(
        time,
        &[
            ("00:00", "midnight"),
            ("00:01", "twelve oh one A M"),
            ("00:30", "twelve thirty A M"),
            ("01:00", "one A M"),
            ("11:59", "eleven fifty-nine A M"),
            ("12:00", "noon"),
            ("12:05", "twelve oh five P M"),
            ("13:00", "one P M"),
            ("23:59", "eleven fifty-nine P M"),
        ],
    );
}

#[test]
fn a_date_is_told_as_seen_from_today() {
    // Now is Wednesday, 11 March 2026.
    english().hears_each(
        date,
        &[
            ("2026-03-11", "today"),
            ("2026-03-10", "yesterday"),
            ("2026-03-09", "on Monday"),
            ("2026-03-05", "on Thursday"),
            ("2026-03-04", "on March fourth"),
            ("2026-03-12", "on March twelfth"),
            ("2026-01-01", "on January first"),
            ("2026-02-02", "on February second"),
            ("2026-01-03", "on January third"),
            ("2026-02-11", "on February eleventh"),
            ("2026-02-20", "on February twentieth"),
            ("2026-02-21", "on February twenty-first"),
            ("2026-01-22", "on January twenty-second"),
            ("2026-01-30", "on January thirtieth"),
            ("2026-01-31", "on January thirty-first"),
            ("2025-12-31", "on December thirty-first, twenty twenty-five"),
            ("2009-07-04", "on July fourth, two thousand nine"),
            ("2000-02-29", "on February twenty-ninth, two thousand"),
        ],
    );
}

#[test]
fn the_years_to_come_have_words() {
    english().hears_each(
        date,
        &[
            ("2100-01-05", "on January fifth, twenty-one hundred"),
            ("2101-01-05", "on January fifth, twenty-one oh one"),
            ("2010-01-05", "on January fifth, twenty ten"),
        ],
    );
}

#[test]
fn yesterday_begins_at_midnight_of_the_listener() {
    let late = "2026-03-10T23:59";
    assert_eq!(
        english().hears(moment(late)),
        "yesterday at eleven fifty-nine P M"
    );
    let tokyo = Zoned::new(at("2026-03-11T15:00"), zone("Asia/Tokyo"));
    assert_eq!(tokyo.date().to_string(), "2026-03-12");
    assert_eq!(
        english().hears_at(moment(late), &tokyo),
        "yesterday at twelve fifty-nine P M"
    );
}

#[test]
fn lengths_of_time() {
    english().hears_each(
        seconds,
        &[
            (0, "zero seconds"),
            (1, "one second"),
            (59, "fifty-nine seconds"),
            (60, "one minute"),
            (61, "one minute and one second"),
            (150, "two minutes and thirty seconds"),
            (3_600, "one hour"),
            (7_265, "two hours and one minute"),
        ],
    );
}

#[test]
fn digits_and_letters_are_named_one_by_one() {
    let digits = |digits: &str| Say::Digits(digits.to_owned());
    english().hears_each(
        digits,
        &[
            ("204", "two zero four"),
            ("*40#", "star four zero pound"),
            ("+1 (415) 5", "plus one four one five five"),
            ("anonymous", ""),
        ],
    );
    assert_eq!(english().hears(Say::Spell("Ana B2".into())), "A N A B two");
    let marked = Say::Spell("Zoë Nuñez, Łódź".into());
    assert_eq!(english().hears(marked), "Z O E N U N E Z L O D Z");
}

#[test]
fn places_are_filled() {
    let status = Say::Phrase {
        prompt: PromptId::STATUS_MESSAGES,
        with: vec![count(Noun::NEW_MESSAGE)(2), count(Noun::SAVED_MESSAGE)(0)],
    };
    assert_eq!(
        english().hears(status),
        "You have two new messages, and no saved messages."
    );
}

#[test]
fn a_recording_stands_where_its_place_is() {
    let greeting = Say::Phrase {
        prompt: PromptId::LEAVE_GREETING,
        with: vec![Say::Audio("name of ana".to_owned())],
    };
    let heard = english().hears(greeting);
    assert!(heard.starts_with("[name of ana] "), "{heard}");
    assert!(heard.ends_with("after the tone."), "{heard}");
    assert_eq!(english().hears(Say::Beep), "[beep]");
}

fn english() -> Ear {
    Ear::new("en")
}
