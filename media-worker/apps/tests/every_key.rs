//! Every key of every menu, and doing nothing, in every language that there are prompts in: a table that
//! must hold all steps there are.

mod settings_places;
mod support;

use std::collections::BTreeSet;

use apps::sim::{Company, Person, Trouble, every_step};
use apps::{Exit, Key, Step};
use crds::user_settings::GreetingSlot;
use mailbox::Folder;
use settings_places::SETTINGS;
use support::attendants::{
    OPEN, by_name, call_main, company, option, to_extension, to_messages, with_options,
};
use support::places::Place;
use support::places::Then::{self, Calls, Ends, Says};
use support::{INVALID, MAIN, MENU, leave, mary, outsider, stranger, visit, visit_marys};

/// Logging in, listening, leaving a message.
const PLACES: &[Place] = &[
    Place {
        come: || (messages(), mary()),
        run: visit,
        keys: &[
            ("1", Says("From J O H N.")),
            ("2", Says("From the number plus one five eight five")),
            ("3", Says("Enter an extension or a group.")),
            ("4", Says("For your presence, press 1.")),
            ("*", Says(MAIN)),
            ("#", Ends("Goodbye.")),
            ("*102", Calls("102")),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // The dial tone of the outside line.
    Place {
        come: || {
            let company = Company::new().with_outside_line("mary");
            (company, mary().dials("7").hears("[dial tone]"))
        },
        run: visit,
        keys: &[
            ("*#", Says("enter your PIN")),
            ("5551234#", Says("[connected with +15855551234]")),
            ("", Ends("Goodbye.")),
        ],
        others: Says("[dial tone]"),
    },
    // After a message of a user.
    Place {
        come: || {
            (
                messages(),
                mary().dials("1").hears("[message m1]").hears(MENU),
            )
        },
        run: visit,
        keys: &[
            ("1", Says("Speak your reply after the tone")),
            ("2", Says("Enter an extension or a group.")),
            ("3", Says("Message deleted.")),
            ("4", Says("[message m1]")),
            ("6", Says("That was the last message.")),
            ("9", Calls("102")),
            ("#", Says(MAIN)),
            ("*", Says(MENU)),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // After a message from outside: nobody to call.
    Place {
        come: || {
            (
                messages(),
                mary().dials("2").hears("[message m2]").hears(MENU),
            )
        },
        run: visit,
        keys: &[
            ("2", Says("Enter an extension or a group.")),
            ("3", Says("Message deleted.")),
            ("4", Says("[message m2]")),
            ("6", Says("That was the last message.")),
            ("#", Says(MAIN)),
            ("*", Says(MENU)),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // After what is said of a message whose recording is lost.
    Place {
        come: || {
            let company = messages().with_trouble(Trouble::Lost);
            (company, mary().dials("1").hears("is lost").hears(MENU))
        },
        run: visit,
        keys: &[
            ("3", Says("Message deleted.")),
            ("6", Says("That was the last message.")),
            ("#", Says(MAIN)),
            ("*", Says(MENU)),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // While a message plays, after `*`.
    Place {
        come: || {
            (
                messages(),
                mary().dials("1").hears_part_of("[message m1]").dials("*"),
            )
        },
        run: visit,
        keys: &[
            ("1", Says("Speak your reply after the tone")),
            ("2", Says("Enter an extension or a group.")),
            ("3", Says("Message deleted.")),
            ("4", Says("[message m1]")),
            ("6", Says("That was the last message.")),
            ("9", Calls("102")),
            ("#", Says(MAIN)),
            ("*", Says(MENU)),
            ("", Says(MENU)),
        ],
        others: Says(INVALID),
    },
    // While a message plays, without `*`.
    Place {
        come: || {
            (
                messages(),
                mary()
                    .dials("1")
                    .hears_part_of("From")
                    .hears_part_of("Received")
                    .waits(5.0),
            )
        },
        run: visit,
        keys: &[("*3", Says("Message deleted."))],
        others: Says("[message m1]"),
    },
    // During a greeting.
    Place {
        come: || {
            (
                greeting(),
                outsider().hears_part_of("[mary's Default greeting]"),
            )
        },
        run: leave,
        keys: &[
            ("0", Calls("0")),
            ("#", Says("[beep]")),
            ("*", Says("[mary's Default greeting]")),
            ("*102", Calls("102")),
            ("*999", Says("There is no such extension.")),
            ("", Says("[beep]")),
        ],
        others: Says("[beep]"),
    },
    // During a recording of a user.
    Place {
        come: || (greeting(), Person::user("john").hears("[beep]").speaks(5)),
        run: leave,
        keys: &[
            ("0", Calls("0")),
            ("#", Says("To send it, press 1.")),
            ("*", Says("To send it, press 1.")),
            ("*102", Calls("102")),
            ("*999", Says("There is no such extension.")),
            ("", Says("To send it, press 1.")),
        ],
        others: Says("To send it, press 1."),
    },
    // During a recording of a stranger.
    Place {
        come: || (greeting(), outsider().hears("[beep]").speaks(5)),
        run: leave,
        keys: &[
            ("0", Calls("0")),
            ("*", Says(MAIN)),
            ("*102", Calls("102")),
            ("*999", Says("There is no such extension.")),
        ],
        others: Ends("Your message has been sent."),
    },
    // After a `*` of his that led nowhere.
    Place {
        come: || {
            let speaks = outsider().hears("[beep]").speaks(5);
            (greeting(), speaks.dials("*").hears(MAIN))
        },
        run: leave,
        keys: &[
            ("1", Ends("Your message has been sent.")),
            ("#", Ends("Your message has been sent.")),
            ("0", Calls("0")),
            ("*", Says(MAIN)),
            ("*102", Calls("102")),
            ("*999", Says("There is no such extension.")),
            ("", Ends("Your message has been sent.")),
        ],
        others: Says(INVALID),
    },
    // The review of a recording.
    Place {
        come: || {
            (
                greeting(),
                Person::user("john")
                    .hears("[beep]")
                    .speaks(5)
                    .dials("#")
                    .hears(MENU),
            )
        },
        run: leave,
        keys: &[
            ("1", Ends("Your message has been sent.")),
            ("2", Says("[what was recorded]")),
            ("3", Says("[beep]")),
            ("#", Ends("Cancelled. Nothing was sent.")),
            ("*", Says("To send it, press 1.")),
            ("0", Calls("0")),
            ("*102", Calls("102")),
            ("*999", Says("There is no such extension.")),
            ("", Ends("Your message has been sent.")),
        ],
        others: Says(INVALID),
    },
    // The question whom a message is for.
    Place {
        come: || {
            (
                messages().with_send_to_all("mary"),
                mary().dials("3").hears("For everybody, press nine."),
            )
        },
        run: visit,
        keys: &[
            ("#", Says("Nobody was chosen.")),
            ("*", Says("Enter an extension or a group.")),
            ("9", Says("Everybody.")),
            ("0", Says("J O H N")),
            ("102", Says("J O H N")),
            ("", Ends("Goodbye.")),
        ],
        others: Says("There is no such extension."),
    },
    // During a recording in the message center.
    Place {
        come: || (messages(), mary().dials("3101##").hears("[beep]").speaks(5)),
        run: visit,
        keys: &[("#", Says("To send it, press 1."))],
        others: Says("To send it, press 1."),
    },
    // The review of it.
    Place {
        come: || {
            (
                messages(),
                mary()
                    .dials("3101##")
                    .hears("[beep]")
                    .speaks(5)
                    .dials("#")
                    .hears(MENU),
            )
        },
        run: visit,
        keys: &[
            ("1", Says("Your message has been sent.")),
            ("2", Says("[what was recorded]")),
            ("3", Says("[beep]")),
            ("#", Says("Cancelled. Nothing was sent.")),
            ("*", Says("To send it, press 1.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // The greeting of an attendant.
    Place {
        come: || (attendant(), outsider().hears(OPEN)),
        run: call_main,
        keys: &[
            ("0", Calls("0")),
            ("2", Calls("102")),
            ("4", Says("Please enter your extension")),
            ("8", Says("Enter the first letters")),
            ("*", Says(OPEN)),
            ("101", Calls("101")),
            ("3101", Calls("3101")),
            ("6101", Says("enter your PIN")),
            ("*404", Says("Please enter your extension")),
            ("199", Says("There is no such extension.")),
            ("", Calls("0")),
        ],
        others: Says(INVALID),
    },
    // Its question for a name.
    Place {
        come: || {
            (
                attendant(),
                outsider()
                    .hears(OPEN)
                    .dials("8")
                    .hears("Enter the first letters"),
            )
        },
        run: call_main,
        keys: &[
            ("627", Says("M A R Y")),
            ("#", Says(OPEN)),
            ("*", Says("Enter the first letters")),
            ("6", Says("M A R Y")),
            ("5", Says("J O H N")),
            ("", Calls("0")),
        ],
        others: Says("There is nobody of that name."),
    },
    // A name that was found.
    Place {
        come: || {
            (
                attendant().with_name("zoe").with(|objects| {
                    let zoe = &mut objects.users[2].spec;
                    zoe.display_name = Some("Max".into());
                }),
                outsider().hears(OPEN).dials("862#").hears(MENU),
            )
        },
        run: call_main,
        keys: &[
            ("1", Calls("101")),
            ("2", Says("[zoe's name]")),
            ("3", Says("Enter the first letters")),
            ("#", Says(OPEN)),
            ("*", Says(MENU)),
            ("", Calls("0")),
        ],
        others: Says(INVALID),
    },
    // The question for the PIN.
    Place {
        come: || {
            (
                messages(),
                outsider().hears("press pound").hears("press pound"),
            )
        },
        run: visit_marys,
        keys: &[
            ("#", Says("Please enter your extension")),
            ("", Ends("Goodbye.")),
        ],
        others: Says("enter your PIN"),
    },
    // The question for the extension.
    Place {
        come: || (messages(), outsider().hears("Please enter your extension")),
        run: visit,
        keys: &[("#", Says(INVALID)), ("", Ends("Goodbye."))],
        others: Says("Please enter your extension"),
    },
];

#[test]
fn every_key_of_every_menu_does_what_the_table_says() {
    for language in Company::languages() {
        let walked = walk_everything(&language);
        eprintln!("{}", table(&language, &walked));
    }
}

/// How many ways there are through each menu, and how many were walked: `--nocapture` shows it.
fn table(language: &str, walked: &BTreeSet<Step>) -> String {
    let steps = every_step();
    let menus: BTreeSet<&str> = steps.iter().map(|step| step.menu).collect();
    let of = |steps: &BTreeSet<Step>, menu| steps.iter().filter(|step| step.menu == menu).count();
    let rows = menus.into_iter().map(|menu| {
        let (walked, all) = (of(walked, menu), of(&steps, menu));
        format!("| {language} | {menu} | {walked} of {all} |")
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn walk_everything(language: &str) -> BTreeSet<Step> {
    let mut walked = BTreeSet::new();
    for (at, place) in PLACES.iter().chain(SETTINGS).enumerate() {
        let named = place.keys.iter().copied();
        let is_named = |key: &str| place.keys.iter().any(|(named, _)| *named == key);
        let others = Key::ALL.map(|key| key.to_string());
        let others = others
            .iter()
            .filter(|key| !is_named(key))
            .map(|key| (key.as_str(), place.others));
        for (keys, then) in named.chain(others) {
            walked.extend(walk(
                place,
                language,
                &format!("{language}: place {at}, keys {keys:?}"),
                keys,
                then,
            ));
        }
    }
    let missing: Vec<Step> = every_step().difference(&walked).copied().collect();
    let unknown: Vec<Step> = walked.difference(&every_step()).copied().collect();
    assert!(missing.is_empty(), "{language}: not walked: {missing:#?}");
    assert!(
        unknown.is_empty(),
        "{language}: not in the list of steps: {unknown:#?}"
    );
    walked
}

fn walk(place: &Place, language: &str, name: &str, keys: &str, then: Then) -> BTreeSet<Step> {
    eprintln!("{name}");
    let (company, person) = (place.come)();
    let company = company.with_language(language);
    let person = person.dials(keys);
    let (person, exit) = match then {
        Says(text) => (person.hears(text).hangs_up(), Exit::HungUp),
        Ends(text) => (person.hears(text), Exit::Finished),
        Calls(to) => (person, Exit::Transfer(to.into())),
    };
    let story = (place.run)(&company, person);
    assert_eq!(story.exit.clone(), exit, "{name}:\n{}", story.transcript());
    assert_eq!(story.language, language, "{name}");
    story.steps
}

/// A message of john that is new, and one from outside that is saved.
fn messages() -> Company {
    let company = Company::new().with_operator("john");
    let john = company.sender("john");
    let company = company.with_message("mary", Folder::New, john);
    company.with_message("mary", Folder::Saved, stranger())
}

/// An attendant with a few keys.
fn attendant() -> Company {
    company(with_options(vec![
        option("2", to_extension("102")),
        option("4", to_messages()),
        by_name("8"),
    ]))
}

fn greeting() -> Company {
    Company::new()
        .with_operator("john")
        .with_greeting("mary", GreetingSlot::Default)
}
