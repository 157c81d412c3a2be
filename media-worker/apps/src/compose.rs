//! Recording a message, reviewing and sending it (spec MC-S2, MC-S3, LV-2, LV-3).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crds::directory::UserEntry;
use prompts::{PromptId, Say};

use crate::call::{Call, Ended, HungUp, RecordRules, Step, Take, Way};
use crate::dial::{Dialled, dial_after_star, operator};
use crate::farewell::farewell;
use crate::leave_message::connect;
use crate::menu::{Choice, Menu, Picked, Star};
use crate::{Begun, Draft, Exit, Key, NotSent, Office, Refusal};

/// Opens a recording for a message to `user`.
pub(crate) async fn begin<O: Office>(
    call: &impl Call<O>,
    office: &O,
    user: &UserEntry,
) -> Result<Begun<O::Recording>, Refusal> {
    let from = call.caller();
    office.begin(Draft::Message { to: user, from }).await
}

/// What is said when nothing can be recorded.
pub(crate) const fn refused(refusal: Refusal) -> PromptId {
    match refusal {
        Refusal::Full => PromptId::LEAVE_FULL,
        Refusal::Unavailable => PromptId::LEAVE_UNAVAILABLE,
    }
}

/// Records a message for `user` after a beep, and delivers it. Whatever happens from the moment
/// that something was said, hanging up included, it is delivered unless the caller cancels.
pub(crate) async fn compose<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    user: &UserEntry,
    begun: Begun<O::Recording>,
) -> Exit {
    let mut begun = begun;
    let mut empty = 0;
    loop {
        let Begun {
            recording,
            max_length,
        } = begun;
        let take = record(call, office, &recording, max_length).await;
        let keep = take.length >= user.limits.min_message_length;
        let decision = decide(call, office, &recording, take.ended, keep).await;
        let sent = settle(office, recording, keep && decision.sends()).await;
        match (decision, sent) {
            (Decision::HungUp, _) => return Exit::HungUp,
            (Decision::Send, Sent::Yes) => return end(call, PromptId::LEAVE_SENT).await,
            (Decision::Send, Sent::Failed) => return end(call, PromptId::LEAVE_NOT_SENT).await,
            (Decision::Send, Sent::Dropped) if empty + 1 == ATTEMPTS => {
                return end(call, PromptId::LEAVE_TOO_SHORT).await;
            }
            (Decision::Send, Sent::Dropped) => {
                empty += 1;
                if call
                    .play(&[PromptId::LEAVE_TOO_SHORT.into()])
                    .await
                    .is_err()
                {
                    return Exit::HungUp;
                }
            }
            (Decision::Connect(to), sent) => return leave(call, sent, to).await,
            (Decision::Again, _) => empty = 0,
            (Decision::Cancel, _) => return end(call, PromptId::REVIEW_CANCELLED).await,
        }
        begun = match begin(call, office, user).await {
            Ok(begun) => begun,
            Err(refusal) => return end(call, refused(refusal)).await,
        };
    }
}

/// What becomes of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    /// It is delivered.
    Send,
    /// It is delivered, and its author then connected.
    Connect(Arc<str>),
    /// It is delivered, and nobody is there any more.
    HungUp,
    /// It is recorded again.
    Again,
    /// It is forgotten.
    Cancel,
}

impl Decision {
    const fn sends(&self) -> bool {
        match self {
            Self::Send | Self::Connect(_) | Self::HungUp => true,
            Self::Again | Self::Cancel => false,
        }
    }
}

/// What one can do with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Review {
    Send,
    Hear,
    Again,
    Cancel,
    Operator,
}

/// The review keys; the operator's key goes with them.
pub(crate) static REVIEW: Menu<Review> = Menu {
    name: "review",
    choices: Cow::Borrowed(&[
        Choice::new(Key::One, Review::Send, PromptId::REVIEW_SEND),
        Choice::new(Key::Two, Review::Hear, PromptId::REVIEW_HEAR),
        Choice::new(Key::Three, Review::Again, PromptId::REVIEW_AGAIN),
        Choice::new(Key::Pound, Review::Cancel, PromptId::REVIEW_CANCEL),
    ]),
    star: Star::RepeatsOrDials { says: None },
};

async fn record<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    recording: &O::Recording,
    max: Duration,
) -> Take {
    if call.play(&[Say::Beep]).await.is_err() {
        return Take {
            length: Duration::ZERO,
            ended: Ended::HungUp,
        };
    }
    let mut ends = vec![Key::Pound, Key::Star];
    ends.extend(operator_key(call, office).map(|(key, _)| key));
    let rules = RecordRules {
        max,
        silence: Some(SILENCE),
        ends: &ends,
    };
    call.record(recording, &rules).await
}

