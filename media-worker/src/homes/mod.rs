//! Homes: what changes per call or per registration about a user lives in one small actor with a message interface.
//!
//! Standalone, every home is here. Nothing outside a home holds a user's registrations, subscriptions, counts or lock-outs,
//! so that homes can be spread over workers without touching their callers.

mod choosing;
mod emails;
mod home;
mod inbox;
mod journal;
mod lamps;
mod login;
mod outside;
mod phones;
mod preferences;
mod showing;
mod telling;
mod trash;
mod unread;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use apps::{Choice, Choices, NotChosen, Side, Unavailable};
use crds::Directory;
use crds::directory::Account;
use mailbox::{Counts, Mailboxes, Message, MessageId};
use sip::registrar::Contact;
use sip::syntax::{Request, Response};
use sip::transport::Flow;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_local;

pub use inbox::{HomeInbox, LoginAnswer, limits};
pub use lamps::may_watch;
pub(crate) use preferences::stored_slot;
pub use trash::NotRestored;

pub use journal::{
    Entry, Journal, StoredContact, StoredContacts, StoredLamp, StoredLamps, StoredLockouts,
    StoredOutsideCalls,
};

use crate::mail::Post;
use crate::metrics::Metrics;
use crate::random::Random;
use crate::report::ReportBoard;
use crate::signalling::Signalling;
use crate::source::Source;
use crate::statuses::Statuses;
use home::HomeState;
use showing::Question;
use unread::Unread;

/// Whose home it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HomeName {
    /// A user's.
    User(Arc<str>),
    /// That of a handset without an owner.
    Handset(Arc<str>),
}

impl HomeName {
    /// The home that a SIP account's registrations belong to.
    pub fn of(account: &Account) -> Self {
        account
            .owner
            .clone()
            .map_or_else(|| Self::Handset(Arc::clone(&account.handset)), Self::User)
    }
}

/// What homes work with.
pub struct HomeContext {
    /// SIP.
    pub signalling: Rc<Signalling>,
    /// Messages.
    pub mailboxes: Mailboxes,
    /// The way to mail servers.
    pub post: Post,
    /// The journal of contacts.
    pub journal: Journal,
    /// The figures.
    pub metrics: Metrics,
    /// Seeds.
    pub random: Rc<Random>,
    /// The directory in force.
    pub directory: watch::Receiver<Arc<Directory>>,
    /// Where the directory is from, and what users choose goes.
    pub source: Rc<Source>,
    /// Where the operator is told of locked logins.
    pub report: ReportBoard,
    /// Where the world is told of phones and messages.
    pub statuses: Statuses,
}

/// All homes of this worker.
pub struct Homes {
    context: Rc<HomeContext>,
    /// As many as there are users and shared handsets: names come from the directory only.
    awake: RefCell<HashMap<HomeName, Home>>,
    /// Where homes go whose mailboxes were not read yet, or can't be.
    unread: mpsc::UnboundedSender<Unread>,
}

impl Homes {
    /// No home yet; each begins when it is first asked for.
    pub fn new(context: HomeContext) -> Rc<Self> {
        let (unread, waiting) = mpsc::unbounded_channel();
        spawn_local(unread::tell_later(waiting, context.mailboxes.storage()));
        Rc::new(Self {
            context: Rc::new(context),
            awake: RefCell::default(),
            unread,
        })
    }

    /// The home that an account's registrations belong to.
    pub fn of(&self, account: &Account) -> Home {
        self.get(HomeName::of(account))
    }

    /// A user's home.
    pub fn of_user(&self, user: &Arc<str>) -> Home {
        self.get(HomeName::User(Arc::clone(user)))
    }

    /// Done when the journal has all that the homes know.
    pub async fn settle(&self) {
        let journal = self.context.journal.clone();
        let _ = tokio::task::spawn_blocking(move || journal.settle()).await;
    }

