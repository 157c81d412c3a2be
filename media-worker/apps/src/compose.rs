//! Recording a message, reviewing and sending it (spec MC-S2, MC-S3, LV-2, LV-3).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crds::directory::{Caller, UserEntry};
use prompts::{PromptId, Say};

use crate::call::{Call, Ended, HungUp, RecordRules, Step, Take, Way};
use crate::dial::{Dialled, dial_after_star, operator};
use crate::menu::{Choice, Menu, Picked, Star};
use crate::naming;
use crate::{Begun, Draft, Forwards, Key, LeftOut, NotSent, Office, Receipt, Refusal};

/// A message to be recorded.
pub(crate) struct Letter<'a> {
    /// Who get it.
    pub(crate) to: &'a [&'a UserEntry],
    /// Who leaves it.
    pub(crate) from: &'a Caller,
    /// The message that it forwards.
    pub(crate) forwards: Option<Forwards<'a>>,
    /// Where it is recorded.
    pub(crate) manner: Manner,
}

/// Where a message is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// After a greeting. `*` and an extension, or the operator's key, send it and leave (spec LV-2);
    /// a stranger's `#` sends it at once (spec LV-3).
    Leaving,
    /// In the message center.
    Sending {
        /// What is said before the tone.
        asks: PromptId,
    },
}

/// What came of a message, with the words that are still to be said about it.
pub(crate) enum Composed<A> {
    /// The caller has gone.
    HungUp,
    /// It is sent or not; he goes on.
    Over(Vec<Say<A>>),
    /// It is sent; he does nothing any more.
    GaveUp(Vec<Say<A>>),
    /// It is sent; he wants to be connected.
    Connect(Vec<Say<A>>, Arc<str>),
}

impl Letter<'_> {
    /// Shorter ones are none: as the most lenient of those who get it has it.
    fn min_length(&self) -> Duration {
        let lengths = self.to.iter().map(|user| user.limits.min_message_length);
        lengths.min().unwrap_or_default()
    }

    fn asks(&self) -> Option<PromptId> {
        match self.manner {
            Manner::Leaving => None,
            Manner::Sending { asks } => Some(asks),
        }
    }

    /// What its author is asked once his recording has ended so; none: it is sent at once.
    fn asked_after(&self, ended: Ended) -> Option<&'static Menu<Review>> {
        match self.manner {
            Manner::Sending { .. } => self.from.is_internal().then_some(&SENDING),
            Manner::Leaving if self.from.is_internal() => Some(&REVIEW),
            // He wanted to be connected: his message is sent when he is, or is done.
            Manner::Leaving if ended == Ended::Key(Key::Star) => Some(&MISDIALLED),
            Manner::Leaving => None,
        }
    }
}

/// Opens a recording.
pub(crate) async fn begin<O: Office>(
    office: &O,
    letter: &Letter<'_>,
) -> Result<Begun<O::Recording>, Refusal> {
    let draft = Draft::Message {
        to: letter.to,
        from: letter.from,
        forwards: letter.forwards,
    };
    office.begin(draft).await
}

/// What is said when nothing can be recorded.
pub(crate) async fn refused<O: Office>(
    office: &O,
    letter: &Letter<'_>,
    refusal: Refusal,
) -> Vec<Say<O::Audio>> {
    match (refusal, letter.manner) {
        (Refusal::Full(_), Manner::Leaving) => vec![PromptId::LEAVE_FULL.into()],
        (Refusal::Full(left_out), Manner::Sending { .. }) => {
            let mut words = naming::left_out(office, &left_out).await;
            words.push(PromptId::LEAVE_NOT_SENT.into());
            words
        }
        (Refusal::Unavailable, Manner::Leaving | Manner::Sending { .. }) => {
            vec![PromptId::LEAVE_UNAVAILABLE.into()]
        }
    }
}

