//! An office in memory.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crds::Directory;
use crds::directory::{Caller, UserEntry};
use crds::user_settings::GreetingSlot;
use jiff::Timestamp;
use mailbox::{Introduction, Message, MessageState, Sender};

use super::company::library;
use super::inbox::{SimInbox, Stored};
use super::state::{Clock, State, Trouble};
use crate::{
    Begun, Draft, LeftOut, Login, NotSent, Office, Receipt, Refusal, Side, Unavailable, Verdict,
    WhyLeftOut,
};

/// Audio in name only.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    name: Arc<str>,
    length: Duration,
}

impl Sample {
    pub(super) fn new(name: &str, length: Duration) -> Self {
        Self {
            name: name.into(),
            length,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn length(&self) -> Duration {
        self.length
    }
}

/// A recording that was begun.
#[derive(Debug)]
pub struct Recording {
    /// Who gets it, and how long it may be for him.
    to: Vec<(Arc<str>, Duration)>,
    from: Sender,
    forwards: Option<Message>,
    began: Timestamp,
    min_length: Duration,
    length: Cell<Duration>,
}

impl Recording {
    pub(super) fn set_length(&self, length: Duration) {
        self.length.set(length);
    }
}

/// The office as one call sees it.
pub struct SimOffice {
    pub(super) directory: Arc<Directory>,
    pub(super) state: Rc<RefCell<State>>,
    pub(super) clock: Clock,
}

impl SimOffice {
    /// A recording of words of one's own.
    fn begin_words(&self, of: &UserEntry) -> Begun<Recording> {
        self.state.borrow_mut().open_recordings += 1;
        let recording = Recording {
            to: Vec::new(),
            from: self.sender(&Caller::User(of.name.clone())),
            forwards: None,
            began: self.now(),
            min_length: Duration::ZERO,
            length: Cell::default(),
        };
        Begun {
            recording,
            max_length: Duration::from_hours(1),
            left_out: Vec::new(),
        }
    }

    fn unless(&self, trouble: Trouble) -> Result<(), Unavailable> {
        let troubled = self.state.borrow().troubles.contains(&trouble);
        if troubled { Err(Unavailable) } else { Ok(()) }
    }
}

#[async_trait(?Send)]
impl Office for SimOffice {
    type Audio = Sample;
    type Recording = Recording;
    type Inbox = SimInbox;

    fn now(&self) -> Timestamp {
        self.clock.timestamp()
    }

    fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    fn speaks(&self, language: &str) -> bool {
        library().has(language)
    }

    fn expect_login(&self, user: &UserEntry) {
        self.state.borrow_mut().expected.push(user.name.clone());
    }

    async fn login(&self, user: &UserEntry, side: Side, pin: &str) -> Login<SimInbox> {
        let now = self.now();
        let mut state = self.state.borrow_mut();
        let directory = Arc::clone(&state.directory);
        let user = directory.user(&user.name).expect("a user");
        let lockout = state.lockouts.entry((user.name.clone(), side)).or_default();
        let (next, verdict) = lockout.attempt(now, || user.pin.verify(pin));
        *lockout = next;
        match verdict {
            Verdict::Admitted if state.troubles.contains(&Trouble::Login) => Login::Unavailable,
            Verdict::Admitted => Login::Admitted(SimInbox::new(self.state.clone(), user)),
            Verdict::Wrong => Login::Wrong,
            Verdict::LockedOut(_) => Login::LockedOut,
            Verdict::Locked(still) => Login::Locked(still),
        }
    }

    async fn begin_outside_call(&self, user: &UserEntry) -> bool {
        let limit = self.directory.system().outside_calls_per_hour;
        let mut state = self.state.borrow_mut();
        let calls = state.outside_calls.entry(user.name.clone()).or_default();
        *calls += 1;
        *calls <= limit
    }

    async fn spoken_name(&self, user: &UserEntry) -> Option<Sample> {
        self.state.borrow().names.get(&*user.name).cloned()
    }

    async fn greeting(&self, user: &UserEntry, slot: GreetingSlot) -> Option<Sample> {
        let state = self.state.borrow();
        state.greetings.get(&(user.name.to_string(), slot)).cloned()
    }

    async fn shared_recording(&self, file: &str) -> Option<Sample> {
        self.state.borrow().files.get(file).cloned()
    }

    async fn begin(&self, draft: Draft<'_>) -> Result<Begun<Recording>, Refusal> {
        self.unless(Trouble::Begin)
            .map_err(|Unavailable| Refusal::Unavailable)?;
        let (to, from, forwards) = match draft {
            Draft::Message { to, from, forwards } => (to, from, forwards),
            Draft::Words { of } => return Ok(self.begin_words(of)),
        };
        let forwards = forwards.map(|it| it.message.clone());
        let mut state = self.state.borrow_mut();
        let mut takers = Vec::new();
        let mut left_out = Vec::new();
        for user in to {
            let longest = user.limits.max_message_length;
            let why = if state.is_full(user) {
                Some(WhyLeftOut::Full)
            } else if forwards.as_ref().is_some_and(|it| it.duration > longest) {
                Some(WhyLeftOut::TooLong)
            } else {
                None
            };
            match why {
                Some(why) => left_out.push(LeftOut {
                    user: user.name.clone(),
                    why,
                }),
                None => takers.push((user.name.clone(), longest)),
            }
        }
        let Some(max_length) = takers.iter().map(|(_, longest)| *longest).max() else {
            return Err(Refusal::Full(left_out));
        };
        state.open_recordings += 1;
        let shortest = to.iter().map(|user| user.limits.min_message_length);
        let recording = Recording {
            to: takers,
            from: self.sender(from),
            forwards,
            began: self.now(),
            min_length: shortest.min().unwrap_or_default(),
            length: Cell::default(),
        };
        Ok(Begun {
            recording,
            max_length,
            left_out,
        })
    }

    async fn deliver(&self, recording: Recording) -> Result<Receipt, NotSent> {
        if self.unless(Trouble::Deliver).is_err() {
            self.discard(recording).await;
            return Err(NotSent::Unavailable);
        }
        self.put_into_inboxes(recording)
    }

    async fn let_go(&self, recording: Recording) {
        // In time, its trouble is over. Too short a one is gone.
        let _ = self.put_into_inboxes(recording);
    }

    async fn discard(&self, _recording: Recording) {
        self.state.borrow_mut().open_recordings -= 1;
    }

    async fn playback(&self, recording: &Recording) -> Result<Sample, Unavailable> {
        self.unless(Trouble::Playback)?;
        Ok(Sample::new("what was recorded", recording.length.get()))
    }
}

impl SimOffice {
    fn put_into_inboxes(&self, recording: Recording) -> Result<Receipt, NotSent> {
        self.state.borrow_mut().open_recordings -= 1;
        let length = recording.length.get();
        if length < recording.min_length {
            return Err(NotSent::TooShort);
        }
        let is_introduction = recording.forwards.is_some();
        let message = self.message(&recording, length);
        let mut left_out = Vec::new();
        for (user, longest) in recording.to {
            if !is_introduction && length > longest {
                let why = WhyLeftOut::TooLong;
                left_out.push(LeftOut { user, why });
                continue;
            }
            let mut state = self.state.borrow_mut();
            let inbox = state.messages.entry(user.to_string()).or_default();
            inbox.push(message.clone());
        }
        Ok(Receipt { left_out })
    }

    /// A recording as its recipients get it.
    fn message(&self, recording: &Recording, length: Duration) -> Message {
        let from = recording.from.clone();
        let made = Stored::new(&self.state, from.clone(), recording.began, length);
        let Some(original) = &recording.forwards else {
            return made;
        };
        let introduction = Introduction {
            by: from,
            audio: made.audio,
            duration: length,
        };
        let before = original.introductions.iter().cloned();
        Message {
            id: made.id,
            received: made.received,
            left: Some(original.left.unwrap_or(original.received)),
            introductions: std::iter::once(introduction).chain(before).collect(),
            state: MessageState::New,
            ..original.clone()
        }
    }

    fn sender(&self, caller: &Caller) -> Sender {
        match caller {
            Caller::User(name) => {
                let user = self.directory.user(name).expect("the caller is a user");
                Sender::Internal {
                    user: name.to_string(),
                    extension: user.extension.as_deref().unwrap_or_default().to_owned(),
                    name: user.display_name.to_string(),
                }
            }
            Caller::SharedHandset(_) => Sender::External {
                number: None,
                name: None,
            },
            Caller::External { number, name } => Sender::External {
                number: Some(number.to_string()).filter(|n| !n.is_empty()),
                name: name.as_deref().map(str::to_owned),
            },
        }
    }
}
