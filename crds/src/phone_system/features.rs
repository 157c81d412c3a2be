//! What the system offers beside calls and voicemail.
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;

/// What the system offers beside calls and voicemail.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Features {
    /// Whether there is a conference center. Without it its number gives busy. Default: true.
    #[serde(default = "Features::conference_center")]
    pub conference_center: bool,
    /// Whether conferences without a schedule are made for everyone, as many as may take place at once. Default: false.
    #[serde(default)]
    pub unscheduled_conferences: bool,
    /// What the messages key of phones opens. Default: Audio.
    #[serde(default)]
    pub messages_key: MessagesKey,
}

/// What the messages key of a phone opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::schema::leave_to_the_field)]
pub enum MessagesKey {
    /// The spoken message center.
    #[default]
    Audio,
    /// The list of messages on the phone's display, where the phone can show it.
    Visual,
}

/// How many conferences take place at once, and how many join each.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Conferences {
    /// Sets both numbers below. Default: Large.
    #[serde(default)]
    pub size: ConferenceSize,
    /// How many take place at once. Default: as `size` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_active: Option<u32>,
    /// How many join each. Default: as `size` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 10_000))]
    pub max_participants: Option<u32>,
}

/// The size of a conference center.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ConferenceSize {
    /// 1 conference of 8.
    Small,
    /// 4 conferences of 8.
    Medium,
    /// 4 conferences of 30.
    #[default]
    Large,
}

/// What is kept of every call.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CallDetails {
    /// For how long who called whom is kept. Default: 90d.
    #[serde(default = "CallDetails::retention")]
    pub retention: Period,
}

impl Features {
    const fn conference_center() -> bool {
        true
    }
}

impl Default for Features {
    fn default() -> Self {
        Self {
            conference_center: Self::conference_center(),
            unscheduled_conferences: false,
            messages_key: MessagesKey::default(),
        }
    }
}

impl Conferences {
    /// How many take place at once.
    pub fn active(&self) -> u32 {
        self.max_active.unwrap_or(match self.size {
            ConferenceSize::Small => 1,
            ConferenceSize::Medium | ConferenceSize::Large => 4,
        })
    }

    /// How many join each.
    pub fn participants(&self) -> u32 {
        self.max_participants.unwrap_or(match self.size {
            ConferenceSize::Small | ConferenceSize::Medium => 8,
            ConferenceSize::Large => 30,
        })
    }
}

impl CallDetails {
    const fn retention() -> Period {
        Period::days(90)
    }
}

impl Default for CallDetails {
    fn default() -> Self {
        Self {
            retention: Self::retention(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_sets_both_numbers_and_either_may_be_overridden() {
        let of = |size| Conferences {
            size,
            ..Conferences::default()
        };
        let both = |it: &Conferences| (it.active(), it.participants());
        assert_eq!(both(&of(ConferenceSize::Small)), (1, 8));
        assert_eq!(both(&of(ConferenceSize::Medium)), (4, 8));
        assert_eq!(both(&Conferences::default()), (4, 30));
        let wide = Conferences {
            max_participants: Some(2000),
            ..of(ConferenceSize::Small)
        };
        assert_eq!(both(&wide), (1, 2000));
    }
}
