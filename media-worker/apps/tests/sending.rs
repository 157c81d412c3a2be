//! Sending messages from the message center: whom they are for, and what becomes of them
//! (spec MC-M3, MC-S1 to MC-S3).

mod support;

use apps::Exit;
use apps::sim::{Company, Person, Trouble};
use mailbox::{Folder, Sender};
use support::{INVALID, MAIN, MARYS_PIN, MENU, mary, sends, visit};

/// Mary is asked whom her message is for.
fn asked() -> Person {
    mary().dials("3").hears("Enter an extension or a group.")
}

/// Mary has chosen these, and is told to speak.
fn to(numbers: &str) -> Person {
    let person = numbers.split(' ').fold(asked(), |person, number| {
        person.dials(number).dials("#").hears("Enter another one")
    });
    person.dials("#").hears("Speak after the tone")
}

fn counts(company: &Company) -> [usize; 3] {
    ["mary", "john", "zoe"].map(|user| company.messages(user).len())
}

#[test]
fn a_message_goes_to_those_who_are_named_and_its_author_is_in_the_menu_again() {
    let company = Company::new().with_name("john");
    let person = asked().dials("102").hears("[john's name]");
    let person = person
        .hears("Enter another one, or press pound to go on.")
        .dials("1021")
        .hears("one zero two one")
        .hears("Enter another one")
        .dials("#")
        .hears("Speak after the tone, then press pound.");
    visit(&company, sends(person).hears(MAIN).hangs_up());
    assert_eq!(counts(&company), [0, 1, 1]);
    let messages = company.messages("john");
    assert_eq!(messages[0].sender, company.sender("mary"));
    assert_eq!(messages[0].audio, company.messages("zoe")[0].audio);
}

#[test]
fn who_has_not_recorded_his_name_is_spelled() {
    visit(
        &Company::new(),
        asked().dials("102").hears("J O H N").hangs_up(),
    );
}

#[test]
fn an_extension_is_complete_when_none_is_longer_and_otherwise_after_a_while_or_with_pound() {
    let named = |person: Person| {
        let story = visit(
            &Company::new(),
            person.hears("Enter another one").hangs_up(),
        );
        let named = story.heard.iter().find(|heard| heard.text == "M A R Y");
        named.map(|heard| heard.from)
    };
    // Nobody's number begins with 101 and goes on.
    let at_once = named(asked().dials("101"));
    assert_eq!(at_once, named(asked().dials("101").waits(10.0)));
    let john = visit(
        &Company::new(),
        asked().dials("102").hears("J O H N").hangs_up(),
    );
    let pounded = visit(
        &Company::new(),
        asked().dials("102#").hears("J O H N").hangs_up(),
    );
    assert!(pounded.length + std::time::Duration::from_secs(2) < john.length);
}

#[test]
fn a_pound_right_after_a_number_ends_it_and_the_next_one_goes_on() {
    let company = Company::new();
    let person = asked()
        .dials("101#1021#102##")
        .hears("Speak after the tone");
    visit(&company, sends(person).hangs_up());
    assert_eq!(counts(&company), [1, 1, 1]);
}

#[test]
fn everything_can_be_dialled_ahead() {
    let company = Company::new();
    let person = Person::user("mary")
        .dials(MARYS_PIN)
        .dials("3102##")
        .hears("[beep]")
        .speaks(5)
        .dials("#1");
    let story = visit(&company, person.hears("has been sent").hangs_up());
    assert_eq!(counts(&company), [0, 1, 0]);
    assert!(!story.has("Enter an extension"));
}

#[test]
fn an_unknown_number_says_so_and_asks_again() {
    let person = asked().dials("999").hears("There is no such extension.");
    let person = person.hears("Enter an extension or a group.").dials("555#");
    let person = person.hears("There is no such extension.");
    let company = Company::new();
    visit(
        &company,
        person.hears("Enter an extension or a group.").hangs_up(),
    );
    // A number that is something else than a mailbox is unknown here.
    visit(
        &company,
        asked()
            .dials("911#")
            .hears("There is no such extension.")
            .hangs_up(),
    );
}

#[test]
fn the_same_address_twice_counts_once() {
    let company = Company::new();
    let person = asked().dials("102#").hears("J O H N").dials("102#");
    let person = person
        .hears("That one is already on the list.")
        .hears("Enter another one")
        .dials("#");
    visit(&company, sends(person).hangs_up());
    assert_eq!(counts(&company), [0, 1, 0]);
}

