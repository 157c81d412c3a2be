//! Every language there is, with its recordings.

use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Zoned;

use crate::language::{CATALOGUE, Language, LoadError, ScriptLine, entries};
use crate::mail::MailCatalogue;
use crate::phrase::{Missing, Speaker, Token};
use crate::recording::Pcm;
use crate::say::{Audible, Say, Sound};
use crate::template::ends_sentence;

/// The language that must be complete: what no preferred language has is said in it, thing by thing.
pub const DEFAULT_LANGUAGE: &str = "en";

/// Catalogues and recordings, by language. Reading it touches no recording; each stays on disk until
/// it is asked for, so that a language nobody speaks costs its catalogue only.
#[derive(Debug)]
pub struct Library {
    languages: Vec<Language>,
    default: usize,
    problems: Vec<LoadError>,
    /// What was said to be missing already.
    warned: Mutex<HashSet<String>>,
}

/// Names one recording of a [`Library`]; cheap to copy and to use as a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClipRef {
    language: u16,
    clip: u32,
}

impl Library {
    /// Reads every folder below `prompts` that has a catalogue. The default language must be whole;
    /// another that cannot be read is left out and told by [`Library::problems`].
    pub fn load(prompts: &Path) -> Result<Self, LoadError> {
        let (mut languages, mut problems) = (Vec::new(), Vec::new());
        for folder in entries(prompts)?
            .iter()
            .filter(|folder| folder.join(CATALOGUE).is_file())
        {
            match Language::load(folder) {
                Ok(language) => languages.push(language),
                Err(error) if folder.ends_with(DEFAULT_LANGUAGE) => return Err(error),
                Err(error) => {
                    tracing::error!("{error}");
                    problems.push(error);
                }
            }
        }
        let default = languages
            .iter()
            .position(|language| language.code == DEFAULT_LANGUAGE);
        let default = default.ok_or_else(|| LoadError::NoDefault {
            path: prompts.to_owned(),
            language: DEFAULT_LANGUAGE.to_owned(),
        })?;
        let names = languages[default].lacking();
        if !names.is_empty() {
            let path = prompts.join(DEFAULT_LANGUAGE).join(CATALOGUE);
            return Err(LoadError::Incomplete { path, names });
        }
        Ok(Self {
            languages,
            default,
            problems,
            warned: Mutex::default(),
        })
    }

