//! Leaving a message (spec LV, MB-6, MC-AO): greetings, endings, and what is in the mailbox then.

mod support;

use std::time::Duration;

use apps::sim::{Company, Person, Trouble};
use apps::{Exit, leave_message};
use crds::Presence;
use crds::user_settings::GreetingSlot;
use mailbox::{Folder, MessageState, Sender};
use support::{leave, outsider, stranger};

const SENT: &str = "Your message has been sent.";

fn seconds_in(company: &Company, user: &str) -> Vec<u64> {
    company
        .messages(user)
        .iter()
        .map(|m| m.duration.as_secs())
        .collect()
}

#[test]
fn an_outside_caller_hears_that_his_message_is_sent_when_he_presses_pound() {
    let company = Company::new();
    let story = leave(
        &company,
        outsider()
            .hears("[beep]")
            .speaks(12)
            .dials("#")
            .hears(SENT)
            .hears("Goodbye."),
    );
    assert_eq!(story.exit.clone(), Exit::Finished);
    let messages = company.messages("mary");
    assert_eq!((messages.len(), messages[0].state), (1, MessageState::New));
    assert_eq!(messages[0].sender, stranger());
    assert_eq!(messages[0].duration.as_secs(), 12);
}

#[test]
fn hanging_up_after_speaking_sends() {
    let company = Company::new();
    assert_eq!(
        leave(&company, outsider().hears("[beep]").speaks(3).hangs_up()).exit,
        Exit::HungUp
    );
    assert_eq!(seconds_in(&company, "mary"), [3]);
}

#[test]
fn hanging_up_within_a_second_leaves_no_message() {
    let company = Company::new();
    leave(&company, outsider().hears("[beep]").waits(0.9).hangs_up());
    assert!(company.messages("mary").is_empty());
}

#[test]
fn eight_seconds_of_silence_end_a_recording_and_are_no_part_of_it() {
    let company = Company::new();
    let story = leave(&company, outsider().hears("[beep]").speaks(4).hears(SENT));
    assert_eq!(
        (story.exit.clone(), seconds_in(&company, "mary")),
        (Exit::Finished, vec![5])
    );
}

#[test]
fn a_message_ends_at_its_greatest_length_and_is_sent() {
    let company = Company::new();
    leave(
        &company,
        outsider()
            .hears("[beep]")
            .speaks(300)
            .hears("greatest length")
            .hears(SENT),
    );
    assert_eq!(seconds_in(&company, "mary"), [300]);
}

#[test]
fn a_recording_in_which_nobody_spoke_is_no_message() {
    let company = Company::new();
    for person in [outsider(), Person::user("john")] {
        let silent = person.clone().hears("[beep]");
        let silent = silent.hears("Nothing was recorded.").hears("[beep]");
        leave(&company, silent.speaks(2).hangs_up());
        leave(
            &company,
            person.clone().hears("[beep]").waits(4.0).hangs_up(),
        );
        let pressed = person.hears("[beep]").waits(4.0).dials("#");
        leave(&company, pressed.hears("Nothing was recorded.").hangs_up());
    }
    assert_eq!(seconds_in(&company, "mary"), [2, 2]);
}

#[test]
fn three_recordings_of_nothing_end_the_call() {
    let company = Company::new();
    let nothing = |person: Person| {
        person
            .hears("[beep]")
            .dials("#")
            .hears("Nothing was recorded.")
    };
    let story = leave(
        &company,
        nothing(nothing(nothing(outsider()))).hears("Goodbye."),
    );
    assert_eq!(
        (story.exit.clone(), story.count("[beep]")),
        (Exit::Finished, 3)
    );
    assert!(company.messages("mary").is_empty());
}

#[test]
fn digits_during_a_recording_are_part_of_it() {
    let company = Company::new();
    leave(
        &company,
        Person::user("john")
            .hears("[beep]")
            .speaks(2)
            .dials("123456789")
            .speaks(2)
            .hangs_up(),
    );
    assert_eq!(seconds_in(&company, "mary"), [4]);
}

