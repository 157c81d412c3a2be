//! Dial by name: letters on the keypad, and the names that begin so, one after the other.

use std::borrow::Cow;
use std::sync::Arc;

use crds::Directory;
use crds::directory::UserEntry;
use prompts::{PromptId, Say};

use crate::call::{Call, HungUp, Step, Way};
use crate::dial::{BETWEEN_DIGITS, next_key};
use crate::key::Dial;
use crate::menu::{Choice, Menu, PATIENCE, Picked, Star, TIMES};
use crate::naming::name_of;
use crate::{Key, Office};

/// What came of looking for somebody.
pub(super) enum Found {
    /// He wants to talk to whoever has this number.
    Extension(Arc<str>),
    /// He wants to go back.
    Back,
    /// He does nothing any more.
    Nothing,
}

/// Asks for the first letters of a name and offers those who have it.
pub(super) async fn find<O: Office>(call: &mut impl Call<O>, office: &O) -> Result<Found, HungUp> {
    let mut unanswered = 0;
    while unanswered < TIMES {
        call.play(&[PromptId::FIND_QUESTION.into()]).await?;
        let letters = match read(call).await? {
            Read::Letters(letters) => letters,
            Read::Anew => {
                unanswered = 0;
                continue;
            }
            Read::Back => return Ok(Found::Back),
            Read::Nothing => {
                unanswered += 1;
                continue;
            }
        };
        unanswered = 0;
        took(call, Way::Dialled);
        let named = begins_with(office.directory(), &letters);
        if named.is_empty() {
            call.play(&[PromptId::FIND_NONE.into()]).await?;
        } else if let Some(found) = offer(call, office, &named).await? {
            return Ok(found);
        }
    }
    took(call, Way::Nothing);
    Ok(Found::Nothing)
}

/// What was entered.
enum Read {
    /// These keys, and `#` or a pause.
    Letters(String),
    /// `*`
    Anew,
    /// `#` alone.
    Back,
    Nothing,
}

async fn read<O: Office>(call: &mut impl Call<O>) -> Result<Read, HungUp> {
    let mut letters = String::new();
    let mut patience = PATIENCE;
    while let Some(key) = next_key(call, patience).await? {
        call.take_key();
        match key.dial() {
            Dial::Pound if letters.is_empty() => {
                took(call, Way::Key(Key::Pound));
                return Ok(Read::Back);
            }
            Dial::Pound => break,
            Dial::Star => {
                took(call, Way::Key(Key::Star));
                return Ok(Read::Anew);
            }
            Dial::Digit(face) => {
                // No name is longer, and what is too long is nobody's.
                if letters.len() < LONGEST {
                    letters.push(face);
                }
            }
        }
        patience = BETWEEN_DIGITS;
    }
    Ok(if letters.is_empty() {
        Read::Nothing
    } else {
        Read::Letters(letters)
    })
}

/// Names them in turn until one is chosen. None: another name is asked for.
async fn offer<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    named: &[(&UserEntry, &Arc<str>)],
) -> Result<Option<Found>, HungUp> {
    let mut at = 0;
    while let Some((user, extension)) = named.get(at) {
        let mut before: Vec<_> = name_of(office, user).await.into_iter().collect();
        before.push(Say::Phrase {
            prompt: PromptId::ADDRESS_EXTENSION,
            with: vec![Say::Digits(extension.to_string())],
        });
        let has_next = at + 1 < named.len();
        let offered = |choice| match choice {
            Offer::Next => has_next,
            Offer::Call | Offer::Again | Offer::Back | Offer::Hear => true,
        };
        match FOUND.ask(call, office, &before, offered).await? {
            Picked::Action(Offer::Call) => {
                return Ok(Some(Found::Extension(Arc::clone(extension))));
            }
            Picked::Action(Offer::Next) => at += 1,
            Picked::Action(Offer::Hear) => {}
            Picked::Action(Offer::Again) => return Ok(None),
            Picked::Action(Offer::Back) => return Ok(Some(Found::Back)),
            // There is no dialling in this menu.
            Picked::Extension(_) | Picked::Nothing => return Ok(Some(Found::Nothing)),
        }
    }
    Ok(None)
}

/// What can be done about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    Call,
    Next,
    Again,
    Back,
    /// The name once more, beside the choices.
    Hear,
}

/// A name that was found.
pub(crate) static FOUND: Menu<Offer> = Menu {
    name: "found name",
    choices: Cow::Borrowed(&[
        Choice::new(Key::One, Offer::Call, PromptId::FIND_CALL),
        Choice::new(Key::Two, Offer::Next, PromptId::FIND_NEXT),
        Choice::new(Key::Three, Offer::Again, PromptId::FIND_AGAIN),
        Choice::new(Key::Pound, Offer::Back, PromptId::MENU_PREVIOUS),
        Choice::unspoken(Key::Star, Offer::Hear),
    ]),
    star: Star::Repeats,
};

/// Everybody with a number and a name of which some word begins so, the words before it following the last: "Miller Mary" as well as
/// "Mary Miller". By name.
fn begins_with<'d>(directory: &'d Directory, letters: &str) -> Vec<(&'d UserEntry, &'d Arc<str>)> {
    let mut named: Vec<_> = directory
        .users()
        .filter_map(|user| Some((user, user.extension.as_ref()?)))
        .filter(|(user, _)| spelt(&user.display_name).any(|spelt| spelt.starts_with(letters)))
        .collect();
    named.sort_by_key(|(user, _)| (&user.display_name, &user.name));
    named
}

/// The keys of a name, beginning with each of its words. A word in letters that are on no key is passed over.
fn spelt(name: &str) -> impl Iterator<Item = String> {
    let words = name.split(|c: char| c.is_whitespace() || c == '-');
    let words: Vec<String> = words
        .map(|word| prompts::plain_letters(word).filter_map(key_of).collect())
        .filter(|keys: &String| !keys.is_empty())
        .collect();
    (0..words.len()).map(move |first| {
        let (before, from) = words.split_at(first);
        [from, before].concat().concat()
    })
}

/// The key that a letter is on.
const fn key_of(letter: char) -> Option<char> {
    Some(match letter {
        'a' | 'b' | 'c' => '2',
        'd' | 'e' | 'f' => '3',
        'g' | 'h' | 'i' => '4',
        'j' | 'k' | 'l' => '5',
        'm' | 'n' | 'o' => '6',
        'p' | 'q' | 'r' | 's' => '7',
        't' | 'u' | 'v' => '8',
        'w' | 'x' | 'y' | 'z' => '9',
        '0'..='9' => letter,
        _ => return None,
    })
}

fn took<O: Office>(call: &mut impl Call<O>, way: Way) {
    call.took(Step { menu: FIND, way });
}

/// What the log calls the question for a name.
pub(crate) const FIND: &str = "name to find";
/// More letters than a display name has.
const LONGEST: usize = 129;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_each_of_its_words_and_without_its_marks() {
        let keys = |name| spelt(name).collect::<Vec<_>>();
        assert_eq!(keys("Mary Miller"), ["6279645537", "6455376279"]);
        assert_eq!(
            keys("Zoë O'Neill-Smith"),
            ["96366345576484", "66345576484963", "76484963663455"]
        );
        assert_eq!(keys("佐伊 Łukasz"), ["585279"]);
    }
}
