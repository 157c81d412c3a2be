//! One errand: whether an e-mail is to be sent, the letter, and what follows from the server's answer.

use std::sync::Arc;
use std::time::Duration;

use crds::Directory;
use crds::conditions::Reason;
use crds::directory::{MailServer, UserEntry};
use crds::user::EmailMode;
use jiff::{SignedDuration, Timestamp};
use mail::{Ready, SmtpError, SmtpSession};
use mailbox::{
    Arrived, Errand, ErrandName, Mailbox, MailboxError, Message, MessageState, Progress,
};
use media::recording::Recording;
use prompts::Enclosed;
use tracing::{error, info, warn};

use super::backoff;
use super::letters::{self, Subject, WriteError};
use super::mailer::Mailer;

/// What becomes of an errand.
pub(super) enum Outcome {
    /// It is no more.
    Over,
    /// It is gone on with then.
    Later(Timestamp),
    /// No errand can be done now.
    Stop,
}

/// How far an errand can be done without the mail server.
pub(super) enum Step {
    /// This is to be sent.
    Letter(Box<Prepared>),
    /// Nothing is to be sent, now or ever.
    Done(Outcome),
}

/// A letter before it is written.
pub(super) struct Prepared {
    pub(super) server: Arc<MailServer>,
    errand: Errand,
    mailbox: Mailbox,
    message: Message,
    user: UserEntry,
    system: crds::directory::System,
    address: Arc<str>,
    enclosed: Enclosed,
}

impl Mailer {
    /// Looks whether an e-mail is to be sent.
    pub(super) async fn prepare(&mut self, name: &ErrandName, directory: &Directory) -> Step {
        let now = Timestamp::now();
        let later = |seconds| Step::Done(Outcome::Later(backoff::after(now, seconds)));
        if let Some(&deleted) = self.sent.get(name) {
            return Step::Done(self.settle(name, deleted).await);
        }
        let errand = match self.outbox.read(name).await {
            Ok(Some(errand)) => errand,
            Ok(None) => return Step::Done(Outcome::Over),
            Err(_) => return later(STORE),
        };
        let Progress { due, holder, .. } = &errand.progress;
        let is_ours = holder.as_ref() == Some(&self.worker);
        // What we held before we were started again is ours to go on with.
        if let Some(due) = due.filter(|due| *due > now && !is_ours) {
            return Step::Done(Outcome::Later(due));
        }
        let Some((user, address, enclosed)) = recipient(directory, name) else {
            return Step::Done(self.drop_it(name).await);
        };
        let mailbox = self.mailboxes.mailbox(&name.mailbox);
        let message = match self.message(&errand, &mailbox).await {
            Ok(Some(message)) => message,
            Ok(None) => return Step::Done(self.drop_it(name).await),
            Err(NotNow) => return later(STORE),
        };
        if now.duration_since(message.received) > GIVE_UP {
            let why = "the mail server has not taken it for five days";
            let outcome = self.give_up(name, user, Reason::MailGivenUp, why, "expired");
            return Step::Done(outcome.await);
        }
        let Some(server) = directory.system().mail.clone() else {
            return later(NO_SERVER);
        };
        Step::Letter(Box::new(Prepared {
            server,
            errand,
            mailbox,
            message,
            user: user.clone(),
            system: directory.system().clone(),
            address,
            enclosed,
        }))
    }

    /// The message, once it is in its mailbox; `None` where there is none any more to tell of.
    async fn message(&self, errand: &Errand, mailbox: &Mailbox) -> Result<Option<Message>, NotNow> {
        let name = &errand.name;
        match self.outbox.arrived(name).await {
            Ok(Arrived::Yes) => {}
            Ok(Arrived::NotYet) | Err(_) => return Err(NotNow),
            Ok(Arrived::Nowhere) => {
                let since = errand.progress.since.unwrap_or(Timestamp::UNIX_EPOCH);
                let expired = Timestamp::now().duration_since(since) > GIVE_UP;
                return if expired { Ok(None) } else { Err(NotNow) };
            }
        }
        match mailbox.message(&name.message).await {
            // Its owner has been quicker.
            Ok(message) if matches!(message.state, MessageState::Trash { .. }) => Ok(None),
            Ok(message) => Ok(Some(message)),
            Err(MailboxError::NoSuchMessage) => Ok(None),
            Err(_) => Err(NotNow),
        }
    }

