//! Choosing a PIN (spec MC-P5).

use crds::pin::{MAX_DIGITS, MIN_DIGITS, WeakPin};
use prompts::{Noun, PromptId, Say};

use super::{After, leave};
use crate::call::{Call, HungUp};
use crate::entry::{Entered, enter};
use crate::farewell::farewell;
use crate::login::Owner;
use crate::{Exit, NotChosen, Office, Preferences, Unavailable, judge_pin, preferences};

/// Changes the PIN; `#` alone leaves it as it was.
pub(super) async fn change_pin<O: Office>(
    call: &mut impl Call<O>,
    owner: &Owner<'_, O>,
) -> Result<After, HungUp> {
    for _ in 0..ATTEMPTS {
        match attempt(call, owner).await? {
            Attempt::Changed | Attempt::Left | Attempt::Unavailable => return Ok(After::Back),
            Attempt::Again => {}
            Attempt::Nothing => return leave(call).await,
        }
    }
    Ok(After::Back)
}

/// Lets a user choose a PIN who must have one of his own before he goes on; none if he may.
pub(crate) async fn choose_first_pin<O: Office>(
    call: &mut impl Call<O>,
    owner: &Owner<'_, O>,
) -> Result<Option<Exit>, HungUp> {
    let choices = owner.inbox.choices().await;
    if !choices.is_ok_and(|choices| choices.must_choose_pin) {
        return Ok(None);
    }
    call.play(&[PromptId::PIN_FIRST.into()]).await?;
    for _ in 0..ATTEMPTS {
        match attempt(call, owner).await? {
            // What cannot be kept today must not keep him from his messages.
            Attempt::Changed | Attempt::Unavailable => return Ok(None),
            Attempt::Again | Attempt::Left => {}
            Attempt::Nothing => return farewell(call, []).await.map(Some),
        }
    }
    let why = [PromptId::PIN_NONE.into()];
    farewell(call, why).await.map(Some)
}

/// What came of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    Changed,
    /// It was not taken, and he has heard why.
    Again,
    /// He wants no other.
    Left,
    /// It could not be kept, and he has heard so.
    Unavailable,
    /// He did nothing.
    Nothing,
}

async fn attempt<O: Office>(
    call: &mut impl Call<O>,
    owner: &Owner<'_, O>,
) -> Result<Attempt, HungUp> {
    let pin = match enter(call, NEW_PIN, &[PromptId::PIN_NEW.into()]).await? {
        Entered::Digits(pin) => pin,
        Entered::Pound => return Ok(Attempt::Left),
        Entered::Nothing => return Ok(Attempt::Nothing),
    };
    if let Err(why) = judge_pin(owner.user, &pin) {
        return refuse(call, why).await;
    }
    let again = match enter(call, CONFIRM_PIN, &[PromptId::PIN_CONFIRM.into()]).await? {
        Entered::Digits(again) => again,
        Entered::Pound => return Ok(Attempt::Left),
        Entered::Nothing => return Ok(Attempt::Nothing),
    };
    if again != pin {
        call.play(&[PromptId::PIN_DIFFERS.into()]).await?;
        return Ok(Attempt::Again);
    }
    match owner.inbox.choose(preferences::Choice::Pin(pin)).await {
        Ok(()) => {
            call.play(&[PromptId::PIN_CHANGED.into()]).await?;
            Ok(Attempt::Changed)
        }
        Err(why) => refuse(call, why).await,
    }
}

/// Says why a PIN is not taken.
async fn refuse<O: Office>(call: &mut impl Call<O>, why: NotChosen) -> Result<Attempt, HungUp> {
    let digits = |prompt, digits: usize| Say::Phrase {
        prompt,
        with: vec![Say::Count {
            noun: Noun::DIGIT,
            n: digits as u64,
        }],
    };
    let says = match why {
        NotChosen::Unavailable(Unavailable) | NotChosen::Managed => {
            call.play(&[PromptId::SETTINGS_NOT_SAVED.into()]).await?;
            return Ok(Attempt::Unavailable);
        }
        NotChosen::Same => PromptId::PIN_SAME.into(),
        NotChosen::Weak(WeakPin::TooShort | WeakPin::NotDigits) => {
            digits(PromptId::PIN_SHORT, MIN_DIGITS)
        }
        NotChosen::Weak(WeakPin::TooLong) => digits(PromptId::PIN_LONG, MAX_DIGITS),
        NotChosen::Weak(WeakPin::Extension | WeakPin::OneDigit | WeakPin::Run) => {
            PromptId::PIN_EASY.into()
        }
    };
    call.play(&[says]).await?;
    Ok(Attempt::Again)
}

/// What the log calls the question for a new PIN.
pub(crate) const NEW_PIN: &str = "new pin";
/// What the log calls the question for it once more.
pub(crate) const CONFIRM_PIN: &str = "confirm pin";
/// So many attempts in one go.
const ATTEMPTS: u32 = 3;
