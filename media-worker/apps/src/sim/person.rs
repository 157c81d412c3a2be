//! A person with a telephone and a script.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crds::directory::Caller;
use mailbox::Sender;

use crate::Key;

/// Who calls, and what he does, one thing after another. When the script is over he stays on the
/// line and does nothing.
#[derive(Clone, Debug)]
pub struct Person {
    pub(super) caller: Caller,
    pub(super) steps: VecDeque<Action>,
    pub(super) gone_at: Option<Duration>,
}

/// One thing that a person does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// Listens until this has been said to its end.
    Hears(String),
    /// Listens until half of this has been said.
    HearsPartOf(String),
    Presses(Key),
    Waits(Duration),
    /// Talks for so long.
    Speaks(Duration),
    HangsUp,
    /// Nothing: something happens elsewhere.
    Meanwhile(Elsewhere),
}

/// What happens to an inbox on another phone.
#[derive(Clone, Debug, PartialEq)]
pub enum Elsewhere {
    /// The owner deletes his first message.
    Deletes(&'static str),
    /// Somebody leaves him a message of 20 s.
    Leaves(&'static str, Sender),
}

impl Person {
    /// A user at one of his own handsets.
    pub fn user(name: &str) -> Self {
        Self::new(Caller::User(Arc::from(name)))
    }

    /// Somebody at a shared handset.
    pub fn at_shared_handset() -> Self {
        Self::new(Caller::SharedHandset(Arc::from("lobby")))
    }

    /// Somebody outside with this number.
    pub fn outside(number: &str) -> Self {
        Self::new(Caller::External {
            number: Arc::from(number),
            name: None,
        })
    }

    /// Whoever it is.
    pub fn new(caller: Caller) -> Self {
        Self {
            caller,
            steps: VecDeque::new(),
            gone_at: None,
        }
    }

    /// Listens until something that contains this has been said whole, in the language of the call
    /// or, as scripts are written, what is English for it. What was matched once is
    /// not matched again. If it is never said the story fails.
    #[must_use]
    pub fn hears(self, text: &str) -> Self {
        self.then(Action::Hears(text.to_owned()))
    }

    /// Listens until half of something that contains this has been said.
    #[must_use]
    pub fn hears_part_of(self, text: &str) -> Self {
        self.then(Action::HearsPartOf(text.to_owned()))
    }

    /// Presses these keys, a tenth of a second apart.
    #[must_use]
    pub fn dials(self, keys: &str) -> Self {
        let keys = keys.chars().map(|c| Key::from_char(c).expect("a key"));
        keys.fold(self, |person, key| person.then(Action::Presses(key)))
    }

    /// Does nothing for so many seconds.
    #[must_use]
    pub fn waits(self, seconds: f64) -> Self {
        self.then(Action::Waits(Duration::from_secs_f64(seconds)))
    }

    /// Talks for so many seconds.
    #[must_use]
    pub fn speaks(self, seconds: u64) -> Self {
        self.then(Action::Speaks(Duration::from_secs(seconds)))
    }

    /// Does nothing, while this happens elsewhere.
    #[must_use]
    pub fn meanwhile(self, elsewhere: Elsewhere) -> Self {
        self.then(Action::Meanwhile(elsewhere))
    }

    /// Hangs up.
    #[must_use]
    pub fn hangs_up(self) -> Self {
        self.then(Action::HangsUp)
    }

    /// Hangs up at that moment after the begin of the call, wherever in his script he is.
    #[must_use]
    pub fn hangs_up_at(mut self, moment: Duration) -> Self {
        self.gone_at = Some(moment);
        self
    }

    fn then(mut self, action: Action) -> Self {
        self.steps.push_back(action);
        self
    }
}
