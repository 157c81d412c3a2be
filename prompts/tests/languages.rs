//! A language is a folder and no code (MC-A7): two small ones, with grammar unlike English, and one
//! that is broken.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking anywhere")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::Zoned;
use prompts::{CatalogueError, Library, LoadError, Noun, PromptId, Say, Sound};
use tempfile::TempDir;

#[test]
fn three_plural_forms() {
    let office = Office::new(&["pl"]);
    let cases = [
        (0, "brak nowych wiadomości"),
        (1, "jedna nowa wiadomość"),
        (2, "dwie nowe wiadomości"),
        (5, "pięć nowych wiadomości"),
        (12, "dwanaście nowych wiadomości"),
        (22, "dwadzieścia dwie nowe wiadomości"),
        (25, "dwadzieścia pięć nowych wiadomości"),
    ];
    for (n, words) in cases {
        assert_eq!(office.text("pl", &[new_messages(n)]), words);
    }
}

#[test]
fn units_before_tens_and_another_order_of_words() {
    let office = Office::new(&["de"]);
    assert_eq!(office.text("de", &[Say::Number(21)]), "ein und zwanzig");
    assert_eq!(
        office.text("de", &[Say::Number(121)]),
        "ein hundert ein und zwanzig"
    );
    assert_eq!(
        office.text("de", &[status(2, 1)]),
        "eine gespeicherte Nachricht und zwei neue Nachrichten haben Sie."
    );
}

#[test]
fn twenty_four_hours_and_the_day_before_the_month() {
    let office = Office::new(&["de"]);
    let today = "2026-03-11T21:02Z".parse().unwrap();
    assert_eq!(
        office.text("de", &[Say::Moment(today)]),
        "heute um ein und zwanzig Uhr zwei"
    );
    let date = "2026-02-03T08:00Z".parse().unwrap();
    assert_eq!(office.text("de", &[Say::Date(date)]), "am dritten Februar");
}

#[test]
fn what_a_language_lacks_is_said_in_the_default_one() {
    let office = Office::new(&["pl"]);
    assert_eq!(
        office.text("pl", &[PromptId::MENU_GOODBYE.into()]),
        "Goodbye."
    );
    // A sentence is in one language: one place that is missing makes it English whole.
    assert_eq!(
        office.text("pl", &[status(2, 1)]),
        "You have two new messages, and one saved message."
    );
    assert_eq!(office.text("xx", &[Say::Number(3)]), "three");
}

#[test]
fn what_a_language_lacks_is_said_in_the_next_preferred_one_that_has_it() {
    let library = Office::new(&["pl", "de"]).library();
    let text = |preferred: &[&str], say| library.text(preferred, &[say], &now());
    assert_eq!(
        text(&["pl", "de"], status(2, 1)),
        "eine gespeicherte Nachricht und zwei neue Nachrichten haben Sie."
    );
    assert_eq!(text(&["pl", "de"], new_messages(1)), "jedna nowa wiadomość");
    assert_eq!(text(&["xx", "de"], Say::Number(2)), "zwei");
    assert_eq!(
        text(&["pl", "de"], PromptId::MENU_GOODBYE.into()),
        "Goodbye."
    );
}

#[test]
fn a_part_can_be_in_another_language() {
    let office = Office::new(&["de"]);
    let offer = Say::In {
        language: "en".into(),
        say: vec![PromptId::LOGIN_LANGUAGE.into()],
    };
    assert_eq!(
        office.text("de", &[Say::Number(2), offer, Say::Number(3)]),
        "zwei For English, press pound twice. drei"
    );
}

#[test]
fn recordings_are_found_by_language_and_place_in_the_sentence() {
    let office = Office::new(&["de"]);
    for clip in [
        "en/words/two",
        "de/words/zwei",
        "de/words/neue-nachrichten",
        "de/words/neue-nachrichten_last",
    ] {
        office.record(clip);
    }
    let library = office.library();
    assert_eq!(
        office.clips(&library, "de", &new_messages(2)),
        ["de/words/zwei", "de/words/neue-nachrichten_last"]
    );
    assert_eq!(
        office.clips(&library, "en", &Say::Number(2)),
        ["en/words/two"]
    );
}

