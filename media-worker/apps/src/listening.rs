//! Listening to messages (spec MC-L).

use std::borrow::Cow;

use crds::directory::UserEntry;
use mailbox::{Folder, Message, MessageId, Sender};
use prompts::PromptId;

use crate::call::{Call, FOREVER, HungUp, Step, Wake, Way};
use crate::dial::TOLD_APART;
use crate::envelope::{Spoken, spoken};
use crate::farewell::farewell;
use crate::login::Owner;
use crate::menu::{Choice, Menu, Picked, Star};
use crate::send::{forward, reply};
use crate::{Exit, Inbox, Key, Office, OpenError};

/// Goes through a folder, message by message, and back to the main menu if there is no exit.
pub(crate) async fn listen<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
    folder: Folder,
) -> Result<Option<Exit>, HungUp> {
    let messages = owner.inbox.list(folder).await;
    if messages.is_empty() {
        let none = match (owner.inbox.counts().await.incomplete, folder) {
            (true, Folder::New | Folder::Saved) => PromptId::LOGIN_UNAVAILABLE,
            (false, Folder::New) => PromptId::LISTEN_NONE_NEW,
            (false, Folder::Saved) => PromptId::LISTEN_NONE_SAVED,
        };
        call.play(&[none.into()]).await?;
        return Ok(None);
    }
    for id in &messages {
        match hear(call, office, owner, id).await? {
            After::Next => {}
            After::MainMenu => return Ok(None),
            After::Leave(exit) => return Ok(Some(exit)),
        }
    }
    call.play(&[PromptId::LISTEN_END.into()]).await?;
    Ok(None)
}

/// What follows a message.
enum After {
    Next,
    MainMenu,
    Leave(Exit),
}

/// What one can do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listening {
    Reply,
    Forward,
    Delete,
    Replay,
    Next,
    CallSender,
    Previous,
}

/// The keys after a message; while it plays the same with `*` before them.
pub(crate) static LISTENING: Menu<Listening> = Menu {
    name: "listening",
    choices: Cow::Borrowed(&[
        Choice::new(Key::One, Listening::Reply, PromptId::LISTEN_REPLY),
        Choice::new(Key::Two, Listening::Forward, PromptId::LISTEN_FORWARD),
        Choice::new(Key::Three, Listening::Delete, PromptId::LISTEN_DELETE),
        Choice::new(Key::Four, Listening::Replay, PromptId::LISTEN_REPLAY),
        Choice::new(Key::Six, Listening::Next, PromptId::LISTEN_NEXT),
        Choice::new(Key::Nine, Listening::CallSender, PromptId::LISTEN_CALL),
        Choice::new(Key::Pound, Listening::Previous, PromptId::MENU_PREVIOUS),
    ]),
    star: Star::Repeats,
};

/// One message, until the listener goes on.
async fn hear<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
    id: &MessageId,
) -> Result<After, HungUp> {
    let opened = match owner.inbox.open(id).await {
        Ok(opened) => opened,
        // Boxed: every call sets room aside for what is not, and few are here.
        Err(why) => return Box::pin(unheard(call, office, owner, id, why)).await,
    };
    let spoken = spoken(office, &opened).await;
    let sender = sender(office, &opened.message);
    let mut next = Some(Listening::Replay);
    loop {
        let action = match next.take() {
            Some(action) => action,
            None => match LISTENING.ask(call, office, &[], offered(sender)).await? {
                Picked::Action(action) => action,
                Picked::Extension(to) => return Ok(After::Leave(Exit::Transfer(to))),
                Picked::Nothing => return Ok(After::Leave(farewell(call, []).await?)),
            },
        };
        let after = match (action, sender) {
            (Listening::Replay, _) => {
                let cut = playback(call, &spoken).await?;
                next = after_playback(call, owner, id, cut, offered(sender)).await?;
                None
            }
            (Listening::Delete, _) => delete(call, owner, id).await?,
            (Listening::Next, _) => Some(After::Next),
            (Listening::Previous, _) => Some(After::MainMenu),
            (Listening::CallSender, Some(sender)) => call_back(call, sender).await?,
            // Boxed: every call sets room aside for what is not, and few are here.
            (Listening::Reply, Some(sender)) => {
                let reply = Box::pin(reply(call, office, owner, sender)).await?;
                reply.map(After::Leave)
            }
            (Listening::Forward, _) => {
                let message = &opened.message;
                let forward = Box::pin(forward(call, office, owner, message)).await?;
                forward.map(After::Leave)
            }
            (Listening::CallSender | Listening::Reply, None) => None,
        };
        if let Some(after) = after {
            return Ok(after);
        }
    }
}

/// A message that cannot be heard. One whose recording is lost never will be: its owner can delete it.
async fn unheard<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
    id: &MessageId,
    why: OpenError,
) -> Result<After, HungUp> {
    let (says, lost) = match why {
        OpenError::Gone => (PromptId::LISTEN_GONE, false),
        OpenError::Unavailable => (PromptId::LISTEN_UNAVAILABLE, false),
        OpenError::Lost => (PromptId::LISTEN_LOST, true),
    };
    call.play(&[says.into()]).await?;
    if !lost {
        return Ok(After::Next);
    }
    loop {
        let after = match LISTENING.ask(call, office, &[], offered_when_lost).await? {
            Picked::Action(Listening::Delete) => delete(call, owner, id).await?,
            Picked::Action(Listening::Next) => Some(After::Next),
            Picked::Action(Listening::Previous) => Some(After::MainMenu),
            Picked::Action(
                Listening::Reply | Listening::Forward | Listening::Replay | Listening::CallSender,
            ) => None,
            Picked::Extension(to) => Some(After::Leave(Exit::Transfer(to))),
            Picked::Nothing => Some(After::Leave(farewell(call, []).await?)),
        };
        if let Some(after) = after {
            return Ok(after);
        }
    }
}

