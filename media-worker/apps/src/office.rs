//! What an application asks of the company behind it: the directory and the homes of the users.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crds::Directory;
use crds::directory::{Caller, UserEntry};
use crds::user_settings::GreetingSlot;
use jiff::Timestamp;
use mailbox::{Counts, Folder, Message, MessageId};
use prompts::Audible;
use serde::{Deserialize, Serialize};

use crate::Preferences;

/// What an application asks of the homes. One value serves one call and keeps the directory that
/// the call started with.
///
/// What is asked of a store or a home goes on in a box of its own, here and in [`Inbox`] and [`Preferences`]: each call
/// would else set room aside for the longest of it for as long as it lasts.
#[async_trait(?Send)]
pub trait Office {
    /// Audio of a user that can be played: a message, a greeting, a name. Cheap to clone.
    type Audio: Clone + Audible;
    /// A recording that was begun and is neither delivered nor discarded.
    type Recording;
    /// The inbox of a user who has logged in.
    type Inbox: Inbox<Audio = Self::Audio> + Preferences<Audio = Self::Audio>;

    /// The time of day.
    fn now(&self) -> Timestamp;

    /// The directory as it was when the call began.
    fn directory(&self) -> &Arc<Directory>;

    /// Whether there are prompts in this language.
    fn speaks(&self, language: &str) -> bool;

    /// A user may be about to log in: what takes a while, such as counting his e-mails, is begun now.
    fn expect_login(&self, user: &UserEntry);

    /// Checks a user's PIN in his home, which holds a [`crate::Lockout`] for each side.
    async fn login(&self, user: &UserEntry, side: Side, pin: &str) -> Login<Self::Inbox>;

    /// Whether a user may begin one more outside call now: so many an hour are his (spec MC-O3). If so, it is counted.
    async fn begin_outside_call(&self, user: &UserEntry) -> bool;

    /// The recording of a user's name, if he made one and it can be had.
    async fn spoken_name(&self, user: &UserEntry) -> Option<Self::Audio>;

    /// A user's greeting of exactly this slot, if he recorded one and it can be had.
    async fn greeting(&self, user: &UserEntry, slot: GreetingSlot) -> Option<Self::Audio>;

    /// A recording among the company's shared files, by its path there, if it can be had.
    async fn shared_recording(&self, file: &str) -> Option<Self::Audio>;

    /// Opens a recording in the spool. A message needs room in some mailbox (spec MB-6), and the
    /// places are held until the recording is delivered or discarded.
    async fn begin(&self, draft: Draft<'_>) -> Result<Begun<Self::Recording>, Refusal>;

    /// Delivers a recording. Once it returns, the message is never lost (spec MB-4). When it
    /// fails the recording is gone.
    async fn deliver(&self, recording: Self::Recording) -> Result<Receipt, NotSent>;

    /// Leaves a recording whose caller has gone: it is delivered if there is enough in it, and where
    /// that fails, as soon as it can be.
    async fn let_go(&self, recording: Self::Recording);

    /// Forgets a recording.
    async fn discard(&self, recording: Self::Recording);

    /// A recording as it stands, to be heard before it is delivered.
    async fn playback(&self, recording: &Self::Recording) -> Result<Self::Audio, Unavailable>;
}

/// The inbox of a user who has logged in. It sees what happens to the mailbox elsewhere.
#[async_trait(?Send)]
pub trait Inbox {
    /// Audio that can be played.
    type Audio;

    /// How many messages there are, as far as the storage can be reached.
    async fn counts(&self) -> Counts;

    /// His e-mails, as far as they are known; never waited for (spec MB-8).
    fn emails(&self) -> Emails;

    /// Whether nobody can leave a message any more (spec MB-6).
    async fn is_full(&self) -> bool;

    /// The messages of a folder, in the order in which they are to be heard.
    async fn list(&self, folder: Folder) -> Vec<MessageId>;

    /// One message, and all that is to be heard of it.
    async fn open(&self, id: &MessageId) -> Result<Opened<Self::Audio>, OpenError>;

    /// Makes a message saved; nothing happens if it is.
    async fn save(&self, id: &MessageId) -> Result<(), Unavailable>;

