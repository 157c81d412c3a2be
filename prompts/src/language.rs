//! One language: the folder with its catalogue and its recordings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::catalogue::{Catalogue, CatalogueError};
use crate::ids::{Noun, PromptId};
use crate::mail::MailTexts;
use crate::phrase::{prompt_clips, word_clip};
use crate::recording::{Pcm, read_flac};

/// A language that has been read. Its recordings stay on disk until they are asked for.
#[derive(Debug)]
pub(crate) struct Language {
    /// The name of its folder, such as `en`.
    pub(crate) code: String,
    pub(crate) catalogue: Catalogue,
    /// Texts for e-mails, if it has any.
    pub(crate) mail: Option<MailTexts>,
    clips: BTreeMap<String, u32>,
    recordings: Vec<PathBuf>,
}

/// Why a library, or one language of it, cannot be read.
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
    /// The texts for e-mails are not right.
    #[error("{path}: {why}")]
    Email {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The folder has no language of this name, which is needed.
    #[error("{path} has no folder `{language}` with a {CATALOGUE}")]
    NoDefault {
        /// The prompts folder.
        path: PathBuf,
        /// The language.
        language: String,
    },
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
    /// What is spoken; an ellipsis stands where other words go before or follow in the sentence.
    pub text: String,
}

impl Language {
    /// Reads the catalogue in a folder and notes which recordings lie beside it.
    pub(crate) fn load(folder: &Path) -> Result<Self, LoadError> {
        let path = folder.join(CATALOGUE);
        let yaml = fs::read_to_string(&path).map_err(read_error(&path))?;
        let catalogue =
            Catalogue::parse(&yaml).map_err(|source| LoadError::Catalogue { path, source })?;
        let code = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let (clips, recordings) = (BTreeMap::new(), Vec::new());
        let mut language = Self {
            code,
            catalogue,
            mail: MailTexts::load(folder)?,
            clips,
            recordings,
        };
        for section in SECTIONS {
            let folder = folder.join(section);
            if folder.is_dir() {
                entries(&folder)?
                    .into_iter()
                    .for_each(|path| language.add(section, path));
            }
        }
        Ok(language)
    }

    /// The number of the recording of these words: where they end a sentence, the one spoken so,
    /// if there is one.
    pub(crate) fn clip(&self, name: &str, last: bool) -> Option<u32> {
        let ending = last
            .then(|| self.clips.get(&format!("{name}{LAST}")))
            .flatten();
        ending.or_else(|| self.clips.get(name)).copied()
    }

    /// How many recordings there are.
    pub(crate) fn clips(&self) -> u32 {
        self.recordings.len() as u32
    }

    /// The file of a recording.
    pub(crate) fn path(&self, clip: u32) -> Option<&Path> {
        self.recordings.get(clip as usize).map(PathBuf::as_path)
    }

    /// The audio of a recording; silence if it cannot be read.
    pub(crate) fn pcm(&self, clip: u32) -> Option<Pcm> {
        let path = self.path(clip)?;
        let unreadable = |error| {
            tracing::warn!("{}: {error}", path.display());
            Pcm::default()
        };
        Some(read_flac(path).unwrap_or_else(unreadable))
    }

    /// The prompts and nouns that code may say and this catalogue does not have.
    pub(crate) fn lacking(&self) -> Vec<String> {
        let prompts = PromptId::ALL.iter().map(|id| id.as_str());
        let prompts = prompts.filter(|id| !self.catalogue.prompts.contains_key(*id));
        let nouns = Noun::ALL.iter().map(|noun| noun.as_str());
        let nouns = nouns.filter(|noun| !self.catalogue.counts.contains_key(*noun));
        prompts.chain(nouns).map(str::to_owned).collect()
    }

    /// Every recording that the catalogue asks for, by name.
    pub(crate) fn script(&self) -> Vec<ScriptLine> {
        let mut lines = BTreeSet::new();
        for (id, template) in &self.catalogue.prompts {
            for ((clip, _), text) in prompt_clips(id, template).zip(template.spoken()) {
                lines.insert(ScriptLine { clip, text });
            }
        }
        for words in self.catalogue.words() {
            let clip = word_clip(words);
            let last = format!("{clip}{LAST}");
            lines.insert(ScriptLine {
                clip,
                text: format!("… {words} …"),
            });
            lines.insert(ScriptLine {
                clip: last,
                text: format!("… {words}."),
            });
        }
        lines.into_iter().collect()
    }

    fn add(&mut self, section: &str, path: PathBuf) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(name) = name.strip_suffix(".flac") {
            self.clips.insert(format!("{section}/{name}"), self.clips());
            self.recordings.push(path);
        }
    }
}

/// What lies in a folder, by name, so that the same files always give the same library.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let read = || {
        let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
        entries.collect::<io::Result<Vec<_>>>()
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
/// Where recordings lie: of prompts, and of the words of the grammar.
const SECTIONS: [&str; 2] = ["prompts", "words"];
/// What the file name of words said last in a sentence ends with.
const LAST: &str = "_last";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_english_catalogue_has_what_code_can_say_and_no_more() {
        let english = Language::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("en")).unwrap();
        let prompts: BTreeSet<_> = PromptId::ALL.iter().map(|id| id.as_str()).collect();
        let nouns: BTreeSet<_> = Noun::ALL.iter().map(|noun| noun.as_str()).collect();
        assert_eq!(
            english
                .catalogue
                .prompts
                .keys()
                .map(String::as_str)
                .collect::<BTreeSet<_>>(),
            prompts
        );
        assert_eq!(
            english
                .catalogue
                .counts
                .keys()
                .map(String::as_str)
                .collect::<BTreeSet<_>>(),
            nouns
        );
        assert_eq!(
            prompts.len(),
            PromptId::ALL.len(),
            "a prompt is named twice"
        );
    }
}
