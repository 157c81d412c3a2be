//! From what is to be said to the words of one language.

use std::time::Duration;

use jiff::{Timestamp, Zoned};

use crate::catalogue::{Catalogue, Form};
use crate::condition::Variables;
use crate::rules;
use crate::say::Say;
use crate::spelling::{composed, plain};
use crate::template::{Part, Template};

/// A step of speech: words that have a recording each, and what shapes them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<A> {
    /// Words, with the name of their recording.
    Words { clip: String, text: String },
    /// Punctuation after what was said.
    Mark(char),
    /// Silence.
    Pause(Duration),
    /// A tone.
    Beep,
    /// A user's recording.
    Audio(A),
}

/// Something the language's catalogue does not have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Missing(pub(crate) String);

/// Puts things into the words of one language, as of one moment.
pub(crate) struct Speaker<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) now: &'a Zoned,
}

impl Speaker<'_> {
    /// The words for one thing to say, after those already in `out`.
    pub(crate) fn say<A: Clone>(
        &self,
        say: &Say<A>,
        out: &mut Vec<Token<A>>,
    ) -> Result<(), Missing> {
        match say {
            Say::Prompt(prompt) => self.prompt(prompt.as_str(), &[], out),
            Say::Phrase { prompt, with } => self.prompt(prompt.as_str(), with, out),
            Say::Count { noun, n } => {
                let form = self.catalogue.counts.get(noun.as_str());
                let form = form.ok_or_else(|| Missing(format!("the noun {noun}")))?;
                self.choose(noun.as_str(), form, &of_number(*n), out)
            }
            Say::Number(n) => self.form("number", &of_number(*n), out),
            Say::Digits(text) => self.characters(text, |c| !c.is_alphabetic(), out),
            Say::Spell(text) => self.characters(text, |_| true, out),
            Say::Date(moment) => self.form("date", &self.of_moment(*moment), out),
            Say::Time(moment) => self.form("time", &self.of_moment(*moment), out),
            Say::Moment(moment) => self.form("moment", &self.of_moment(*moment), out),
            Say::Duration(length) => self.form("duration", &of_duration(*length), out),
            Say::Audio(audio) => {
                out.push(Token::Audio(audio.clone()));
                Ok(())
            }
            Say::Pause(length) => {
                out.push(Token::Pause(*length));
                Ok(())
            }
            Say::Beep => {
                out.push(Token::Beep);
                Ok(())
            }
            // Only the library knows other languages: it takes these apart before it asks.
            Say::In { say, .. } => say.iter().try_for_each(|say| self.say(say, out)),
        }
    }

    fn prompt<A: Clone>(
        &self,
        id: &str,
        with: &[Say<A>],
        out: &mut Vec<Token<A>>,
    ) -> Result<(), Missing> {
        let template = self.catalogue.prompts.get(id);
        let template = template.ok_or_else(|| Missing(format!("the prompt {id}")))?;
        let mut clips = prompt_clips(id, template).map(|(clip, _)| clip);
        for part in &template.0 {
            match part {
                Part::Words(text) => {
                    let clip = clips.next().unwrap_or_default();
                    out.push(Token::Words {
                        clip,
                        text: text.clone(),
                    });
                }
                Part::Place(place) => {
                    let say = with.get(*place);
                    self.say(
                        say.ok_or_else(|| Missing(format!("place {place} of {id}")))?,
                        out,
                    )?;
                }
                Part::Mark(mark) => out.push(Token::Mark(*mark)),
                Part::Form(_) | Part::Spelled { .. } => {
                    return Err(Missing(format!("the value of a place of {id}")));
                }
            }
        }
        Ok(())
    }

    fn form<A>(
        &self,
        name: &str,
        values: &Variables,
        out: &mut Vec<Token<A>>,
    ) -> Result<(), Missing> {
        let form = self.catalogue.forms.get(name);
        self.choose(
            name,
            form.ok_or_else(|| Missing(format!("the form {name}")))?,
            values,
            out,
        )
    }

    fn choose<A>(
        &self,
        name: &str,
        form: &Form,
        values: &Variables,
        out: &mut Vec<Token<A>>,
    ) -> Result<(), Missing> {
        let template = form.choose(values);
        let template =
            template.ok_or_else(|| Missing(format!("a case of {name} for {values:?}")))?;
        for part in &template.0 {
            match part {
                Part::Words(text) => out.push(word(text)),
                Part::Mark(mark) => out.push(Token::Mark(*mark)),
                Part::Form(form) if form != name => self.form(form, values, out)?,
                Part::Spelled { variable, rules } => {
                    let number = values.get(variable.as_str()).copied().unwrap_or_default();
                    let words = rules::spell(&self.catalogue.rules, rules, number.unsigned_abs());
                    let missing = || Missing(format!("a rule of {rules} for {number}"));
                    out.extend(words.ok_or_else(missing)?.into_iter().map(word));
                }
                Part::Form(_) | Part::Place(_) => {
                    return Err(Missing(format!("the value of a place of {name}")));
                }
            }
        }
        Ok(())
    }

    fn characters<A>(
        &self,
        text: &str,
        wanted: impl Fn(char) -> bool,
        out: &mut Vec<Token<A>>,
    ) -> Result<(), Missing> {
        let names = &self.catalogue.characters;
        if names.is_empty() {
            return Err(Missing("the characters".to_owned()));
        }
        let named = composed(text).filter(|&c| wanted(c)).flat_map(|c| {
            let own = names.contains_key(&c).then_some(c);
            let without_marks = own.is_none().then(|| plain(c));
            own.into_iter().chain(without_marks.into_iter().flatten())
        });
        let mut pause = None;
        for c in named {
            if let Some(name) = names.get(&c) {
                out.extend(pause.map(Token::Pause));
                out.push(word(name));
                pause = Some(BETWEEN_CHARACTERS);
            } else if c.is_whitespace() {
                pause = pause.and(Some(BETWEEN_WORDS));
            }
        }
        Ok(())
    }

    fn of_moment(&self, moment: Timestamp) -> Variables {
        let then = moment.to_zoned(self.now.time_zone().clone());
        let age = then
            .date()
            .until(self.now.date())
            .map_or(0, |span| span.get_days());
        Variables::from([
            ("year", i64::from(then.year())),
            ("years", i64::from(self.now.year()) - i64::from(then.year())),
            ("month", i64::from(then.month())),
            ("day", i64::from(then.day())),
            ("weekday", i64::from(then.weekday().to_monday_one_offset())),
            ("age", i64::from(age)),
            ("hour", i64::from(then.hour())),
            ("hour12", (i64::from(then.hour()) + 11) % 12 + 1),
            ("minute", i64::from(then.minute())),
        ])
    }
}

