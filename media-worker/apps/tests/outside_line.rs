//! The outside line (spec MC-O): dialling, calling, coming back.

mod support;

use apps::sim::{Company, Person, Story};
use apps::{Exit, outside_line};
use support::{INVALID, MAIN, MARYS_PIN, mary, outsider, visit};

const TONE: &str = "[dial tone]";
const TALKING: &str = "[connected with +15855551234]";

fn company() -> Company {
    Company::new().with_outside_line("mary")
}

/// Mary at the dial tone of her message center.
fn at_the_tone() -> Person {
    mary().dials("7").hears(TONE)
}

fn told(story: &Story) -> String {
    story.transcript()
}

#[test]
fn the_line_is_offered_to_those_who_may_use_it_and_no_key_for_others() {
    let story = visit(&company(), at_the_tone().hangs_up());
    assert!(
        story.has("For an outside line, press 7."),
        "{}",
        told(&story)
    );
    let story = visit(&Company::new(), mary().dials("7").hears(INVALID).hangs_up());
    assert!(!story.has("outside line"), "{}", told(&story));
}

#[test]
fn a_number_is_complete_with_pound_after_a_while_or_when_no_digit_could_follow() {
    for keys in ["5551234#", "5551234", "5855551234", "15855551234"] {
        let person = at_the_tone()
            .dials(keys)
            .hears(TALKING)
            .hears(TONE)
            .hangs_up();
        let story = visit(&company(), person);
        let [dialled, connected] = ["[dial tone]", TALKING].map(|text| {
            let at = story.heard.iter().find(|heard| heard.text == text).unwrap();
            at.to
        });
        let waited = connected.saturating_sub(dialled).as_secs_f64() - 60.0;
        // A number of ten digits is complete by itself; seven may be the beginning of ten.
        let patient = keys == "5551234";
        assert_eq!(waited > 4.0, patient, "{keys}: {waited}\n{}", told(&story));
    }
}

#[test]
fn when_the_far_end_hangs_up_there_is_a_new_dial_tone() {
    let person = at_the_tone()
        .dials("5551234#")
        .hears(TALKING)
        .hears(TONE)
        .dials("5551235#")
        .hears("[connected with +15855551235]")
        .hears(TONE)
        .hangs_up();
    assert_eq!(visit(&company(), person).exit, Exit::HungUp);
}

#[test]
fn star_pound_hangs_up_the_far_end_and_at_the_dial_tone_leads_back_by_the_pin() {
    let person = at_the_tone()
        .dials("5551234#")
        .waits(5.0)
        .dials("*#")
        .hears(TONE)
        .dials("*#")
        .hears("enter your PIN")
        .dials(MARYS_PIN)
        .hears(MAIN)
        .dials("#");
    let story = visit(&company(), person);
    assert_eq!(story.exit, Exit::Finished, "{}", told(&story));
    let cut = story
        .heard
        .iter()
        .find(|heard| heard.text == TALKING)
        .unwrap();
    assert!(!cut.whole, "the far end was hung up\n{}", told(&story));
}

#[test]
fn after_the_outside_line_nobody_else_is_let_in() {
    let person = at_the_tone()
        .dials("*#")
        .hears("enter your PIN")
        .waits(5.0)
        .dials("#")
        .hears(INVALID)
        .dials("102#1027531#")
        .hears("That PIN number is not right.")
        .dials(MARYS_PIN)
        .hears(MAIN)
        .dials("#");
    let story = visit(&company(), person);
    assert_eq!(story.exit, Exit::Finished, "{}", told(&story));
    for offer in ["enter a different extension", "enter your extension"] {
        assert!(!story.has(offer), "{}", told(&story));
    }
}

#[test]
fn the_language_chosen_at_the_pin_lasts_through_the_outside_line() {
    let spanish = "Marque su PIN";
    let person = Person::user("mary")
        .hears("enter your PIN")
        .dials("##")
        .hears(spanish)
        .dials(MARYS_PIN)
        .hears(MAIN)
        .dials("7")
        .hears(TONE)
        .dials("*#")
        .hears(spanish)
        .dials(MARYS_PIN)
        .hears(MAIN)
        .hangs_up();
    let story = visit(&company().with_alternate_language(), person);
    assert_eq!(story.language, "es", "{}", told(&story));
}

#[test]
fn a_wrong_pin_after_the_outside_line_leads_nowhere() {
    let person = at_the_tone().dials("*#").dials("11111#22222#33333#");
    let story = visit(&company(), person);
    assert_eq!(story.exit, Exit::Finished, "{}", told(&story));
    assert_eq!(story.count(MAIN), 1, "{}", told(&story));
}