    /// Claims the errand, writes the letter and hands it over; and whether the connection may be used again.
    pub(super) async fn send(
        &mut self,
        mut prepared: Prepared,
        session: &mut SmtpSession,
    ) -> (Outcome, bool) {
        let now = Timestamp::now();
        let attempts = prepared.errand.progress.attempts.saturating_add(1);
        let lease = backoff::after(now, LEASE);
        let claim = Progress {
            attempts,
            due: Some(lease),
            holder: Some(self.worker.clone()),
            since: prepared.errand.progress.since,
        };
        match self.outbox.write(&mut prepared.errand, claim).await {
            Ok(true) => {}
            // Another worker is at it.
            Ok(false) => return (Outcome::Later(lease), true),
            Err(_) => return (Outcome::Later(backoff::after(now, STORE)), true),
        }
        let Ok(recordings) = self.recordings(&mut prepared).await else {
            return (self.put_off(&mut prepared.errand, attempts).await, true);
        };
        let mut sent = self.hand_over(&prepared, &recordings, session).await;
        if let Err(Failed::Server(SmtpError::TooLarge(_))) = &sent
            && prepared.enclosed != Enclosed::TooLarge
            && !recordings.is_empty()
        {
            prepared.enclosed = Enclosed::TooLarge;
            sent = match session.reset().await {
                Ok(()) => self.hand_over(&prepared, &recordings, session).await,
                Err(error) => Err(Failed::Server(error)),
            };
        }
        self.conclude(prepared, attempts, sent, session).await
    }

    /// What is to be enclosed. What cannot be read any more is told of without it; what cannot be read now is tried again.
    async fn recordings(&self, prepared: &mut Prepared) -> Result<Vec<Recording>, ()> {
        if prepared.enclosed == Enclosed::Nothing {
            return Ok(Vec::new());
        }
        match letters::recordings(&prepared.mailbox, &prepared.message).await {
            Ok(recordings) => Ok(recordings),
            Err(error @ (MailboxError::AudioMissing | MailboxError::AudioDamaged(_))) => {
                error!(id = %prepared.message.id, %error, "a message is mailed without its recording");
                prepared.enclosed = Enclosed::Nothing;
                Ok(Vec::new())
            }
            Err(error) => {
                warn!(id = %prepared.message.id, %error, "a message can't be mailed yet");
                Err(())
            }
        }
    }

    async fn hand_over(
        &self,
        prepared: &Prepared,
        recordings: &[Recording],
        session: &mut SmtpSession,
    ) -> Result<(), Failed> {
        let letter = self.letter(prepared, recordings)?;
        session.send(&letter).await.map_err(Failed::Server)
    }

    fn letter(&self, prepared: &Prepared, recordings: &[Recording]) -> Result<Ready, Failed> {
        let languages = [&*prepared.user.language, &*prepared.system.language];
        let texts = self.texts.of(&languages);
        let texts = texts.ok_or(Failed::NoTexts)?;
        let subject = Subject {
            name: &prepared.errand.name,
            message: &prepared.message,
            user: &prepared.user,
            system: &prepared.system,
            server: &prepared.server,
            address: &prepared.address,
        };
        Ok(letters::write(
            &subject,
            texts,
            recordings,
            prepared.enclosed,
        )?)
    }

    async fn conclude(
        &mut self,
        mut prepared: Prepared,
        attempts: u32,
        sent: Result<(), Failed>,
        session: &mut SmtpSession,
    ) -> (Outcome, bool) {
        let name = prepared.errand.name.clone();
        let user = &prepared.user;
        let why = match sent {
            Ok(()) => {
                info!(id = %name.message, user = %user.name, "mailed");
                self.works();
                self.metrics.mails_total.with_label_values(&["sent"]).inc();
                let retention = prepared.user.limits.trash_retention;
                let deleted = (prepared.enclosed == Enclosed::OnlyCopy).then_some(retention);
                return (self.settle(&name, deleted).await, true);
            }
            Err(Failed::Server(SmtpError::SenderRefused(why))) => {
                let why = private(&why, &prepared.address);
                self.trouble(&SmtpError::SenderRefused(why));
                self.release(&mut prepared.errand, attempts).await;
                return (Outcome::Later(Timestamp::now()), false);
            }
            // A relay may take the others', and refuse this one's domain alone: it has a wait of its own.
            Err(Failed::Server(SmtpError::NotRelayed(why))) => {
                let why = private(&why, &prepared.address);
                self.complain(&SmtpError::NotRelayed(why));
                let put_off = self.put_off(&mut prepared.errand, attempts).await;
                return (put_off, session.reset().await.is_ok());
            }
            Err(Failed::Server(SmtpError::Unknown(why))) => {
                self.works();
                why
            }
            // Who refuses one letter has not shown that it takes others.
            Err(Failed::Server(SmtpError::Refused(why) | SmtpError::TooLarge(why))) => why,
            Err(Failed::Write(WriteError::Letter(error))) => error.to_string(),
            Err(failed) => {
                warn!(id = %name.message, user = %user.name, attempts, error = %private(&failed.to_string(), &prepared.address), "an e-mail is not taken: it is tried again");
                let goes_on = if let Failed::Server(SmtpError::Away(why)) = &failed {
                    // Each other letter would hang as well, in a connection of its own.
                    self.trouble(&SmtpError::Away(private(why, &prepared.address)));
                    false
                } else {
                    self.metrics
                        .mails_total
                        .with_label_values(&["failed"])
                        .inc();
                    session.reset().await.is_ok()
                };
                return (self.put_off(&mut prepared.errand, attempts).await, goes_on);
            }
        };
        let why = private(&why, &prepared.address);
        let outcome = self.give_up(&name, user, Reason::MailRefused, &why, "refused");
        let outcome = outcome.await;
        (outcome, session.reset().await.is_ok())
    }

