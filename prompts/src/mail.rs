//! What is written in e-mails about messages: texts of a language, with places that code fills.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Zoned;
use serde::Deserialize;

use crate::DEFAULT_LANGUAGE;
use crate::language::LoadError;

/// The texts for e-mails of every language that has them.
#[derive(Clone, Debug, Default)]
pub struct MailCatalogue(BTreeMap<String, MailTexts>);

impl MailCatalogue {
    /// Those of the first of the preferred languages that has some; at last those of the [`DEFAULT_LANGUAGE`].
    pub fn of(&self, preferred: &[&str]) -> Option<&MailTexts> {
        let mut languages = preferred.iter().chain([&DEFAULT_LANGUAGE]);
        languages.find_map(|language| self.0.get(*language))
    }
}

impl FromIterator<(String, MailTexts)> for MailCatalogue {
    fn from_iter<I: IntoIterator<Item = (String, MailTexts)>>(texts: I) -> Self {
        Self(texts.into_iter().collect())
    }
}

/// A language's texts for e-mails.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MailTexts {
    weekdays: [String; 7],
    months: [String; 12],
    halves: [String; 2],
    when: String,
    from_both: String,
    from_name: String,
    from_number: String,
    from_unknown: String,
    subject: String,
    greeting: String,
    received: String,
    forwarded: String,
    partial: String,
    introductions: String,
    notify: String,
    attach: String,
    attach_and_delete: String,
    too_large: String,
    closing: String,
    file: String,
}

/// What an e-mail tells of.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// The owner's name.
    pub owner: &'a str,
    /// The sender's name, if known.
    pub name: Option<&'a str>,
    /// His number, if known.
    pub number: Option<&'a str>,
    /// When the message was left at first, in the owner's time zone.
    pub when: &'a Zoned,
    /// Who forwarded it to the owner, if somebody did: his words go before it.
    pub forwarded: Option<Forwarder<'a>>,
    /// How many seconds it lasts.
    pub seconds: u64,
    /// A part of it may be missing.
    pub partial: bool,
    /// What comes with the e-mail.
    pub enclosed: Enclosed,
}

/// Who forwarded a message.
#[derive(Clone, Copy, Debug)]
pub struct Forwarder<'a> {
    /// His name, if known.
    pub name: Option<&'a str>,
    /// His number, if known.
    pub number: Option<&'a str>,
    /// When, in the owner's time zone.
    pub when: &'a Zoned,
}

/// What comes with an e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enclosed {
    /// Nothing: the owner wants to be told only.
    Nothing,
    /// The recording.
    Recording,
    /// The recording, which is no longer in the mailbox.
    OnlyCopy,
    /// Nothing, since the mail server takes no mail as large as the recording.
    TooLarge,
}

/// An e-mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailWords {
    /// The subject.
    pub subject: String,
    /// The paragraphs.
    pub paragraphs: Vec<String>,
    /// What the recording's file is called.
    pub file: String,
}

impl MailTexts {
    /// Reads `email.yaml` of a language's folder; `None` where it has none.
    pub(crate) fn load(folder: &Path) -> Result<Option<Self>, LoadError> {
        let path = folder.join(EMAIL);
        if !path.is_file() {
            return Ok(None);
        }
        let yaml = fs::read_to_string(&path).map_err(|source| LoadError::Read {
            path: path.clone(),
            source,
        })?;
        let wrong = |why: String| LoadError::Email {
            path: path.clone(),
            why,
        };
        let texts: Self =
            serde_saphyr::from_str(&yaml).map_err(|error| wrong(error.to_string()))?;
        match texts.unknown_place() {
            Some(place) => Err(wrong(format!(
                "there is no {{{place}}}: the English file names what there is"
            ))),
            None => Ok(Some(texts)),
        }
    }

