//! What an application says, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::ids::{Noun, PromptId};
use crate::library::ClipRef;

/// One thing to say. `A` is the caller's own handle on recorded audio (a message, a greeting, a
/// recorded name), which this crate passes on untouched.
#[derive(Clone, Debug, PartialEq)]
pub enum Say<A> {
    /// A fixed prompt.
    Prompt(PromptId),
    /// A prompt with places `{0}`, `{1}`, … in its text, filled in order of their number.
    Phrase {
        /// The prompt with places.
        prompt: PromptId,
        /// What is said in each place.
        with: Vec<Say<A>>,
    },
    /// "three new messages": number and noun agree as the language asks.
    Count {
        /// What is counted.
        noun: Noun,
        /// How many.
        n: u64,
    },
    /// A cardinal number: "one hundred twenty-one".
    Number(u64),
    /// A number read digit by digit, such as an extension. What is no digit, `*` or `#` is left out.
    Digits(String),
    /// A word spelled letter by letter; a letter that the language does not name, without its marks.
    Spell(String),
    /// The day of a moment, as seen from now: "today", "on Monday", "on March third".
    Date(Timestamp),
    /// The time of day of a moment: "three oh five P M", "noon".
    Time(Timestamp),
    /// Day and time of a moment: "yesterday at noon".
    Moment(Timestamp),
    /// A length of time, to the second: "one minute and ten seconds".
    Duration(Duration),
    /// A user's recording.
    Audio(A),
    /// Silence.
    Pause(Duration),
    /// The tone after which one speaks.
    Beep,
    /// All of these in another language, such as the offer to switch to it.
    In {
        /// The language, by the name of its folder.
        language: String,
        /// What to say in it.
        say: Vec<Say<A>>,
    },
}

impl<A> From<PromptId> for Say<A> {
    fn from(prompt: PromptId) -> Self {
        Self::Prompt(prompt)
    }
}

/// What a simulated caller or a log shows in place of recorded audio.
pub trait Audible {
    /// A short name, such as `message 3f2a`; shown in square brackets.
    fn label(&self) -> String;
}

impl Audible for () {
    fn label(&self) -> String {
        "recording".to_owned()
    }
}

impl Audible for String {
    fn label(&self) -> String {
        self.clone()
    }
}

impl<T: Audible + ?Sized> Audible for Arc<T> {
    fn label(&self) -> String {
        (**self).label()
    }
}

/// One thing to play, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Sound<A> {
    /// A recording of the library: see [`crate::Library::pcm`].
    Clip(ClipRef),
    /// A user's recording, as it was given.
    Audio(A),
    /// Silence.
    Pause(Duration),
    /// The tone after which one speaks; the country's tone plan makes it.
    Beep,
}
