//! One home: a user's registrations, lamps, mailbox and lock-outs, changed by one message at a time.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use apps::{Lockout, Side};
use crds::directory::UserEntry;
use jiff::Timestamp;
use mailbox::{Mailbox, MailboxId};
use sip::registrar::{Contact, ExpiryPolicy};
use sip::subscription::Outcome;
use sip::syntax::Response;
use tokio::sync::mpsc;
use tokio::time::sleep_until;
use tracing::info;

use super::emails::KnownEmails;
use super::journal::{Entry, StoredLamps, StoredOutsideCalls};
use super::lamps::Lamps;
use super::outside::OutsideCalls;
use super::phones::{Phones, Registered};
use super::showing::{Display, ToTell};
use super::telling::Told;
use super::unread::Unread;
use super::{CallPlace, Home, HomeContext, HomeName, Notified, Received, ToHome};

/// What one home holds.
pub(super) struct HomeState {
    pub(super) name: HomeName,
    context: Rc<HomeContext>,
    /// The way back to this home, for answers that come later.
    pub(super) itself: mpsc::WeakSender<Box<ToHome>>,
    pub(super) phones: Phones,
    pub(super) lamps: Lamps,
    pub(super) display: Display,
    pub(super) lockouts: HashMap<Side, Lockout>,
    /// Calls that its user has now.
    calls: u32,
    /// Those outside that he has begun lately.
    outside_calls: OutsideCalls,
    /// What this home has added to the count of registrations.
    counted: usize,
    pub(super) told: Told,
    pub(super) emails: KnownEmails,
}

impl HomeState {
    /// A home that nothing has happened in.
    pub(super) fn new(
        name: HomeName,
        context: Rc<HomeContext>,
        itself: &Home,
        unread: mpsc::UnboundedSender<Unread>,
    ) -> Self {
        let context_seed = context.random.bytes();
        let told = Told::by(context.statuses.clone());
        Self {
            name,
            context,
            itself: itself.inbox.downgrade(),
            phones: Phones::default(),
            lamps: Lamps::new(context_seed),
            display: Display::new(unread),
            lockouts: HashMap::new(),
            calls: 0,
            outside_calls: OutsideCalls::default(),
            counted: 0,
            told,
            emails: KnownEmails::default(),
        }
    }

    /// Serves until the worker stops.
    pub(super) async fn live(mut self, mut inbox: mpsc::Receiver<Box<ToHome>>) {
        loop {
            let expiry = self.expire();
            let message = tokio::select! {
                message = inbox.recv() => message,
                () = sleep_until(expiry.into()) => continue,
            };
            match message {
                // Boxed: a home waits most of the time, and the waiting costs what its largest step would.
                Some(message) => Box::pin(self.hear(*message)).await,
                None => return,
            }
        }
    }

    async fn hear(&mut self, message: ToHome) {
        match message {
            ToHome::Register {
                handset,
                received,
                reply,
            } => {
                let (response, registered) = self.register(&handset, &received);
                let _ = reply.send(response);
                if registered == Registered::Added {
                    // The phone hears of its registration before it hears of its messages: whoever passes the answer on is next,
                    // and the mailbox is asked after that.
                    self.tell(ToTell::Phone(handset));
                }
            }
            ToHome::Subscribe {
                watcher,
                received,
                reply,
            } => {
                let Received { request, flow } = *received;
                let policy = self.policy();
                let (response, key) =
                    self.lamps
                        .subscribe(watcher, &request, flow, &policy, Instant::now());
                let _ = reply.send(response);
                if let Some(key) = key {
                    self.keep_lamps();
                    self.tell(ToTell::Subscriber(key));
                }
            }
            ToHome::Notified(notified) => {
                let Notified { key, answer } = *notified;
                if self.lamps.answered(&key, &answer) == Outcome::NotifyAgain {
                    self.tell(ToTell::Subscriber(key));
                }
            }
            ToHome::Contacts { handset, reply } => {
                let _ = reply.send(self.contacts(&handset));
            }
            ToHome::Restore { entry, done } => {
                self.restore(*entry);
                let _ = done.send(());
            }
            ToHome::MailboxChanged => self.show(),
            ToHome::Counted { counts, question } => self.counted(counts, question),
            ToHome::TellAgain { reply } => self.tell_again(reply),
            ToHome::Trash { reply } => self.trash(reply),
            ToHome::RestoreMessage { message, reply } => self.restore_message(message, reply),
            ToHome::CallBegins { reply } => {
                // A caller who has gone meanwhile gives the place back by dropping it.
                let _ = reply.send(self.begin_call());
            }
            ToHome::CallEnds => self.calls = self.calls.saturating_sub(1),
            ToHome::OutsideCallBegins { reply } => {
                let _ = reply.send(self.begin_outside_call());
            }
            ToHome::AccountPin { digits, reply } => {
                let _ = reply.send(self.account_pin(&digits));
            }
            ToHome::LoginExpected => self.ask_emails(),
            ToHome::Login { side, pin, reply } => {
                let _ = reply.send(self.login(side, &pin));
            }
            ToHome::Choices { reply } => {
                let _ = reply.send(self.choices());
            }
            ToHome::Choose { choice, reply } => {
                let _ = reply.send(self.choose(*choice).await);
            }
        }
    }