/// What the caller wants, after his recording has ended.
async fn decide<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    recording: &O::Recording,
    ended: Ended,
    keep: bool,
) -> Decision {
    let decided = async {
        match ended {
            Ended::HungUp => return Err(HungUp),
            Ended::Key(key) => {
                if let Some(to) = dialled(call, office, key).await? {
                    return Ok(Decision::Connect(to));
                }
            }
            Ended::MaxLength => call.play(&[PromptId::LEAVE_LIMIT.into()]).await?,
            Ended::Silence => {}
        }
        if keep && call.caller().is_internal() {
            review(call, office, recording).await
        } else {
            Ok(Decision::Send)
        }
    };
    decided.await.unwrap_or(Decision::HungUp)
}

/// Where a key that ended the recording leads: `*` and an extension, or the operator.
async fn dialled<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    key: Key,
) -> Result<Option<Arc<str>>, HungUp> {
    if let Some((_, to)) = operator_key(call, office).filter(|(operator, _)| *operator == key) {
        call.took(Step {
            menu: RECORDING,
            way: Way::Key(key),
        });
        return Ok(Some(to));
    }
    let dialled = if key == Key::Star {
        dial_after_star(call, office).await?
    } else {
        Dialled::Nothing
    };
    let (way, to) = match dialled {
        Dialled::Nothing => (Way::Key(key), None),
        Dialled::Extension(to) => (Way::Dialled, Some(to)),
        Dialled::Unknown => {
            call.play(&[PromptId::ADDRESS_UNKNOWN.into()]).await?;
            (Way::Dialled, None)
        }
    };
    call.took(Step {
        menu: RECORDING,
        way,
    });
    Ok(to)
}

async fn review<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    recording: &O::Recording,
) -> Result<Decision, HungUp> {
    let operator = operator_key(call, office);
    let menu = match operator {
        Some((key, _)) => Cow::Owned(REVIEW.with(Choice::unspoken(key, Review::Operator))),
        None => Cow::Borrowed(&REVIEW),
    };
    loop {
        let action = match menu.ask(call, office, &[], |_| true).await? {
            Picked::Action(action) => action,
            Picked::Extension(to) => return Ok(Decision::Connect(to)),
            Picked::Nothing => return Ok(Decision::Send),
        };
        match (action, &operator) {
            (Review::Hear, _) => {
                let audio = office.playback(recording).await;
                let says = audio.map_or(PromptId::LISTEN_UNAVAILABLE.into(), Say::Audio);
                call.play(&[says]).await?;
            }
            (Review::Again, _) => return Ok(Decision::Again),
            (Review::Cancel, _) => return Ok(Decision::Cancel),
            (Review::Operator, Some((_, to))) => return Ok(Decision::Connect(to.clone())),
            (Review::Send | Review::Operator, _) => return Ok(Decision::Send),
        }
    }
}

/// Whether a recording has reached its recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Yes,
    Failed,
    /// It was not to, or there was nothing in it.
    Dropped,
}

async fn settle<O: Office>(office: &O, recording: O::Recording, deliver: bool) -> Sent {
    if !deliver {
        office.discard(recording).await;
        return Sent::Dropped;
    }
    match office.deliver(recording).await {
        Ok(()) => Sent::Yes,
        Err(NotSent::TooShort) => Sent::Dropped,
        Err(NotSent::Unavailable) => Sent::Failed,
    }
}

async fn leave<O: Office>(call: &mut impl Call<O>, sent: Sent, to: Arc<str>) -> Exit {
    let told = match sent {
        Sent::Yes => call.play(&[PromptId::LEAVE_SENT.into()]).await,
        Sent::Failed => call.play(&[PromptId::LEAVE_NOT_SENT.into()]).await,
        Sent::Dropped => Ok(()),
    };
    match told {
        Ok(()) => connect(call, to).await.unwrap_or(Exit::HungUp),
        Err(HungUp) => Exit::HungUp,
    }
}

async fn end<O: Office>(call: &mut impl Call<O>, words: PromptId) -> Exit {
    farewell(call, [words.into()]).await.unwrap_or(Exit::HungUp)
}

/// The operator's key and number, if he can be called with one key.
fn operator_key<O: Office>(call: &impl Call<O>, office: &O) -> Option<(Key, Arc<str>)> {
    let number = |key| operator(office.directory(), key, call.caller());
    Key::ALL
        .into_iter()
        .find_map(|key| Some((key, number(key)?)))
}

/// So much silence ends a recording (spec MB-6).
const SILENCE: Duration = Duration::from_secs(8);
/// So often nothing at all may be said.
const ATTEMPTS: u32 = 3;
/// What the log calls the keys during a recording.
pub(crate) const RECORDING: &str = "recording";