#[test]
fn star_in_the_middle_of_a_number_begins_anew_and_alone_repeats_the_question() {
    let company = Company::new();
    let person = asked().dials("10*").hears("Enter an extension").dials("*");
    let person = person.hears("Enter an extension").dials("102#");
    visit(&company, person.hears("J O H N").hangs_up());
}

#[test]
fn going_on_with_nobody_chosen_goes_back() {
    let company = Company::new();
    visit(
        &company,
        asked()
            .dials("#")
            .hears("Nobody was chosen.")
            .hears(MAIN)
            .hangs_up(),
    );
}

#[test]
fn who_does_nothing_is_asked_three_times_and_hears_goodbye() {
    let story = visit(&Company::new(), asked().hears("Goodbye."));
    assert_eq!(story.exit, Exit::Finished);
    assert_eq!(story.count("Enter an extension"), 3);
}

#[test]
fn a_group_is_named_and_each_member_gets_his_own_message() {
    let company = Company::new().with_alias("sales", "500", &["john", "zoe"]);
    let person = asked().dials("500").hears("S A L E S");
    let person = person.hears("Enter another one").dials("#");
    visit(&company, sends(person).hangs_up());
    assert_eq!(counts(&company), [0, 1, 1]);
    let (john, zoe) = (company.messages("john"), company.messages("zoe"));
    assert_eq!(john[0].audio, zoe[0].audio, "the audio is one");
}

#[test]
fn a_member_who_is_named_as_well_gets_one_message() {
    let company = Company::new().with_alias("sales", "500", &["john", "zoe"]);
    visit(&company, sends(to("102 500")).hangs_up());
    assert_eq!(counts(&company), [0, 1, 1]);
    let person = asked().dials("500#").hears("S A L E S").dials("102#");
    visit(
        &company,
        person.hears("That one is already on the list.").hangs_up(),
    );
}

#[test]
fn nine_is_everybody_for_whoever_may() {
    let company = Company::new().with_send_to_all("mary");
    let person = asked().hears("For everybody, press nine.").dials("9");
    let person = person
        .hears("Everybody.")
        .hears("Enter another one")
        .dials("#");
    visit(&company, sends(person).hangs_up());
    assert_eq!(counts(&company), [1, 1, 1]);
}

#[test]
fn nine_and_a_digit_within_two_seconds_is_an_extension() {
    let company = || {
        let company = Company::new().with_send_to_all("mary");
        company.with(|objects| {
            // Otherwise outside lines begin so.
            objects.phone_systems[0].spec.dial_plan.outside_line = "8".into();
            objects.users[1].spec.extension = Some("92".into());
        })
    };
    let person = asked().dials("9").waits(1.8).dials("2").hears("J O H N");
    let story = visit(&company(), person.hangs_up());
    assert!(!story.has("Everybody."));
    let person = asked().dials("9").waits(2.1).dials("2#");
    let story = visit(&company(), person.hears("no such extension").hangs_up());
    assert!(story.heard.iter().any(|heard| heard.text == "Everybody."));
}

#[test]
fn nine_means_nothing_to_whoever_may_not_send_to_all() {
    let company = Company::new();
    let story = visit(
        &company,
        asked()
            .dials("9")
            .hears("There is no such extension.")
            .hangs_up(),
    );
    assert!(!story.has("For everybody"));
}

#[test]
fn who_has_no_room_is_named_before_the_tone_and_the_others_get_it() {
    let john = Company::new().sender("john");
    let company =
        Company::new()
            .with_room("john", 1, "5m")
            .with_message("john", Folder::Saved, john);
    let person = asked().dials("102#1021##");
    let person = person
        .hears("J O H N does not get it: the mailbox is full.")
        .hears("Speak after the tone");
    let story = visit(&company, sends(person).hangs_up());
    assert_eq!(counts(&company), [0, 1, 1]);
    assert_eq!(story.count("does not get it"), 1);
}

#[test]
fn when_nobody_has_room_nothing_is_recorded() {
    let john = Company::new().sender("john");
    let company =
        Company::new()
            .with_room("john", 1, "5m")
            .with_message("john", Folder::Saved, john);
    let person = asked()
        .dials("102##")
        .hears("the mailbox is full")
        .hears("Your message could not be sent.");
    let story = visit(&company, person.hears(MAIN).hangs_up());
    assert!(!story.has("[beep]"));
}

#[test]
fn who_is_told_of_once_is_not_told_of_again_when_it_is_recorded_again() {
    let john = Company::new().sender("john");
    let company =
        Company::new()
            .with_room("john", 1, "5m")
            .with_message("john", Folder::Saved, john);
    let person = asked().dials("102#1021##").hears("[beep]").speaks(5);
    let person = person.dials("#").hears(MENU).dials("3");
    let story = visit(&company, sends(person).hangs_up());
    assert_eq!(story.count("does not get it"), 1);
    assert_eq!(counts(&company), [0, 1, 1]);
}