/// Records a message after a beep, and delivers it. Whatever happens from the moment that something
/// was said, hanging up included, it is delivered unless the caller cancels.
pub(crate) async fn compose<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    letter: &Letter<'_>,
    begun: Begun<O::Recording>,
) -> Composed<O::Audio> {
    let mut begun = begun;
    let mut told = Vec::new();
    let mut empty = 0;
    loop {
        let Begun {
            recording,
            max_length,
            left_out,
        } = begun;
        let before = before(office, letter, left_out, &mut told).await;
        let take = record(call, office, letter, &before, &recording, max_length).await;
        let keep = take.spoken && take.length >= letter.min_length();
        let decision = decide(call, office, letter, &recording, take.ended, keep).await;
        let sent = settle(office, recording, &decision, keep).await;
        let words = sent.words(office).await;
        match decision {
            Decision::HungUp => return Composed::HungUp,
            Decision::Connect(to) => return Composed::Connect(words, to),
            Decision::Cancel => return Composed::Over(vec![PromptId::REVIEW_CANCELLED.into()]),
            Decision::Again => empty = 0,
            Decision::GiveUp => return Composed::GaveUp(words),
            Decision::Send if sent != Sent::Dropped => return Composed::Over(words),
            Decision::Send => {
                empty += 1;
                let too_short = vec![PromptId::LEAVE_TOO_SHORT.into()];
                if empty == ATTEMPTS {
                    return Composed::Over(too_short);
                }
                if call.play(&too_short).await.is_err() {
                    return Composed::HungUp;
                }
            }
        }
        begun = match begin(office, letter).await {
            Ok(begun) => begun,
            Err(refusal) => return Composed::Over(refused(office, letter, refusal).await),
        };
    }
}

/// What is said before the tone: who will not get it, unless he was told, and what to do.
async fn before<O: Office>(
    office: &O,
    letter: &Letter<'_>,
    left_out: Vec<LeftOut>,
    told: &mut Vec<LeftOut>,
) -> Vec<Say<O::Audio>> {
    let news: Vec<LeftOut> = left_out
        .into_iter()
        .filter(|one| !told.contains(one))
        .collect();
    let mut words = naming::left_out(office, &news).await;
    told.extend(news);
    words.extend(letter.asks().map(Say::from));
    words
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
    /// It is delivered, and its author does nothing any more.
    GiveUp,
    /// It is recorded again.
    Again,
    /// It is forgotten.
    Cancel,
}

