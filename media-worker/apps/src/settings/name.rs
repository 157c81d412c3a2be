//! The recording of the user's name (spec MC-P2).

use std::borrow::Cow;
use std::time::Duration;

use prompts::{PromptId, Say};

use super::words::{Review, Words, record_words};
use super::{After, leave};
use crate::call::{Call, HungUp};
use crate::login::Owner;
use crate::menu::{Choice, Menu, Picked, Star};
use crate::{Exit, Key, Office, Preferences};

/// Plays the name, records it, plays it again.
pub(super) async fn name<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
) -> Result<After, HungUp> {
    let mut before = sounds(owner).await;
    loop {
        match NAME.ask(call, office, &before, |_| true).await? {
            Picked::Action(Name::Change) => {
                let save = async |audio: &O::Audio| owner.inbox.set_name(audio).await;
                let after = record_words(call, office, owner, &WORDS, save).await?;
                if let After::Leave(exit) = after {
                    return Ok(After::Leave(exit));
                }
                before.clear();
            }
            Picked::Action(Name::Hear) => before = sounds(owner).await,
            Picked::Action(Name::Previous) => return Ok(After::Back),
            Picked::Extension(to) => return Ok(After::Leave(Exit::Transfer(to))),
            Picked::Nothing => return leave(call).await,
        }
    }
}

/// The name as callers hear it, or that there is none.
async fn sounds<O: Office>(owner: &Owner<'_, O>) -> Vec<Say<O::Audio>> {
    match owner.inbox.name().await {
        Ok(Some(name)) => vec![PromptId::NAME_IS.into(), Say::Audio(name)],
        Ok(None) => vec![PromptId::NAME_NONE.into()],
        Err(_) => vec![PromptId::SETTINGS_UNAVAILABLE.into()],
    }
}

/// What one can do with one's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Change,
    Hear,
    Previous,
}

/// The keys of the name.
pub(crate) static NAME: Menu<Name> = Menu {
    name: "name",
    choices: Cow::Borrowed(&[
        Choice::new(Key::Two, Name::Change, PromptId::NAME_CHANGE),
        Choice::new(Key::Three, Name::Hear, PromptId::NAME_REVIEW),
        Choice::new(Key::Pound, Name::Previous, PromptId::MENU_PREVIOUS),
    ]),
    star: Star::Repeats,
};

/// The keys after it was recorded.
pub(crate) static NAME_REVIEW: Menu<Review> = Menu {
    name: "name review",
    choices: Cow::Borrowed(&[
        Choice::new(Key::One, Review::Save, PromptId::NAME_SAVE),
        Choice::new(Key::Two, Review::Again, PromptId::NAME_CHANGE),
        Choice::new(Key::Three, Review::Hear, PromptId::NAME_REVIEW),
        Choice::new(Key::Pound, Review::Quit, PromptId::NAME_CANCEL),
    ]),
    star: Star::Repeats,
};

static WORDS: Words = Words {
    ask: PromptId::NAME_RECORD,
    review: &NAME_REVIEW,
    left: PromptId::NAME_NOT_SAVED,
    longest: Duration::from_secs(10),
};
