//! Reaching one's message center (spec MC-A1, A2, A5, A6, A7).

mod support;

use std::time::Duration;

use apps::sim::{Company, Person, Trouble};
use apps::{Emails, Exit};
use crds::Presence;
use crds::auto_attendant::AutoAttendantSpec;
use mailbox::Folder;
use support::attendants::{OPEN, call_main, company};
use support::{INVALID, MARYS_PIN, mary, outsider, stranger, visit, visit_marys};

const WRONG: &str = "11111#";
const ASKS_PIN: &str = "enter your PIN";
const ASKS_EXTENSION: &str = "enter your extension";
const IN: &str = "You have no messages.";
const ASKS_PIN_IN_SPANISH: &str = "Marque su PIN";
const OFFERS_SPANISH: &str = "Para español, presione numeral dos veces.";
const IN_SPANISH: &str = "Usted no tiene mensajes.";

#[test]
fn the_owner_of_the_handset_gives_his_pin() {
    let story = visit(
        &Company::new(),
        Person::user("mary")
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears(IN)
            .hangs_up(),
    );
    assert!(!story.has(ASKS_EXTENSION));
}

#[test]
fn a_shared_handset_and_the_outside_are_asked_for_the_extension_first() {
    for person in [Person::at_shared_handset(), outsider()] {
        let person = person
            .hears(ASKS_EXTENSION)
            .dials("101#")
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears(IN);
        visit(&Company::new(), person.hangs_up());
    }
}

#[test]
fn pound_instead_of_the_pin_asks_for_the_extension() {
    let person = Person::user("john")
        .hears(ASKS_PIN)
        .dials("#")
        .hears(ASKS_EXTENSION)
        .dials("101#");
    visit(
        &Company::new(),
        person.hears(ASKS_PIN).dials(MARYS_PIN).hears(IN).hangs_up(),
    );
}

#[test]
fn anothers_message_center_asks_only_for_his_pin() {
    let story = visit_marys(
        &Company::new(),
        Person::user("john")
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears(IN)
            .hangs_up(),
    );
    assert!(!story.has(ASKS_EXTENSION));
}

#[test]
fn everything_can_be_dialled_ahead() {
    let company = Company::new().with_message("mary", Folder::New, stranger());
    let story = visit(
        &company,
        outsider()
            .dials("101#1017531#1")
            .hears("[message m1]")
            .hangs_up(),
    );
    assert!(!story.has(ASKS_PIN), "{}", story.transcript());
}

#[test]
fn an_unknown_extension_is_asked_again_three_times() {
    let unknown = |person: Person| {
        person
            .hears(ASKS_EXTENSION)
            .dials("555#")
            .hears("no mailbox at that extension")
    };
    let story = visit(
        &Company::new(),
        unknown(unknown(unknown(outsider()))).hears("Goodbye."),
    );
    assert_eq!(story.exit.clone(), Exit::Finished);
}

#[test]
fn three_wrong_pins_end_the_call() {
    let wrong = |person: Person| person.hears(ASKS_PIN).dials(WRONG);
    let story = visit_marys(
        &Company::new(),
        wrong(wrong(wrong(outsider()))).hears("call again later"),
    );
    assert_eq!(
        (
            story.exit.clone(),
            story.count("That PIN number is not right.")
        ),
        (Exit::Finished, 2)
    );
}

#[test]
fn wrong_pins_for_different_users_end_the_call_too() {
    let person = outsider()
        .hears(ASKS_PIN)
        .dials(WRONG)
        .dials(WRONG)
        .dials("#102#")
        .dials(WRONG);
    let story = visit_marys(&Company::new(), person.hears("call again later"));
    assert_eq!(story.exit.clone(), Exit::Finished);
}

#[test]
fn a_locked_side_is_told_for_how_long_and_the_other_sides_are_not_locked() {
    let company = Company::new();
    visit_marys(
        &company,
        outsider()
            .dials(WRONG)
            .dials(WRONG)
            .dials(WRONG)
            .hears("call again later"),
    );
    let locked = "Please try again in one minute.";
    visit_marys(
        &company,
        outsider()
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears(locked)
            .hears("Goodbye."),
    );
    visit_marys(
        &company,
        Person::user("john")
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears(IN)
            .hangs_up(),
    );
    visit(
        &company,
        Person::user("mary")
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears(IN)
            .hangs_up(),
    );
    company.wait(Duration::from_mins(1));
    visit_marys(
        &company,
        outsider()
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears(IN)
            .hangs_up(),
    );
}

