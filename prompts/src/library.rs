//! Every language there is, with its recordings.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use std::{fs, io};

use jiff::Zoned;

use crate::catalogue::{Catalogue, CatalogueError};
use crate::ids::{Noun, PromptId};
use crate::phrase::{Missing, Speaker, Token, prompt_clips, word_clip};
use crate::recording::{Pcm, read_flac};
use crate::say::{Audible, Say, Sound};
use crate::template::{Part, ends_sentence};

/// The language that must be complete: others fall back to it, thing by thing.
pub const DEFAULT_LANGUAGE: &str = "en";

/// Catalogues and recordings, by language. Reading it touches no recording; each is decoded when
/// it is first asked for and kept.
#[derive(Debug)]
pub struct Library {
    languages: Vec<Language>,
    default: usize,
    /// What was said to be missing already.
    warned: Mutex<HashSet<String>>,
}

/// Names one recording of a [`Library`]; cheap to copy and to use as a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClipRef {
    language: u16,
    clip: u32,
}

/// Why a library cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or folder cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A catalogue is not right.
    #[error("{path}: {source}")]
    Catalogue {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: CatalogueError,
    },
    /// There is no folder of the default language.
    #[error("{0} has no language `{DEFAULT_LANGUAGE}`")]
    NoDefault(PathBuf),
    /// The default language lacks prompts or nouns that code says.
    #[error("{path} lacks {}", .names.join(", "))]
    Incomplete {
        /// The catalogue.
        path: PathBuf,
        /// The entries it lacks.
        names: Vec<String>,
    },
}

/// One recording that a language's catalogue asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScriptLine {
    /// The file below the language's folder, without its ending.
    pub clip: String,
    /// What is spoken. A sentence ends with its mark; words without one are said as if more follows.
    pub text: String,
}

#[derive(Debug)]
struct Language {
    code: String,
    catalogue: Catalogue,
    clips: BTreeMap<String, u32>,
    recordings: Vec<Recording>,
}

#[derive(Debug)]
struct Recording {
    path: PathBuf,
    pcm: OnceLock<Arc<Pcm>>,
}

impl Library {
    /// Reads every folder below `prompts` that has a catalogue.
    pub fn load(prompts: &Path) -> Result<Self, LoadError> {
        let mut languages = Vec::new();
        for folder in entries(prompts)? {
            if folder.join(CATALOGUE).is_file() {
                languages.push(Language::load(&folder)?);
            }
        }
        let default = languages
            .iter()
            .position(|language| language.code == DEFAULT_LANGUAGE);
        let default = default.ok_or_else(|| LoadError::NoDefault(prompts.to_owned()))?;
        let names = languages[default].lacking();
        if !names.is_empty() {
            let path = prompts.join(DEFAULT_LANGUAGE).join(CATALOGUE);
            return Err(LoadError::Incomplete { path, names });
        }
        Ok(Self {
            languages,
            default,
            warned: Mutex::default(),
        })
    }

