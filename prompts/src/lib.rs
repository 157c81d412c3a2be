//! Spoken language: catalogues, recordings, and the grammar of numbers, dates and plurals.
//!
//! An application says *what* is to be heard as a list of [`Say`]; the [`Library`] turns it into
//! [`Sound`]s of one language. All grammar is data in the language's catalogue, so that a further
//! language is a folder and no code. `README.md` beside this crate tells how to add to both.
#![forbid(unsafe_code)]

mod catalogue;
mod condition;
mod folder;
mod ids;
mod language;
mod library;
mod mail;
mod phrase;
mod recording;
mod rules;
mod say;
mod spelling;
mod template;

pub use catalogue::CatalogueError;
pub use folder::{FOLDER_VARIABLE, locate, sample_message};
pub use ids::{Noun, PromptId};
pub use language::{LoadError, ScriptLine};
pub use library::{ClipRef, DEFAULT_LANGUAGE, Library};
pub use mail::{Enclosed, Forwarder, MailCatalogue, MailTexts, MailWords, Told};
pub use recording::{Pcm, RecordingError, read_flac, read_title};
pub use say::{Audible, Say, Sound};
pub use spelling::{can_be_spelled, plain_letters};