#[test]
fn the_standard_greeting_has_the_recorded_name_else_the_name_spelled() {
    let story = leave(
        &Company::new(),
        outsider().hears("M A R Y cannot take your call").hangs_up(),
    );
    assert!(!story.has("[beep]"));
    leave(
        &Company::new().with_name("mary"),
        outsider()
            .hears("[mary's name] cannot take your call")
            .hangs_up(),
    );
}

#[test]
fn a_name_that_cannot_be_spelled_is_told_by_its_extension() {
    Company::new().run(
        outsider()
            .hears("Extension one zero two one cannot")
            .hangs_up(),
        async |call, office| leave_message(call, office, "zoe").await,
    );
}

#[test]
fn colleagues_hear_where_he_is_and_strangers_do_not() {
    for (presence, words) in [
        (Presence::InOffice, "in the office"),
        (Presence::AtAMeeting, "at a meeting"),
        (Presence::OnVacation, "on vacation"),
        (Presence::OnBusinessTrip, "on a business trip"),
        (Presence::AtHome, "home"),
        (Presence::Away, "away"),
        (Presence::Busy, "busy"),
    ] {
        let company = Company::new().with_presence("mary", presence);
        leave(&company, Person::user("john").hears(words).hangs_up());
        leave(
            &company,
            Person::at_shared_handset().hears(words).hangs_up(),
        );
        leave(
            &company,
            outsider()
                .hears("cannot take your call right now")
                .hangs_up(),
        );
    }
}

#[test]
fn the_greeting_of_the_presence_goes_before_the_default_one() {
    let company = Company::new().with_greeting("mary", GreetingSlot::Default);
    leave(
        &company,
        outsider().hears("[mary's Default greeting]").hangs_up(),
    );
    let company = company.with_greeting("mary", GreetingSlot::Away);
    leave(
        &company,
        outsider().hears("[mary's Default greeting]").hangs_up(),
    );
    let company = company.with_presence("mary", Presence::Away);
    leave(
        &company,
        outsider()
            .hears("[mary's Away greeting]")
            .hears("[beep]")
            .hangs_up(),
    );
}

#[test]
fn announce_only_takes_no_message_but_still_transfers() {
    let company = Company::new()
        .with_operator("john")
        .with_greeting("mary", GreetingSlot::Default);
    let company = company.with_announce_only("mary", GreetingSlot::Default);
    let story = leave(
        &company,
        outsider()
            .hears("[mary's Default greeting]")
            .hears("Goodbye."),
    );
    assert_eq!(
        (story.exit.clone(), story.has("[beep]")),
        (Exit::Finished, false)
    );
    for (keys, to) in [("0", "0"), ("*102", "102")] {
        let story = leave(&company, outsider().hears_part_of("greeting]").dials(keys));
        assert_eq!(story.exit.clone(), Exit::Transfer(to.into()));
        let story = leave(&company, outsider().hears_part_of("Goodbye.").dials(keys));
        assert_eq!(story.exit.clone(), Exit::Transfer(to.into()));
    }
}

#[test]
fn announce_only_goes_with_the_greeting_that_is_heard() {
    let own = Company::new().with_presence("mary", Presence::Away);
    let own = own
        .with_greeting("mary", GreetingSlot::Default)
        .with_greeting("mary", GreetingSlot::Away);
    let own = own.with_announce_only("mary", GreetingSlot::Default);
    leave(
        &own,
        outsider()
            .hears("[mary's Away greeting]")
            .hears("[beep]")
            .hangs_up(),
    );
    let unrecorded = Company::new().with_announce_only("mary", GreetingSlot::InOffice);
    leave(&unrecorded, outsider().hears("[beep]").hangs_up());
}