    /// The e-mail that tells of a message.
    pub fn words(&self, told: &Told<'_>) -> MailWords {
        let length = format!("{}:{:02}", told.seconds / 60, told.seconds % 60);
        let from = self.who(told.name, told.number);
        let when = self.dated(&self.when, told.when);
        let forwarder = told.forwarded.map(|it| {
            let by = self.who(it.name, it.number);
            (by, self.dated(&self.when, it.when))
        });
        let (by, forwarded) = forwarder.unwrap_or_default();
        let places = [
            ("from", from.as_str()),
            ("when", when.as_str()),
            ("by", by.as_str()),
            ("forwarded", forwarded.as_str()),
            ("length", length.as_str()),
            ("name", told.owner),
        ];
        let enclosed = match told.enclosed {
            Enclosed::Nothing => &self.notify,
            Enclosed::Recording => &self.attach,
            Enclosed::OnlyCopy => &self.attach_and_delete,
            Enclosed::TooLarge => &self.too_large,
        };
        let attached = matches!(told.enclosed, Enclosed::Recording | Enclosed::OnlyCopy);
        let texts = [
            (true, &self.greeting),
            (told.forwarded.is_none(), &self.received),
            (told.forwarded.is_some(), &self.forwarded),
            (told.partial, &self.partial),
            (told.forwarded.is_some() && attached, &self.introductions),
            (true, enclosed),
            (true, &self.closing),
        ];
        let said = texts.into_iter().filter(|(is_said, _)| *is_said);
        MailWords {
            subject: fill(&self.subject, &places),
            paragraphs: said.map(|(_, text)| fill(text, &places)).collect(),
            file: self.dated(&self.file, told.when),
        }
    }

    /// Somebody, by what is known of him.
    fn who(&self, name: Option<&str>, number: Option<&str>) -> String {
        let text = match (name, number) {
            (Some(_), Some(_)) => &self.from_both,
            (Some(_), None) => &self.from_name,
            (None, Some(_)) => &self.from_number,
            (None, None) => &self.from_unknown,
        };
        let (name, number) = (name.unwrap_or_default(), number.unwrap_or_default());
        fill(text, &[("name", name), ("number", number)])
    }

    fn dated(&self, text: &str, when: &Zoned) -> String {
        let of = |names: &[String], index: i8| {
            let index = usize::try_from(index).unwrap_or_default();
            names.get(index).cloned().unwrap_or_default()
        };
        let hour = when.hour();
        let hour12 = (hour + 11) % 12 + 1;
        let values = [
            (
                "weekday",
                of(&self.weekdays, when.weekday().to_monday_zero_offset()),
            ),
            ("month", of(&self.months, when.month() - 1)),
            ("month-number", format!("{:02}", when.month())),
            ("day", when.day().to_string()),
            ("day-number", format!("{:02}", when.day())),
            ("year", when.year().to_string()),
            ("hour", format!("{hour:02}")),
            ("hour12", hour12.to_string()),
            ("minute", format!("{:02}", when.minute())),
            ("half", of(&self.halves, hour / 12)),
        ];
        let places = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        fill(text, &places)
    }

    /// A place that nothing fills, which a typing error makes.
    fn unknown_place(&self) -> Option<String> {
        let told = ["from", "when", "length", "name"].as_slice();
        let forwarded = ["from", "when", "length", "name", "by", "forwarded"].as_slice();
        let sender = ["name", "number"].as_slice();
        let date = [
            "weekday",
            "month",
            "month-number",
            "day",
            "day-number",
            "year",
            "hour",
            "hour12",
            "minute",
            "half",
        ]
        .as_slice();
        let texts = [
            (&self.when, date),
            (&self.file, date),
            (&self.from_both, sender),
            (&self.from_name, sender),
            (&self.from_number, sender),
            (&self.from_unknown, sender),
            (&self.subject, told),
            (&self.greeting, told),
            (&self.received, told),
            (&self.forwarded, forwarded),
            (&self.partial, told),
            (&self.introductions, told),
            (&self.notify, told),
            (&self.attach, told),
            (&self.attach_and_delete, told),
            (&self.too_large, told),
            (&self.closing, told),
        ];
        texts.into_iter().find_map(|(text, known)| {
            places(text)
                .find(|place| !known.contains(place))
                .map(str::to_owned)
        })
    }
}

