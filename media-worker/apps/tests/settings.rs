//! What a user sets by phone, and what it changes for his callers.

mod support;

use std::time::Duration;

use apps::Exit;
use apps::sim::{Company, Person, Trouble};
use crds::Presence;
use crds::user_settings::GreetingSlot;
use support::{MENU, leave, mary, outsider, visit};

/// Mary in her settings.
fn settings() -> Person {
    mary().dials("4").hears(MENU)
}

/// Mary's entry in the directory as it is now.
fn entry(company: &Company) -> crds::directory::UserEntry {
    let directory = company.directory();
    let Some(mary) = directory.user("mary") else {
        unreachable!("Mary works here")
    };
    mary.clone()
}

#[test]
fn each_of_the_seven_presences_is_chosen_by_its_key() {
    let presences = (1..).zip(Presence::ALL);
    for (key, presence) in presences {
        let company = Company::new();
        let person = settings()
            .dials("1")
            .hears("Your presence is: in office.")
            .dials(&key.to_string())
            .hears("Your presence is")
            .hears("For your presence, press 1.")
            .hangs_up();
        visit(&company, person);
        assert_eq!(entry(&company).presence, presence, "{key}");
    }
}

#[test]
fn the_presence_that_was_chosen_is_told_at_the_next_login() {
    let company = Company::new();
    visit(&company, settings().dials("16").hears("away.").hangs_up());
    let next = Person::user("mary").hears("PIN").dials("1017531#");
    visit(&company, next.hears("Your presence is: away.").hangs_up());
}

#[test]
fn a_presence_set_in_the_manifest_is_said_to_be_managed() {
    let company = Company::new().with_managed_presence("mary", Presence::Away);
    let person = settings()
        .dials("1")
        .hears("Your presence is: away.")
        .hears("Your administrator sets your presence")
        .hears("For your presence, press 1.")
        .hangs_up();
    let story = visit(&company, person);
    assert!(
        !story
            .transcript()
            .contains("If you are in the office, press 1.")
    );
}

#[test]
fn the_greeting_and_the_announce_only_of_the_chosen_presence_hold_for_the_next_caller() {
    let company = Company::new()
        .with_greeting("mary", GreetingSlot::Away)
        .with_greeting("mary", GreetingSlot::Default);
    let heard = |greeting: &str, then: &str| {
        leave(&company, outsider().hears(greeting).hears(then).hangs_up());
    };
    heard("[mary's Default greeting]", "[beep]");
    // She sets announce-only for Away, and then Away.
    let person = settings().dials("364").hears("cannot leave").dials("##");
    let person = person.hears("press 5.").dials("16").hears("away.");
    visit(&company, person.hangs_up());
    heard("[mary's Away greeting]", "Goodbye.");
    // Deleting the greeting turns announce-only off, and the default one is heard.
    let person = settings().dials("36").hears("Callers now hear");
    let person = person.dials("3").hears("Greeting deleted.").hears(MENU);
    visit(&company, person.hangs_up());
    assert_eq!(entry(&company).announce_only, []);
    heard("[mary's Default greeting]", "[beep]");
}

#[test]
fn only_recording_is_offered_while_there_is_no_greeting() {
    let company = Company::new();
    let person = settings().dials("30").hears("no greeting here");
    let person = person.hears(MENU).dials("2").hears("does nothing");
    let person = person
        .dials("3")
        .hears("does nothing")
        .dials("4")
        .hears("does nothing");
    let story = visit(&company, person.hears(MENU).hangs_up());
    for offered in ["To hear it, press 2.", "To let callers"] {
        assert!(!story.transcript().contains(offered), "{offered}");
    }
}

#[test]
fn a_greeting_is_kept_with_the_silence_at_its_end() {
    let company = Company::new();
    let person = settings()
        .dials("301")
        .hears("[beep]")
        .speaks(4)
        .waits(30.0)
        .dials("#")
        .hears(MENU)
        .dials("1")
        .hears("Saved.")
        .hears("To hear it, press 2.")
        .dials("2")
        .hears("[mary's new Default greeting]")
        .hangs_up();
    let story = visit(&company, person);
    let heard = story
        .heard
        .iter()
        .find(|it| it.text.contains("new Default"));
    let length = heard.map(|heard| heard.to.saturating_sub(heard.from));
    assert!(length.unwrap() > Duration::from_secs(34), "{length:?}");
}

