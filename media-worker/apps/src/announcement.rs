//! What a caller hears who cannot be connected.

use std::time::Duration;

use prompts::{PromptId, Say};

use crate::{Call, Exit, Office};

/// Why a caller is not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Announcement {
    /// Nobody has this number.
    UnknownNumber,
    /// He is talking already.
    Busy,
    /// Nobody answers.
    NoAnswer,
    /// The caller may not call this number.
    NotPermitted,
    /// The number cannot be reached at the moment.
    Unavailable,
    /// There is no mailbox at this number.
    NoMailbox,
    /// Everything is in use.
    Overloaded,
    /// A transfer went wrong.
    TransferFailed,
    /// The system is about to restart.
    Closing,
}

impl Announcement {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::UnknownNumber,
        Self::Busy,
        Self::NoAnswer,
        Self::NotPermitted,
        Self::Unavailable,
        Self::NoMailbox,
        Self::Overloaded,
        Self::TransferFailed,
        Self::Closing,
    ];

    /// What is said.
    pub const fn prompt(self) -> PromptId {
        match self {
            Self::UnknownNumber => PromptId::ANNOUNCE_UNKNOWN_NUMBER,
            Self::Busy => PromptId::ANNOUNCE_BUSY,
            Self::NoAnswer => PromptId::ANNOUNCE_NO_ANSWER,
            Self::NotPermitted => PromptId::ANNOUNCE_NOT_PERMITTED,
            Self::Unavailable => PromptId::ANNOUNCE_UNAVAILABLE,
            Self::NoMailbox => PromptId::ANNOUNCE_NO_MAILBOX,
            Self::Overloaded => PromptId::ANNOUNCE_OVERLOADED,
            Self::TransferFailed => PromptId::ANNOUNCE_TRANSFER_FAILED,
            Self::Closing => PromptId::ANNOUNCE_CLOSING,
        }
    }
}

/// Says it twice; any key cuts it short. Keys pressed before meant something else.
pub async fn announce<O: Office>(call: &mut impl Call<O>, announcement: Announcement) -> Exit {
    while call.take_key().is_some() {}
    let words = Say::Prompt(announcement.prompt());
    match call
        .play(&[words.clone(), Say::Pause(BETWEEN), words])
        .await
    {
        Ok(()) => Exit::Finished,
        Err(crate::HungUp) => Exit::HungUp,
    }
}

const BETWEEN: Duration = Duration::from_secs(1);