/// Fills the places of a text. What is filled in is not looked at again: a caller's name may have braces.
fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((place, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let value = values.iter().find(|(name, _)| *name == place);
        filled.push_str(value.map(|(_, value)| *value).unwrap_or_default());
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn places(text: &str) -> impl Iterator<Item = &str> {
    let after_braces = text.split('{').skip(1);
    after_braces.filter_map(|part| part.split_once('}').map(|(place, _)| place))
}

const EMAIL: &str = "email.yaml";

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn english() -> MailTexts {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("en");
        MailTexts::load(&folder).unwrap().unwrap()
    }

    fn told(when: &Zoned) -> Told<'_> {
        Told {
            owner: "Mary Miller",
            name: Some("John Smith"),
            number: Some("102"),
            when,
            forwarded: None,
            seconds: 62,
            partial: false,
            enclosed: Enclosed::Recording,
        }
    }

    fn at(hour: i8, minute: i8) -> Zoned {
        let civil = date(2026, 11, 5).at(hour, minute, 0, 0);
        civil.in_tz("America/New_York").unwrap()
    }

    #[test]
    fn a_message_is_told_of_with_who_when_and_how_long() {
        let when = at(15, 4);
        let words = english().words(&told(&when));
        assert_eq!(words.subject, "Voicemail from John Smith (102) (1:02)");
        assert_eq!(
            words.paragraphs[1],
            "John Smith (102) left you a voicemail on Thursday, November 5, 2026, 3:04 PM. It lasts 1:02."
        );
        assert_eq!(words.file, "voicemail-2026-11-05-1504.wav");
        assert!(words.paragraphs[2].contains("attached"));
    }

    #[test]
    fn of_a_forwarded_message_both_are_named_each_with_his_moment() {
        let (left, forwarded) = (at(15, 4), at(16, 30));
        let told = Told {
            forwarded: Some(Forwarder {
                name: Some("Ann Arbor"),
                number: Some("103"),
                when: &forwarded,
            }),
            ..told(&left)
        };
        let words = english().words(&told);
        assert_eq!(words.subject, "Voicemail from John Smith (102) (1:02)");
        assert_eq!(
            words.paragraphs[1],
            "Ann Arbor (103) forwarded you a voicemail on Thursday, November 5, 2026, 4:30 PM. \
             It was left by John Smith (102) on Thursday, November 5, 2026, 3:04 PM and lasts 1:02."
        );
        assert!(words.paragraphs[2].contains("said before it"));
        let notified = english().words(&Told {
            enclosed: Enclosed::Nothing,
            ..told
        });
        assert_eq!(notified.paragraphs[1], words.paragraphs[1]);
        assert!(!notified.paragraphs[2].contains("said before it"));
    }

    #[test]
    fn every_language_that_ships_has_texts_of_its_own() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("es");
        let spanish = MailTexts::load(&folder).unwrap().unwrap();
        let when = at(15, 4);
        let words = spanish.words(&told(&when));
        assert_eq!(words.subject, "Mensaje de voz de John Smith (102) (1:02)");
        assert_eq!(
            words.paragraphs[1],
            "John Smith (102) le dejó un mensaje de voz que dura 1:02, el jueves 5 de noviembre de 2026, 15:04."
        );
    }

    #[test]
    fn midnight_and_noon_are_twelve() {
        let texts = english();
        let said = |hour| texts.dated("{hour12}:{minute} {half}", &at(hour, 0));
        assert_eq!((said(0), said(12)), ("12:00 AM".into(), "12:00 PM".into()));
        assert_eq!((said(11), said(23)), ("11:00 AM".into(), "11:00 PM".into()));
    }

    #[test]
    fn a_name_with_braces_stays_as_it_is() {
        let when = at(8, 0);
        let words = english().words(&Told {
            name: Some("{when}"),
            number: None,
            ..told(&when)
        });
        assert_eq!(words.subject, "Voicemail from {when} (1:02)");
    }

    #[test]
    fn a_text_with_an_unknown_place_is_refused_and_the_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let english = Path::new(env!("CARGO_MANIFEST_DIR")).join("en").join(EMAIL);
        let wrong = fs::read_to_string(english)
            .unwrap()
            .replace("{when}", "{wann}");
        fs::write(folder.path().join(EMAIL), wrong).unwrap();
        let error = MailTexts::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("{wann}"), "{error}");
    }
}