    /// The languages: folder name and the language's own name for itself.
    pub fn languages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.languages
            .iter()
            .map(|l| (l.code.as_str(), l.catalogue.name.as_str()))
    }

    /// Whether there is a language of this folder name.
    pub fn has(&self, language: &str) -> bool {
        self.position(language).is_some()
    }

    /// The languages that could not be read.
    pub fn problems(&self) -> &[LoadError] {
        &self.problems
    }

    /// What to play, in order, in the first of the preferred languages. What it lacks is said in the
    /// next one, and at last in the [`DEFAULT_LANGUAGE`], with a warning the first time. Days and
    /// times are told as of `now` and in its zone.
    pub fn expand<A: Clone>(
        &self,
        preferred: &[&str],
        say: &[Say<A>],
        now: &Zoned,
    ) -> Vec<Sound<A>> {
        let mut sounds = Vec::new();
        for (languages, say) in self.by_language(preferred, say) {
            for &language in &*languages {
                match self.sounds(language, say, now) {
                    Ok(more) => {
                        sounds.extend(more);
                        break;
                    }
                    Err(missing) => self.warn(language, &missing),
                }
            }
        }
        while let Some(Sound::Pause(SENTENCE)) = sounds.last() {
            sounds.pop();
        }
        sounds
    }

    /// What one would hear, in writing. Recordings need not be there.
    pub fn text<A: Clone + Audible>(
        &self,
        preferred: &[&str],
        say: &[Say<A>],
        now: &Zoned,
    ) -> String {
        let mut text = String::new();
        for (languages, say) in self.by_language(preferred, say) {
            let mut languages = languages.iter();
            let tokens = languages.find_map(|language| self.tokens(*language, say, now).ok());
            tokens
                .iter()
                .flatten()
                .for_each(|token| write(&mut text, token));
        }
        text
    }

    /// What is written in e-mails, in every language that has it.
    pub fn mail(&self) -> MailCatalogue {
        let languages = self.languages.iter();
        languages
            .filter_map(|language| Some((language.code.clone(), language.mail.clone()?)))
            .collect()
    }

    /// The audio of a recording, decoded anew: whoever plays it keeps it as it is sent. One that
    /// cannot be read is silent.
    pub fn pcm(&self, clip: ClipRef) -> Pcm {
        let language = self.languages.get(usize::from(clip.language));
        language
            .and_then(|language| language.pcm(clip.clip))
            .unwrap_or_default()
    }

    /// Every recording there is, such as for decoding ahead on a thread of its own.
    pub fn clips(&self) -> impl Iterator<Item = ClipRef> {
        self.languages
            .iter()
            .enumerate()
            .flat_map(|(index, language)| {
                (0..language.clips()).map(move |clip| ClipRef {
                    language: index as u16,
                    clip,
                })
            })
    }

    /// The file of a recording.
    pub fn path(&self, clip: ClipRef) -> Option<&Path> {
        self.languages
            .get(usize::from(clip.language))?
            .path(clip.clip)
    }

    /// Every recording that a language's catalogue asks for, for the recipe that makes them.
    pub fn script(&self, language: &str) -> Vec<ScriptLine> {
        self.position(language)
            .map(|index| self.languages[index].script())
            .unwrap_or_default()
    }

    fn position(&self, language: &str) -> Option<usize> {
        self.languages.iter().position(|l| l.code == language)
    }

    /// The languages to try one after the other: those of the preferred ones that there are, and then the default one.
    fn order(&self, preferred: &[&str]) -> Vec<usize> {
        let mut order = Vec::with_capacity(preferred.len() + 1);
        let known = preferred.iter().filter_map(|language| {
            let known = self.position(language);
            if known.is_none() {
                self.warn_once(format!("there are no prompts in the language {language}"));
            }
            known
        });
        for language in known.chain([self.default]) {
            if !order.contains(&language) {
                order.push(language);
            }
        }
        order
    }

    /// What to say, each thing with the languages to try.
    fn by_language<'a, A>(
        &self,
        preferred: &[&str],
        say: &'a [Say<A>],
    ) -> Vec<(Rc<[usize]>, &'a Say<A>)> {
        let order: Rc<[usize]> = self.order(preferred).into();
        let mut flat = Vec::with_capacity(say.len());
        for say in say {
            if let Say::In { language, say } = say {
                let preferred = [&[language.as_str()], preferred].concat();
                flat.extend(self.by_language(&preferred, say));
            } else {
                flat.push((Rc::clone(&order), say));
            }
        }
        flat
    }

    fn tokens<A: Clone>(
        &self,
        language: usize,
        say: &Say<A>,
        now: &Zoned,
    ) -> Result<Vec<Token<A>>, Missing> {
        let mut tokens = Vec::new();
        let catalogue = &self.languages[language].catalogue;
        Speaker { catalogue, now }.say(say, &mut tokens)?;
        Ok(tokens)
    }

    /// The recordings of one thing to say, with the silence that its punctuation asks for.
    fn sounds<A: Clone>(
        &self,
        language: usize,
        say: &Say<A>,
        now: &Zoned,
    ) -> Result<Vec<Sound<A>>, Missing> {
        let mut sounds = Vec::new();
        let mut tokens = self.tokens(language, say, now)?.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let next = tokens.peek();
            let ends = match next {
                None => true,
                Some(Token::Mark(mark)) => ends_sentence(*mark),
                Some(Token::Words { .. } | Token::Pause(_) | Token::Beep | Token::Audio(_)) => {
                    false
                }
            };
            let speech = matches!(token, Token::Words { .. } | Token::Audio(_));
            let unmarked_end = speech && next.is_none();
            sounds.push(match token {
                Token::Words { clip, .. } => {
                    let found = self.languages[language].clip(&clip, ends);
                    let clip = found.ok_or_else(|| Missing(format!("the recording {clip}")))?;
                    Sound::Clip(ClipRef {
                        language: language as u16,
                        clip,
                    })
                }
                Token::Mark(mark) => Sound::Pause(if ends_sentence(mark) {
                    SENTENCE
                } else {
                    CLAUSE
                }),
                Token::Pause(length) => Sound::Pause(length),
                Token::Audio(audio) => Sound::Audio(audio),
                Token::Beep => Sound::Beep,
            });
            if unmarked_end {
                sounds.push(Sound::Pause(SENTENCE));
            }
        }
        Ok(sounds)
    }

    fn warn(&self, language: usize, missing: &Missing) {
        self.warn_once(format!(
            "the prompts of {} lack {missing}",
            self.languages[language].code
        ));
    }

    fn warn_once(&self, what: String) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        // Bounded: what a caller dials must not make this grow.
        if warned.len() < MAX_WARNINGS && !warned.contains(&what) {
            tracing::warn!("{what}");
            warned.insert(what);
        }
    }
}

fn write<A: Audible>(text: &mut String, token: &Token<A>) {
    let word = match token {
        Token::Words { text, .. } => text.clone(),
        Token::Audio(audio) => format!("[{}]", audio.label()),
        Token::Beep => "[beep]".to_owned(),
        Token::Mark(mark) => return text.push(*mark),
        Token::Pause(_) => return,
    };
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(&word);
}

/// Between sentences.
const SENTENCE: Duration = Duration::from_millis(250);
/// After a comma.
const CLAUSE: Duration = Duration::from_millis(120);
const MAX_WARNINGS: usize = 1000;
