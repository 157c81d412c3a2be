//! Lamps are told what the mailbox holds. It is asked beside the home: however long the store takes, calls, registrations and logins
//! do not wait for it.

use std::sync::Arc;
use std::time::Instant;

use mailbox::Counts;
use sip::subscription::SubscriptionKey;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_local;

use super::home::HomeState;
use super::lamps::{self, MailboxNumber, Notice, Shown};
use super::unread::Unread;
use super::{HomeName, Notified, ToHome};

/// What a home's lamps show, and what its mailbox is asked.
pub(super) struct Display {
    /// What all lamps were told last.
    shown: Option<Shown>,
    /// While the mailbox is asked: the next question. What it answers now may be from before whatever that one is about.
    next: Option<Question>,
    /// Where the home goes when its mailbox can't be read.
    unread: mpsc::UnboundedSender<Unread>,
    is_unread: bool,
}

/// Who is to be told what the mailbox holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ToTell {
    /// All lamps, when they show something else.
    All,
    /// A phone that has just registered, unless it has subscribed.
    Phone(Arc<str>),
    /// A phone that has just subscribed, or whose subscription has ended.
    Subscriber(SubscriptionKey),
}

/// A question to the mailbox.
#[derive(Default)]
pub(super) struct Question {
    /// Who is to be told the answer.
    to_tell: Vec<ToTell>,
    /// Who waits to hear whether the mailbox could be read.
    replies: Vec<oneshot::Sender<bool>>,
}

/// What the lamps of a mailbox are to show.
#[derive(Clone, Copy)]
enum Showing {
    /// There is no mailbox.
    Nothing,
    /// Nobody knows: the store is away and was never asked.
    NotYet,
    /// So many messages.
    Messages(Shown),
}

impl Display {
    /// Nothing is shown yet.
    pub(super) fn new(unread: mpsc::UnboundedSender<Unread>) -> Self {
        Self {
            shown: None,
            next: None,
            unread,
            is_unread: false,
        }
    }
}

impl Question {
    /// Asks this too; who is told already is not told twice.
    fn add(&mut self, other: Self) {
        for whom in other.to_tell {
            if !self.to_tell.contains(&whom) {
                self.to_tell.push(whom);
            }
        }
        self.replies.extend(other.replies);
    }

    fn is_empty(&self) -> bool {
        self.to_tell.is_empty() && self.replies.is_empty()
    }
}

impl HomeState {
    /// Tells all lamps of the mailbox, when it shows something else than before.
    pub(super) fn show(&mut self) {
        self.dismiss();
        self.tell(ToTell::All);
    }

    /// Tells all lamps, also those that were told nothing or too little; `reply` hears whether the mailbox could be read.
    pub(super) fn tell_again(&mut self, reply: oneshot::Sender<bool>) {
        self.display.is_unread = false;
        self.display.shown = None;
        self.dismiss();
        self.ask(Question {
            to_tell: vec![ToTell::All],
            replies: vec![reply],
        });
    }

    /// Tells what the mailbox holds, once it has said so.
    pub(super) fn tell(&mut self, whom: ToTell) {
        self.ask(Question {
            to_tell: vec![whom],
            replies: Vec::new(),
        });
    }

    /// One question at a time, so that no answer overtakes another.
    fn ask(&mut self, question: Question) {
        if let Some(next) = &mut self.display.next {
            next.add(question);
            return;
        }
        let Some(mailbox) = self.user().and_then(|user| self.mailbox(&user)) else {
            self.answer(Showing::Nothing, true, question);
            return;
        };
        self.display.next = Some(Question::default());
        let itself = self.itself.clone();
        spawn_local(async move {
            let counts = mailbox.counts().await;
            if let Some(home) = itself.upgrade() {
                let counted = Box::new(ToHome::Counted { counts, question });
                let _ = home.send(counted).await;
            }
        });
    }

    /// The mailbox has answered.
    pub(super) fn counted(&mut self, counts: Counts, question: Question) {
        let showing = self.showing(counts);
        self.answer(showing, !counts.incomplete, question);
        let next = self.display.next.take();
        if let Some(next) = next.filter(|next| !next.is_empty()) {
            self.ask(next);
        }
    }

