//! Greetings, and after which of them no message is taken (spec MC-P3, MC-AO).

use std::borrow::Cow;
use std::time::Duration;

use crds::user_settings::GreetingSlot;
use prompts::{PromptId, Say};

use super::words::{Review, Words, record_words};
use super::{After, leave};
use crate::call::{Call, HungUp};
use crate::login::Owner;
use crate::menu::{Choice, Menu, Picked, Star};
use crate::{Exit, Key, Office, Preferences, preferences};

/// Which greeting, and what to do with it.
pub(super) async fn greetings<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
) -> Result<After, HungUp> {
    loop {
        match GREETINGS.ask(call, office, &[], |_| true).await? {
            Picked::Action(Which::Greeting(slot)) => {
                let after = greeting(call, office, owner, slot).await?;
                if let After::Leave(exit) = after {
                    return Ok(After::Leave(exit));
                }
            }
            Picked::Action(Which::Previous) => return Ok(After::Back),
            Picked::Extension(to) => return Ok(After::Leave(Exit::Transfer(to))),
            Picked::Nothing => return leave(call).await,
        }
    }
}

/// One greeting, until the listener goes back to the list.
async fn greeting<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
    slot: GreetingSlot,
) -> Result<After, HungUp> {
    let mut said = Vec::new();
    loop {
        let Some(state) = state(owner, slot).await else {
            call.play(&[PromptId::SETTINGS_UNAVAILABLE.into()]).await?;
            return Ok(After::Back);
        };
        if said.is_empty() {
            said.extend(state.says().map(Say::from));
        }
        let picked = ONE_GREETING
            .ask(call, office, &said, |action| state.offers(action))
            .await?;
        let action = match picked {
            Picked::Action(action) => action,
            Picked::Extension(to) => return Ok(After::Leave(Exit::Transfer(to))),
            Picked::Nothing => return leave(call).await,
        };
        said = match (action, state) {
            (One::Record, _) => {
                let save = async |audio: &O::Audio| owner.inbox.set_greeting(slot, audio).await;
                let after = record_words(call, office, owner, &WORDS, save).await?;
                if let After::Leave(exit) = after {
                    return Ok(After::Leave(exit));
                }
                Vec::new()
            }
            (One::Hear, State::Recorded { audio, .. }) => vec![Say::Audio(audio)],
            (One::Hear, State::Missing) => Vec::new(),
            (One::Delete, _) => delete(owner, slot).await,
            (One::AnnounceOnly | One::TakeMessages, _) => {
                let on = action == One::AnnounceOnly;
                announce_only(owner, slot, on).await
            }
            (One::Previous, _) => return Ok(After::Back),
        };
    }
}

async fn delete<O: Office>(owner: &Owner<'_, O>, slot: GreetingSlot) -> Vec<Say<O::Audio>> {
    let deleted = owner.inbox.delete_greeting(slot).await;
    let says = deleted.map_or(PromptId::SETTINGS_NOT_SAVED, |()| {
        PromptId::GREETING_DELETED
    });
    vec![says.into()]
}

async fn announce_only<O: Office>(
    owner: &Owner<'_, O>,
    slot: GreetingSlot,
    on: bool,
) -> Vec<Say<O::Audio>> {
    let chosen = preferences::Choice::AnnounceOnly(slot, on);
    let says = match owner.inbox.choose(chosen).await {
        Ok(()) if on => PromptId::GREETING_ANNOUNCES_ONLY,
        Ok(()) => PromptId::GREETING_TAKES_MESSAGES,
        Err(_) => PromptId::SETTINGS_NOT_SAVED,
    };
    vec![says.into()]
}

/// What there is of one greeting.
enum State<A> {
    Missing,
    Recorded { audio: A, announces_only: bool },
}

impl<A> State<A> {
    /// What its owner is to know before the keys.
    fn says(&self) -> Option<PromptId> {
        match self {
            Self::Missing => Some(PromptId::GREETING_NONE),
            Self::Recorded {
                announces_only: true,
                ..
            } => Some(PromptId::GREETING_ANNOUNCES_ONLY),
            Self::Recorded {
                announces_only: false,
                ..
            } => None,
        }
    }

