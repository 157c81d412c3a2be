//! Listening to messages (spec MC-L).

mod support;

use std::time::Duration;

use apps::Exit;
use apps::sim::{Company, Person, Trouble};
use mailbox::{Folder, MessageState, Sender};
use support::{INVALID, MAIN, MENU, mary, stranger, visit};

fn two_new() -> Company {
    let company = Company::new().with_message("mary", Folder::New, stranger());
    let john = company.sender("john");
    company.with_message("mary", Folder::New, john)
}

fn states(company: &Company) -> Vec<Option<Folder>> {
    company
        .messages("mary")
        .iter()
        .map(|message| message.state.folder())
        .collect()
}

const NEW: Option<Folder> = Some(Folder::New);
const SAVED: Option<Folder> = Some(Folder::Saved);

#[test]
fn a_message_that_is_not_whole_is_announced_as_such() {
    let company = two_new().with_message("mary", Folder::Saved, stranger());
    let company = company.with_last_message("mary", |message| message.partial = true);
    visit(
        &company,
        mary()
            .dials("2")
            .hears("may be missing")
            .hears("[message m3]")
            .hangs_up(),
    );
}

#[test]
fn of_a_message_without_any_recording_no_end_is_said_to_be_missing() {
    let company = two_new().with_trouble(Trouble::Lost);
    let company = company.with_last_message("mary", |message| message.partial = true);
    let person = mary().dials("1").hears("is lost").dials("6");
    let story = visit(&company, person.hears("is lost").hears(MENU).hangs_up());
    assert!(!story.has("may be missing"), "{}", story.transcript());
}

#[test]
fn a_message_that_has_been_heard_is_saved() {
    let company = two_new();
    visit(
        &company,
        mary()
            .dials("1")
            .hears("[message m1]")
            .hears_part_of("To delete it")
            .hangs_up(),
    );
    assert_eq!(states(&company), [SAVED, NEW]);
}

#[test]
fn a_message_of_which_the_owner_hung_up_in_the_middle_stays_new() {
    let company = two_new();
    visit(
        &company,
        mary().dials("1").hears_part_of("[message m1]").hangs_up(),
    );
    assert_eq!(states(&company), [NEW, NEW]);
}

#[test]
fn going_on_in_the_middle_of_a_message_saves_it() {
    let company = two_new();
    visit(
        &company,
        mary()
            .dials("1")
            .hears_part_of("[message m1]")
            .dials("*6")
            .hears_part_of("[message m2]")
            .hangs_up(),
    );
    assert_eq!(states(&company), [SAVED, NEW]);
}

#[test]
fn deleting_goes_on_with_the_next_message() {
    let company = two_new();
    let person = mary()
        .dials("1")
        .hears("[message m1]")
        .dials("3")
        .hears("Message deleted.");
    visit(
        &company,
        person
            .hears_part_of("[message m2]")
            .dials("*3")
            .hears("That was the last message.")
            .hears(MAIN)
            .hangs_up(),
    );
    assert_eq!(states(&company), [None, None]);
}

#[test]
fn next_goes_through_all_messages_and_back_to_the_main_menu() {
    let person = mary()
        .dials("1")
        .hears("[message m1]")
        .dials("6")
        .hears("[message m2]")
        .dials("6");
    visit(
        &two_new(),
        person
            .hears("That was the last message.")
            .hears(MAIN)
            .hangs_up(),
    );
}

#[test]
fn only_a_user_can_be_called_back() {
    let story = visit(
        &two_new(),
        mary()
            .dials("1")
            .hears("[message m1]")
            .hears(MENU)
            .dials("9")
            .hears(INVALID)
            .hangs_up(),
    );
    assert!(!story.has("To call the sender"));
    let person = mary()
        .dials("1")
        .hears_part_of("[message m1]")
        .dials("*6")
        .hears("To call the sender")
        .dials("9");
    assert_eq!(
        visit(&two_new(), person.hears("Calling the sender.")).exit,
        Exit::Transfer("102".into())
    );
}

#[test]
fn a_user_who_has_left_cannot_be_called_back() {
    let left = Sender::Internal {
        user: "left".into(),
        extension: "109".into(),
        name: "Lee".into(),
    };
    let company = Company::new().with_message("mary", Folder::New, left);
    visit(
        &company,
        mary()
            .dials("1")
            .hears("[message m1]")
            .hears(MENU)
            .dials("9")
            .hears(INVALID)
            .hangs_up(),
    );
}

#[test]
fn bare_keys_cut_the_envelope_short_and_do_nothing_to_the_message() {
    let person = mary()
        .dials("1")
        .hears_part_of("From the number")
        .dials("3")
        .hears_part_of("[message m1]")
        .dials("0123456789#");
    let company = two_new();
    let story = visit(&company, person.hears(MENU).hangs_up());
    assert!(story.has("[message m1]") && !story.has("From the number"));
    assert_eq!(states(&company), [SAVED, NEW]);
}