    /// The server has the letter: the message is deleted, where its owner wants that, for as long as his trash keeps it; and the errand is over.
    async fn settle(&mut self, name: &ErrandName, deleted: Option<Duration>) -> Outcome {
        // Whatever fails from here on, this is not sent again.
        self.sent.insert(name.clone(), deleted);
        if let Some(retention) = deleted {
            let mailbox = self.mailboxes.mailbox(&name.mailbox);
            let discarded = mailbox.discard(&name.message, retention, Timestamp::now());
            match discarded.await {
                Ok(()) | Err(MailboxError::NoSuchMessage) => {}
                Err(error) => {
                    warn!(id = %name.message, %error, "a message that was mailed can't be deleted yet");
                    return Outcome::Later(backoff::after(Timestamp::now(), STORE));
                }
            }
            // The worker may be stopping: then nobody looks at lamps.
            let _ = self.changed.send(name.mailbox.clone());
        }
        let outcome = self.drop_it(name).await;
        if matches!(outcome, Outcome::Over) {
            self.sent.remove(name);
        }
        outcome
    }

    async fn give_up(
        &mut self,
        name: &ErrandName,
        user: &UserEntry,
        reason: Reason,
        why: &str,
        result: &str,
    ) -> Outcome {
        warn!(id = %name.message, user = %user.name, why, "an e-mail is given up: the message stays in the mailbox");
        self.metrics.mails_total.with_label_values(&[result]).inc();
        let told = format!(
            "a voicemail could not be mailed and stays in the mailbox: {why}; look at spec.email and at the mail server"
        );
        self.refusals.add(&user.name, reason, told);
        self.drop_it(name).await
    }

    async fn put_off(&self, errand: &mut Errand, attempts: u32) -> Outcome {
        let due = backoff::of_letter(attempts, Timestamp::now());
        let progress = Progress {
            attempts,
            due: Some(due),
            holder: None,
            since: errand.progress.since,
        };
        // Where that is not written, we hold it, and go on with it at the same time.
        if let Err(error) = self.outbox.write(errand, progress).await {
            warn!(%error, "the outbox can't be written");
        }
        Outcome::Later(due)
    }

    /// The attempt was the server's fault and does not count.
    async fn release(&self, errand: &mut Errand, attempts: u32) {
        let progress = Progress {
            attempts: attempts.saturating_sub(1),
            since: errand.progress.since,
            ..Progress::default()
        };
        if let Err(error) = self.outbox.write(errand, progress).await {
            warn!(%error, "the outbox can't be written");
        }
    }

    async fn drop_it(&self, name: &ErrandName) -> Outcome {
        match self.outbox.done(name).await {
            Ok(()) => Outcome::Over,
            Err(error) => {
                warn!(%error, "the outbox can't be written");
                Outcome::Later(backoff::after(Timestamp::now(), STORE))
            }
        }
    }
}

/// Why a letter was not handed over.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Server(SmtpError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("there are no texts for e-mails: prompts/en/email.yaml is missing")]
    NoTexts,
}

/// A server likes to repeat the address; the log need not have it.
fn private(words: &str, address: &str) -> String {
    words.replace(address, "the address")
}

/// The store does not answer, or the message is still on its way.
struct NotNow;

/// Who gets the e-mail, where, and what comes with it; `None` where nobody wants it any more.
fn recipient<'d>(
    directory: &'d Directory,
    name: &ErrandName,
) -> Option<(&'d UserEntry, Arc<str>, Enclosed)> {
    let user = directory.user_of_mailbox(name.mailbox.as_str())?;
    Some((user, user.email.clone()?, enclosed(user.email_mode)?))
}

fn enclosed(mode: EmailMode) -> Option<Enclosed> {
    match mode {
        EmailMode::Off => None,
        EmailMode::Notify => Some(Enclosed::Nothing),
        EmailMode::Attach => Some(Enclosed::Recording),
        EmailMode::AttachAndDelete => Some(Enclosed::OnlyCopy),
    }
}

/// Longer than a server may take for a letter; who dies with one is followed by another after it.
const LEASE: Duration = Duration::from_mins(20);
/// When the store, or a message on its way, is looked at again.
const STORE: Duration = Duration::from_secs(10);
const NO_SERVER: Duration = Duration::from_mins(5);
/// As long as mail servers try (RFC 5321 section 4.5.4.1).
const GIVE_UP: SignedDuration = SignedDuration::from_hours(5 * 24);
