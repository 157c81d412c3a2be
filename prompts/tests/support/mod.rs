//! What a language sounds like, in writing, on Wednesday, 11 March 2026, in New York.

use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use prompts::{Library, Noun, Say};

/// The prompts of this source tree, heard in one language.
pub(crate) struct Ear {
    library: Library,
    language: &'static str,
}

impl Ear {
    pub(crate) fn new(language: &'static str) -> Self {
        let library = Library::load(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(library.has(language));
        Self { library, language }
    }

    pub(crate) fn hears(&self, say: Say<String>) -> String {
        self.hears_at(say, &now())
    }

    pub(crate) fn hears_at(&self, say: Say<String>, now: &Zoned) -> String {
        self.library.text(&[self.language], &[say], now)
    }

    /// Each case is a value and the words for what it is to be said as.
    pub(crate) fn hears_each<T: Copy + std::fmt::Debug>(
        &self,
        as_said: impl Fn(T) -> Say<String>,
        cases: &[(T, &str)],
    ) {
        for (value, words) in cases {
            assert_eq!(self.hears(as_said(*value)), *words, "{value:?}");
        }
    }
}

/// `n` of a noun.
pub(crate) fn count(noun: Noun) -> impl Fn(u64) -> Say<String> {
    move |n| Say::Count { noun, n }
}

/// The day of a date such as `2026-03-09`.
pub(crate) fn date(date: &str) -> Say<String> {
    Say::Date(at(&format!("{date}T08:00")))
}

/// The time of today, such as `13:05`.
pub(crate) fn time(time: &str) -> Say<String> {
    Say::Time(at(&format!("2026-03-11T{time}")))
}

/// Day and time, such as `2026-03-09T13:05`.
pub(crate) fn moment(civil: &str) -> Say<String> {
    Say::Moment(at(civil))
}

/// A length of time.
pub(crate) fn seconds(seconds: u64) -> Say<String> {
    Say::Duration(Duration::from_secs(seconds))
}

pub(crate) fn now() -> Zoned {
    at("2026-03-11T15:00").to_zoned(zone("America/New_York"))
}

pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

pub(crate) fn at(civil: &str) -> Timestamp {
    let civil: jiff::civil::DateTime = civil.parse().unwrap();
    civil
        .to_zoned(zone("America/New_York"))
        .unwrap()
        .timestamp()
}
