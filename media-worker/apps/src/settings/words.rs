//! Recording words of one's own, a name or a greeting: nothing is kept unless it is saved.

use std::time::Duration;

use prompts::{PromptId, Say};

use super::{After, leave};
use crate::call::{Call, Ended, HungUp, RecordRules, Step, Way};
use crate::login::Owner;
use crate::menu::{Menu, Picked};
use crate::{Begun, Draft, Exit, Key, Office, Unavailable};

/// How words are recorded.
pub(super) struct Words {
    /// What is asked for.
    pub(super) ask: PromptId,
    /// What one can do with them then.
    pub(super) review: &'static Menu<Review>,
    /// What is said when they are not kept.
    pub(super) left: PromptId,
    /// How long they may be.
    pub(super) longest: Duration,
}

/// What one can do with words that were recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Review {
    Save,
    Hear,
    Again,
    Quit,
}

/// Records words after a beep until `#`, lets them be reviewed, and keeps them by `save` if that is chosen. Silence is
/// kept: callers may use it to press a key.
pub(super) async fn record_words<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
    words: &Words,
    save: impl AsyncFn(&O::Audio) -> Result<(), Unavailable>,
) -> Result<After, HungUp> {
    let mut empty = 0;
    while empty < ATTEMPTS {
        let Ok(begun) = office.begin(Draft::Words { of: owner.user }).await else {
            call.play(&[PromptId::SETTINGS_NOT_SAVED.into()]).await?;
            return Ok(After::Back);
        };
        let Begun {
            recording,
            max_length,
            ..
        } = begun;
        let longest = words.longest.min(max_length);
        let decision = decide(call, office, &recording, words, longest).await;
        let outcome = match decision {
            Ok(Decision::Save) => match office.playback(&recording).await {
                Ok(audio) => Some(save(&audio).await),
                Err(unavailable) => Some(Err(unavailable)),
            },
            Ok(Decision::Again | Decision::Quit | Decision::Empty | Decision::Leave(_))
            | Err(HungUp) => None,
        };
        office.discard(recording).await;
        match (decision?, outcome) {
            (Decision::Save, Some(Ok(()))) => {
                call.play(&[PromptId::SETTINGS_SAVED.into()]).await?;
                return Ok(After::Back);
            }
            (Decision::Save, Some(Err(_)) | None) => {
                call.play(&[PromptId::SETTINGS_NOT_SAVED.into()]).await?;
                return Ok(After::Back);
            }
            (Decision::Again, _) => empty = 0,
            (Decision::Empty, _) => {
                empty += 1;
                call.play(&[PromptId::LEAVE_TOO_SHORT.into()]).await?;
            }
            (Decision::Quit, _) => {
                call.play(&[words.left.into()]).await?;
                return Ok(After::Back);
            }
            (Decision::Leave(exit), _) => return Ok(After::Leave(exit)),
        }
    }
    Ok(After::Back)
}

/// What becomes of words that were recorded.
enum Decision {
    Save,
    Again,
    Quit,
    /// There are none.
    Empty,
    Leave(Exit),
}

async fn decide<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    recording: &O::Recording,
    words: &Words,
    longest: Duration,
) -> Result<Decision, HungUp> {
    call.play(&[words.ask.into(), Say::Beep]).await?;
    let rules = RecordRules {
        max: longest,
        silence: None,
        ends: &[Key::Pound],
    };
    let take = call.record(recording, &rules).await;
    match take.ended {
        Ended::HungUp => return Err(HungUp),
        Ended::Key(key) => call.took(Step {
            menu: RECORDING_WORDS,
            way: Way::Key(key),
        }),
        Ended::MaxLength | Ended::Silence => call.took(Step {
            menu: RECORDING_WORDS,
            way: Way::Nothing,
        }),
    }
    if take.length < SHORTEST {
        return Ok(Decision::Empty);
    }
    loop {
        match words.review.ask(call, office, &[], |_| true).await? {
            Picked::Action(Review::Save) => return Ok(Decision::Save),
            Picked::Action(Review::Again) => return Ok(Decision::Again),
            Picked::Action(Review::Quit) => return Ok(Decision::Quit),
            Picked::Action(Review::Hear) => {
                let audio = office.playback(recording).await;
                let says = audio.map_or(PromptId::LISTEN_UNAVAILABLE.into(), Say::Audio);
                call.play(&[says]).await?;
            }
            Picked::Extension(to) => return Ok(Decision::Leave(Exit::Transfer(to))),
            Picked::Nothing => {
                return match leave(call).await? {
                    After::Leave(exit) => Ok(Decision::Leave(exit)),
                    After::Back => Ok(Decision::Quit),
                };
            }
        }
    }
}

/// What the log calls the keys during such a recording.
pub(crate) const RECORDING_WORDS: &str = "recording words";
/// What is shorter is a slip of the finger.
const SHORTEST: Duration = Duration::from_millis(500);
/// So often nothing at all may be said.
const ATTEMPTS: u32 = 3;