#[test]
fn a_name_is_kept_and_named_to_callers() {
    let company = Company::new();
    let person = settings()
        .dials("22")
        .hears("[beep]")
        .speaks(2)
        .dials("#")
        .hears(MENU)
        .dials("1")
        .hears("Saved.")
        .hears(MENU)
        .dials("3")
        .hears("Your name sounds like this.")
        .hears("[mary's name]")
        .hangs_up();
    visit(&company, person);
    let story = leave(&company, outsider().hears("[beep]").hangs_up());
    assert!(story.transcript().contains("[mary's name] cannot take"));
}

#[test]
fn a_name_or_greeting_is_bounded_in_length() {
    for (keys, longest) in [("22", 10), ("301", 180)] {
        let company = Company::new();
        let person = settings().dials(keys).hears("[beep]");
        let person = person.speaks(longest + 5).hears("To save it");
        let story = visit(&company, person.hangs_up());
        let beep = story.heard.iter().find(|it| it.text == "[beep]").unwrap();
        let review = story.heard.iter().find(|it| it.text.contains("To save it"));
        let took = review.unwrap().from.saturating_sub(beep.to);
        assert_eq!(took, Duration::from_secs(longest), "{keys}");
    }
}

#[test]
fn what_is_not_saved_leaves_all_as_it_was_wherever_one_hangs_up() {
    let greeting = settings()
        .dials("301")
        .hears("[beep]")
        .speaks(3)
        .dials("#")
        .hears(MENU)
        .dials("2")
        .hears("[what was recorded]")
        .dials("3")
        .hears("[beep]")
        .speaks(2)
        .dials("#")
        .hears(MENU)
        .dials("1");
    let name = settings()
        .dials("22")
        .hears("[beep]")
        .speaks(3)
        .dials("#")
        .hears(MENU)
        .dials("1");
    for person in [greeting, name] {
        let person = person.hears("Saved.").hears(MENU).dials("#");
        let person = person.hears("press pound.").dials("#");
        let whole = visit(&Company::new(), person.clone().hears(MENU).hangs_up());
        let mut at = Duration::ZERO;
        while at < whole.length {
            let company = Company::new();
            let story = visit(&company, person.clone().hangs_up_at(at));
            // Saving is a key: from the word on that says so, it is done.
            let saved = story.heard.iter().any(|it| it.text == "Saved.");
            let kept = company.greeting("mary", GreetingSlot::Default).is_some()
                || company.name_length("mary").is_some();
            assert!(kept || !saved, "{at:?}");
            let pressed = story.steps.iter().any(|step| {
                step.menu.ends_with("review") && step.way == apps::Way::Key(apps::Key::One)
            });
            assert_eq!(kept, pressed, "{at:?}");
            at += Duration::from_millis(100);
        }
    }
}

#[test]
fn nothing_said_is_not_kept_and_after_three_times_not_asked_for() {
    let company = Company::new();
    let person = settings()
        .dials("22")
        .hears("[beep]")
        .dials("#")
        .hears("Nothing was recorded.")
        .hears("[beep]")
        .dials("#")
        .hears("[beep]")
        .dials("#")
        .hears("To record your name, press 2.")
        .hangs_up();
    visit(&company, person);
    assert_eq!(company.name_length("mary"), None);
}

#[test]
fn a_changed_pin_is_right_from_then_on_and_the_old_one_wrong() {
    let company = Company::new();
    let person = settings()
        .dials("5")
        .hears("Enter your new PIN")
        .dials("86420#")
        .hears("once more")
        .dials("86420#")
        .hears("Your PIN number has been changed.")
        .hears("For your presence")
        .hangs_up();
    visit(&company, person);
    let login = Person::user("mary").hears("enter your PIN");
    let old = login.clone().dials("1017531#").hears("is not right");
    visit(&company, old.hangs_up());
    visit(
        &company,
        login.dials("86420#").hears("no messages").hangs_up(),
    );
}