#[test]
fn a_full_mailbox_says_so_before_the_beep_and_still_transfers() {
    let company = Company::new().with(|objects| objects.users[0].spec.voicemail.max_messages = 1);
    let company = company.with_message("mary", Folder::Saved, stranger());
    let story = leave(
        &company,
        outsider().hears("mailbox is full").hears("Goodbye."),
    );
    assert_eq!(
        (story.exit.clone(), story.has("[beep]")),
        (Exit::Finished, false)
    );
    let story = leave(
        &company,
        outsider().hears_part_of("mailbox is full").dials("*102"),
    );
    assert_eq!(story.exit.clone(), Exit::Transfer("102".into()));
    let story = leave(
        &company,
        outsider()
            .hears_part_of("cannot take")
            .dials("#")
            .hears("mailbox is full"),
    );
    assert_eq!(
        story.exit.clone(),
        Exit::Finished,
        "skipping the greeting skips no more than that"
    );
}

#[test]
fn trouble_with_the_storage_is_said_before_the_beep() {
    let company = Company::new().with_trouble(Trouble::Begin);
    let story = leave(
        &company,
        outsider()
            .hears("Messages cannot be taken at the moment")
            .hears("Goodbye."),
    );
    assert!(!story.has("[beep]"));
}

#[test]
fn a_message_that_cannot_be_delivered_is_not_said_to_be_sent() {
    let company = Company::new().with_trouble(Trouble::Deliver);
    let story = leave(
        &company,
        outsider()
            .hears("[beep]")
            .speaks(3)
            .dials("#")
            .hears("could not be sent"),
    );
    assert!(!story.has(SENT));
    let story = leave(
        &company,
        outsider()
            .hears("[beep]")
            .speaks(3)
            .dials("*102")
            .hears("could not be sent"),
    );
    assert_eq!(story.exit.clone(), Exit::Transfer("102".into()));
}

#[test]
fn a_transfer_delivers_first_what_was_said_and_nothing_if_nothing_was() {
    let company = Company::new();
    leave(
        &company,
        outsider()
            .hears("[beep]")
            .speaks(3)
            .dials("*102")
            .hears(SENT),
    );
    assert_eq!(seconds_in(&company, "mary"), [3]);
    let story = leave(&company, outsider().hears("[beep]").dials("*102"));
    assert_eq!(
        (story.exit.clone(), seconds_in(&company, "mary").len()),
        (Exit::Transfer("102".into()), 1)
    );
}

#[test]
fn a_stranger_who_misdials_may_try_again_before_his_message_is_sent() {
    for misdialled in ["*999", "*"] {
        let company = Company::new();
        let misdials = outsider().hears("[beep]").speaks(3).dials(misdialled);
        let story = leave(
            &company,
            misdials
                .hears("press star and then the extension.")
                .dials("*102")
                .hears(SENT),
        );
        assert_eq!(story.exit, Exit::Transfer("102".into()), "{misdialled}");
        assert_eq!(seconds_in(&company, "mary"), [3], "{misdialled}");
    }
}

#[test]
fn a_stranger_whose_recording_a_wrong_extension_has_ended_is_not_told_to_go_on_speaking() {
    for sends in ["1", "#"] {
        let company = Company::new();
        let misdials = outsider().hears("[beep]").speaks(3).dials("*999");
        let told = misdials
            .hears("no such extension")
            .hears("To send it, press 1.");
        let story = leave(&company, told.dials(sends).hears(SENT));
        let told_to_speak = story.count("When you are done");
        assert_eq!(told_to_speak, 1, "{sends}: before the tone");
        assert_eq!(seconds_in(&company, "mary"), [3], "{sends}");
    }
}

