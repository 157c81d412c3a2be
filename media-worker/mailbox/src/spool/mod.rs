//! The spool: recordings go to one append-only log on the local disk before anything is promised, and from there to the store.
//!
//! Media threads append frames through an [`Appender`]; one thread of the spool's own writes them, syncs once a second and at every
//! promise, and recovers after a crash. Order of truth: what the log says was promised is delivered, once, whatever happens.

mod appender;
mod board;
#[cfg(test)]
mod crash_tests;
mod entry;
mod journal;
mod ledger;
mod lock;
mod reserve;
mod segment;
mod writer;

pub use appender::Appender;
pub use board::Place;
pub use lock::{LockError, SpoolLock};

pub(crate) use board::{Board, Claimed, Pending, Spooled};
pub(crate) use ledger::StoredMessage;
pub(crate) use segment::Salvaged;

use crate::details::CallDetail;
use crate::disk::{Disk, is_full};
use crate::ids::{MailboxId, MessageId, NameSource};
use crate::message::{Delivered, Delivery, MessageState};
use journal::Journal;
use ledger::StoredDraft;
use media::codec::Codec;
use media::recording::Recording;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::Thread;
use std::time::Duration;
use tokio::sync::{mpsc as async_mpsc, oneshot};
use writer::{Command, Writer};

/// Names a recording in the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId(pub u64);

/// What a recording is for.
#[derive(Debug)]
pub struct Draft {
    /// A message, or something that nothing is promised about.
    pub kind: DraftKind,
    /// The codec of its frames.
    pub codec: Codec,
    /// Shorter ones are discarded.
    pub min_length: Duration,
    /// The places held for it by [`crate::Mailbox::room`].
    pub places: Vec<Place>,
}

/// The two purposes of a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum DraftKind {
    /// A message to these recipients.
    Message(Box<Delivery>),
    /// A greeting or a name: taken by its owner or forgotten.
    Scratch,
}

/// What a caller may be told: the message is safe on the disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Promise {
    /// The message's name in every mailbox.
    pub message: MessageId,
    /// How long it is.
    pub duration: Duration,
    /// Audio is missing from it.
    pub partial: bool,
    /// Recipients who do not get it, as it became too long for them.
    pub left_out: Vec<MailboxId>,
}

/// Why the spool cannot do as asked.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpoolError {
    /// The disk, or the room given to the spool, is full: no messages can be taken.
    #[error("no room for messages on the disk")]
    Full,
    /// Shorter than a message may be: it was discarded.
    #[error("the recording is too short to be a message")]
    TooShort,
    /// There is no such recording, or none that this can be done to.
    #[error("no such recording")]
    Unknown,
    /// The disk failed.
    #[error("the disk of the spool failed: {0}")]
    Disk(String),
    /// The spool was closed.
    #[error("the spool is closed")]
    Closed,
}

impl From<io::Error> for SpoolError {
    fn from(error: io::Error) -> Self {
        if is_full(&error) {
            Self::Full
        } else {
            Self::Disk(error.to_string())
        }
    }
}

/// How a spool works.
#[derive(Clone, Debug)]
pub struct SpoolOptions {
    /// Its folder on the disk.
    pub folder: String,
    /// A segment of the log ends at this size.
    pub segment_bytes: u64,
    /// More than this is not kept: new recordings are refused.
    pub max_bytes: u64,
    /// Each media thread's room for frames that wait for the disk.
    pub ring_bytes: usize,
    /// How long written audio may wait for its sync.
    pub commit_every: Duration,
}

impl Default for SpoolOptions {
    fn default() -> Self {
        Self {
            folder: "spool".to_owned(),
            segment_bytes: 32 << 20,
            max_bytes: 16 << 30,
            ring_bytes: 4 << 20,
            // With the wait for the writer and the sync itself, a second.
            commit_every: Duration::from_millis(750),
        }
    }
}

/// The spool of one worker. Clones are the same spool.
#[derive(Clone)]
pub struct Spool {
    inner: Arc<Inner>,
}

struct Inner {
    commands: mpsc::Sender<Command>,
    thread: Thread,
    board: Arc<Board>,
    next_recording: AtomicU64,
    names: Arc<NameSource>,
    ring_bytes: usize,
    runs: segment::Runs,
}

