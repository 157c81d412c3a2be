//! The keys of a telephone.

use std::fmt;

/// One key of the pad. The fourth column of old pads (A to D) means nothing to an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `0`
    Zero,
    /// `1`
    One,
    /// `2`
    Two,
    /// `3`
    Three,
    /// `4`
    Four,
    /// `5`
    Five,
    /// `6`
    Six,
    /// `7`
    Seven,
    /// `8`
    Eight,
    /// `9`
    Nine,
    /// `*`
    Star,
    /// `#`
    Pound,
}

/// What a key is to somebody who dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dial {
    /// A digit, by its face.
    Digit(char),
    /// `*`
    Star,
    /// `#`
    Pound,
}

impl Key {
    /// All twelve.
    pub const ALL: [Self; 12] = [
        Self::Zero,
        Self::One,
        Self::Two,
        Self::Three,
        Self::Four,
        Self::Five,
        Self::Six,
        Self::Seven,
        Self::Eight,
        Self::Nine,
        Self::Star,
        Self::Pound,
    ];

    /// The key with this face.
    pub fn from_char(face: char) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_char() == face)
    }

    /// What is printed on it.
    pub const fn as_char(self) -> char {
        match self {
            Self::Zero => '0',
            Self::One => '1',
            Self::Two => '2',
            Self::Three => '3',
            Self::Four => '4',
            Self::Five => '5',
            Self::Six => '6',
            Self::Seven => '7',
            Self::Eight => '8',
            Self::Nine => '9',
            Self::Star => '*',
            Self::Pound => '#',
        }
    }

    /// What it is to somebody who dials.
    pub(crate) const fn dial(self) -> Dial {
        match self {
            Self::Star => Dial::Star,
            Self::Pound => Dial::Pound,
            Self::Zero
            | Self::One
            | Self::Two
            | Self::Three
            | Self::Four
            | Self::Five
            | Self::Six
            | Self::Seven
            | Self::Eight
            | Self::Nine => Dial::Digit(self.as_char()),
        }
    }

    /// Whether a number can be dialled with it.
    pub const fn is_digit(self) -> bool {
        matches!(self.dial(), Dial::Digit(_))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reads_back_from_its_face() {
        for key in Key::ALL {
            assert_eq!(Key::from_char(key.as_char()), Some(key));
        }
        assert_eq!(Key::from_char('A'), None);
    }
}