#[test]
fn a_missing_recording_falls_back_with_one_warning() {
    let office = Office::new(&["de"]);
    for clip in ["en/words/two", "en/words/new-messages"] {
        office.record(clip);
    }
    let library = office.library();
    let log = Log::default();
    let heard = log.of(|| {
        for _ in 0..3 {
            let heard = office.clips(&library, "de", &new_messages(2));
            assert_eq!(heard, ["en/words/two", "en/words/new-messages"]);
        }
    });
    assert_eq!(
        heard.matches("the prompts of de lack").count(),
        1,
        "{heard}"
    );
}

#[test]
fn a_broken_language_is_told_and_left_out() {
    let office = Office::new(&["broken", "pl"]);
    let library = office.library();
    let languages: Vec<_> = library.languages().collect();
    assert_eq!(languages, [("en", "English"), ("pl", "Polski")]);
    let [
        LoadError::Catalogue {
            source: CatalogueError::Entries(faults),
            ..
        },
    ] = library.problems()
    else {
        panic!("{:?}", library.problems());
    };
    for fault in ["no variable `moon`", "no rules `nothing`", "no rules `b`"] {
        assert!(
            faults.iter().any(|told| told.contains(fault)),
            "{fault}: {faults:?}"
        );
    }
}

#[test]
fn the_default_language_must_be_there_and_whole() {
    let office = Office::new(&["pl"]);
    let english = office.folder.path().join("en/catalogue.yaml");
    let whole = fs::read_to_string(&english).unwrap();
    fs::write(
        &english,
        whole.replace("  menu-goodbye:", "  menu-farewell:"),
    )
    .unwrap();
    let error = Library::load(office.folder.path()).unwrap_err();
    assert!(error.to_string().ends_with("lacks menu-goodbye"), "{error}");
    fs::remove_file(&english).unwrap();
    let error = Library::load(office.folder.path()).unwrap_err();
    assert!(matches!(error, LoadError::NoDefault { .. }), "{error}");
}

/// A prompts folder with English text, no recordings, and some of the languages beside this test.
struct Office {
    folder: TempDir,
}

impl Office {
    fn new(languages: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let languages = languages
            .iter()
            .map(|language| PathBuf::from("tests/languages").join(language));
        for source in languages.chain([PathBuf::from("en")]) {
            let target = folder.path().join(source.file_name().unwrap());
            fs::create_dir(&target).unwrap();
            let catalogue = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(source)
                .join("catalogue.yaml");
            fs::copy(catalogue, target.join("catalogue.yaml")).unwrap();
        }
        Self { folder }
    }

    fn library(&self) -> Library {
        Library::load(self.folder.path()).unwrap()
    }

    fn text(&self, language: &str, say: &[Say<()>]) -> String {
        self.library().text(&[language], say, &now())
    }

    /// Puts an empty file in the place of a recording: nothing here decodes it.
    fn record(&self, clip: &str) {
        let path = self.folder.path().join(clip).with_extension("flac");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, []).unwrap();
    }

    fn clips(&self, library: &Library, language: &str, say: &Say<()>) -> Vec<String> {
        let sounds = library.expand(&[language], std::slice::from_ref(say), &now());
        let clips = sounds.iter().filter_map(|sound| match sound {
            Sound::Clip(clip) => library.path(*clip),
            Sound::Audio(()) | Sound::Pause(_) | Sound::Beep => None,
        });
        let name = |path: &Path| {
            path.strip_prefix(self.folder.path())
                .unwrap()
                .with_extension("")
        };
        clips
            .map(|path| name(path).to_string_lossy().into_owned())
            .collect()
    }
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn of(&self, run: impl FnOnce()) -> String {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, run);
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn new_messages(n: u64) -> Say<()> {
    Say::Count {
        noun: Noun::NEW_MESSAGE,
        n,
    }
}

fn status(new: u64, saved: u64) -> Say<()> {
    let saved = Say::Count {
        noun: Noun::SAVED_MESSAGE,
        n: saved,
    };
    Say::Phrase {
        prompt: PromptId::STATUS_MESSAGES,
        with: vec![new_messages(new), saved],
    }
}

fn now() -> Zoned {
    "2026-03-11T23:00[UTC]".parse().unwrap()
}