impl Spool {
    /// Opens the log, decides what a crash left undecided, and starts the writing thread. Blocks while it reads.
    ///
    /// Every promised message is announced on `delivered`, those found in the log too.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: &SpoolOptions,
        names: Arc<NameSource>,
        delivered: async_mpsc::UnboundedSender<Delivered>,
    ) -> Result<Self, SpoolError> {
        let journal = Journal::open(disk, &options.folder, options.segment_bytes)?;
        let board = Arc::new(Board::default());
        let next_recording = AtomicU64::new(journal.ledger().next_recording());
        let runs = journal.reader();
        let (commands, received) = mpsc::channel();
        let writer = Writer::new(journal, board.clone(), received, options, delivered);
        let handle = std::thread::Builder::new()
            .name("spool".into())
            .spawn(move || writer.run())?;
        let thread = handle.thread().clone();
        let ring_bytes = options.ring_bytes;
        let inner = Inner {
            commands,
            thread,
            board,
            next_recording,
            names,
            ring_bytes,
            runs,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Begins a recording: frames appended under this name from now on are kept.
    ///
    /// Fails with [`SpoolError::Full`] where the caller has to be told that messages can't be taken.
    pub fn begin(&self, draft: Draft) -> Result<RecordingId, SpoolError> {
        if self.inner.board.is_full() {
            return Err(SpoolError::Full);
        }
        let id = self.inner.next_recording.fetch_add(1, Ordering::Relaxed);
        let message = match draft.kind {
            DraftKind::Message(delivery) => Some(StoredMessage::new(*delivery, &self.inner.names)),
            DraftKind::Scratch => None,
        };
        let recipients = message
            .as_ref()
            .map(|m| m.delivery.recipients.clone())
            .unwrap_or_default();
        self.inner.board.begun(id, recipients, &draft.places);
        drop(draft.places);
        let stored = StoredDraft {
            message,
            codec: draft.codec.name().to_owned(),
            min_length: draft.min_length,
        };
        self.send(Command::Begin(id, Box::new(stored)))?;
        Ok(RecordingId(id))
    }

    /// A writer for one media thread.
    pub fn writer(&self) -> Result<Appender, SpoolError> {
        let (producer, consumer) = rtrb::RingBuffer::new(self.inner.ring_bytes);
        self.send(Command::Ring(consumer))?;
        Ok(Appender::new(producer, self.inner.thread.clone()))
    }

    /// Promises the message: once this has returned, the caller may be told, and it is never lost.
    ///
    /// Waits a moment for audio still on its way. A recording that is too short is discarded: [`SpoolError::TooShort`]. Where the disk does
    /// not take the promise, nothing is decided: discard the recording if its caller is told so, else abandon it.
    pub async fn deliver(&self, recording: RecordingId) -> Result<Promise, SpoolError> {
        self.ask(|reply| Command::Deliver(recording.0, reply))
            .await?
    }

    /// Forgets a recording that was not promised.
    pub async fn discard(&self, recording: RecordingId) -> Result<(), SpoolError> {
        self.ask(|reply| Command::Discard(recording.0, reply))
            .await?
    }

    /// Decides about a recording whose caller has gone without a word, as a crash would: a message where he said enough, else nothing. Where
    /// the disk has no room for that, it is done as soon as there is.
    pub fn abandon(&self, recording: RecordingId) {
        // A spool that is closed decides at its next start.
        let _ = self.send(Command::Abandon(recording.0));
    }

    /// A recording's audio so far, to review it or to keep it as a greeting; the recording stays until delivered or discarded.
    pub async fn take(&self, recording: RecordingId) -> Result<Recording, SpoolError> {
        let record = self
            .ask(|reply| Command::Take(recording.0, reply))
            .await??;
        self.read(record).await?.whole()
    }

    /// When the oldest message was left that is promised and not in the store yet.
    pub fn oldest(&self) -> Option<jiff::Timestamp> {
        let pending = self.inner.board.pending();
        let draft = &pending.first()?.record.draft;
        draft
            .message
            .as_ref()
            .map(|message| message.delivery.received)
    }

    /// Writes and syncs what is there, and stops. Recordings still open are decided at the next start.
    pub async fn close(&self) {
        // A spool whose thread is gone is closed.
        let _ = self.ask(Command::Close).await;
    }

    /// Notes a call's details, to be carried to the store with the next batch.
    pub fn append_detail(&self, detail: CallDetail) -> Result<(), SpoolError> {
        self.send(Command::Detail(Box::new(detail)))
    }

    /// What is promised, who holds places.
    pub(crate) fn board(&self) -> &Arc<Board> {
        &self.inner.board
    }

    /// Changes the state of a promised message in one mailbox.
    pub(crate) async fn set_state(
        &self,
        recording: u64,
        mailbox: MailboxId,
        state: MessageState,
    ) -> Result<(), SpoolError> {
        self.ask(|reply| Command::State(recording, mailbox, state, reply))
            .await?
    }

    /// The messages are in the store and in every mailbox.
    pub(crate) async fn settle(&self, recordings: Vec<u64>) -> Result<(), SpoolError> {
        self.ask(|reply| Command::Settle(recordings, reply)).await
    }

    /// Call details that are not stored yet.
    pub(crate) async fn details(&self) -> Result<Vec<(u64, CallDetail)>, SpoolError> {
        self.ask(Command::Details).await
    }

    /// Call details up to this one are stored.
    pub(crate) fn details_stored(&self, upto: u64) -> Result<(), SpoolError> {
        self.send(Command::DetailsStored(upto))
    }

    /// Reads a recording out of the log, as far as the disk gives it.
    pub(crate) async fn read(&self, record: Arc<ledger::Record>) -> Result<Salvaged, SpoolError> {
        let runs = self.inner.runs.clone();
        let read = tokio::task::spawn_blocking(move || runs.read(&record)).await;
        read.unwrap_or_else(|error| Err(SpoolError::Disk(error.to_string())))
    }

    /// Whether the disk keeps what is written now.
    pub(crate) async fn disk_works(&self) -> bool {
        let runs = self.inner.runs.clone();
        let tried = tokio::task::spawn_blocking(move || runs.disk_works()).await;
        tried.unwrap_or(false)
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, SpoolError> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply))?;
        answer.await.map_err(|_| SpoolError::Closed)
    }

    fn send(&self, command: Command) -> Result<(), SpoolError> {
        self.inner
            .commands
            .send(command)
            .map_err(|_| SpoolError::Closed)?;
        self.inner.thread.unpark();
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The thread sees that nobody can ask it any more.
        let (commands, _) = mpsc::channel();
        drop(std::mem::replace(&mut self.commands, commands));
        self.thread.unpark();
    }
}
