//! Where a user is: selects route, greeting and announce-only of each new call (spec PR-1, PR-2).
use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The seven presences, in the order the message center counts them.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[schemars(transform = crate::schema::leave_to_the_field)]
pub enum Presence {
    /// At his desk. The presence of a user who never chose one.
    #[default]
    InOffice,
    /// At a meeting.
    AtAMeeting,
    /// On vacation.
    OnVacation,
    /// On a business trip.
    OnBusinessTrip,
    /// At home.
    AtHome,
    /// Away.
    Away,
    /// Busy.
    Busy,
}

impl Presence {
    /// All seven: key `1` of the menus is the first.
    pub const ALL: [Self; 7] = [
        Self::InOffice,
        Self::AtAMeeting,
        Self::OnVacation,
        Self::OnBusinessTrip,
        Self::AtHome,
        Self::Away,
        Self::Busy,
    ];

    /// The name as manifests spell it, such as `AtAMeeting`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InOffice => "InOffice",
            Self::AtAMeeting => "AtAMeeting",
            Self::OnVacation => "OnVacation",
            Self::OnBusinessTrip => "OnBusinessTrip",
            Self::AtHome => "AtHome",
            Self::Away => "Away",
            Self::Busy => "Busy",
        }
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of the seven presences.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no presence; write one of InOffice, AtAMeeting, OnVacation, OnBusinessTrip, AtHome, Away, Busy"
)]
pub struct UnknownPresence(pub String);

impl FromStr for Presence {
    type Err = UnknownPresence;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|p| p.as_str() == text)
            .ok_or_else(|| UnknownPresence(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_presence_reads_back_from_its_name_and_from_yaml() {
        for presence in Presence::ALL {
            assert_eq!(presence.as_str().parse(), Ok(presence));
            assert_eq!(serde_json::to_value(presence).unwrap(), presence.as_str());
        }
        assert!("InOfice".parse::<Presence>().is_err());
    }
}
