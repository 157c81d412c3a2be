//! A caller leaves a message (spec LV).

use std::sync::Arc;

use crds::directory::UserEntry;
use prompts::{PromptId, Say};

use crate::announcement::{Announcement, announce};
use crate::call::{Call, FOREVER, HungUp, Step, Wake, Way};
use crate::compose::{Composed, Letter, Manner, begin, compose, refused};
use crate::dial::{Dialled, dial_after_star, operator};
use crate::farewell::farewell;
use crate::greeting::{Greeting, greeting_of, greeting_of_alias};
use crate::{Exit, Key, Office};

/// The caller hears the greeting of the user of this name, and leaves him a message.
pub async fn leave_message<O: Office>(call: &mut impl Call<O>, office: &O, user: &str) -> Exit {
    let Some(user) = office.directory().user(user) else {
        return announce(call, Announcement::NoMailbox).await;
    };
    let greeting = greeting_of(office, user, call.caller()).await;
    visit(call, office, &[user], &greeting)
        .await
        .unwrap_or(Exit::HungUp)
}

/// The caller leaves a message to every member of the message alias of this name (spec MB-9).
pub async fn leave_message_to_alias<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    alias: &str,
) -> Exit {
    let directory = office.directory();
    let Some(alias) = directory.alias(alias) else {
        return announce(call, Announcement::NoMailbox).await;
    };
    let members: Vec<_> = directory.members(alias).collect();
    if members.is_empty() {
        return announce(call, Announcement::NoMailbox).await;
    }
    visit(call, office, &members, &greeting_of_alias(alias))
        .await
        .unwrap_or(Exit::HungUp)
}

async fn visit<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    to: &[&UserEntry],
    greeting: &Greeting<O::Audio>,
) -> Result<Exit, HungUp> {
    if let Greeted::Dialled(to) = greet(call, office, &greeting.says).await? {
        return connect(call, to).await;
    }
    let from = call.caller().clone();
    let letter = Letter {
        to,
        from: &from,
        forwards: None,
        manner: Manner::Leaving,
    };
    let mut last = Vec::new();
    if !greeting.announce_only {
        match begin(office, &letter).await {
            Ok(begun) => {
                let composed = compose(call, office, &letter, begun).await;
                return depart(call, composed).await;
            }
            Err(refusal) => last = refused(office, &letter, refusal).await,
        }
    }
    last.push(PromptId::MENU_GOODBYE.into());
    match greet(call, office, &last).await? {
        Greeted::Dialled(to) => connect(call, to).await,
        Greeted::Heard => Ok(Exit::Finished),
    }
}

/// The last words to a caller who has left a message, or none.
async fn depart<O: Office>(
    call: &mut impl Call<O>,
    composed: Composed<O::Audio>,
) -> Result<Exit, HungUp> {
    match composed {
        Composed::HungUp => Err(HungUp),
        Composed::Over(words) | Composed::GaveUp(words) => farewell(call, words).await,
        Composed::Connect(words, to) => {
            call.play(&words).await?;
            connect(call, to).await
        }
    }
}

/// How a caller came through a greeting.
enum Greeted {
    /// To its end, or past it with `#`.
    Heard,
    /// He wants to talk to this extension instead.
    Dialled(Arc<str>),
}

/// Says this; `#` skips it, `*` and an extension or the operator's key leave it at once (spec
/// LV-1, LV-2), `*` alone repeats it. Other keys do nothing.
async fn greet<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    says: &[Say<O::Audio>],
) -> Result<Greeted, HungUp> {
    call.start(says).await?;
    loop {
        let key = match call.wait(FOREVER).await? {
            Wake::Finished => return Ok(Greeted::Heard),
            Wake::Key => call.take_key(),
            Wake::TimeOver => None,
        };
        let Some(key) = key else { continue };
        if let Some(operator) = operator(office.directory(), key, call.caller()) {
            call.took(Step {
                menu: GREETING,
                way: Way::Key(key),
            });
            call.stop().await?;
            return Ok(Greeted::Dialled(operator));
        }
        if key == Key::Star {
            call.stop().await?;
            if let Some(to) = starred(call, office).await? {
                return Ok(Greeted::Dialled(to));
            }
            call.start(says).await?;
            continue;
        }
        call.took(Step {
            menu: GREETING,
            way: Way::Key(key),
        });
        if key == Key::Pound {
            call.stop().await?;
            return Ok(Greeted::Heard);
        }
    }
}

async fn starred<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
) -> Result<Option<Arc<str>>, HungUp> {
    let dialled = dial_after_star(call, office).await?;
    let way = match dialled {
        Dialled::Nothing => Way::Key(Key::Star),
        Dialled::Extension(_) | Dialled::Unknown => Way::Dialled,
    };
    call.took(Step {
        menu: GREETING,
        way,
    });
    match dialled {
        Dialled::Extension(to) => Ok(Some(to)),
        Dialled::Nothing => Ok(None),
        Dialled::Unknown => {
            call.play(&[PromptId::ADDRESS_UNKNOWN.into()]).await?;
            Ok(None)
        }
    }
}

/// Says that he is being connected, and leaves.
pub(crate) async fn connect<O: Office>(
    call: &mut impl Call<O>,
    to: Arc<str>,
) -> Result<Exit, HungUp> {
    call.play(&[PromptId::LEAVE_CONNECTING.into()]).await?;
    Ok(Exit::Transfer(to))
}

/// What the log calls the keys during a greeting.
pub(crate) const GREETING: &str = "greeting";
