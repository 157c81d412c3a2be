//! Sends what is in the outbox, again and again until the mail server has it or never will.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crds::Directory;
use crds::conditions::Reason;
use crds::directory::MailServer;
use crds::report::Finding;
use jiff::Timestamp;
use mail::{Patience, SmtpError, SmtpSession};
use mailbox::{ErrandName, MailboxId, Mailboxes, Outbox};
use prompts::MailCatalogue;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info, warn};

use super::errand::{Outcome, Step};
use super::letters::server_of;
use super::{MailContext, Refusals, backoff};
use crate::metrics::Metrics;

/// Sends what is in the outbox.
pub(super) struct Mailer {
    pub(super) outbox: Outbox,
    pub(super) mailboxes: Mailboxes,
    pub(super) texts: MailCatalogue,
    pub(super) worker: String,
    pub(super) metrics: Metrics,
    directory: watch::Receiver<Arc<Directory>>,
    patience: Patience,
    pub(super) changed: mpsc::UnboundedSender<MailboxId>,
    finding: watch::Sender<Option<Finding>>,
    pub(super) refusals: Refusals,
    /// Every errand that is known of, and when it is due.
    known: BTreeMap<ErrandName, Timestamp>,
    /// Letters that the server has, whose errands are still to be ended; and, where their messages are to be deleted, how long the trash keeps them.
    pub(super) sent: HashMap<ErrandName, Option<Duration>>,
    server: Server,
}

/// How the mail server does.
#[derive(Default)]
struct Server {
    /// The one that is meant.
    of: Option<Arc<MailServer>>,
    failures: u32,
    rests_until: Option<Instant>,
}

impl Mailer {
    pub(super) fn new(
        context: MailContext,
        changed: mpsc::UnboundedSender<MailboxId>,
        finding: watch::Sender<Option<Finding>>,
        refusals: Refusals,
    ) -> Self {
        Self {
            outbox: context.mailboxes.outbox(),
            mailboxes: context.mailboxes,
            texts: context.texts,
            worker: context.worker,
            metrics: context.metrics,
            directory: context.directory,
            patience: context.patience,
            changed,
            finding,
            refusals,
            known: BTreeMap::new(),
            sent: HashMap::new(),
            server: Server::default(),
        }
    }

    /// Sends for ever.
    pub(super) async fn run(mut self) {
        let mut look_at = Instant::now();
        loop {
            if Instant::now() >= look_at {
                look_at = Instant::now() + self.look().await;
            }
            self.send_due().await;
            self.metrics.mails_waiting.set(self.known.len() as i64);
            let due = self.next_due().min(look_at);
            tokio::select! {
                () = self.outbox.news() => look_at = Instant::now(),
                () = sleep_until(due) => {}
                changed = self.directory.changed() => if changed.is_err() {
                    return; // the worker stops
                },
            }
        }
    }

    /// Learns what is in the outbox; when to look again.
    async fn look(&mut self) -> Duration {
        let listed = match self.outbox.list().await {
            Ok(listed) => listed,
            Err(error) => {
                // That the storage is in trouble is said where it is looked after, once.
                debug!(%error, "the outbox can't be read: it is tried again");
                return LOOK_AGAIN;
            }
        };
        let now = Timestamp::now();
        let known = listed.into_iter().map(|name| {
            let due = self.known.get(&name).copied().unwrap_or(now);
            (name, due)
        });
        self.known = known.collect();
        self.sent.retain(|name, _| self.known.contains_key(name));
        LOOK
    }

    /// Sends what is due, one after the other over one connection, for as long as the server can be used.
    async fn send_due(&mut self) {
        let directory = Arc::clone(&self.directory.borrow_and_update());
        self.follow_server(directory.system().mail.as_ref());
        if self.rests() {
            return;
        }
        let mut session = None;
        let now = Timestamp::now();
        let mut due: Vec<(Timestamp, ErrandName)> = self
            .known
            .iter()
            .filter(|(_, due)| **due <= now)
            .map(|(name, due)| (*due, name.clone()))
            .collect();
        due.sort();
        for (_, name) in due {
            match self.go(&name, &directory, &mut session).await {
                Outcome::Over => {
                    self.known.remove(&name);
                }
                Outcome::Later(due) => {
                    self.known.insert(name, due);
                }
                Outcome::Stop => break,
            }
            // What the server could not be used for with one letter, it can't with the next.
            if self.rests() {
                break;
            }
        }
        if let Some(session) = session {
            SmtpSession::quit(session).await;
        }
    }

