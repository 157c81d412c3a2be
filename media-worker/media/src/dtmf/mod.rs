//! DTMF digits, and the three ways in which they arrive: RFC 4733 events, in-band tones, SIP INFO.

pub mod event;
pub mod inband;
mod info;
mod tone;

pub(crate) use event::EventPayload;
pub use event::{EventPacket, Receiver, Sender};
pub use inband::Detector;
pub use info::from_info;
pub use tone::tone;

use std::fmt;

/// A key of the telephone keypad, or one of the four of the fourth column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is the key it names")]
pub enum Digit {
    Zero,
    One,
    Two,
    Three,
    Four,
    Five,
    Six,
    Seven,
    Eight,
    Nine,
    Star,
    Pound,
    A,
    B,
    C,
    D,
}

impl Digit {
    /// Every digit, in the order of its event codes.
    pub const ALL: [Digit; 16] = [
        Digit::Zero,
        Digit::One,
        Digit::Two,
        Digit::Three,
        Digit::Four,
        Digit::Five,
        Digit::Six,
        Digit::Seven,
        Digit::Eight,
        Digit::Nine,
        Digit::Star,
        Digit::Pound,
        Digit::A,
        Digit::B,
        Digit::C,
        Digit::D,
    ];

    /// The digit of an event code (RFC 4733 3.2); other events are none.
    pub fn from_code(code: u8) -> Option<Digit> {
        Digit::ALL.get(usize::from(code)).copied()
    }

    /// The event code (RFC 4733 3.2).
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The digit of a character: `0`–`9`, `*`, `#`, `A`–`D` in either case.
    pub fn from_char(character: char) -> Option<Digit> {
        let character = character.to_ascii_uppercase();
        Digit::ALL
            .into_iter()
            .find(|digit| digit.to_char() == character)
    }

    /// The character on the key.
    pub const fn to_char(self) -> char {
        match self {
            Digit::Star => '*',
            Digit::Pound => '#',
            Digit::A => 'A',
            Digit::B => 'B',
            Digit::C => 'C',
            Digit::D => 'D',
            Digit::Zero
            | Digit::One
            | Digit::Two
            | Digit::Three
            | Digit::Four
            | Digit::Five
            | Digit::Six
            | Digit::Seven
            | Digit::Eight
            | Digit::Nine => (b'0' + self as u8) as char,
        }
    }

    /// Its two frequencies in Hz, row then column (ITU-T Q.23).
    pub const fn frequencies(self) -> (u16, u16) {
        match self {
            Digit::One => (697, 1209),
            Digit::Two => (697, 1336),
            Digit::Three => (697, 1477),
            Digit::A => (697, 1633),
            Digit::Four => (770, 1209),
            Digit::Five => (770, 1336),
            Digit::Six => (770, 1477),
            Digit::B => (770, 1633),
            Digit::Seven => (852, 1209),
            Digit::Eight => (852, 1336),
            Digit::Nine => (852, 1477),
            Digit::C => (852, 1633),
            Digit::Star => (941, 1209),
            Digit::Zero => (941, 1336),
            Digit::Pound => (941, 1477),
            Digit::D => (941, 1633),
        }
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_char())
    }
}