#[test]
fn hanging_up_after_two_wrong_pins_does_not_help() {
    let company = Company::new();
    visit_marys(
        &company,
        outsider()
            .dials(WRONG)
            .dials(WRONG)
            .hears("not right")
            .hangs_up(),
    );
    visit_marys(
        &company,
        outsider()
            .hears(ASKS_PIN)
            .dials(WRONG)
            .hears("call again later"),
    );
}

#[test]
fn each_further_round_doubles_the_lock() {
    let company = Company::new();
    for minutes in ["one minute", "two minutes", "four minutes"] {
        visit_marys(
            &company,
            outsider()
                .dials(WRONG)
                .dials(WRONG)
                .dials(WRONG)
                .hears("call again later"),
        );
        visit_marys(
            &company,
            outsider()
                .dials(WRONG)
                .hears(&format!("try again in {minutes}.")),
        );
        company.wait(Duration::from_mins(5));
    }
}

#[test]
fn a_pin_without_pound_is_asked_for_again() {
    let person = Person::user("mary")
        .hears(ASKS_PIN)
        .dials("1017531")
        .hears(ASKS_PIN)
        .dials(MARYS_PIN)
        .hears(IN);
    visit(&Company::new(), person.hangs_up());
}

#[test]
fn star_begins_the_pin_anew() {
    visit(
        &Company::new(),
        Person::user("mary")
            .hears(ASKS_PIN)
            .dials("99*")
            .dials(MARYS_PIN)
            .hears(IN)
            .hangs_up(),
    );
}

#[test]
fn an_endless_pin_is_only_wrong() {
    let person = Person::user("mary")
        .hears(ASKS_PIN)
        .dials(&"7".repeat(200))
        .dials("#")
        .hears("not right");
    visit(&Company::new(), person.hangs_up());
}

#[test]
fn who_says_nothing_is_asked_three_times() {
    let story = visit(&Company::new(), Person::user("mary").hears("Goodbye."));
    assert_eq!(
        (story.exit.clone(), story.count(ASKS_PIN)),
        (Exit::Finished, 3)
    );
}

#[test]
fn after_login_come_the_counts_then_the_presence_then_the_menu() {
    let company = Company::new().with_presence("mary", Presence::OnVacation);
    let company = company.with_message("mary", Folder::New, stranger());
    let company = company
        .with_message("mary", Folder::New, stranger())
        .with_message("mary", Folder::Saved, stranger());
    let story = visit(&company, mary().hangs_up());
    let at = |text: &str| {
        story
            .heard
            .iter()
            .position(|heard| heard.text.contains(text))
    };
    let counts = at("two new messages, and one saved message").expect("the counts");
    assert_eq!(at("on vacation"), Some(counts + 1));
    assert_eq!(at("To hear new messages"), Some(counts + 2));
}

#[test]
fn every_presence_is_told() {
    let words = [
        "in office",
        "at a meeting",
        "on vacation",
        "on a business trip",
        "at home",
        "away",
        "busy",
    ];
    for (presence, words) in Presence::ALL.into_iter().zip(words) {
        let person = Person::user("mary")
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears(words)
            .hangs_up();
        visit(&Company::new().with_presence("mary", presence), person);
    }
}

#[test]
fn a_full_mailbox_is_told_at_login() {
    let company = Company::new().with(|objects| objects.users[0].spec.voicemail.max_messages = 1);
    let company = company.with_message("mary", Folder::New, stranger());
    visit(
        &company,
        Person::user("mary")
            .dials(MARYS_PIN)
            .hears("Your mailbox is full")
            .hangs_up(),
    );
}

#[test]
fn a_mailbox_that_cannot_be_reached_says_so() {
    let person = || {
        Person::user("mary")
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears("cannot be reached at the moment")
    };
    let story = visit(
        &Company::new().with_trouble(Trouble::Login),
        person().hears("Goodbye."),
    );
    assert_eq!(story.exit.clone(), Exit::Finished);
    let away = Company::new().with_trouble(Trouble::Away);
    let story = visit(
        &away,
        person()
            .dials("1")
            .hears("cannot be reached at the moment")
            .hangs_up(),
    );
    assert!(!story.has("You have no messages") && !story.has("There are no new messages"));
}

