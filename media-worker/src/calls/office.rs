//! What a call's application asks of the homes and the spool.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use apps::{Begun, Draft, Login, NotSent, Office, Receipt, Refusal, Side, Unavailable};
use async_trait::async_trait;
use crds::Directory;
use crds::directory::{Caller, UserEntry};
use crds::user_settings::GreetingSlot;
use jiff::Timestamp;
use mailbox::{DraftKind, Mailbox, MailboxId, Promise, RecordingId, Sender, Spool, SpoolError};
use media::codec::Codec;
use prompts::Audible;
use tracing::{info, warn};

use super::Exchange;
use super::inbound::Inbound;
use crate::homes::{HomeInbox, LoginAnswer, stored_slot};

/// A recording that can be played.
#[derive(Clone, Debug)]
pub struct Spoken(pub Arc<media::recording::Recording>);

impl Audible for Spoken {
    fn label(&self) -> String {
        format!("recording of {:.1} s", self.0.duration().as_secs_f32())
    }
}

/// A recording in the spool, neither delivered nor discarded. Dropped with its call, it is left to the spool to decide.
pub(super) struct Recording {
    id: RecordingId,
    /// Who gets it, for the log; nobody where it is words that stay here.
    to: String,
    /// Until it is delivered or discarded.
    undecided: Option<Spool>,
    /// Of a greeting or a name: how long was recorded. Its silence is kept, also where the phone sends none (spec MC-P3).
    words: Option<Cell<Duration>>,
}

impl Recording {
    pub(super) fn new(id: RecordingId, to: String, spool: &Spool) -> Self {
        Self {
            id,
            to,
            undecided: Some(spool.clone()),
            words: None,
        }
    }

    /// So long was recorded, with the silence at its end.
    pub(super) fn lasted(&self, length: Duration) {
        if let Some(lasted) = &self.words {
            lasted.set(length);
        }
    }

    /// Its number in the spool.
    pub(super) fn number(&self) -> u64 {
        self.id.0
    }

    /// The caller has decided.
    fn decided(mut self) -> RecordingId {
        self.undecided = None;
        self.id
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(spool) = &self.undecided {
            spool.abandon(self.id);
        }
    }
}

/// The company, as one call sees it.
pub(super) struct CallOffice {
    pub(super) exchange: Rc<Exchange>,
    pub(super) directory: Arc<Directory>,
    /// What recordings are made in: as the caller's phone sends.
    pub(super) codec: Codec,
}

impl CallOffice {
    /// For an answered call.
    pub(super) fn new(call: &Inbound) -> Self {
        Self {
            exchange: Rc::clone(&call.exchange),
            directory: Arc::clone(&call.directory),
            codec: call.party.media.sends().unwrap_or(Codec::Pcmu),
        }
    }

    pub(super) fn mailbox(&self, user: &UserEntry) -> Option<Mailbox> {
        let id = MailboxId::new(&*user.mailbox).ok()?;
        Some(self.exchange.mailboxes.mailbox(&id))
    }

    pub(super) fn sender(&self, from: &Caller) -> Sender {
        match from {
            Caller::User(name) => match self.directory.user(name) {
                Some(user) => Sender::Internal {
                    user: name.to_string(),
                    extension: user.extension.as_deref().unwrap_or_default().to_owned(),
                    name: user.display_name.to_string(),
                },
                None => Sender::External {
                    number: None,
                    name: Some(name.to_string()),
                },
            },
            Caller::SharedHandset(handset) => Sender::External {
                number: None,
                name: Some(handset.to_string()),
            },
            Caller::External { number, name } => Sender::External {
                number: (!number.is_empty()).then(|| number.to_string()),
                name: name.as_deref().map(str::to_owned),
            },
        }
    }

    /// Opens a recording that its caller keeps as a greeting or a name, or forgets.
    fn begin_words(&self) -> Result<Begun<Recording>, Refusal> {
        let draft = mailbox::Draft {
            kind: DraftKind::Scratch,
            codec: self.codec,
            min_length: Duration::ZERO,
            places: Vec::new(),
        };
        let spool = self.exchange.mailboxes.spool();
        let id = spool.begin(draft).map_err(|error| {
            warn!(%error, "a greeting or a name can't be recorded");
            Refusal::Unavailable
        })?;
        let mut recording = Recording::new(id, String::new(), spool);
        recording.words = Some(Cell::default());
        Ok(Begun {
            recording,
            max_length: media::recording::Recording::MAX_DURATION,
            left_out: Vec::new(),
        })
    }