    fn register(&mut self, handset: &Arc<str>, received: &Received) -> (Response, Registered) {
        let Received { request, flow } = received;
        let now = Instant::now();
        let policy = self.policy();
        let (response, registered) = self.phones.register(handset, request, *flow, &policy, now);
        if response.status.is_success() {
            let stored = self.phones.stored(handset, now, Timestamp::now());
            self.context.journal.keep(Entry::Contacts(stored));
            self.told.phones(&self.phones, now);
        }
        if registered == Registered::Added {
            info!(handset = %handset, from = %flow.remote, "registered");
        }
        (response, registered)
    }

    /// Where a handset is registered, each over the flow as it is advertised now.
    fn contacts(&self, handset: &str) -> Vec<Contact> {
        let mut contacts = self.phones.contacts(handset, Instant::now());
        for contact in &mut contacts {
            contact.flow = self.context.signalling.as_advertised(contact.flow);
        }
        contacts
    }

    /// Takes up what the journal kept, without asking the mailbox: the lamps are told later.
    fn restore(&mut self, entry: Entry) {
        let signalling = &self.context.signalling;
        let (now, clock) = (Instant::now(), Timestamp::now());
        match entry {
            Entry::Contacts(stored) => {
                self.phones.restore(stored, signalling, now, clock);
                self.told.phones(&self.phones, now);
            }
            Entry::Lockouts(stored) => self.lockouts.extend(stored.sides),
            Entry::OutsideCalls(stored) => self.outside_calls = stored.calls,
            Entry::Lamps(stored) => {
                self.lamps.restore(stored.lamps, signalling, now, clock);
                self.dismiss();
            }
        }
    }

    /// Whether its user may call outside once more within this hour; if so, it is counted, and stays so over a restart.
    fn begin_outside_call(&mut self) -> bool {
        let limit = self
            .context
            .directory
            .borrow()
            .system()
            .outside_calls_per_hour;
        let may = self.outside_calls.begin(limit, Timestamp::now());
        if let HomeName::User(user) = &self.name
            && may
        {
            let stored = StoredOutsideCalls {
                outside_calls_of: user.to_string(),
                calls: self.outside_calls.clone(),
            };
            self.context.journal.keep(Entry::OutsideCalls(stored));
        }
        may
    }

    /// So that its lamps are right after a restart, also those that watch from elsewhere.
    pub(super) fn keep_lamps(&self) {
        if let HomeName::User(user) = &self.name {
            let stored = StoredLamps {
                mailbox_of: user.to_string(),
                lamps: self.lamps.stored(Instant::now(), Timestamp::now()),
            };
            self.context.journal.keep(Entry::Lamps(stored));
        }
    }

    fn policy(&self) -> ExpiryPolicy {
        let default = self.context.directory.borrow().system().registration_expiry;
        ExpiryPolicy {
            default,
            ..ExpiryPolicy::default()
        }
    }

    /// A place for one more call, within `limits.callsPerUser`.
    fn begin_call(&mut self) -> Option<CallPlace> {
        let limit = self.context.directory.borrow().system().calls_per_user;
        (self.calls < limit).then(|| {
            self.calls += 1;
            CallPlace {
                home: self.itself.clone(),
            }
        })
    }

    fn ask_emails(&self) {
        let account = self.user().and_then(|user| user.imap);
        self.emails
            .ask(account.as_ref(), &self.context.post, Instant::now());
    }

    /// What it works with.
    pub(super) fn context(&self) -> &HomeContext {
        &self.context
    }

    /// Its user as the directory has him now.
    pub(super) fn user(&self) -> Option<UserEntry> {
        match &self.name {
            HomeName::User(name) => self.context.directory.borrow().user(name).cloned(),
            HomeName::Handset(_) => None,
        }
    }

    pub(super) fn mailbox(&self, user: &UserEntry) -> Option<Mailbox> {
        let id = MailboxId::new(&*user.mailbox).ok()?;
        Some(self.context.mailboxes.mailbox(&id))
    }

    /// Forgets what has expired; when to do so next.
    fn expire(&mut self) -> Instant {
        let now = Instant::now();
        for key in self.lamps.expire(now) {
            self.tell(ToTell::Subscriber(key));
        }
        let next = [self.phones.expire(now), self.lamps.next_expiry()]
            .into_iter()
            .flatten()
            .min();
        let count = self.phones.count(now);
        let change = count.cast_signed() - self.counted.cast_signed();
        self.context
            .metrics
            .registrations
            .add(i64::try_from(change).unwrap_or_default());
        if change != 0 {
            self.told.phones(&self.phones, now);
        }
        self.counted = count;
        next.unwrap_or(now + IDLE)
    }
}

/// How often a home with nothing to expire looks about.
const IDLE: Duration = Duration::from_hours(1);