    /// Gives back what the journal has kept. Done when every home knows its own, which takes no store; their lamps are told from then on.
    pub async fn restore(&self, entries: Vec<Entry>) {
        let directory = Arc::clone(&self.context.directory.borrow());
        let mut restored = BTreeMap::new();
        for entry in entries {
            let Some(name) = home_of(&entry, &directory) else {
                continue;
            };
            let home = self.get(name.clone());
            let entry = Box::new(entry);
            home.ask(|done| ToHome::Restore { entry, done }).await;
            restored.insert(name, home);
        }
        self.context.statuses.restored();
        for home in restored.into_values() {
            // Nobody listens when the worker is going down.
            let _ = self.unread.send(home.inbox.downgrade());
        }
    }

    /// A mailbox has changed elsewhere: its owner's lamps follow.
    pub async fn mailbox_changed(&self, user: &Arc<str>) {
        let _ = self.of_user(user).tell(ToHome::MailboxChanged).await;
    }

    /// Another directory is in force: whoever may watch a mailbox no longer is told so at once.
    pub async fn directory_changed(&self, before: &Directory, now: &Directory) {
        for user in now.users() {
            let known = before.user(&user.name);
            if known.is_some_and(|known| known.monitored_by != user.monitored_by) {
                self.mailbox_changed(&user.name).await;
            }
        }
    }

    fn get(&self, name: HomeName) -> Home {
        let mut homes = self.awake.borrow_mut();
        if let Some(home) = homes.get(&name) {
            return home.clone();
        }
        let (sender, receiver) = mpsc::channel(INBOX);
        let home = Home { inbox: sender };
        let context = Rc::clone(&self.context);
        let state = HomeState::new(name.clone(), context, &home, self.unread.clone());
        spawn_local(state.live(receiver));
        homes.insert(name, home.clone());
        home
    }
}

/// Whose home an entry of the journal belongs to; none where there is no such user or handset any more.
fn home_of(entry: &Entry, directory: &Directory) -> Option<HomeName> {
    let user = match entry {
        Entry::Contacts(stored) => return directory.handset(&stored.handset).map(HomeName::of),
        Entry::Lockouts(stored) => &stored.user,
        Entry::Lamps(stored) => &stored.mailbox_of,
        Entry::OutsideCalls(stored) => &stored.outside_calls_of,
    };
    let user = directory.user(user)?;
    Some(HomeName::User(Arc::clone(&user.name)))
}

/// The way to one home.
#[derive(Clone, Debug)]
pub struct Home {
    /// Boxed: a channel sets room aside for 32 at once, and most homes rest.
    inbox: mpsc::Sender<Box<ToHome>>,
}

/// What a home is told and asked. What is large is boxed: every home's queue sets room for 32 of these aside.
enum ToHome {
    Register {
        handset: Arc<str>,
        received: Box<Received>,
        reply: oneshot::Sender<Response>,
    },
    Subscribe {
        watcher: Arc<str>,
        received: Box<Received>,
        reply: oneshot::Sender<Response>,
    },
    Notified(Box<Notified>),
    Contacts {
        handset: Arc<str>,
        reply: oneshot::Sender<Vec<Contact>>,
    },
    Restore {
        entry: Box<Entry>,
        done: oneshot::Sender<()>,
    },
    MailboxChanged,
    /// Its mailbox has said what it holds.
    Counted {
        counts: Counts,
        question: Question,
    },
    /// Its mailbox was not read yet and may be now; the reply says whether it was.
    TellAgain {
        reply: oneshot::Sender<bool>,
    },
    Trash {
        reply: oneshot::Sender<Result<Vec<Message>, Unavailable>>,
    },
    RestoreMessage {
        message: MessageId,
        reply: oneshot::Sender<Result<(), NotRestored>>,
    },
    CallBegins {
        reply: oneshot::Sender<Option<CallPlace>>,
    },
    CallEnds,
    OutsideCallBegins {
        reply: oneshot::Sender<bool>,
    },
    AccountPin {
        digits: String,
        reply: oneshot::Sender<Option<usize>>,
    },
    LoginExpected,
    Login {
        side: Side,
        pin: String,
        reply: oneshot::Sender<LoginAnswer>,
    },
    Choices {
        reply: oneshot::Sender<Result<Choices, Unavailable>>,
    },
    Choose {
        choice: Box<Choice>,
        reply: oneshot::Sender<Result<(), NotChosen>>,
    },
}