/// The recordings of a prompt: the name and the words of each.
pub(crate) fn prompt_clips<'a>(
    id: &'a str,
    template: &'a Template,
) -> impl Iterator<Item = (String, &'a str)> {
    let parts = template.words().count();
    template.words().enumerate().map(move |(index, words)| {
        let clip = if parts == 1 {
            format!("prompts/{id}")
        } else {
            format!("prompts/{id}.{}", index + 1)
        };
        (clip, words)
    })
}

/// The name of the recording of words of the grammar, which forms and rules share.
pub(crate) fn word_clip(words: &str) -> String {
    let mut name = "words/".to_owned();
    for c in words.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            name.push(c);
        } else if !name.ends_with(['-', '/']) {
            name.push('-');
        }
    }
    name.trim_end_matches('-').to_owned()
}

fn word<A>(text: &str) -> Token<A> {
    Token::Words {
        clip: word_clip(text),
        text: text.to_owned(),
    }
}

fn of_number(n: u64) -> Variables {
    Variables::from([("n", i64::try_from(n).unwrap_or(i64::MAX))])
}

fn of_duration(length: Duration) -> Variables {
    let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    Variables::from([
        ("hours", seconds / 3600),
        ("minutes", seconds / 60 % 60),
        ("seconds", seconds % 60),
    ])
}

const BETWEEN_CHARACTERS: Duration = Duration::from_millis(40);
/// Of what is spelled: a first and a last name are heard as two.
const BETWEEN_WORDS: Duration = Duration::from_millis(250);