    fn answer(&mut self, showing: Showing, readable: bool, question: Question) {
        for whom in question.to_tell {
            match whom {
                ToTell::All => self.show_all(showing),
                ToTell::Phone(handset) => self.show_to(&handset, showing),
                ToTell::Subscriber(key) => self.show_subscriber(&key, showing),
            }
        }
        for reply in question.replies {
            let _ = reply.send(readable);
        }
    }

    fn show_all(&mut self, showing: Showing) {
        let Showing::Messages(shown) = showing else {
            return;
        };
        if self.display.shown.replace(shown) == Some(shown) {
            return;
        }
        let (number, now) = (self.number(), Instant::now());
        let notices = self
            .lamps
            .notify_all(&number, shown, self.phones.all(now), now);
        for notice in notices {
            self.send(notice);
        }
    }

    fn show_to(&self, handset: &Arc<str>, showing: Showing) {
        let Showing::Messages(shown) = showing else {
            return;
        };
        if self.lamps.has(handset) {
            return;
        }
        let number = self.number();
        for contact in self.phones.contacts(handset, Instant::now()) {
            self.send(lamps::unsolicited(&number, handset, shown, &contact));
        }
    }

    fn show_subscriber(&mut self, key: &SubscriptionKey, showing: Showing) {
        let shown = match showing {
            Showing::Nothing => Some(Shown::default()),
            Showing::NotYet => None,
            Showing::Messages(shown) => Some(shown),
        };
        self.notify(key, shown);
    }

    /// Ends the subscriptions of phones that may not watch any longer (spec MB-3): their lamps go out.
    pub(super) fn dismiss(&mut self) {
        let HomeName::User(name) = &self.name else {
            return;
        };
        let directory = Arc::clone(&self.context().directory.borrow());
        let Some(user) = directory.user(name) else {
            return;
        };
        let dismissed = self.lamps.dismiss(|handset| {
            let account = directory.handset(handset);
            account.is_some_and(|account| lamps::may_watch(account, user))
        });
        for key in &dismissed {
            self.notify(key, Some(Shown::default()));
        }
        if !dismissed.is_empty() {
            self.keep_lamps();
        }
    }

    fn notify(&mut self, key: &SubscriptionKey, shown: Option<Shown>) {
        let (number, now) = (self.number(), Instant::now());
        if let Some(notice) = self.lamps.notify_one(key, &number, shown, now) {
            self.send(notice);
        }
    }

    /// What lamps are to show. The world is told the same.
    fn showing(&mut self, counts: Counts) -> Showing {
        let shown = Shown {
            new: counts.new,
            saved: counts.saved,
        };
        if counts.incomplete && !self.display.is_unread {
            self.display.is_unread = true;
            // Nobody listens when the worker is going down.
            let _ = self.display.unread.send(self.itself.clone());
        }
        // What has come while nobody knows the rest is certainly new.
        if counts.incomplete && shown.new == 0 {
            return Showing::NotYet;
        }
        // A shared handset has no messages.
        if let HomeName::User(user) = &self.name {
            self.told.messages(user, shown);
        }
        Showing::Messages(shown)
    }

    fn number(&self) -> MailboxNumber {
        let directory = Arc::clone(&self.context().directory.borrow());
        let user = match &self.name {
            HomeName::User(user) => Some(Arc::clone(user)),
            HomeName::Handset(_) => None,
        };
        MailboxNumber::new(directory, user)
    }

    fn send(&self, notice: Notice) {
        let Notice { request, flow, key } = notice;
        let signalling = &self.context().signalling;
        let tx = signalling.with(|endpoint, now| endpoint.request(request, flow, now));
        let Some(key) = key else { return };
        let answer = signalling.answer_to(tx);
        let itself = self.itself.clone();
        spawn_local(async move {
            if let (Ok(answer), Some(home)) = (answer.await, itself.upgrade()) {
                let notified = Box::new(Notified { key, answer });
                let _ = home.send(Box::new(ToHome::Notified(notified))).await;
            }
        });
    }
}