#[test]
fn star_begins_anew_and_pound_alone_means_nothing() {
    let person = at_the_tone()
        .dials("999*")
        .hears(TONE)
        .dials("#5551234#")
        .hears(TALKING)
        .hangs_up();
    assert!(visit(&company(), person).has(TALKING));
}

#[test]
fn what_cannot_be_called_is_said_and_the_dial_tone_comes_back() {
    for (keys, said) in [
        ("19005551234", "This number cannot be called from here."),
        ("55#", "There is nobody at this number."),
        ("5551230#", "The line is busy."),
        ("5551231#", "There is no answer."),
        ("5551232#", "There is nobody at this number."),
        ("5551233#", "This number cannot be reached right now."),
    ] {
        let person = at_the_tone().dials(keys).hears(said).hears(TONE).hangs_up();
        let story = visit(&company(), person);
        assert!(!story.has("[connected"), "{keys}\n{}", told(&story));
    }
}

#[test]
fn pound_after_a_number_that_was_complete_cuts_no_reason_short() {
    for (keys, said) in [
        ("19005551234#", "This number cannot be called from here."),
        ("5855551230#", "The line is busy."),
        ("5551230#", "The line is busy."),
    ] {
        let person = at_the_tone().dials(keys).hears(said).hears(TONE).hangs_up();
        visit(&company(), person);
        // Every further key does.
        let hasty = at_the_tone().dials(keys).dials("#").hears(TONE).hangs_up();
        let story = visit(&company(), hasty);
        assert!(!story.has(said), "{keys}\n{}", told(&story));
    }
}

#[test]
fn an_emergency_number_needs_no_end_no_permission_and_no_place_among_the_calls() {
    let company = company().with(|objects| {
        objects.phone_systems[0].spec.limits.outside_calls_per_hour = 1;
        objects.phone_systems[0].spec.classes[0].barred_prefixes = vec!["+1".into()];
    });
    let person = at_the_tone()
        .dials("911")
        .hears("[connected with 911]")
        .hears(TONE)
        .dials("112")
        .hears("[connected with 112]")
        .hangs_up();
    visit(&company, person);
}

#[test]
fn after_too_many_calls_within_an_hour_the_line_says_so() {
    let company = company().with(|objects| {
        objects.phone_systems[0].spec.limits.outside_calls_per_hour = 1;
    });
    let person = at_the_tone()
        .dials("5551234#")
        .waits(3.0)
        .dials("*#")
        .hears(TONE)
        .dials("5551235#")
        .hears("Too many calls were made.")
        .hears(TONE)
        .hangs_up();
    visit(&company, person);
}

#[test]
fn whoever_dials_nothing_hears_goodbye() {
    let story = visit(&company(), at_the_tone().hears("Goodbye."));
    assert_eq!(story.exit, Exit::Finished, "{}", told(&story));
}

#[test]
fn by_the_prefix_alone_the_line_ends_with_star_pound() {
    let company = company();
    let person = Person::user("mary")
        .hears(TONE)
        .dials("5551234#")
        .hears(TALKING)
        .hears(TONE)
        .dials("*#")
        .hears("Goodbye.");
    let story = company.run(person, async |call, office| {
        outside_line(call, office, "mary").await
    });
    assert_eq!(story.exit, Exit::Finished, "{}", told(&story));
}

#[test]
fn one_who_calls_his_message_center_from_outside_uses_the_companys_line_too() {
    let person = outsider()
        .hears("Please enter your extension")
        .dials("101#")
        .hears("enter your PIN")
        .dials(MARYS_PIN)
        .hears(MAIN)
        .dials("7")
        .hears(TONE)
        .dials("5551234#")
        .hears(TALKING)
        .hangs_up();
    visit(&company(), person);
}

#[test]
fn whoever_calls_from_outside_gets_no_help_sent_to_the_office() {
    let mut person = outsider()
        .hears("Please enter your extension")
        .dials("101#")
        .hears("enter your PIN")
        .dials(MARYS_PIN)
        .hears(MAIN)
        .dials("7")
        .hears(TONE);
    for number in ["911", "112", "911#"] {
        person = person
            .dials(number)
            .hears("This number cannot be called from here.")
            .hears(TONE);
    }
    let story = visit(&company(), person.hangs_up());
    assert!(!story.has("[connected"), "{}", told(&story));
}