#[test]
fn a_colleague_reviews_records_again_and_sends() {
    let company = Company::new();
    let person = Person::user("john")
        .hears("[beep]")
        .speaks(3)
        .dials("#")
        .hears("To send it")
        .dials("2");
    let person = person
        .hears("[what was recorded]")
        .dials("3")
        .hears("[beep]")
        .speaks(7)
        .dials("#1")
        .hears(SENT);
    leave(&company, person);
    assert_eq!(seconds_in(&company, "mary"), [7]);
    let Sender::Internal {
        user, extension, ..
    } = &company.messages("mary")[0].sender
    else {
        panic!("not from a user");
    };
    assert_eq!((user.as_str(), extension.as_str()), ("john", "102"));
}

#[test]
fn a_cancelled_message_is_not_sent() {
    let company = Company::new();
    leave(
        &company,
        Person::user("john")
            .hears("[beep]")
            .speaks(3)
            .dials("##")
            .hears("Nothing was sent."),
    );
    assert!(company.messages("mary").is_empty());
}

#[test]
fn a_recording_that_cannot_be_reviewed_can_still_be_sent() {
    let company = Company::new().with_trouble(Trouble::Playback);
    leave(
        &company,
        Person::user("john")
            .hears("[beep]")
            .speaks(3)
            .dials("#2")
            .hears("cannot be played")
            .dials("1")
            .hears(SENT),
    );
    assert_eq!(company.messages("mary").len(), 1);
}

#[test]
fn star_alone_and_star_with_an_extension_are_told_apart_by_two_seconds() {
    let company = Company::new();
    let review = || {
        Person::user("john")
            .hears("[beep]")
            .speaks(3)
            .dials("#")
            .hears("choices again")
            .dials("*")
    };
    let quick = leave(&company, review().waits(1.8).dials("102"));
    assert_eq!(quick.exit, Exit::Transfer("102".into()));
    let slow = leave(&company, review().waits(2.0).dials("1").hears(SENT));
    assert_eq!(slow.exit, Exit::Finished);
}

#[test]
fn an_extension_that_begins_another_waits_for_more_digits() {
    let company = Company::new();
    let dial = |keys| {
        leave(
            &company,
            outsider().hears_part_of("cannot take").dials(keys),
        )
    };
    assert_eq!(dial("*1021").exit, Exit::Transfer("1021".into()));
    let (short, ended) = (dial("*102"), dial("*102#"));
    assert_eq!(
        (short.exit, ended.exit),
        (Exit::Transfer("102".into()), Exit::Transfer("102".into()))
    );
    assert!(
        short.length > ended.length + Duration::from_secs(2),
        "pound need not be waited for"
    );
    assert!(
        dial("*101").length < Duration::from_secs(5),
        "nothing is longer: at once"
    );
}

#[test]
fn outside_lines_cannot_be_dialled_from_a_mailbox() {
    let company = Company::new();
    for person in [outsider(), Person::user("john")] {
        let story = leave(
            &company,
            person
                .hears_part_of("Please leave")
                .dials("*95855550123#")
                .hears("no such extension")
                .hangs_up(),
        );
        assert_eq!(story.exit.clone(), Exit::HungUp);
    }
    let story = leave(
        &company,
        Person::user("john")
            .hears_part_of("Please leave")
            .dials("*911"),
    );
    assert_eq!(
        story.exit.clone(),
        Exit::Transfer("911".into()),
        "but emergencies can"
    );
}

#[test]
fn the_operators_key_is_the_dial_plans() {
    let company = Company::new()
        .with(|objects| objects.phone_systems[0].spec.dial_plan.operator = "102".into());
    let story = leave(
        &company,
        outsider()
            .hears_part_of("Please leave")
            .dials("0")
            .hears("[beep]")
            .hangs_up(),
    );
    assert_eq!(story.exit.clone(), Exit::HungUp, "no single key calls him");
}

#[test]
fn nobodys_mailbox_is_announced() {
    let story = Company::new().run(outsider(), async |call, office| {
        leave_message(call, office, "nobody").await
    });
    assert_eq!(
        (story.exit.clone(), story.count("There is no mailbox")),
        (Exit::Finished, 2)
    );
}