    async fn promise(&self, recording: &Recording) -> Result<Promise, NotSent> {
        match self.exchange.mailboxes.spool().deliver(recording.id).await {
            Ok(promise) => {
                let (user, seconds) = (&*recording.to, promise.duration.as_secs());
                info!(id = %promise.message, user, seconds, "message left");
                self.counted("delivered");
                Ok(promise)
            }
            Err(SpoolError::TooShort) => {
                self.counted("too_short");
                Err(NotSent::TooShort)
            }
            Err(error) => {
                warn!(%error, "a message can't be delivered");
                self.counted("failed");
                Err(NotSent::Unavailable)
            }
        }
    }

    async fn forget(&self, recording: Recording) {
        let spool = self.exchange.mailboxes.spool();
        if let Err(error) = spool.discard(recording.decided()).await {
            warn!(%error, "a recording can't be discarded");
        }
    }

    pub(super) fn counted(&self, result: &str) {
        self.exchange
            .metrics
            .messages_total
            .with_label_values(&[result])
            .inc();
    }
}

#[async_trait(?Send)]
impl Office for CallOffice {
    type Audio = Spoken;
    type Recording = Recording;
    type Inbox = HomeInbox;

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    fn speaks(&self, language: &str) -> bool {
        self.exchange.voice.library().has(language)
    }

    fn expect_login(&self, user: &UserEntry) {
        self.exchange.homes.of_user(&user.name).expect_login();
    }

    async fn login(&self, user: &UserEntry, side: Side, pin: &str) -> Login<HomeInbox> {
        match self
            .exchange
            .homes
            .of_user(&user.name)
            .login(side, pin)
            .await
        {
            Some(LoginAnswer::Admitted(inbox)) => Login::Admitted(inbox),
            Some(LoginAnswer::Wrong) => Login::Wrong,
            Some(LoginAnswer::LockedOut) => Login::LockedOut,
            Some(LoginAnswer::Locked(left)) => Login::Locked(left),
            Some(LoginAnswer::Unavailable) | None => Login::Unavailable,
        }
    }

    async fn begin_outside_call(&self, user: &UserEntry) -> bool {
        let home = self.exchange.homes.of_user(&user.name);
        home.begin_outside_call().await
    }

    async fn spoken_name(&self, user: &UserEntry) -> Option<Spoken> {
        let name = self.mailbox(user)?.name().await;
        name.inspect_err(|error| warn!(user = %user.name, %error, "a recorded name can't be read"))
            .ok()?
            .map(Spoken)
    }

    async fn greeting(&self, user: &UserEntry, slot: GreetingSlot) -> Option<Spoken> {
        let slot = stored_slot(slot).ok()?;
        let greeting = self.mailbox(user)?.greeting(&slot).await;
        greeting
            .inspect_err(|error| warn!(user = %user.name, %error, "a greeting can't be read"))
            .ok()?
            .map(Spoken)
    }

    async fn shared_recording(&self, file: &str) -> Option<Spoken> {
        let recording = self.exchange.recordings.get(file, self.codec).await;
        recording.map(Spoken)
    }

    async fn begin(&self, draft: Draft<'_>) -> Result<Begun<Recording>, Refusal> {
        match draft {
            Draft::Message { to, from, forwards } => self.begin_message(to, from, forwards).await,
            Draft::Words { .. } => self.begin_words(),
        }
    }

    async fn deliver(&self, recording: Recording) -> Result<Receipt, NotSent> {
        match self.promise(&recording).await {
            Ok(promise) => {
                recording.decided();
                Ok(Receipt {
                    left_out: self.too_long_for(&promise.left_out),
                })
            }
            Err(error) => {
                // Its caller is told that it is not sent: it must not arrive all the same.
                self.forget(recording).await;
                Err(error)
            }
        }
    }

    async fn let_go(&self, recording: Recording) {
        if self.promise(&recording).await.is_ok() {
            recording.decided();
        }
    }

    async fn discard(&self, recording: Recording) {
        let is_message = recording.words.is_none();
        self.forget(recording).await;
        if is_message {
            self.counted("discarded");
        }
    }

    async fn playback(&self, recording: &Recording) -> Result<Spoken, Unavailable> {
        match self.exchange.mailboxes.spool().take(recording.id).await {
            Ok(mut audio) => {
                if let Some(lasted) = &recording.words {
                    audio.extend_to(lasted.get());
                }
                Ok(Spoken(Arc::new(audio)))
            }
            Err(error) => {
                warn!(%error, "a recording can't be played");
                Err(Unavailable)
            }
        }
    }
}