impl Decision {
    const fn sends(&self) -> bool {
        match self {
            Self::Send | Self::Connect(_) | Self::HungUp | Self::GiveUp => true,
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

/// The review keys of who leaves a message; the operator's key goes with them.
pub(crate) static REVIEW: Menu<Review> = Menu {
    name: "review",
    choices: Cow::Borrowed(&REVIEW_KEYS),
    star: Star::RepeatsOrDials { says: None },
};

/// What is left to a stranger whose `*` led to no extension; the operator's key goes with it. `#`, which he heard of before
/// he spoke, still sends his message.
pub(crate) static MISDIALLED: Menu<Review> = Menu {
    name: "misdialled",
    choices: Cow::Borrowed(&[
        Choice::new(Key::One, Review::Send, PromptId::REVIEW_SEND),
        Choice::unspoken(Key::Pound, Review::Send),
    ]),
    star: Star::RepeatsOrDials {
        says: Some(PromptId::MAIN_CALL),
    },
};

/// The review in the message center, where nobody is called instead.
pub(crate) static SENDING: Menu<Review> = Menu {
    name: "sending",
    choices: Cow::Borrowed(&REVIEW_KEYS),
    star: Star::Repeats,
};

static REVIEW_KEYS: [Choice<Review>; 4] = [
    Choice::new(Key::One, Review::Send, PromptId::REVIEW_SEND),
    Choice::new(Key::Two, Review::Hear, PromptId::REVIEW_HEAR),
    Choice::new(Key::Three, Review::Again, PromptId::REVIEW_AGAIN),
    Choice::new(Key::Pound, Review::Cancel, PromptId::REVIEW_CANCEL),
];

async fn record<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    letter: &Letter<'_>,
    before: &[Say<O::Audio>],
    recording: &O::Recording,
    max: Duration,
) -> Take {
    if announce(call, before).await.is_err() {
        return Take::nothing(Ended::HungUp);
    }
    let mut ends = vec![Key::Pound];
    if letter.manner == Manner::Leaving {
        ends.push(Key::Star);
        ends.extend(operator_key(call, office).map(|(key, _)| key));
    }
    let rules = RecordRules {
        max,
        silence: Some(SILENCE),
        ends: &ends,
    };
    call.record(recording, &rules).await
}

/// Says this and the tone. The key that cuts it short wants the tone and nothing else.
async fn announce<O: Office>(
    call: &mut impl Call<O>,
    before: &[Say<O::Audio>],
) -> Result<(), HungUp> {
    if !before.is_empty() {
        call.play(before).await?;
        while call.take_key().is_some() {}
    }
    call.play(&[Say::Beep]).await
}

/// What the caller wants, after his recording has ended.
async fn decide<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    letter: &Letter<'_>,
    recording: &O::Recording,
    ended: Ended,
    keep: bool,
) -> Decision {
    let decided = async {
        match (ended, letter.manner) {
            (Ended::HungUp, _) => return Err(HungUp),
            (Ended::Key(key), Manner::Leaving) => {
                if let Some(to) = dialled(call, office, key).await? {
                    return Ok(Decision::Connect(to));
                }
            }
            (Ended::Key(key), Manner::Sending { .. }) => call.took(Step {
                menu: SPEAKING,
                way: Way::Key(key),
            }),
            (Ended::MaxLength, _) => call.play(&[PromptId::LEAVE_LIMIT.into()]).await?,
            (Ended::Silence, _) => {}
        }
        match letter.asked_after(ended).filter(|_| keep) {
            None => Ok(Decision::Send),
            Some(menu) => review(call, office, letter.manner, recording, menu).await,
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
    manner: Manner,
    recording: &O::Recording,
    menu: &Menu<Review>,
) -> Result<Decision, HungUp> {
    let operator = match manner {
        Manner::Leaving => operator_key(call, office),
        Manner::Sending { .. } => None,
    };
    match operator {
        Some((key, to)) => {
            let menu = menu.with(Choice::unspoken(key, Review::Operator));
            reviewed_by(call, office, recording, &menu, Some(to)).await
        }
        None => reviewed_by(call, office, recording, menu, None).await,
    }
}

async fn reviewed_by<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    recording: &O::Recording,
    menu: &Menu<Review>,
    operator: Option<Arc<str>>,
) -> Result<Decision, HungUp> {
    loop {
        let action = match menu.ask(call, office, &[], |_| true).await? {
            Picked::Action(action) => action,
            Picked::Extension(to) => return Ok(Decision::Connect(to)),
            Picked::Nothing => return Ok(Decision::GiveUp),
        };
        match (action, &operator) {
            (Review::Hear, _) => {
                let audio = office.playback(recording).await;
                let says = audio.map_or(PromptId::LISTEN_UNAVAILABLE.into(), Say::Audio);
                call.play(&[says]).await?;
            }
            (Review::Again, _) => return Ok(Decision::Again),
            (Review::Cancel, _) => return Ok(Decision::Cancel),
            (Review::Operator, Some(to)) => return Ok(Decision::Connect(to.clone())),
            (Review::Send | Review::Operator, _) => return Ok(Decision::Send),
        }
    }
}

/// Whether a recording has reached those it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sent {
    Yes(Receipt),
    Failed,
    /// It was not to, or there was nothing in it.
    Dropped,
}

impl Sent {
    /// What is said of it.
    async fn words<O: Office>(&self, office: &O) -> Vec<Say<O::Audio>> {
        match self {
            Self::Yes(receipt) => {
                let mut words = vec![PromptId::LEAVE_SENT.into()];
                words.extend(naming::left_out(office, &receipt.left_out).await);
                words
            }
            Self::Failed => vec![PromptId::LEAVE_NOT_SENT.into()],
            Self::Dropped => Vec::new(),
        }
    }
}

async fn settle<O: Office>(
    office: &O,
    recording: O::Recording,
    decision: &Decision,
    keep: bool,
) -> Sent {
    if !keep || !decision.sends() {
        office.discard(recording).await;
        return Sent::Dropped;
    }
    if *decision == Decision::HungUp {
        // Nobody can be told that it is not sent.
        office.let_go(recording).await;
        return Sent::Dropped;
    }
    match office.deliver(recording).await {
        Ok(receipt) => Sent::Yes(receipt),
        Err(NotSent::TooShort) => Sent::Dropped,
        Err(NotSent::Unavailable) => Sent::Failed,
    }
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
/// The same in the message center.
pub(crate) const SPEAKING: &str = "speaking";
