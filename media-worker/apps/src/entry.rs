//! Entering a number that `#` ends.

use prompts::Say;

use crate::call::{Call, HungUp, Step, Way};
use crate::menu::{PATIENCE, TIMES};
use crate::{Key, Office};

/// What was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// These digits and `#`; at least one.
    Digits(String),
    /// `#` alone.
    Pound,
    /// Nothing that was complete, however often it was asked for.
    Nothing,
}

/// Asks for digits and `#`. `*` begins anew. Asks again after 7 s without a key, three times in
/// all. Which digits they were is told to nobody: they may be a PIN.
pub(crate) async fn enter<O: Office>(
    call: &mut impl Call<O>,
    name: &'static str,
    question: &[Say<O::Audio>],
) -> Result<Entered, HungUp> {
    for _ in 0..TIMES {
        loop {
            call.play(question).await?;
            match read(call).await? {
                Read::Digits(digits) => {
                    call.took(Step {
                        menu: name,
                        way: Way::Key(Key::Pound),
                    });
                    let entered = Some(digits).filter(|digits| !digits.is_empty());
                    return Ok(entered.map_or(Entered::Pound, Entered::Digits));
                }
                Read::Star => call.took(Step {
                    menu: name,
                    way: Way::Key(Key::Star),
                }),
                Read::TimeOver => break,
            }
        }
    }
    call.took(Step {
        menu: name,
        way: Way::Nothing,
    });
    Ok(Entered::Nothing)
}

/// How one attempt to enter digits ended.
enum Read {
    /// With `#`, after these.
    Digits(String),
    /// With `*`.
    Star,
    /// Without a further key.
    TimeOver,
}

async fn read<O: Office>(call: &mut impl Call<O>) -> Result<Read, HungUp> {
    let mut digits = String::new();
    while let Some(key) = call.key(PATIENCE).await? {
        if key == Key::Pound {
            return Ok(Read::Digits(digits));
        }
        if key == Key::Star {
            return Ok(Read::Star);
        }
        // What is longer than anything is as wrong with its end as without.
        if digits.len() < LONGEST {
            digits.push(key.as_char());
        }
    }
    Ok(Read::TimeOver)
}

/// What the log calls the question for an extension.
pub(crate) const EXTENSION: &str = "extension";
/// What the log calls the question for a PIN.
pub(crate) const PIN: &str = "pin";
/// One more than the digits of the longest PIN.
const LONGEST: usize = crds::pin::MAX_DIGITS + 1;
