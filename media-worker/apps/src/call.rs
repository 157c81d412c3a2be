//! One caller on the line, as an application sees him.

use std::sync::Arc;
use std::time::Duration;

use crds::directory::{Caller, UserEntry};
use jiff::tz::TimeZone;
use prompts::Say;

use crate::{Announcement, Key, Office};

/// One caller on the line. The worker implements it over media, the simulated caller over virtual
/// time. What is said and recorded are the handles of the office `O`.
///
/// Keys wait in a buffer until an application takes them, so none dialled ahead is lost. The
/// buffer is bounded by the implementer: 64 keys are plenty.
#[allow(async_fn_in_trait, reason = "one call is one task of one thread")]
pub trait Call<O: Office> {
    /// Who calls.
    fn caller(&self) -> &Caller;

    /// In which language and time zone he is spoken to: at first his own or the system's.
    fn listener(&self) -> &Listener;

    /// Speaks to him so from the next [`Call::start`] on.
    fn set_listener(&mut self, listener: Listener);

    /// The language that he has chosen for the call (spec MC-A7), in whichever application; it goes before his own.
    fn chosen_language(&self) -> Option<&Arc<str>>;

    /// Speaks to him in this language, also in the applications that the call comes to later.
    fn choose_language(&mut self, language: Arc<str>);

    /// Begins to say this in place of whatever is being said, and returns at once. It goes on
    /// while keys are awaited, until it ends or is stopped.
    async fn start(&mut self, what: &[Say<O::Audio>]) -> Result<(), HungUp>;

    /// Falls silent. Nothing happens if nothing is being said.
    async fn stop(&mut self) -> Result<(), HungUp>;

    /// Waits for a key ([`Wake::Key`] at once if one is in the buffer, where it stays), for the
    /// end of what was started ([`Wake::Finished`], told once for each [`Call::start`] that was
    /// neither stopped nor replaced), or until the time is over. The end is told before the time.
    async fn wait(&mut self, at_most: Duration) -> Result<Wake, HungUp>;

    /// The first key in the buffer, which stays there.
    fn waiting_key(&self) -> Option<Key>;

    /// Takes the first key out of the buffer.
    fn take_key(&mut self) -> Option<Key>;

    /// Records into `recording`, which [`Office::begin`] gave, until a key of `rules.ends` (first
    /// those in the buffer, in order; other keys are dropped), silence, the greatest length, or
    /// the caller hangs up. That is no error here: what he said before is to be delivered. What
    /// is being said falls silent first.
    async fn record(&mut self, recording: &O::Recording, rules: &RecordRules) -> Take;

    /// Begins a dial tone in place of whatever is being said. It goes on until it is stopped or something else is said.
    async fn dial_tone(&mut self) -> Result<(), HungUp>;

    /// Calls somebody outside on the account of `user` and lets the two talk: until the far end hangs up or can't be reached, or the caller dials `*#`. Keys in
    /// the buffer are dropped; those pressed meanwhile are the far end's.
    async fn call_out(&mut self, user: &UserEntry, whom: &Outside) -> Result<Called, HungUp>;

    /// Is told which way the caller takes, such as for the log of the call.
    fn took(&mut self, step: Step) {
        let _ = step;
    }

    /// Says this to the end; any key cuts it short and stays in the buffer. With keys waiting
    /// already nothing is said at all.
    async fn play(&mut self, what: &[Say<O::Audio>]) -> Result<(), HungUp> {
        if self.waiting_key().is_some() || what.is_empty() {
            return Ok(());
        }
        self.start(what).await?;
        loop {
            match self.wait(FOREVER).await? {
                Wake::Key => return self.stop().await,
                Wake::Finished => return Ok(()),
                Wake::TimeOver => {}
            }
        }
    }

    /// The next key, or none when the time is over.
    async fn key(&mut self, at_most: Duration) -> Result<Option<Key>, HungUp> {
        loop {
            match self.wait(at_most).await? {
                Wake::Key => return Ok(self.take_key()),
                Wake::TimeOver => return Ok(None),
                // Told late, by something that a key had cut short: the wait begins again.
                Wake::Finished => {}
            }
        }
    }
}

/// The caller has hung up, or the line is lost: nothing more can be said or heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the caller has hung up")]
pub struct HungUp;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A key is in the buffer.
    Key,
    /// What was started has been said to its end.
    Finished,
    /// The time is over.
    TimeOver,
}

/// How a caller is spoken to.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    /// The language of the prompts.
    pub language: Arc<str>,
    /// In which moments are told.
    pub zone: TimeZone,
}

/// When a recording ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordRules<'a> {
    /// The greatest length.
    pub max: Duration,
    /// So much silence ends it, and is left out of it but for one second; none: silence is kept.
    pub silence: Option<Duration>,
    /// The keys that end it.
    pub ends: &'a [Key],
}

/// What was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Take {
    /// How long it is.
    pub length: Duration,
    /// Whether anybody spoke in it.
    pub spoken: bool,
    /// Why it ended.
    pub ended: Ended,
}

impl Take {
    /// Nothing at all.
    pub const fn nothing(ended: Ended) -> Self {
        Self {
            length: Duration::ZERO,
            spoken: false,
            ended,
        }
    }
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By this key, which is no longer in the buffer.
    Key(Key),
    /// Nothing was said for a while.
    Silence,
    /// It reached its greatest length.
    MaxLength,
    /// The caller hung up.
    HungUp,
}

/// Whom to call outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// This number, as E.164.
    Number(Arc<str>),
    /// An emergency number, as it is.
    Help(Arc<str>),
}

/// What became of a call outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// It was answered, and the far end has hung up.
    Ended,
    /// The caller has dialled `*#`.
    Recalled,
    /// The far end was not reached, for this reason.
    NotReached(Announcement),
}

/// One step of a caller through an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// Where he was, such as `main`.
    pub menu: &'static str,
    /// What he did.
    pub way: Way,
}

/// What a caller did at a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// He pressed this key.
    Key(Key),
    /// He pressed `*` and an extension.
    Dialled,
    /// He did nothing until the menu gave up.
    Nothing,
}

/// As long as it takes; a call has other limits.
pub(crate) const FOREVER: Duration = Duration::from_hours(24);