#[test]
fn star_and_a_key_in_the_envelope_act_at_once() {
    let company = two_new();
    visit(
        &company,
        mary()
            .dials("1")
            .hears_part_of("From the number")
            .dials("*3")
            .hears("Message deleted.")
            .hangs_up(),
    );
    assert_eq!(states(&company), [None, NEW]);
}

#[test]
fn star_waits_two_seconds_for_its_key_and_the_message_goes_on() {
    let star = || mary().dials("1").hears_part_of("[message m1]").dials("*");
    let company = two_new();
    visit(
        &company,
        star()
            .waits(1.8)
            .dials("3")
            .hears("Message deleted.")
            .hangs_up(),
    );
    let company = two_new();
    let story = visit(
        &company,
        star().waits(2.1).dials("3").hears(MENU).hangs_up(),
    );
    assert!(story.has("[message m1]") && states(&company) == [SAVED, NEW]);
}

#[test]
fn star_at_the_very_end_of_a_message_still_waits_for_its_key() {
    let at_the_end = || mary().dials("1").hears("It lasts").waits(19.5).dials("*");
    let company = two_new();
    let story = visit(
        &company,
        at_the_end()
            .waits(1.0)
            .dials("3")
            .hears("Message deleted.")
            .hangs_up(),
    );
    assert!(story.has("[message m1]"));
    visit(
        &two_new(),
        at_the_end().hears("[message m1]").hears(MENU).hangs_up(),
    );
}

#[test]
fn two_stars_stop_the_message_and_tell_the_choices() {
    let story = visit(
        &two_new(),
        mary()
            .dials("1")
            .hears_part_of("[message m1]")
            .dials("**")
            .hears(MENU)
            .hangs_up(),
    );
    assert!(!story.has("[message m1]") && !story.has(INVALID));
}

#[test]
fn empty_folders_say_so() {
    let person = mary()
        .dials("1")
        .hears("There are no new messages.")
        .hears(MAIN)
        .dials("2");
    visit(
        &Company::new(),
        person
            .hears("There are no saved messages.")
            .hears(MAIN)
            .hangs_up(),
    );
}

#[test]
fn a_message_deleted_elsewhere_is_gone() {
    let person = mary()
        .dials("1")
        .hears("no longer there")
        .hears("no longer there")
        .hears("That was the last message.");
    visit(&two_new().with_trouble(Trouble::Gone), person.hangs_up());
}

#[test]
fn a_message_that_cannot_be_read_stays_new() {
    let company = two_new().with_trouble(Trouble::Open);
    visit(
        &company,
        mary()
            .dials("1")
            .hears("cannot be played")
            .hears("cannot be played")
            .hears(MAIN)
            .hangs_up(),
    );
    assert_eq!(states(&company), [NEW, NEW]);
}

#[test]
fn a_message_whose_recording_is_lost_can_be_deleted() {
    let company = two_new().with_trouble(Trouble::Lost);
    let story = visit(
        &company,
        mary()
            .dials("1")
            .hears("is lost")
            .hears("To delete it")
            .hears(MENU)
            .dials("3")
            .hears("Message deleted.")
            .hears("is lost")
            .dials("6")
            .hears("That was the last message.")
            .hears(MAIN)
            .hangs_up(),
    );
    for useless in [
        "To forward",
        "To hear it again",
        "To reply",
        "To call the sender",
    ] {
        assert!(!story.has(useless), "{useless}");
    }
    assert_eq!(states(&company), [None, NEW], "nobody has heard the second");
}

#[test]
fn a_deletion_that_fails_says_so_and_asks_again() {
    let company = two_new().with_trouble(Trouble::Change);
    visit(
        &company,
        mary()
            .dials("1")
            .hears("[message m1]")
            .dials("3")
            .hears("could not be done")
            .hears(MENU)
            .hangs_up(),
    );
    assert_eq!(company.messages("mary")[0].state, MessageState::New);
}

#[test]
fn the_menu_repeats_after_seven_seconds_three_times_in_all() {
    let story = visit(
        &Company::new(),
        Person::user("mary").dials("1017531#").hears("Goodbye."),
    );
    let menus: Vec<_> = story
        .heard
        .iter()
        .filter(|h| h.text.contains("To hear new messages"))
        .collect();
    let ends: Vec<_> = story
        .heard
        .iter()
        .filter(|h| h.text.contains(MAIN))
        .collect();
    assert_eq!((story.exit.clone(), menus.len()), (Exit::Finished, 3));
    for (end, next) in ends.iter().zip(&menus[1..]) {
        assert_eq!(next.from, end.to + Duration::from_secs(7));
    }
}

#[test]
fn an_invalid_key_says_so_and_repeats_the_menu() {
    let story = visit(
        &Company::new(),
        mary().dials("8").hears(INVALID).hears(MAIN).hangs_up(),
    );
    assert_eq!(
        story.count("You have no messages."),
        1,
        "only the menu is repeated"
    );
}

#[test]
fn any_key_cuts_a_menu_short() {
    let story = visit(
        &two_new(),
        Person::user("mary")
            .dials("1017531#")
            .hears_part_of("You have")
            .dials("1")
            .hears("From")
            .hangs_up(),
    );
    assert!(!story.has("You have") && !story.has("To hear new messages"));
}