#[test]
fn for_whom_it_became_too_long_is_named_after_it_was_sent() {
    let company = Company::new().with_room("john", 9, "10s");
    let person = to("102 1021").hears("[beep]").speaks(20).dials("#");
    let person = person
        .hears(MENU)
        .dials("1")
        .hears("Your message has been sent.")
        .hears("J O H N does not get it: it is too long for the mailbox.");
    visit(&company, person.hears(MAIN).hangs_up());
    assert_eq!(counts(&company), [0, 0, 1]);
}

#[test]
fn a_recording_ends_with_pound_alone_and_has_no_other_keys() {
    let company = Company::new().with_operator("john");
    let person = to("102").hears("[beep]").speaks(5);
    let person = person.dials("0123456789*").speaks(5).dials("#").hears(MENU);
    visit(&company, person.dials("1").hears("sent").hangs_up());
    assert!(company.messages("john")[0].duration.as_secs() >= 10);
}

#[test]
fn a_key_before_the_tone_cuts_the_words_short_and_nothing_else() {
    let company = Company::new();
    let person = asked().dials("102##").hears_part_of("Speak after the tone");
    visit(&company, sends(person.dials("#")).hangs_up());
    assert_eq!(counts(&company), [0, 1, 0]);
}

#[test]
fn it_is_reviewed_recorded_again_and_sent() {
    let company = Company::new();
    let person = to("102").hears("[beep]").speaks(5).dials("#").hears(MENU);
    let person = person.dials("2").hears("[what was recorded]").hears(MENU);
    let person = person.dials("3").hears("Speak after the tone");
    visit(&company, sends(person).hears(MAIN).hangs_up());
    assert_eq!(counts(&company), [0, 1, 0]);
}

#[test]
fn a_cancelled_message_is_not_sent_and_one_goes_back() {
    let company = Company::new();
    let person = to("102").hears("[beep]").speaks(5).dials("#").hears(MENU);
    let person = person.dials("#").hears("Cancelled. Nothing was sent.");
    visit(&company, person.hears(MAIN).hangs_up());
    assert_eq!(counts(&company), [0, 0, 0]);
}

#[test]
fn saying_nothing_three_times_goes_back() {
    let company = Company::new();
    let person = (0..3).fold(to("102"), |person, _| {
        person
            .hears("[beep]")
            .dials("#")
            .hears("Nothing was recorded.")
    });
    visit(&company, person.hears(MAIN).hangs_up());
    assert_eq!(counts(&company), [0, 0, 0]);
}

#[test]
fn who_does_nothing_at_the_review_has_sent_it_and_hears_goodbye() {
    let company = Company::new();
    let person = to("102").hears("[beep]").speaks(5).dials("#");
    let story = visit(&company, person.hears("has been sent").hears("Goodbye."));
    assert_eq!(story.exit, Exit::Finished);
    assert_eq!(counts(&company), [0, 1, 0]);
}

#[test]
fn star_and_an_extension_mean_nothing_at_the_review_in_the_message_center() {
    let company = Company::new().with_operator("john");
    let person = to("102").hears("[beep]").speaks(5).dials("#").hears(MENU);
    visit(&company, person.dials("0").hears(INVALID).hangs_up());
}

#[test]
fn a_failure_of_the_storage_is_told_and_one_goes_on() {
    let company = Company::new().with_trouble(Trouble::Begin);
    let person = asked().dials("102##").hears("Messages cannot be taken");
    visit(&company, person.hears(MAIN).hangs_up());
    let company = Company::new().with_trouble(Trouble::Deliver);
    let person = to("102").hears("[beep]").speaks(5).dials("#").hears(MENU);
    let person = person.dials("1").hears("could not be sent").hears(MAIN);
    visit(&company, person.hangs_up());
    assert_eq!(counts(&company), [0, 0, 0]);
}

#[test]
fn who_calls_from_outside_sends_in_his_own_name() {
    let company = Company::new();
    let person = Person::outside("+15855550100")
        .hears("extension")
        .dials("101#")
        .hears("PIN")
        .dials(MARYS_PIN)
        .hears(MAIN)
        .dials("3102##");
    visit(&company, sends(person).hears(MAIN).hangs_up());
    assert!(matches!(
        &company.messages("john")[0].sender,
        Sender::Internal { user, .. } if user == "mary"
    ));
}