/// What can be done with a message whose recording is lost.
fn offered_when_lost(action: Listening) -> bool {
    match action {
        Listening::Delete | Listening::Next | Listening::Previous => true,
        Listening::Reply | Listening::Forward | Listening::Replay | Listening::CallSender => false,
    }
}

/// What can be done with a message of this sender.
fn offered(sender: Option<&UserEntry>) -> impl Fn(Listening) -> bool {
    let can_answer = sender.is_some();
    let can_call = sender.is_some_and(|user| user.extension.is_some());
    move |action| match action {
        Listening::Reply => can_answer,
        Listening::CallSender => can_call,
        Listening::Forward
        | Listening::Delete
        | Listening::Replay
        | Listening::Next
        | Listening::Previous => true,
    }
}

async fn delete<O: Office>(
    call: &mut impl Call<O>,
    owner: &Owner<'_, O>,
    id: &MessageId,
) -> Result<Option<After>, HungUp> {
    if owner.inbox.delete(id).await.is_ok() {
        call.play(&[PromptId::LISTEN_DELETED.into()]).await?;
        return Ok(Some(After::Next));
    }
    call.play(&[PromptId::LISTEN_NOT_CHANGED.into()]).await?;
    Ok(None)
}

async fn call_back<O: Office>(
    call: &mut impl Call<O>,
    sender: &UserEntry,
) -> Result<Option<After>, HungUp> {
    let Some(extension) = &sender.extension else {
        return Ok(None);
    };
    call.play(&[PromptId::LISTEN_CALLING.into()]).await?;
    Ok(Some(After::Leave(Exit::Transfer(extension.clone()))))
}

/// What a key during the message asked for; none: the choices. What was heard, if only until the
/// listener went on, is saved unless it is deleted (spec MC-L5).
async fn after_playback<O: Office>(
    call: &mut impl Call<O>,
    owner: &Owner<'_, O>,
    id: &MessageId,
    cut: Option<Key>,
    offered: impl Fn(Listening) -> bool,
) -> Result<Option<Listening>, HungUp> {
    let action = cut.and_then(|key| LISTENING.action(key, offered));
    if action != Some(Listening::Delete) && owner.inbox.save(id).await.is_err() {
        tracing::warn!("a message that was heard stays new");
    }
    if let Some(key) = cut {
        call.took(Step {
            menu: PLAYING,
            way: Way::Key(key),
        });
        if action.is_none() && key != Key::Star {
            call.play(&[PromptId::MENU_INVALID.into()]).await?;
        }
    }
    Ok(action)
}

/// Plays a message. Bare keys do nothing; `*` and another key end it, and this key is returned.
/// The envelope is a prompt like others: any key cuts it short.
async fn playback<O: Office>(
    call: &mut impl Call<O>,
    spoken: &Spoken<O::Audio>,
) -> Result<Option<Key>, HungUp> {
    call.play(&spoken.envelope).await?;
    call.start(&spoken.message).await?;
    let mut star = StarKey::Up;
    loop {
        let patience = match star {
            StarKey::Up => FOREVER,
            StarKey::Pressed | StarKey::PressedAtTheEnd => TOLD_APART,
        };
        star = match (call.wait(patience).await?, star) {
            (Wake::Key, StarKey::Up) => {
                if call.take_key() == Some(Key::Star) {
                    StarKey::Pressed
                } else {
                    StarKey::Up
                }
            }
            (Wake::Key, StarKey::Pressed | StarKey::PressedAtTheEnd) => {
                call.stop().await?;
                return Ok(call.take_key());
            }
            (Wake::Finished, StarKey::Up) | (Wake::TimeOver, StarKey::PressedAtTheEnd) => {
                return Ok(None);
            }
            (Wake::Finished, StarKey::Pressed | StarKey::PressedAtTheEnd) => {
                StarKey::PressedAtTheEnd
            }
            (Wake::TimeOver, StarKey::Up | StarKey::Pressed) => StarKey::Up,
        };
    }
}

/// Whether `*` was pressed, so that the next key means something.
#[derive(Clone, Copy)]
enum StarKey {
    Up,
    Pressed,
    /// And the message has ended meanwhile.
    PressedAtTheEnd,
}

/// The user who sent it to this inbox, if one did and is there: who forwarded it last, or else who
/// left it.
fn sender<'o, O: Office>(office: &'o O, message: &Message) -> Option<&'o UserEntry> {
    let forwarder = message.introductions.first().map(|last| &last.by);
    match forwarder.unwrap_or(&message.sender) {
        Sender::Internal { user, .. } => office.directory().user(user),
        Sender::External { .. } => None,
    }
}

/// What the log calls the keys during a message.
pub(crate) const PLAYING: &str = "playing";