/// Homes hear of nothing any more.
#[derive(Debug)]
struct Stopped;

/// A request and the flow it came over.
struct Received {
    request: Request,
    flow: Flow,
}

/// The answer to a NOTIFY of this subscription.
struct Notified {
    key: sip::subscription::SubscriptionKey,
    answer: crate::signalling::Answer,
}

impl Home {
    /// A REGISTER of one of its handsets, whose sender is who he says; the response to it.
    pub async fn register(
        &self,
        handset: Arc<str>,
        request: Request,
        flow: Flow,
    ) -> Option<Response> {
        let received = Box::new(Received { request, flow });
        self.ask(|reply| ToHome::Register {
            handset,
            received,
            reply,
        })
        .await
    }

    /// A SUBSCRIBE to its message lamp by a handset that may watch it; the response to it.
    pub async fn subscribe(
        &self,
        watcher: Arc<str>,
        request: Request,
        flow: Flow,
    ) -> Option<Response> {
        let received = Box::new(Received { request, flow });
        self.ask(|reply| ToHome::Subscribe {
            watcher,
            received,
            reply,
        })
        .await
    }

    /// Where a handset is registered now.
    pub async fn contacts(&self, handset: Arc<str>) -> Vec<Contact> {
        self.ask(|reply| ToHome::Contacts { handset, reply })
            .await
            .unwrap_or_default()
    }

    /// A call of the home's user begins; none when he has as many as he may.
    pub async fn begin_call(&self) -> Option<CallPlace> {
        self.ask(|reply| ToHome::CallBegins { reply })
            .await
            .flatten()
    }

    /// Whether the home's user may begin one more outside call within this hour; if so, it is counted.
    pub async fn begin_outside_call(&self) -> bool {
        self.ask(|reply| ToHome::OutsideCallBegins { reply })
            .await
            .unwrap_or(false)
    }

    /// How many of these digits, dialled at his own phone, are the PIN of the home's user; none when they don't begin with it, or logins
    /// are locked.
    pub async fn account_pin(&self, digits: &str) -> Option<usize> {
        let digits = digits.to_owned();
        self.ask(|reply| ToHome::AccountPin { digits, reply })
            .await
            .flatten()
    }

    /// Its user may be about to log in: what takes a while is begun. Nobody waits for it.
    pub fn expect_login(&self) {
        // A home that is so busy does without.
        let _ = self.inbox.try_send(Box::new(ToHome::LoginExpected));
    }

    /// Checks the PIN of the home's user.
    pub async fn login(&self, side: Side, pin: &str) -> Option<LoginAnswer> {
        let pin = pin.to_owned();
        self.ask(|reply| ToHome::Login { side, pin, reply }).await
    }

    /// Tells it something; an error when the worker stops.
    async fn tell(&self, message: ToHome) -> Result<(), Stopped> {
        self.inbox
            .send(Box::new(message))
            .await
            .map_err(|_| Stopped)
    }

    /// Asks, and waits for the answer; none when the worker stops meanwhile.
    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> ToHome) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(question(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// One of the calls that a user may have at once; free again when dropped.
#[derive(Debug)]
pub struct CallPlace {
    home: mpsc::WeakSender<Box<ToHome>>,
}

impl Drop for CallPlace {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            spawn_local(async move {
                let _ = home.send(Box::new(ToHome::CallEnds)).await;
            });
        }
    }
}

const INBOX: usize = 64;