    /// Puts a message into the trash.
    async fn delete(&self, id: &MessageId) -> Result<(), Unavailable>;
}

/// The e-mails in a user's account, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emails {
    /// He has no account that is counted.
    NoAccount,
    /// The answer has not come yet.
    NotYetKnown,
    /// The account cannot be reached.
    Unavailable,
    /// So many.
    Counted {
        /// Not read yet.
        new: u32,
        /// Read.
        saved: u32,
    },
}

/// From where somebody logs in; each is locked on its own, so that a stranger can't lock the
/// owner out (spec MC-A5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// A handset of the user himself.
    OwnHandset,
    /// Another handset of the company.
    OtherHandset,
    /// Outside.
    Outside,
}

impl Side {
    /// The side on which this caller is for this user.
    pub fn of(caller: &Caller, user: &UserEntry) -> Self {
        match caller {
            Caller::User(name) if *name == user.name => Self::OwnHandset,
            Caller::User(_) | Caller::SharedHandset(_) => Self::OtherHandset,
            Caller::External { .. } => Self::Outside,
        }
    }
}

/// What became of a login.
#[derive(Debug)]
pub enum Login<I> {
    /// The PIN is right.
    Admitted(I),
    /// The PIN is wrong; another may be tried.
    Wrong,
    /// The PIN is wrong, and with it this side is locked.
    LockedOut,
    /// This side was locked before, for this long still; the PIN was not looked at.
    Locked(Duration),
    /// The PIN is right, but the mailbox cannot be reached.
    Unavailable,
}

/// What is to be recorded.
#[derive(Clone, Copy, Debug)]
pub enum Draft<'a> {
    /// A message.
    Message {
        /// Who get it, each once.
        to: &'a [&'a UserEntry],
        /// Who leaves it.
        from: &'a Caller,
        /// The message that it forwards; what is recorded is then the introduction.
        forwards: Option<Forwards<'a>>,
    },
    /// A name or a greeting, which its owner hears before he keeps it.
    Words {
        /// Whose.
        of: &'a UserEntry,
    },
}

/// A message that is forwarded (spec MC-L2).
#[derive(Clone, Copy, Debug)]
pub struct Forwards<'a> {
    /// In whose inbox it is.
    pub owner: &'a UserEntry,
    /// The message.
    pub message: &'a Message,
}

/// A message as it is heard.
#[derive(Clone, Debug)]
pub struct Opened<A> {
    /// Who, when, how long.
    pub message: Message,
    /// What the forwarders said, in the order of `message.introductions`; none for one whose words
    /// cannot be had.
    pub introductions: Vec<Option<A>>,
    /// The message itself.
    pub audio: A,
}

/// A recording that may begin.
#[derive(Debug)]
pub struct Begun<R> {
    /// What is recorded into.
    pub recording: R,
    /// How long it may be.
    pub max_length: Duration,
    /// Who will not get it.
    pub left_out: Vec<LeftOut>,
}

/// A message that is delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Who did not get it, beside those of [`Begun::left_out`].
    pub left_out: Vec<LeftOut>,
}

/// Somebody who does not get a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// His name in the directory.
    pub user: Arc<str>,
    /// Why not.
    pub why: WhyLeftOut,
}

/// Why somebody does not get a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyLeftOut {
    /// His mailbox takes no more messages.
    Full,
    /// The message is longer than his mailbox takes.
    TooLong,
    /// His mailbox cannot be had.
    Unavailable,
}

/// Why nothing can be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No mailbox that it is for takes it.
    #[error("the mailbox is full")]
    Full(Vec<LeftOut>),
    /// The storage takes none.
    #[error("messages cannot be taken at the moment")]
    Unavailable,
}

/// Why a recording was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// There is too little in it to be a message (spec MB-6).
    #[error("the recording is too short")]
    TooShort,
    /// The storage failed.
    #[error("the message could not be delivered")]
    Unavailable,
}

/// Something cannot be had or done at the moment. Who says so has logged why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not available at the moment")]
pub struct Unavailable;

/// Why a message cannot be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was deleted elsewhere.
    #[error("the message is gone")]
    Gone,
    /// Its audio cannot be reached.
    #[error("the message is not available at the moment")]
    Unavailable,
    /// Its audio is not in the storage any more, or cannot be read.
    #[error("the recording of the message is lost")]
    Lost,
}
