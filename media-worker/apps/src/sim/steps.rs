//! Every step that a caller can take, from the menus as they are.

use std::collections::BTreeSet;

use crate::addressing::ADDRESS;
use crate::attendant::ATTENDANT;
use crate::attendant::by_name::{FIND, FOUND};
use crate::compose::{MISDIALLED, RECORDING, REVIEW, SENDING, SPEAKING};
use crate::entry::{EXTENSION, PIN};
use crate::leave_message::GREETING;
use crate::listening::{LISTENING, PLAYING};
use crate::message_center::MAIN;
use crate::outside_line::OUTSIDE;
use crate::settings::SETTINGS;
use crate::settings::greetings::{GREETING_REVIEW, GREETINGS, ONE_GREETING};
use crate::settings::name::{NAME, NAME_REVIEW};
use crate::settings::pin::{CONFIRM_PIN, NEW_PIN};
use crate::settings::presence::PRESENCE;
use crate::settings::words::RECORDING_WORDS;
use crate::{Key, Step, Way};

/// Every step that a caller can take through the applications. A test that walks them all and no
/// others fails as soon as a menu gets a key that it does not know.
pub fn every_step() -> BTreeSet<Step> {
    let menus = [
        MAIN.ways(),
        LISTENING.ways(),
        REVIEW.ways(),
        SENDING.ways(),
        MISDIALLED.ways(),
        SETTINGS.ways(),
        PRESENCE.ways(),
        NAME.ways(),
        NAME_REVIEW.ways(),
        GREETINGS.ways(),
        ONE_GREETING.ways(),
        GREETING_REVIEW.ways(),
        FOUND.ways(),
    ];
    let keys = Key::ALL.map(Way::Key);
    let entry = [Way::Key(Key::Star), Way::Key(Key::Pound), Way::Nothing];
    let others = [
        steps(
            ATTENDANT,
            keys.into_iter().chain([Way::Dialled, Way::Nothing]),
        ),
        steps(
            FIND,
            [Key::Star, Key::Pound]
                .map(Way::Key)
                .into_iter()
                .chain([Way::Dialled, Way::Nothing]),
        ),
        steps(PIN, entry),
        steps(EXTENSION, entry),
        steps(NEW_PIN, entry),
        steps(CONFIRM_PIN, entry),
        steps(RECORDING_WORDS, [Way::Key(Key::Pound), Way::Nothing]),
        steps(OUTSIDE, [Way::Dialled, Way::Key(Key::Pound), Way::Nothing]),
        steps(PLAYING, keys),
        steps(SPEAKING, [Way::Key(Key::Pound)]),
        steps(
            ADDRESS,
            [Key::Nine, Key::Star, Key::Pound]
                .map(Way::Key)
                .into_iter()
                .chain([Way::Dialled, Way::Nothing]),
        ),
        steps(GREETING, keys.into_iter().chain([Way::Dialled])),
        steps(
            RECORDING,
            [Key::Zero, Key::Star, Key::Pound]
                .map(Way::Key)
                .into_iter()
                .chain([Way::Dialled]),
        ),
    ];
    menus.into_iter().chain(others).flatten().collect()
}

fn steps(menu: &'static str, ways: impl IntoIterator<Item = Way>) -> Vec<Step> {
    ways.into_iter().map(|way| Step { menu, way }).collect()
}
