//! The places of the settings, and what each key does there.

use apps::sim::{Company, Person};
use crds::user_settings::GreetingSlot;

use crate::support::places::Place;
use crate::support::places::Then::{Ends, Says};
use crate::support::{INVALID, MAIN, MENU, mary, visit};

/// Presence, name, greetings, PIN.
pub(crate) const SETTINGS: &[Place] = &[
    // The settings.
    Place {
        come: || (Company::new(), settings()),
        run: visit,
        keys: &[
            ("1", Says("If you are in the office, press 1.")),
            ("2", Says("You have not recorded your name.")),
            ("3", Says("For the default greeting, press 0.")),
            ("5", Says("Enter your new PIN")),
            ("#", Says(MAIN)),
            ("*", Says("For your presence, press 1.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // The presence.
    Place {
        come: || (Company::new(), settings().dials("1").hears(MENU)),
        run: visit,
        keys: &[
            ("1", Says("Your presence is: in office.")),
            ("2", Says("Your presence is: at a meeting.")),
            ("3", Says("Your presence is: on vacation.")),
            ("4", Says("Your presence is: on a business trip.")),
            ("5", Says("Your presence is: at home.")),
            ("6", Says("Your presence is: away.")),
            ("7", Says("Your presence is: busy.")),
            ("#", Says("For your presence, press 1.")),
            ("*", Says("If you are in the office, press 1.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // The name.
    Place {
        come: || {
            let company = Company::new().with_name("mary");
            (company, settings().dials("2").hears(MENU))
        },
        run: visit,
        keys: &[
            ("2", Says("Say your name after the tone")),
            ("3", Says("[mary's name]")),
            ("#", Says("For your presence, press 1.")),
            ("*", Says("To record your name, press 2.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // Saying the name: only `#` ends it, and time.
    Place {
        come: || {
            let person = settings().dials("22").hears("[beep]").speaks(2);
            (Company::new(), person)
        },
        run: visit,
        keys: &[("#", Says("To save it, press 1."))],
        others: Says("To save it, press 1."),
    },
    // The name that was recorded.
    Place {
        come: || {
            let person = settings().dials("22").hears("[beep]").speaks(2);
            (Company::new(), person.dials("#").hears(MENU))
        },
        run: visit,
        keys: &[
            ("1", Says("Saved.")),
            ("2", Says("Say your name after the tone")),
            ("3", Says("[what was recorded]")),
            ("#", Says("Your name is left as it was.")),
            ("*", Says("To save it, press 1.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // The list of greetings.
    Place {
        come: || (Company::new(), settings().dials("3").hears(MENU)),
        run: visit,
        keys: &[
            ("#", Says("For your presence, press 1.")),
            ("*", Says("For the default greeting, press 0.")),
            ("8", Says(INVALID)),
            ("9", Says(INVALID)),
            ("", Ends("Goodbye.")),
        ],
        others: Says("To record this greeting, press 1."),
    },
    // A greeting that there is not.
    Place {
        come: || {
            let person = settings().dials("33").hears("There is no greeting here");
            (Company::new(), person.hears(MENU))
        },
        run: visit,
        keys: &[
            ("1", Says("Speak your greeting after the tone")),
            ("#", Says("For the default greeting, press 0.")),
            ("*", Says("To record this greeting, press 1.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // A greeting that there is.
    Place {
        come: || (vacation(), settings().dials("33").hears(MENU)),
        run: visit,
        keys: &[
            ("1", Says("Speak your greeting after the tone")),
            ("2", Says("[mary's OnVacation greeting]")),
            ("3", Says("Greeting deleted.")),
            ("4", Says("Callers now hear this greeting and cannot leave")),
            ("44", Says("Callers can leave a message after this")),
            ("#", Says("For the default greeting, press 0.")),
            ("*", Says("To record this greeting, press 1.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // Speaking a greeting: only `#` ends it, and time.
    Place {
        come: || {
            let person = settings().dials("331").hears("[beep]").speaks(5);
            (Company::new(), person)
        },
        run: visit,
        keys: &[("#", Says("To save it, press 1."))],
        others: Says("To save it, press 1."),
    },
    // The greeting that was recorded.
    Place {
        come: || {
            let person = settings().dials("331").hears("[beep]").speaks(5);
            (vacation(), person.dials("#").hears(MENU))
        },
        run: visit,
        keys: &[
            ("1", Says("Saved.")),
            ("2", Says("[what was recorded]")),
            ("3", Says("Speak your greeting after the tone")),
            ("#", Says("The greeting was not saved.")),
            ("*", Says("To save it, press 1.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says(INVALID),
    },
    // The question for a new PIN.
    Place {
        come: || {
            let person = settings().dials("5").hears("Enter your new PIN");
            (Company::new(), person)
        },
        run: visit,
        keys: &[
            ("#", Says("For your presence, press 1.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says("Enter your new PIN"),
    },
    // The question for it once more.
    Place {
        come: || {
            let person = settings().dials("5").hears("Enter your new PIN");
            (Company::new(), person.dials("86420#").hears("once more"))
        },
        run: visit,
        keys: &[
            ("#", Says("For your presence, press 1.")),
            ("", Ends("Goodbye.")),
        ],
        others: Says("Enter it once more"),
    },
];

/// Mary in her settings.
fn settings() -> Person {
    mary().dials("4").hears(MENU)
}

/// Mary has a greeting for her vacation.
fn vacation() -> Company {
    Company::new().with_greeting("mary", GreetingSlot::OnVacation)
}