    fn offers(&self, action: One) -> bool {
        match (action, self) {
            (One::Record | One::Previous, _) | (One::Hear | One::Delete, Self::Recorded { .. }) => {
                true
            }
            (One::AnnounceOnly, Self::Recorded { announces_only, .. }) => !announces_only,
            (One::TakeMessages, Self::Recorded { announces_only, .. }) => *announces_only,
            (One::Hear | One::Delete | One::AnnounceOnly | One::TakeMessages, Self::Missing) => {
                false
            }
        }
    }
}

/// None: it cannot be told at the moment.
async fn state<O: Office>(owner: &Owner<'_, O>, slot: GreetingSlot) -> Option<State<O::Audio>> {
    let choices = owner.inbox.choices().await.ok()?;
    let greeting = owner.inbox.greeting(slot).await.ok()?;
    Some(greeting.map_or(State::Missing, |audio| State::Recorded {
        audio,
        announces_only: choices.announce_only.contains(&slot),
    }))
}

/// What the list of greetings leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Greeting(GreetingSlot),
    Previous,
}

const fn to(key: Key, slot: GreetingSlot, says: PromptId) -> Choice<Which> {
    Choice::new(key, Which::Greeting(slot), says)
}

/// The default greeting and those of the presences.
pub(crate) static GREETINGS: Menu<Which> = Menu {
    name: "greetings",
    choices: Cow::Borrowed(&[
        to(
            Key::Zero,
            GreetingSlot::Default,
            PromptId::GREETINGS_DEFAULT,
        ),
        to(
            Key::One,
            GreetingSlot::InOffice,
            PromptId::GREETINGS_IN_OFFICE,
        ),
        to(
            Key::Two,
            GreetingSlot::AtAMeeting,
            PromptId::GREETINGS_AT_A_MEETING,
        ),
        to(
            Key::Three,
            GreetingSlot::OnVacation,
            PromptId::GREETINGS_ON_VACATION,
        ),
        to(
            Key::Four,
            GreetingSlot::OnBusinessTrip,
            PromptId::GREETINGS_ON_BUSINESS_TRIP,
        ),
        to(Key::Five, GreetingSlot::AtHome, PromptId::GREETINGS_AT_HOME),
        to(Key::Six, GreetingSlot::Away, PromptId::GREETINGS_AWAY),
        to(Key::Seven, GreetingSlot::Busy, PromptId::GREETINGS_BUSY),
        Choice::new(Key::Pound, Which::Previous, PromptId::MENU_PREVIOUS),
    ]),
    star: Star::Repeats,
};

/// What one can do with one greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum One {
    Record,
    Hear,
    Delete,
    AnnounceOnly,
    TakeMessages,
    Previous,
}

/// The keys of one greeting; what `4` does depends on how it is.
pub(crate) static ONE_GREETING: Menu<One> = Menu {
    name: "one greeting",
    choices: Cow::Borrowed(&[
        Choice::new(Key::One, One::Record, PromptId::GREETING_RECORD),
        Choice::new(Key::Two, One::Hear, PromptId::GREETING_HEAR),
        Choice::new(Key::Three, One::Delete, PromptId::GREETING_DELETE),
        Choice::new(
            Key::Four,
            One::AnnounceOnly,
            PromptId::GREETING_ANNOUNCE_ONLY_ON,
        ),
        Choice::new(
            Key::Four,
            One::TakeMessages,
            PromptId::GREETING_ANNOUNCE_ONLY_OFF,
        ),
        Choice::new(Key::Pound, One::Previous, PromptId::MENU_PREVIOUS),
    ]),
    star: Star::Repeats,
};

/// The keys after it was recorded.
pub(crate) static GREETING_REVIEW: Menu<Review> = Menu {
    name: "greeting review",
    choices: Cow::Borrowed(&[
        Choice::new(Key::One, Review::Save, PromptId::GREETING_SAVE),
        Choice::new(Key::Two, Review::Hear, PromptId::GREETING_REVIEW),
        Choice::new(Key::Three, Review::Again, PromptId::GREETING_CHANGE),
        Choice::new(Key::Pound, Review::Quit, PromptId::GREETING_QUIT),
    ]),
    star: Star::Repeats,
};

static WORDS: Words = Words {
    ask: PromptId::GREETING_SPEAK,
    review: &GREETING_REVIEW,
    left: PromptId::GREETING_NOT_SAVED,
    longest: Duration::from_mins(3),
};