#[test]
fn two_pounds_switch_to_the_alternate_language_and_back() {
    let company = Company::new().with_alternate_language();
    let offered = || Person::user("mary").hears(ASKS_PIN).hears(OFFERS_SPANISH);
    let spanish = || offered().dials("##").hears(ASKS_PIN_IN_SPANISH);
    let story = visit(
        &company,
        spanish().dials(MARYS_PIN).hears(IN_SPANISH).hangs_up(),
    );
    assert_eq!(story.language, "es");
    let transcript = story.transcript();
    assert!(transcript.contains(IN_SPANISH) && !transcript.contains(IN));
    let back = spanish()
        .hears("For English, press pound twice.")
        .dials("##")
        .hears(ASKS_PIN)
        .dials(MARYS_PIN);
    assert_eq!(visit(&company, back.hears(IN).hangs_up()).language, "en");
    let slow = offered().dials("#").hears(ASKS_EXTENSION).hangs_up();
    assert_eq!(visit(&company, slow).language, "en");
    let other = offered()
        .dials("#101#")
        .dials(MARYS_PIN)
        .hears(IN)
        .hangs_up();
    assert_eq!(visit(&company, other).language, "en");
}

#[test]
fn a_language_chosen_for_the_call_is_spoken_at_the_attendant_too() {
    let company = company(AutoAttendantSpec::default()).with_alternate_language();
    let chooses = outsider()
        .hears(OPEN)
        .dials("*404")
        .hears(ASKS_EXTENSION)
        .dials("101#")
        .hears(OFFERS_SPANISH)
        .dials("##")
        .hears(ASKS_PIN_IN_SPANISH);
    let comes_back = chooses
        .dials(MARYS_PIN)
        .hears("Para volver al menú anterior, presione numeral.")
        .dials("#")
        .hears(OPEN);
    let wrong_key = comes_back
        .dials("#")
        .hears("Esa tecla no tiene función aquí.");
    let story = call_main(&company, wrong_key.hangs_up());
    assert_eq!(story.language, "es");
}

#[test]
fn a_user_hears_his_own_language_wherever_he_calls_from() {
    let company = Company::new().with(|objects| {
        objects.users[0].spec.language = Some("es".into());
    });
    let own = visit(
        &company,
        Person::user("mary")
            .hears(ASKS_PIN_IN_SPANISH)
            .dials(MARYS_PIN)
            .hears(IN_SPANISH)
            .hangs_up(),
    );
    assert_eq!(own.language, "es");
    // At somebody else's phone it is not known who he is until he has logged in.
    let other = visit(
        &company,
        Person::user("john")
            .hears(ASKS_PIN)
            .dials("#101#")
            .dials(MARYS_PIN)
            .hears(IN_SPANISH)
            .hangs_up(),
    );
    assert_eq!(other.language, "es");
}

#[test]
fn without_an_alternate_language_two_pounds_are_an_invalid_key() {
    let story = visit(
        &Company::new(),
        Person::user("mary")
            .hears(ASKS_PIN)
            .dials("##")
            .hears(INVALID)
            .hangs_up(),
    );
    assert!(!story.has("pound twice"));
}

#[test]
fn after_the_voicemails_come_the_emails() {
    let company = Company::new()
        .with_message("mary", Folder::New, stranger())
        .with_emails("mary", Emails::Counted { new: 2, saved: 41 });
    let story = visit_marys(
        &company,
        Person::user("mary")
            .hears(ASKS_PIN)
            .dials(MARYS_PIN)
            .hears("You have one new message, and no saved messages.")
            .hears("Your e-mail has two new e-mails, and forty-one saved e-mails.")
            .hears("Your presence is: in office.")
            .hangs_up(),
    );
    assert_eq!(
        company.expected(),
        ["mary".into()],
        "{}",
        story.transcript()
    );
}

#[test]
fn emails_that_are_not_counted_yet_are_not_spoken_of_and_unreachable_ones_are() {
    for (emails, unreachable) in [
        (Emails::NoAccount, false),
        (Emails::NotYetKnown, false),
        (Emails::Unavailable, true),
    ] {
        let company = Company::new().with_emails("mary", emails);
        let story = visit_marys(
            &company,
            Person::user("mary")
                .hears(ASKS_PIN)
                .dials(MARYS_PIN)
                .hears("Your presence is: in office.")
                .hangs_up(),
        );
        assert_eq!(story.has("Your e-mail cannot be reached"), unreachable);
        assert!(!story.has("Your e-mail has"));
    }
}
