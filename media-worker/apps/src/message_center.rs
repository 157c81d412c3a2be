//! The message center: where a user hears his messages (spec MC).

use std::borrow::Cow;

use crds::Presence;
use crds::directory::Caller;
use crds::user::Permission;
use mailbox::{Counts, Folder};
use prompts::{Noun, PromptId, Say};

use crate::call::{Call, HungUp};
use crate::farewell::farewell;
use crate::listening::listen;
use crate::login::{Owner, login, login_again};
use crate::menu::{Choice, Menu, Picked, Star};
use crate::outside_line::{self, line};
use crate::send::send;
use crate::settings::{After, choose_first_pin, settings};
use crate::{Emails, Exit, Inbox, Key, Office, Preferences};

/// Whose message center is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose<'a> {
    /// The caller's own (spec MC-A1): he is asked for his extension where that is not clear.
    Callers,
    /// That of the user of this name (spec MC-A2).
    Of(&'a str),
}

/// The message center, from the PIN to goodbye.
pub async fn message_center<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    whose: Whose<'_>,
) -> Exit {
    let left = visit(call, office, whose, Before::Nothing).await;
    match left {
        Ok(Left::For(exit)) => exit,
        // There is no way back from here.
        Ok(Left::Back) => Exit::Finished,
        Err(HungUp) => Exit::HungUp,
    }
}

/// The same for somebody whom an attendant has brought; none: he wants to go back there.
pub(crate) async fn message_center_from_attendant<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    whose: Whose<'_>,
) -> Result<Option<Exit>, HungUp> {
    Ok(match visit(call, office, whose, Before::Attendant).await? {
        Left::For(exit) => Some(exit),
        Left::Back => None,
    })
}

/// What came before the main menu (spec MC-M#).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Attendant,
}

/// How the main menu was left.
enum Left {
    /// For this.
    For(Exit),
    /// For what came before it.
    Back,
}

async fn visit<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    whose: Whose<'_>,
    came_from: Before,
) -> Result<Left, HungUp> {
    let name = match (whose, call.caller()) {
        (Whose::Of(name), _) => Some(name.to_owned()),
        (Whose::Callers, Caller::User(name)) => Some(name.to_string()),
        (Whose::Callers, Caller::SharedHandset(_) | Caller::External { .. }) => None,
    };
    let user = name.and_then(|name| office.directory().user(&name));
    let Some(mut owner) = Box::pin(login(call, office, user)).await? else {
        return Ok(Left::For(Exit::Finished));
    };
    if let Some(exit) = Box::pin(choose_first_pin(call, &owner)).await? {
        return Ok(Left::For(exit));
    }
    let mut before = status(&owner).await;
    loop {
        let permissions = owner.user.permissions;
        let offered = |choice| match choice {
            Main::OutsideLine => permissions.allows(Permission::OutsideLine),
            Main::Leave => came_from == Before::Nothing,
            Main::Back => came_from == Before::Attendant,
            Main::Listen(_) | Main::Send | Main::Settings => true,
        };
        match MAIN.ask(call, office, &before, offered).await? {
            Picked::Action(Main::Listen(folder)) => {
                // Boxed, as are the ways below: every call sets room aside for what is not, and few are here.
                if let Some(exit) = Box::pin(listen(call, office, &owner, folder)).await? {
                    return Ok(Left::For(exit));
                }
            }
            Picked::Action(Main::Send) => {
                if let Some(exit) = Box::pin(send(call, office, &owner)).await? {
                    return Ok(Left::For(exit));
                }
            }
            Picked::Action(Main::Settings) => {
                match Box::pin(settings(call, office, &owner)).await? {
                    After::Back => {}
                    After::Leave(exit) => return Ok(Left::For(exit)),
                }
            }
            Picked::Action(Main::OutsideLine) => {
                match Box::pin(line(call, office, owner.user)).await? {
                    outside_line::Left::Recalled => {
                        match Box::pin(login_again(call, office, owner.user)).await? {
                            Some(again) => owner = again,
                            None => return Ok(Left::For(Exit::Finished)),
                        }
                    }
                    outside_line::Left::Tired => return Ok(Left::For(farewell(call, []).await?)),
                }
            }
            Picked::Extension(extension) => return Ok(Left::For(Exit::Transfer(extension))),
            Picked::Action(Main::Back) => return Ok(Left::Back),
            Picked::Action(Main::Leave) | Picked::Nothing => {
                return Ok(Left::For(farewell(call, []).await?));
            }
        }
        before.clear();
    }
}