#[test]
fn a_pin_that_is_easy_to_guess_is_refused_with_the_reason() {
    for (pin, why) in [
        ("1234", "Your PIN number needs at least five digits."),
        ("101101", "too easy to guess"),
        ("77777", "too easy to guess"),
        ("45678", "too easy to guess"),
        ("1017531", "the PIN number you have now"),
        (
            "135791357913579135791357913579135",
            "Your PIN number can have at most thirty-two digits.",
        ),
    ] {
        let person = settings().dials("5").hears("new PIN");
        let person = person.dials(&format!("{pin}#")).hears(why);
        let person = person.hears("Enter your new PIN").hangs_up();
        visit(&Company::new(), person);
    }
}

#[test]
fn two_different_pins_change_nothing() {
    let company = Company::new();
    let person = settings()
        .dials("5")
        .hears("new PIN")
        .dials("86420#")
        .hears("once more")
        .dials("86421#")
        .hears("were not the same")
        .hears("Enter your new PIN")
        .dials("#")
        .hears("For your presence")
        .hangs_up();
    visit(&company, person);
    assert!(entry(&company).pin.verify("1017531"));
}

#[test]
fn a_pin_for_the_first_login_must_be_changed_before_anything_else() {
    let company = Company::new().with_initial_pin("mary");
    let first = Person::user("mary").hears("enter your PIN");
    let first = first
        .dials("1017531#")
        .hears("choose a PIN number of your own");
    // Going on without one ends the call, and nothing was told.
    let without = first.clone().hears("new PIN").dials("#");
    let without = without.hears("new PIN").dials("#").hears("new PIN");
    let without = without.dials("#").hears("You have not chosen a");
    let story = visit(&company, without.hears("Goodbye."));
    assert_eq!(story.exit, Exit::Finished);
    assert!(!story.transcript().contains("messages"));
    let with = first.hears("new PIN").dials("86420#").hears("once more");
    let with = with.dials("86420#").hears("has been changed");
    visit(&company, with.hears("You have no messages.").hangs_up());
    // And never again.
    let second = Person::user("mary").hears("enter your PIN");
    let second = second.dials("86420#").hears("You have no messages.");
    let story = visit(&company, second.hangs_up());
    assert!(!story.transcript().contains("of your own"));
}

#[test]
fn what_cannot_be_kept_is_said_and_changes_nothing() {
    let company = Company::new()
        .with_greeting("mary", GreetingSlot::Default)
        .with_trouble(Trouble::Saving);
    const SORRY: &str = "That could not be saved at the moment.";
    for keys in ["16", "304", "303"] {
        visit(&company, settings().dials(keys).hears(SORRY).hangs_up());
    }
    for keys in ["301", "22"] {
        let person = settings().dials(keys).hears("[beep]").speaks(3);
        let person = person.dials("#").hears(MENU).dials("1").hears(SORRY);
        visit(&company, person.hangs_up());
    }
    let person = settings().dials("5").hears("new PIN").dials("86420#");
    let person = person.hears("once more").dials("86420#").hears(SORRY);
    visit(&company, person.hangs_up());
    assert_eq!(entry(&company).presence, Presence::InOffice);
    assert!(entry(&company).pin.verify("1017531"));
    assert_eq!(
        company.greeting("mary", GreetingSlot::Default).as_deref(),
        Some("mary's Default greeting")
    );
}

#[test]
fn settings_that_cannot_be_reached_are_said_to_be_so() {
    let company = Company::new().with_trouble(Trouble::Settings);
    for keys in ["1", "2", "30"] {
        let person = settings().dials(keys).hears("cannot be reached");
        visit(&company, person.hangs_up());
    }
}

#[test]
fn when_recording_is_not_possible_the_menu_goes_on() {
    let company = Company::new().with_trouble(Trouble::Begin);
    let person = settings().dials("22").hears("could not be saved");
    visit(&company, person.hears(MENU).hangs_up());
}
