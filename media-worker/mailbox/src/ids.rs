//! Names of mailboxes, messages, audio and greetings.

use data_encoding::{Encoding, Specification};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Names a mailbox: the UID of its User, standalone his name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailboxId(String);

/// Names a message, the same in every mailbox that got it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

/// Names stored audio: the day it was made and a random part, or the message whose record it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AudioId(String);

/// Names one of a mailbox's greetings: `default`, `InOffice`, …
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GreetingSlot(String);

/// A name that cannot be part of a key in the store.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} cannot name anything here: 1 to 128 of A-Z a-z 0-9 . _ -, not beginning with a dot")]
pub struct BadName(pub String);

macro_rules! named {
    ($($name:ident),*) => {$(
        impl $name {
            /// Takes a name of 1 to 128 of `A-Z a-z 0-9 . _ -` that does not begin with a dot.
            pub fn new(name: impl Into<String>) -> Result<Self, BadName> {
                let name = name.into();
                if is_name(&name) { Ok(Self(name)) } else { Err(BadName(name)) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(name: String) -> Result<Self, BadName> {
                Self::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    )*};
}

named!(MailboxId, MessageId, AudioId, GreetingSlot);

impl GreetingSlot {
    /// The greeting used where a presence has none of its own.
    pub fn default_slot() -> Self {
        Self("default".to_owned())
    }
}

/// Where audio is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// Beside other audio, for whoever refers to it: made on that day, such as `20260131`.
    Shared {
        /// The day part of the key.
        day: &'a str,
    },
    /// In the record of that message, which one mailbox has.
    InRecord(MessageId),
}

impl AudioId {
    /// The audio in a message's own record.
    pub(crate) fn in_record(message: &MessageId) -> Self {
        Self(format!("{IN_RECORD}-{message}"))
    }

    /// Where it is.
    pub(crate) fn place(&self) -> Place<'_> {
        match self.0.split_once('-') {
            Some((IN_RECORD, message)) => Place::InRecord(MessageId(message.to_owned())),
            Some((day, _)) => Place::Shared { day },
            None => Place::Shared { day: UNDATED },
        }
    }
}

/// Makes names that nobody can guess, from a seed.
pub struct NameSource(Mutex<ChaCha12Rng>);

impl NameSource {
    /// Names that follow from the seed alone.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(Mutex::new(ChaCha12Rng::from_seed(seed)))
    }

    /// A new message.
    pub fn message(&self) -> MessageId {
        MessageId(self.random())
    }

    /// New audio, made at that time.
    pub fn audio(&self, now: Timestamp) -> AudioId {
        AudioId(format!("{}-{}", day_of(now), self.random()))
    }

    fn random(&self) -> String {
        let mut bytes = [0; RANDOM_BYTES];
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(&mut bytes);
        ALPHABET.encode(&bytes)
    }
}

/// The day of a time, in UTC, such as `20260131`.
pub(crate) fn day_of(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string()
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

const IN_RECORD: &str = "of";
const UNDATED: &str = "undated";
const LONGEST_NAME: usize = 128;
/// 120 bits: none is ever drawn twice, and none is guessed.
const RANDOM_BYTES: usize = 15;

/// Base 32 in lower case, without padding.
static ALPHABET: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification
        .encoding()
        .unwrap_or(data_encoding::BASE32HEX_NOPAD)
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_seed_and_never_repeat() {
        let (a, b) = (NameSource::new([7; 32]), NameSource::new([7; 32]));
        let first = a.message();
        assert_eq!(first, b.message());
        assert_ne!(first, a.message());
        assert!(MessageId::new(first.as_str()).is_ok());
    }

    #[test]
    fn audio_is_named_by_its_day_or_its_message() {
        let names = NameSource::new([1; 32]);
        let audio = names.audio(Timestamp::UNIX_EPOCH);
        assert_eq!(audio.place(), Place::Shared { day: "19700101" });
        let message = names.message();
        assert_eq!(
            AudioId::in_record(&message).place(),
            Place::InRecord(message)
        );
    }

    #[test]
    fn names_that_would_leave_their_folder_are_refused() {
        for bad in ["", "a/b", "..", ".hidden", "ä", &"x".repeat(129)] {
            assert!(MailboxId::new(bad).is_err(), "{bad:?}");
        }
        assert!(MailboxId::new("4b0c7f9e-1111-2222-3333-444455556666").is_ok());
    }
}