    /// The languages: folder name and the language's own name for itself.
    pub fn languages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.languages
            .iter()
            .map(|l| (l.code.as_str(), l.catalogue.name.as_str()))
    }

    /// Whether there is a folder of this name.
    pub fn has(&self, language: &str) -> bool {
        self.languages.iter().any(|l| l.code == language)
    }

    /// What to play, in order. What the language lacks is said in the default language, with a
    /// warning the first time. Times are told in the zone of `now`.
    pub fn expand<A: Clone>(&self, language: &str, say: &[Say<A>], now: &Zoned) -> Vec<Sound<A>> {
        let mut sounds = Vec::new();
        for (language, say) in self.by_language(language, say) {
            let before = sounds.len();
            let result = self.sounds(language, say, now, &mut sounds);
            if let Err(missing) = result {
                sounds.truncate(before);
                self.warn(language, &missing);
                if language != self.default
                    && let Err(missing) = self.sounds(self.default, say, now, &mut sounds)
                {
                    self.warn(self.default, &missing);
                }
            }
        }
        while let Some(Sound::Pause(SENTENCE)) = sounds.last() {
            sounds.pop();
        }
        sounds
    }

    /// What one would hear, in writing.
    pub fn text<A: Clone + Audible>(&self, language: &str, say: &[Say<A>], now: &Zoned) -> String {
        let mut text = String::new();
        for (language, say) in self.by_language(language, say) {
            let tokens = self.tokens(language, say, now);
            let tokens = tokens.or_else(|_| self.tokens(self.default, say, now));
            for token in tokens.unwrap_or_default() {
                write(&mut text, &token);
            }
        }
        text
    }

    /// The audio of a recording, decoded when first asked for. One that cannot be read is silent.
    pub fn pcm(&self, clip: ClipRef) -> Arc<Pcm> {
        let language = self.languages.get(usize::from(clip.language));
        let recording = language.and_then(|l| l.recordings.get(clip.clip as usize));
        match recording {
            Some(recording) => Arc::clone(recording.pcm.get_or_init(|| recording.decode())),
            None => Arc::new(Pcm {
                samples: Vec::new(),
                rate: 16_000,
            }),
        }
    }

    /// Every recording there is, such as for decoding ahead on a thread of its own.
    pub fn clips(&self) -> impl Iterator<Item = ClipRef> {
        self.languages.iter().enumerate().flat_map(|(language, l)| {
            (0..l.recordings.len()).map(move |clip| ClipRef {
                language: language as u16,
                clip: clip as u32,
            })
        })
    }

    /// The file of a recording.
    pub fn path(&self, clip: ClipRef) -> Option<&Path> {
        let language = self.languages.get(usize::from(clip.language))?;
        language
            .recordings
            .get(clip.clip as usize)
            .map(|recording| recording.path.as_path())
    }

    /// Every recording that a language's catalogue asks for, for the recipe that makes them.
    pub fn script(&self, language: &str) -> Vec<ScriptLine> {
        let language = self.languages.iter().find(|l| l.code == language);
        language.map(Language::script).unwrap_or_default()
    }

    fn by_language<'a, A>(&self, language: &str, say: &'a [Say<A>]) -> Vec<(usize, &'a Say<A>)> {
        let found = self.languages.iter().position(|l| l.code == language);
        let index = found.unwrap_or_else(|| {
            self.warn_once(format!("there are no prompts in the language {language}"));
            self.default
        });
        let mut flat = Vec::new();
        for say in say {
            match say {
                Say::In { language, say } => flat.extend(self.by_language(language, say)),
                Say::Prompt(_)
                | Say::Phrase { .. }
                | Say::Count { .. }
                | Say::Number(_)
                | Say::Digits(_)
                | Say::Spell(_)
                | Say::Date(_)
                | Say::Time(_)
                | Say::Moment(_)
                | Say::Duration(_)
                | Say::Audio(_)
                | Say::Pause(_)
                | Say::Beep => flat.push((index, say)),
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

    fn sounds<A: Clone>(
        &self,
        language: usize,
        say: &Say<A>,
        now: &Zoned,
        out: &mut Vec<Sound<A>>,
    ) -> Result<(), Missing> {
        let mut tokens = self.tokens(language, say, now)?.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                Token::Words { clip, .. } => {
                    let last = match tokens.peek() {
                        None => true,
                        Some(Token::Mark(mark)) => ends_sentence(*mark),
                        Some(_) => false,
                    };
                    let found = self.languages[language].clip(&clip, last);
                    let clip = found.ok_or_else(|| Missing(format!("the recording {clip}")))?;
                    out.push(Sound::Clip(ClipRef {
                        language: language as u16,
                        clip,
                    }));
                }
                Token::Mark(mark) => {
                    out.push(Sound::Pause(if ends_sentence(mark) {
                        SENTENCE
                    } else {
                        CLAUSE
                    }));
                    continue;
                }
                Token::Audio(audio) => out.push(Sound::Audio(audio)),
                Token::Pause(length) => {
                    out.push(Sound::Pause(length));
                    continue;
                }
                Token::Beep => {
                    out.push(Sound::Beep);
                    continue;
                }
            }
            if tokens.peek().is_none() {
                out.push(Sound::Pause(SENTENCE));
            }
        }
        Ok(())
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

impl Language {
    fn load(folder: &Path) -> Result<Self, LoadError> {
        let path = folder.join(CATALOGUE);
        let yaml = fs::read_to_string(&path).map_err(read_error(&path))?;
        let catalogue =
            Catalogue::parse(&yaml).map_err(|source| LoadError::Catalogue { path, source })?;
        let code = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut language = Self {
            code,
            catalogue,
            clips: BTreeMap::new(),
            recordings: Vec::new(),
        };
        for section in ["prompts", "words"] {
            let folder = folder.join(section);
            for path in if folder.is_dir() {
                entries(&folder)?
            } else {
                Vec::new()
            } {
                language.add(section, path);
            }
        }
        Ok(language)
    }

    fn add(&mut self, section: &str, path: PathBuf) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(name) = name.strip_suffix(".flac") {
            self.clips
                .insert(format!("{section}/{name}"), self.recordings.len() as u32);
            self.recordings.push(Recording {
                path,
                pcm: OnceLock::new(),
            });
        }
    }

    /// The recording of words: the one said as the last of a sentence, where that is wanted and is.
    fn clip(&self, name: &str, last: bool) -> Option<u32> {
        let ending = last
            .then(|| self.clips.get(&format!("{name}{LAST}")))
            .flatten();
        ending.or_else(|| self.clips.get(name)).copied()
    }

    fn lacking(&self) -> Vec<String> {
        let prompts = PromptId::ALL.iter().map(|id| id.as_str());
        let prompts = prompts.filter(|id| !self.catalogue.prompts.contains_key(*id));
        let nouns = Noun::ALL.iter().map(|noun| noun.as_str());
        let nouns = nouns.filter(|noun| !self.catalogue.counts.contains_key(*noun));
        prompts.chain(nouns).map(str::to_owned).collect()
    }

    fn script(&self) -> Vec<ScriptLine> {
        let mut lines = BTreeSet::new();
        for (id, template) in &self.catalogue.prompts {
            let after = template
                .0
                .iter()
                .enumerate()
                .filter_map(|(index, part)| match part {
                    Part::Words(_) => Some(template.0.get(index + 1)),
                    Part::Mark(_) | Part::Place(_) | Part::Form(_) | Part::Spelled { .. } => None,
                });
            for ((clip, words), next) in prompt_clips(id, template).zip(after) {
                let text = match next {
                    Some(Part::Mark(mark)) => format!("{words}{mark}"),
                    Some(_) | None => words.to_owned(),
                };
                lines.insert(ScriptLine { clip, text });
            }
        }
        let forms = self
            .catalogue
            .grammar_templates()
            .flat_map(|template| template.words());
        let rules = self
            .catalogue
            .rules
            .values()
            .flat_map(|rules| rules.words());
        let characters = self.catalogue.characters.values().map(String::as_str);
        for words in forms.chain(rules).chain(characters) {
            let clip = word_clip(words);
            lines.insert(ScriptLine {
                clip: format!("{clip}{LAST}"),
                text: format!("{words}."),
            });
            lines.insert(ScriptLine {
                clip,
                text: words.to_owned(),
            });
        }
        lines.into_iter().collect()
    }
}

impl Recording {
    fn decode(&self) -> Arc<Pcm> {
        Arc::new(read_flac(&self.path).unwrap_or_else(|error| {
            tracing::warn!("{}: {error}", self.path.display());
            Pcm {
                samples: Vec::new(),
                rate: 16_000,
            }
        }))
    }
}

fn write<A: Audible>(text: &mut String, token: &Token<A>) {
    let word = match token {
        Token::Words { text, .. } => text.clone(),
        Token::Audio(audio) => format!("[{}]", audio.label()),
        Token::Beep => "[beep]".to_owned(),
        Token::Mark(mark) => {
            text.push(*mark);
            return;
        }
        Token::Pause(_) => return,
    };
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(&word);
}

/// What lies in a folder, by name, so that the same files always give the same library.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let read = || {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()
    };
    let mut entries = read().map_err(read_error(folder))?;
    entries.sort();
    Ok(entries)
}

fn read_error(path: &Path) -> impl FnOnce(io::Error) -> LoadError {
    let path = path.to_owned();
    |source| LoadError::Read { path, source }
}

/// The file that makes a folder a language.
pub(crate) const CATALOGUE: &str = "catalogue.yaml";
/// What the file name of words said last in a sentence ends with.
const LAST: &str = "_last";
/// Between sentences.
const SENTENCE: Duration = Duration::from_millis(250);
/// After a comma.
const CLAUSE: Duration = Duration::from_millis(120);
const MAX_WARNINGS: usize = 1000;
