//! The outside line: a dial tone, a number, a call, and a dial tone again (spec MC-O).

use std::sync::Arc;
use std::time::Duration;

use crds::directory::{NotCalled, UserEntry};
use prompts::PromptId;

use crate::call::{Call, Called, HungUp, Outside, Step, Way};
use crate::dial::{TOLD_APART, answer};
use crate::farewell::farewell;
use crate::key::Dial;
use crate::{Exit, Key, Office};

/// How somebody has left the outside line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// By `*#` at the dial tone.
    Recalled,
    /// He has dialled nothing for a while.
    Tired,
}

/// The outside line of a caller who has dialled its prefix and nothing more; it ends with `*#`.
pub async fn outside_line<O: Office>(call: &mut impl Call<O>, office: &O, user: &str) -> Exit {
    let visit = async {
        match office.directory().user(user).cloned() {
            Some(user) => {
                line(call, office, &user).await?;
                farewell(call, []).await
            }
            None => farewell(call, [PromptId::OUTSIDE_NOT_PERMITTED.into()]).await,
        }
    };
    visit.await.unwrap_or(Exit::HungUp)
}

/// Calls of this user, one after the other.
pub(crate) async fn line<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    user: &UserEntry,
) -> Result<Left, HungUp> {
    loop {
        let (number, ended) = match dial(call, office).await? {
            Dialled::Ended(number) => (number, true),
            Dialled::Whole(number) => (number, false),
            Dialled::Recall => return Ok(left(call, Left::Recalled)),
            Dialled::Nothing => return Ok(left(call, Left::Tired)),
        };
        call.took(Step {
            menu: OUTSIDE,
            way: Way::Dialled,
        });
        if let Some(said) = place(call, office, user, &number).await? {
            answer(call, said.into(), ended).await?;
        }
    }
}

fn left<O: Office>(call: &mut impl Call<O>, left: Left) -> Left {
    let way = match left {
        Left::Recalled => Way::Key(Key::Pound),
        Left::Tired => Way::Nothing,
    };
    call.took(Step { menu: OUTSIDE, way });
    left
}

/// Calls this number to the end of the call; what to say when it could not be.
async fn place<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    user: &UserEntry,
    dialled: &str,
) -> Result<Option<PromptId>, HungUp> {
    let directory = office.directory();
    let whom = if is_help(office, dialled) {
        // Help would come to the office, and he calls from elsewhere.
        if !call.caller().is_internal() {
            return Ok(Some(PromptId::OUTSIDE_REFUSED));
        }
        Outside::Help(dialled.into())
    } else {
        match directory.outside_number(dialled, user) {
            Ok(number) if office.begin_outside_call(user).await => Outside::Number(number),
            Ok(_) => return Ok(Some(PromptId::OUTSIDE_LIMIT)),
            Err(NotCalled::NotPermitted) => return Ok(Some(PromptId::OUTSIDE_NOT_PERMITTED)),
            Err(NotCalled::Barred) => return Ok(Some(PromptId::OUTSIDE_REFUSED)),
            Err(NotCalled::NoNumber) => return Ok(Some(PromptId::ANNOUNCE_UNKNOWN_NUMBER)),
        }
    };
    Ok(match call.call_out(user, &whom).await? {
        Called::Ended | Called::Recalled => None,
        Called::NotReached(why) => Some(why.prompt()),
    })
}

/// What was dialled after a dial tone.
enum Dialled {
    /// Ended by `#`, or by waiting.
    Ended(Arc<str>),
    /// Complete by itself; a `#` may follow all the same.
    Whole(Arc<str>),
    /// `*#`
    Recall,
    Nothing,
}

/// Gives a dial tone and takes a number. It is complete with `#`, when no further digit comes, or when none could; `*` begins anew.
async fn dial<O: Office>(call: &mut impl Call<O>, office: &O) -> Result<Dialled, HungUp> {
    for _ in 0..TIMES {
        let mut digits = String::new();
        if call.waiting_key().is_none() {
            call.dial_tone().await?;
        }
        let mut patience = AT_THE_TONE;
        while let Some(key) = call.key(patience).await? {
            call.stop().await?;
            match key.dial() {
                Dial::Star if recalls(call).await? => return Ok(Dialled::Recall),
                Dial::Star => digits.clear(),
                Dial::Pound if digits.is_empty() => {}
                Dial::Pound => return Ok(Dialled::Ended(digits.into())),
                Dial::Digit(face) => digits.push(face),
            }
            if digits.is_empty() {
                if call.waiting_key().is_none() {
                    call.dial_tone().await?;
                }
                patience = AT_THE_TONE;
                continue;
            }
            patience = BETWEEN_DIGITS;
            let whole = office.directory().system().numbers.is_whole(&digits);
            if whole || is_help(office, &digits) || digits.len() >= LONGEST {
                return Ok(Dialled::Whole(digits.into()));
            }
        }
        call.stop().await?;
        if !digits.is_empty() {
            return Ok(Dialled::Ended(digits.into()));
        }
    }
    Ok(Dialled::Nothing)
}

/// Whether `#` follows a `*`; what else follows stays in the buffer.
async fn recalls<O: Office>(call: &mut impl Call<O>) -> Result<bool, HungUp> {
    call.wait(TOLD_APART).await?;
    let is_pound = call.waiting_key() == Some(Key::Pound);
    if is_pound {
        call.take_key();
    }
    Ok(is_pound)
}

fn is_help<O: Office>(office: &O, dialled: &str) -> bool {
    let emergency = &office.directory().system().dial_plan.emergency;
    emergency.iter().any(|number| number == dialled)
}

/// What the log calls the outside line.
pub(crate) const OUTSIDE: &str = "outside";
/// How long the dial tone waits for the first digit, and how often it begins again.
const AT_THE_TONE: Duration = Duration::from_secs(15);
const TIMES: u32 = 2;
/// A number whose next digit takes longer is complete.
const BETWEEN_DIGITS: Duration = Duration::from_secs(5);
/// More than an international number with its prefix has.
const LONGEST: usize = 20;
