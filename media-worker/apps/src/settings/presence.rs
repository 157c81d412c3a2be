//! Where the user is (spec MC-P1).

use std::borrow::Cow;

use crds::Presence;
use prompts::PromptId;

use super::{After, leave};
use crate::call::{Call, HungUp};
use crate::login::Owner;
use crate::menu::{Choice, Menu, Picked, Star};
use crate::message_center::presence_is;
use crate::{Exit, Key, NotChosen, Office, Preferences, preferences};

/// Says the presence and changes it; where a manifest sets it, that is said instead.
pub(super) async fn presence<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
) -> Result<After, HungUp> {
    let Ok(choices) = owner.inbox.choices().await else {
        call.play(&[PromptId::SETTINGS_UNAVAILABLE.into()]).await?;
        return Ok(After::Back);
    };
    let mut now = vec![presence_is(choices.presence).into()];
    if choices.presence_managed {
        now.push(PromptId::PRESENCE_MANAGED.into());
        call.play(&now).await?;
        return Ok(After::Back);
    }
    match PRESENCE.ask(call, office, &now, |_| true).await? {
        Picked::Action(Pick::Presence(presence)) => {
            let chosen = preferences::Choice::Presence(presence);
            let says = match owner.inbox.choose(chosen).await {
                Ok(()) => presence_is(presence),
                Err(NotChosen::Managed) => PromptId::PRESENCE_MANAGED,
                Err(NotChosen::Unavailable(_) | NotChosen::Weak(_) | NotChosen::Same) => {
                    PromptId::SETTINGS_NOT_SAVED
                }
            };
            call.play(&[says.into()]).await?;
            Ok(After::Back)
        }
        Picked::Action(Pick::Previous) => Ok(After::Back),
        Picked::Extension(to) => Ok(After::Leave(Exit::Transfer(to))),
        Picked::Nothing => leave(call).await,
    }
}

/// What the presence menu leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    Presence(Presence),
    Previous,
}

const fn to(key: Key, presence: Presence, says: PromptId) -> Choice<Pick> {
    Choice::new(key, Pick::Presence(presence), says)
}

/// The seven presences.
pub(crate) static PRESENCE: Menu<Pick> = Menu {
    name: "presence",
    choices: Cow::Borrowed(&[
        to(Key::One, Presence::InOffice, PromptId::PRESENCE_IN_OFFICE),
        to(
            Key::Two,
            Presence::AtAMeeting,
            PromptId::PRESENCE_AT_A_MEETING,
        ),
        to(
            Key::Three,
            Presence::OnVacation,
            PromptId::PRESENCE_ON_VACATION,
        ),
        to(
            Key::Four,
            Presence::OnBusinessTrip,
            PromptId::PRESENCE_ON_BUSINESS_TRIP,
        ),
        to(Key::Five, Presence::AtHome, PromptId::PRESENCE_AT_HOME),
        to(Key::Six, Presence::Away, PromptId::PRESENCE_AWAY),
        to(Key::Seven, Presence::Busy, PromptId::PRESENCE_BUSY),
        Choice::new(Key::Pound, Pick::Previous, PromptId::MENU_PREVIOUS),
    ]),
    star: Star::Repeats,
};
