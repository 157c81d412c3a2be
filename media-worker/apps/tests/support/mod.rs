//! Where the stories of the tests begin.
#![allow(dead_code, reason = "each test uses some of it")]

pub(crate) mod attendants;
pub(crate) mod places;

use apps::sim::{Company, Person, Story};
use apps::{Whose, leave_message, message_center};
use mailbox::Sender;

/// What is said when a key has no use.
pub(crate) const INVALID: &str = "That key does nothing here.";
/// The last words of the main menu.
pub(crate) const MAIN: &str = "press star and then the extension.";
/// The last words of the other menus.
pub(crate) const MENU: &str = "To hear the choices again, press star.";
/// The PIN of mary, and `#`.
pub(crate) const MARYS_PIN: &str = "1017531#";

/// Mary at her own handset, in the main menu of her message center.
pub(crate) fn mary() -> Person {
    Person::user("mary")
        .hears("enter your PIN")
        .dials(MARYS_PIN)
        .hears(MAIN)
}

/// A person in his own message center.
pub(crate) fn visit(company: &Company, person: Person) -> Story {
    company.run(person, async |call, office| {
        message_center(call, office, Whose::Callers).await
    })
}

/// A person in mary's message center by `6` and her extension.
pub(crate) fn visit_marys(company: &Company, person: Person) -> Story {
    company.run(person, async |call, office| {
        message_center(call, office, Whose::Of("mary")).await
    })
}

/// A person who leaves mary a message.
pub(crate) fn leave(company: &Company, person: Person) -> Story {
    company.run(person, async |call, office| {
        leave_message(call, office, "mary").await
    })
}

/// Speaks after the beep for five seconds and sends it.
pub(crate) fn sends(person: Person) -> Person {
    person
        .hears("[beep]")
        .speaks(5)
        .dials("#")
        .hears(MENU)
        .dials("1")
        .hears("Your message has been sent.")
}

/// Somebody outside.
pub(crate) fn outsider() -> Person {
    Person::outside("+15855550100")
}

/// Somebody outside, as the sender of a message.
pub(crate) fn stranger() -> Sender {
    Sender::External {
        number: Some("+15855550100".into()),
        name: None,
    }
}
