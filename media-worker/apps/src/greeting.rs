//! The greeting that a caller hears before he leaves a message (spec MC-P3, MC-AO, LV-1).

use crds::Presence;
use crds::directory::{AliasEntry, Caller, UserEntry};
use crds::user_settings::GreetingSlot;
use prompts::{PromptId, Say};

use crate::Office;
use crate::naming::{alias_name, name_of};

/// What a caller hears.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Greeting<A> {
    /// The words.
    pub(crate) says: Vec<Say<A>>,
    /// Whether no message is taken after it.
    pub(crate) announce_only: bool,
}

/// The greeting for the user's presence: that presence's own, else the default one, else a
/// standard one with his name. Announce-only goes with the greeting that is used, and needs one
/// that was recorded.
pub(crate) async fn greeting_of<O: Office>(
    office: &O,
    user: &UserEntry,
    caller: &Caller,
) -> Greeting<O::Audio> {
    for slot in [user.presence.into(), GreetingSlot::Default] {
        if let Some(audio) = office.greeting(user, slot).await {
            let announce_only = user.announce_only.contains(&slot);
            return Greeting {
                says: vec![Say::Audio(audio)],
                announce_only,
            };
        }
    }
    Greeting {
        says: standard(office, user, caller).await,
        announce_only: false,
    }
}

/// What a caller hears who leaves a message to several.
pub(crate) fn greeting_of_alias<A>(alias: &AliasEntry) -> Greeting<A> {
    let says = vec![
        Say::Phrase {
            prompt: PromptId::LEAVE_GREETING_ALIAS,
            with: vec![alias_name(alias)],
        },
        PromptId::LEAVE_HOW.into(),
    ];
    Greeting {
        says,
        announce_only: false,
    }
}

async fn standard<O: Office>(office: &O, user: &UserEntry, caller: &Caller) -> Vec<Say<O::Audio>> {
    let (prompt, with) = match (name_of(office, user).await, &user.extension) {
        (Some(name), _) => (named(user.presence, caller), name),
        (None, Some(extension)) => (
            PromptId::LEAVE_GREETING_EXTENSION,
            Say::Digits(extension.to_string()),
        ),
        (None, None) => (PromptId::LEAVE_GREETING, Say::Spell(user.name.to_string())),
    };
    vec![
        Say::Phrase {
            prompt,
            with: vec![with],
        },
        PromptId::LEAVE_HOW.into(),
    ]
}

/// Where somebody is concerns his colleagues; strangers only hear that he does not answer.
const fn named(presence: Presence, caller: &Caller) -> PromptId {
    match caller {
        Caller::External { .. } => PromptId::LEAVE_GREETING,
        Caller::User(_) | Caller::SharedHandset(_) => match presence {
            Presence::InOffice => PromptId::LEAVE_GREETING_IN_OFFICE,
            Presence::AtAMeeting => PromptId::LEAVE_GREETING_AT_A_MEETING,
            Presence::OnVacation => PromptId::LEAVE_GREETING_ON_VACATION,
            Presence::OnBusinessTrip => PromptId::LEAVE_GREETING_ON_BUSINESS_TRIP,
            Presence::AtHome => PromptId::LEAVE_GREETING_AT_HOME,
            Presence::Away => PromptId::LEAVE_GREETING_AWAY,
            Presence::Busy => PromptId::LEAVE_GREETING_BUSY,
        },
    }
}
