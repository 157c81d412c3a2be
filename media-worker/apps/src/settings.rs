//! The settings menu (spec MC-M4, MC-P): presence, name, greetings, PIN.

pub(crate) mod greetings;
pub(crate) mod name;
pub(crate) mod pin;
pub(crate) mod presence;
pub(crate) mod words;

use std::borrow::Cow;

use prompts::PromptId;

use crate::call::{Call, HungUp};
use crate::farewell::farewell;
use crate::login::Owner;
use crate::menu::{Choice, Menu, Picked, Star};
use crate::{Exit, Key, Office};

pub(crate) use pin::choose_first_pin;

/// The settings of a user, until he goes back to the main menu or leaves.
pub(crate) async fn settings<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
) -> Result<After, HungUp> {
    loop {
        let after = match SETTINGS.ask(call, office, &[], |_| true).await? {
            Picked::Action(Setting::Presence) => presence::presence(call, office, owner).await?,
            Picked::Action(Setting::Name) => name::name(call, office, owner).await?,
            Picked::Action(Setting::Greetings) => greetings::greetings(call, office, owner).await?,
            Picked::Action(Setting::Pin) => pin::change_pin(call, owner).await?,
            Picked::Action(Setting::Previous) => return Ok(After::Back),
            Picked::Extension(to) => return Ok(After::Leave(Exit::Transfer(to))),
            Picked::Nothing => return leave(call).await,
        };
        if let After::Leave(exit) = after {
            return Ok(After::Leave(exit));
        }
    }
}

/// What follows a menu.
#[derive(Debug)]
pub(crate) enum After {
    /// The menu before it.
    Back,
    /// The end of the application.
    Leave(Exit),
}

/// He has pressed nothing for long.
async fn leave<O: Office>(call: &mut impl Call<O>) -> Result<After, HungUp> {
    Ok(After::Leave(farewell(call, []).await?))
}

/// What can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Presence,
    Name,
    Greetings,
    Pin,
    Previous,
}

/// The settings menu.
pub(crate) static SETTINGS: Menu<Setting> = Menu {
    name: "settings",
    choices: Cow::Borrowed(&[
        Choice::new(Key::One, Setting::Presence, PromptId::SETTINGS_PRESENCE),
        Choice::new(Key::Two, Setting::Name, PromptId::SETTINGS_NAME),
        Choice::new(Key::Three, Setting::Greetings, PromptId::SETTINGS_GREETINGS),
        Choice::new(Key::Five, Setting::Pin, PromptId::SETTINGS_PIN),
        Choice::new(Key::Pound, Setting::Previous, PromptId::MENU_PREVIOUS),
    ]),
    star: Star::Repeats,
};
