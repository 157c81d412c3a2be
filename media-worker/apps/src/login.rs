//! Who it is, and that it is he (spec MC-A1, MC-A2, MC-A5, MC-A7).

use std::sync::Arc;
use std::time::Duration;

use crds::directory::{System, UserEntry};
use prompts::{PromptId, Say};

use crate::call::{Call, HungUp, Listener};
use crate::dial::TOLD_APART;
use crate::entry::{EXTENSION, Entered, PIN, enter};
use crate::farewell::farewell;
use crate::lockout::ATTEMPTS;
use crate::{Key, Login, Office, Side};

/// A user who has proved it.
pub(crate) struct Owner<'o, O: Office> {
    /// Who he is.
    pub(crate) user: &'o UserEntry,
    /// His messages.
    pub(crate) inbox: O::Inbox,
}

/// Asks for the PIN of `user`, before that for the extension where none is known, until the PIN is
/// right; the caller is spoken to as this user likes it from then on. `None`: he has heard goodbye.
pub(crate) async fn login<'o, O: Office>(
    call: &mut impl Call<O>,
    office: &'o O,
    user: Option<&'o UserEntry>,
) -> Result<Option<Owner<'o, O>>, HungUp> {
    call.play(&[PromptId::LOGIN_WELCOME.into()]).await?;
    admit(call, office, user, Others::MayCome).await
}

/// Asks one who was logged in for his PIN again, as after a call outside: he might have put the receiver down. Nobody
/// else is let in: he would go past what comes once at a login, such as choosing a PIN of his own.
pub(crate) async fn login_again<'o, O: Office>(
    call: &mut impl Call<O>,
    office: &'o O,
    user: &'o UserEntry,
) -> Result<Option<Owner<'o, O>>, HungUp> {
    admit(call, office, Some(user), Others::MayNot).await
}

/// Whether somebody else may log in than is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    MayCome,
    MayNot,
}

async fn admit<'o, O: Office>(
    call: &mut impl Call<O>,
    office: &'o O,
    user: Option<&'o UserEntry>,
    others: Others,
) -> Result<Option<Owner<'o, O>>, HungUp> {
    let system = office.directory().system();
    let mut whose = user;
    let mut wrong = 0;
    loop {
        let user = match whose {
            Some(user) => user,
            None => match ask_extension(call, office).await? {
                Some(user) => user,
                None => return give_up(call, None).await,
            },
        };
        whose = Some(user);
        office.expect_login(user);
        let alternate = other_language(office, system, call.listener());
        let pin = match ask_pin(call, others, alternate.as_ref()).await? {
            Asked::Pin(pin) => pin,
            Asked::Again => continue,
            Asked::OtherExtension => {
                whose = None;
                continue;
            }
            Asked::OtherLanguage => {
                if let Some(language) = alternate {
                    call.choose_language(language);
                }
                continue;
            }
            Asked::Nothing => return give_up(call, None).await,
        };
        let side = Side::of(call.caller(), user);
        match office.login(user, side, &pin).await {
            Login::Admitted(inbox) => {
                let language = call.chosen_language().unwrap_or(&user.language).clone();
                call.set_listener(Listener {
                    language,
                    zone: user.time_zone.clone(),
                });
                return Ok(Some(Owner { user, inbox }));
            }
            Login::Wrong if wrong + 1 < ATTEMPTS => {
                wrong += 1;
                call.play(&[PromptId::LOGIN_WRONG.into()]).await?;
            }
            Login::Wrong | Login::LockedOut => {
                return give_up(call, Some(PromptId::LOGIN_ENDED.into())).await;
            }
            Login::Locked(still) => return give_up(call, Some(locked(still))).await,
            Login::Unavailable => {
                return give_up(call, Some(PromptId::LOGIN_UNAVAILABLE.into())).await;
            }
        }
    }
}

/// Asks for an extension until it is a user's; `None` when that leads nowhere.
async fn ask_extension<'o, O: Office>(
    call: &mut impl Call<O>,
    office: &'o O,
) -> Result<Option<&'o UserEntry>, HungUp> {
    for _ in 0..ATTEMPTS {
        let wrong = match enter(call, EXTENSION, &[PromptId::LOGIN_EXTENSION.into()]).await? {
            Entered::Digits(digits) => match office.directory().user_by_extension(&digits) {
                Some(user) => return Ok(Some(user)),
                None => PromptId::LEAVE_UNKNOWN_EXTENSION,
            },
            Entered::Pound => PromptId::MENU_INVALID,
            Entered::Nothing => return Ok(None),
        };
        call.play(&[wrong.into()]).await?;
    }
    Ok(None)
}

/// What came instead of a PIN, or the PIN.
enum Asked {
    Pin(String),
    /// `#` where it means nothing.
    Again,
    /// `#`
    OtherExtension,
    /// `##`
    OtherLanguage,
    Nothing,
}

async fn ask_pin<O: Office>(
    call: &mut impl Call<O>,
    others: Others,
    alternate: Option<&Arc<str>>,
) -> Result<Asked, HungUp> {
    let mut question = vec![PromptId::LOGIN_PIN.into()];
    if others == Others::MayCome {
        question.push(PromptId::LOGIN_OTHER_EXTENSION.into());
    }
    question.extend(alternate.map(|language| Say::In {
        language: language.to_string(),
        say: vec![PromptId::LOGIN_LANGUAGE.into()],
    }));
    Ok(match enter(call, PIN, &question).await? {
        Entered::Digits(pin) => Asked::Pin(pin),
        Entered::Nothing => Asked::Nothing,
        Entered::Pound if alternate.is_some() && second_pound(call).await? => Asked::OtherLanguage,
        Entered::Pound if others == Others::MayNot => {
            call.play(&[PromptId::MENU_INVALID.into()]).await?;
            Asked::Again
        }
        Entered::Pound => Asked::OtherExtension,
    })
}

/// Whether another `#` follows; what else follows stays in the buffer.
async fn second_pound<O: Office>(call: &mut impl Call<O>) -> Result<bool, HungUp> {
    call.wait(TOLD_APART).await?;
    let is_pound = call.waiting_key() == Some(Key::Pound);
    if is_pound {
        call.take_key();
    }
    Ok(is_pound)
}

/// The language that `##` switches to, if there is one.
fn other_language<O: Office>(office: &O, system: &System, now: &Listener) -> Option<Arc<str>> {
    let alternate = system.alternate_language.as_ref()?;
    let other = if now.language == *alternate {
        &system.language
    } else {
        alternate
    };
    (*other != now.language && office.speaks(other)).then(|| other.clone())
}

async fn give_up<'o, O: Office>(
    call: &mut impl Call<O>,
    why: Option<Say<O::Audio>>,
) -> Result<Option<Owner<'o, O>>, HungUp> {
    farewell(call, why).await?;
    Ok(None)
}

/// "Please try again in five minutes", in full minutes.
fn locked<A>(still: Duration) -> Say<A> {
    let minutes = still.as_millis().div_ceil(MINUTE.as_millis()) as u32;
    Say::Phrase {
        prompt: PromptId::LOGIN_LOCKED,
        with: vec![Say::Duration(MINUTE.saturating_mul(minutes))],
    }
}

const MINUTE: Duration = Duration::from_mins(1);