/// What the main menu leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Main {
    Listen(Folder),
    Send,
    Settings,
    OutsideLine,
    Leave,
    Back,
}

/// The main menu (spec MC-M).
pub(crate) static MAIN: Menu<Main> = Menu {
    name: "main",
    choices: Cow::Borrowed(&[
        Choice::new(Key::One, Main::Listen(Folder::New), PromptId::MAIN_NEW),
        Choice::new(Key::Two, Main::Listen(Folder::Saved), PromptId::MAIN_SAVED),
        Choice::new(Key::Three, Main::Send, PromptId::MAIN_SEND),
        Choice::new(Key::Four, Main::Settings, PromptId::MAIN_SETTINGS),
        Choice::new(Key::Seven, Main::OutsideLine, PromptId::MAIN_OUTSIDE),
        Choice::new(Key::Pound, Main::Leave, PromptId::MAIN_EXIT),
        Choice::new(Key::Pound, Main::Back, PromptId::MENU_PREVIOUS),
    ]),
    star: Star::RepeatsOrDials {
        says: Some(PromptId::MAIN_CALL),
    },
};

/// What a user hears of his mailbox after login (spec MC-A6, MB-6).
async fn status<O: Office>(owner: &Owner<'_, O>) -> Vec<Say<O::Audio>> {
    let counts = owner.inbox.counts().await;
    let full = owner.inbox.is_full().await.then_some(PromptId::STATUS_FULL);
    let unreachable = counts.incomplete.then_some(PromptId::LOGIN_UNAVAILABLE);
    let mut status: Vec<_> = unreachable.map(Say::from).into_iter().collect();
    status.extend(counted(counts));
    status.extend(emails(owner.inbox.emails()));
    status.extend(full.map(Say::from));
    let presence = match owner.inbox.choices().await {
        Ok(choices) => choices.presence,
        Err(_) => owner.user.presence,
    };
    status.push(presence_is(presence).into());
    status
}

/// How many messages there are; nothing, where none are known of and some may be.
fn counted<A>(counts: Counts) -> Option<Say<A>> {
    let count = |noun, n: u32| Say::Count { noun, n: n.into() };
    if counts.new == 0 && counts.saved == 0 {
        return (!counts.incomplete).then(|| PromptId::STATUS_NONE.into());
    }
    Some(Say::Phrase {
        prompt: PromptId::STATUS_MESSAGES,
        with: vec![
            count(Noun::NEW_MESSAGE, counts.new),
            count(Noun::SAVED_MESSAGE, counts.saved),
        ],
    })
}

/// How many e-mails there are (spec MB-8); nothing, where there is no account or no answer yet.
fn emails<A>(emails: Emails) -> Option<Say<A>> {
    let count = |noun, n: u32| Say::Count { noun, n: n.into() };
    match emails {
        Emails::NoAccount | Emails::NotYetKnown => None,
        Emails::Unavailable => Some(PromptId::STATUS_EMAIL_UNAVAILABLE.into()),
        Emails::Counted { new, saved } => Some(Say::Phrase {
            prompt: PromptId::STATUS_EMAIL,
            with: vec![count(Noun::NEW_EMAIL, new), count(Noun::SAVED_EMAIL, saved)],
        }),
    }
}

pub(crate) const fn presence_is(presence: Presence) -> PromptId {
    match presence {
        Presence::InOffice => PromptId::PRESENCE_IS_IN_OFFICE,
        Presence::AtAMeeting => PromptId::PRESENCE_IS_AT_A_MEETING,
        Presence::OnVacation => PromptId::PRESENCE_IS_ON_VACATION,
        Presence::OnBusinessTrip => PromptId::PRESENCE_IS_ON_BUSINESS_TRIP,
        Presence::AtHome => PromptId::PRESENCE_IS_AT_HOME,
        Presence::Away => PromptId::PRESENCE_IS_AWAY,
        Presence::Busy => PromptId::PRESENCE_IS_BUSY,
    }
}
