//! A caller leaves a message (spec LV).

use std::sync::Arc;

use crds::directory::UserEntry;
use prompts::{PromptId, Say};

use crate::announcement::{Announcement, announce};
use crate::call::{Call, FOREVER, HungUp, Step, Wake, Way};
use crate::compose::{begin, compose, refused};
use crate::dial::{Dialled, dial_after_star, operator};
use crate::greeting::greeting_of;
use crate::{Exit, Key, Office};

/// The caller hears the greeting of the user of this name, and leaves him a message.
pub async fn leave_message<O: Office>(call: &mut impl Call<O>, office: &O, user: &str) -> Exit {
    match office.directory().user(user) {
        Some(user) => visit(call, office, user).await.unwrap_or(Exit::HungUp),
        None => announce(call, Announcement::NoMailbox).await,
    }
}

async fn visit<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    user: &UserEntry,
) -> Result<Exit, HungUp> {
    let greeting = greeting_of(office, user, call.caller()).await;
    if let Greeted::Dialled(to) = greet(call, office, &greeting.says).await? {
        return connect(call, to).await;
    }
    let refusal = if greeting.announce_only {
        None
    } else {
        match begin(call, office, user).await {
            Ok(begun) => return Ok(compose(call, office, user, begun).await),
            Err(refusal) => Some(refused(refusal)),
        }
    };
    let last = refusal.into_iter().chain([PromptId::MENU_GOODBYE]);
    let last: Vec<_> = last.map(Say::from).collect();
    match greet(call, office, &last).await? {
        Greeted::Dialled(to) => connect(call, to).await,
        Greeted::Heard => Ok(Exit::Finished),
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
