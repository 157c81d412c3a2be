//! What a user who has logged in has chosen about himself, and changes (spec MC-P).

use async_trait::async_trait;
use crds::Presence;
use crds::directory::{PinOrigin, UserEntry};
use crds::pin::{self, WeakPin};
use crds::user_settings::GreetingSlot;

use crate::Unavailable;

/// What a user has chosen, as it is now: whatever was changed elsewhere is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Where he is.
    pub presence: Presence,
    /// Whether a manifest sets his presence, so that he cannot.
    pub presence_managed: bool,
    /// The greetings after which no message is taken.
    pub announce_only: Vec<GreetingSlot>,
    /// Whether he must choose a PIN before he goes on.
    pub must_choose_pin: bool,
}

impl Choices {
    /// Those of this user.
    pub fn of(user: &UserEntry) -> Self {
        Self {
            presence: user.presence,
            presence_managed: user.presence_managed,
            announce_only: user.announce_only.clone(),
            must_choose_pin: user.pin_origin == PinOrigin::Initial,
        }
    }
}

/// One choice. It says nothing of itself: it may be a PIN.
pub enum Choice {
    /// Where he is.
    Presence(Presence),
    /// Whether no message is taken after this greeting.
    AnnounceOnly(GreetingSlot, bool),
    /// His PIN.
    Pin(String),
}

/// Why a choice was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChosen {
    /// A manifest sets it.
    #[error("it is set in a manifest")]
    Managed,
    /// Too easy to guess.
    #[error(transparent)]
    Weak(#[from] WeakPin),
    /// It is the PIN he has.
    #[error("it is the PIN that there is")]
    Same,
    /// It cannot be kept at the moment.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Whether this user may have this PIN from now on.
pub fn judge_pin(user: &UserEntry, pin: &str) -> Result<(), NotChosen> {
    pin::check(pin, user.extension.as_deref())?;
    if user.pin.verify(pin) {
        return Err(NotChosen::Same);
    }
    Ok(())
}

/// What a user who has logged in asks of his home about himself.
#[async_trait(?Send)]
pub trait Preferences {
    /// Audio that can be played.
    type Audio;

    /// What he has chosen.
    async fn choices(&self) -> Result<Choices, Unavailable>;

    /// Chooses something; it holds for every call that begins after this has returned.
    async fn choose(&self, choice: Choice) -> Result<(), NotChosen>;

    /// The recording of his name, if there is one.
    async fn name(&self) -> Result<Option<Self::Audio>, Unavailable>;

    /// Records his name; the one before is gone.
    async fn set_name(&self, name: &Self::Audio) -> Result<(), Unavailable>;

    /// His greeting of exactly this slot, if there is one.
    async fn greeting(&self, slot: GreetingSlot) -> Result<Option<Self::Audio>, Unavailable>;

    /// Records a greeting; the one before is gone.
    async fn set_greeting(
        &self,
        slot: GreetingSlot,
        greeting: &Self::Audio,
    ) -> Result<(), Unavailable>;

    /// Deletes a greeting. Announce-only, which needs one, goes off with it.
    async fn delete_greeting(&self, slot: GreetingSlot) -> Result<(), Unavailable>;
}