    /// Does one errand, as far as it can be done now.
    async fn go(
        &mut self,
        name: &ErrandName,
        directory: &Directory,
        session: &mut Option<SmtpSession>,
    ) -> Outcome {
        let letter = match self.prepare(name, directory).await {
            Step::Letter(letter) => letter,
            Step::Done(outcome) => return outcome,
        };
        if session
            .as_ref()
            .is_some_and(|session| !session.takes_more())
            && let Some(full) = session.take()
        {
            full.quit().await;
        }
        if session.is_none() {
            match self.open(&letter.server).await {
                Some(opened) => *session = Some(opened),
                None => return Outcome::Stop,
            }
        }
        let Some(open) = session else {
            return Outcome::Stop;
        };
        let (outcome, goes_on) = self.send(*letter, open).await;
        if !goes_on {
            *session = None;
        }
        outcome
    }

    /// A connection to the mail server, unless it can't be used now. That it is open does not mean yet that letters are taken.
    async fn open(&mut self, server: &MailServer) -> Option<SmtpSession> {
        let opened = match server_of(server) {
            Ok(server) => SmtpSession::open(&server, self.patience).await,
            Err(missing) => Err(SmtpError::LoginRefused(missing)),
        };
        opened.inspect_err(|error| self.trouble(error)).ok()
    }

    /// The server takes letters.
    pub(super) fn works(&mut self) {
        self.server.failures = 0;
        self.say(true, Reason::MailTaken, "the mail server takes e-mails");
    }

    /// The server can't be used, with whatever letter: it is left alone for a while.
    pub(super) fn trouble(&mut self, error: &SmtpError) {
        self.server.failures = self.server.failures.saturating_add(1);
        let rest = backoff::of_server(self.server.failures);
        self.server.rests_until = Some(Instant::now() + rest);
        self.complain(error);
    }

    /// The server has refused something for a reason that whoever runs the system can mend.
    pub(super) fn complain(&self, error: &SmtpError) {
        let (reason, remedy) = match error {
            SmtpError::LoginRefused(_) => (
                Reason::MailLoginRefused,
                "write the right username and password into the Secret",
            ),
            SmtpError::SenderRefused(_) | SmtpError::NotRelayed(_) => (
                Reason::MailSenderRefused,
                "write a sender that it knows into spec.mail.smtp.from, or let it take mail from the workers, by login or address",
            ),
            SmtpError::Away(_)
            | SmtpError::NotNow(_)
            | SmtpError::Unknown(_)
            | SmtpError::Refused(_)
            | SmtpError::TooLarge(_) => (
                Reason::MailServerAway,
                "look at spec.mail.smtp and at the server; e-mails wait and are sent when it works",
            ),
        };
        self.metrics
            .mails_total
            .with_label_values(&["failed"])
            .inc();
        self.say(false, reason, &format!("{error}: {remedy}"));
    }

    fn say(&self, ok: bool, reason: Reason, message: &str) {
        let finding = Finding {
            ok,
            reason: reason.to_string(),
            message: message.to_owned(),
        };
        self.finding.send_if_modified(|told| {
            let news = told.as_ref() != Some(&finding);
            let was_good = told.as_ref().is_none_or(|told| told.ok);
            if news && !ok {
                warn!("{message}");
            } else if news && !was_good {
                info!("{message}");
            }
            *told = Some(finding);
            news
        });
    }

    /// Another server, or another login, is asked at once.
    fn follow_server(&mut self, server: Option<&Arc<MailServer>>) {
        if self.server.of.as_deref() != server.map(|server| &**server) {
            self.server = Server {
                of: server.cloned(),
                ..Server::default()
            };
            if server.is_none() {
                self.finding.send_replace(None);
            }
        }
    }

    fn rests(&self) -> bool {
        let until = self.server.rests_until;
        until.is_some_and(|until| until > Instant::now())
    }

    fn next_due(&self) -> Instant {
        let now = Timestamp::now();
        let next = self.known.values().min();
        let wait = next.map_or(LOOK, |due| {
            Duration::try_from(due.duration_since(now)).unwrap_or_default()
        });
        let due = Instant::now() + wait.min(LOOK);
        self.server.rests_until.map_or(due, |rest| due.max(rest))
    }
}

/// What others have put there, such as a sidecar, is found in this time.
const LOOK: Duration = Duration::from_mins(5);
const LOOK_AGAIN: Duration = Duration::from_secs(10);
