//! The spool's thread: drains the media threads, writes, syncs, answers.

mod promises;

use super::appender::{Said, next_said};
use super::board::Board;
use super::entry::{Entry, Reader, StateChanged};
use super::journal::Journal;
use super::ledger::{Record, Stage, StoredDraft};
use super::{Promise, SpoolError, SpoolOptions};
use crate::details::CallDetail;
use crate::ids::MailboxId;
use crate::message::{Delivered, MessageState};
use promises::{Waiting, Wants};
use rtrb::Consumer;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot::Sender;

/// What the thread is asked.
pub(super) enum Command {
    Begin(u64, Box<StoredDraft>),
    Ring(Consumer<u8>),
    Deliver(u64, Sender<Result<Promise, SpoolError>>),
    Discard(u64, Sender<Result<(), SpoolError>>),
    Abandon(u64),
    Take(u64, Sender<Result<Arc<Record>, SpoolError>>),
    State(u64, MailboxId, MessageState, Sender<Result<(), SpoolError>>),
    Settle(Vec<u64>, Sender<()>),
    Detail(Box<CallDetail>),
    Details(Sender<Vec<(u64, CallDetail)>>),
    DetailsStored(u64),
    Close(Sender<()>),
}

/// A media thread's ring, and the first part of an entry whose rest has not come yet.
struct Ring {
    consumer: Consumer<u8>,
    drained: Vec<u8>,
}

/// Whether the thread shall end.
enum Closing {
    No,
    /// Nobody is left who could ask anything.
    Orphaned,
    Asked(Sender<()>),
}

pub(super) struct Writer {
    journal: Journal,
    board: Arc<Board>,
    commands: Receiver<Command>,
    delivered: UnboundedSender<Delivered>,
    rings: Vec<Ring>,
    waiting: Vec<Waiting>,
    /// Recordings of callers who have gone, whose promise found no room.
    held_up: Vec<u64>,
    next_detail: u64,
    commit_every: Duration,
    max_bytes: u64,
    /// When the oldest unsynced bytes were written.
    dirty_since: Option<Instant>,
    look_for_room: Instant,
    closing: Closing,
}

impl Writer {
    pub(super) fn new(
        journal: Journal,
        board: Arc<Board>,
        commands: Receiver<Command>,
        options: &SpoolOptions,
        delivered: UnboundedSender<Delivered>,
    ) -> Self {
        let next_detail = journal.ledger().next_detail();
        let mut writer = Self {
            journal,
            board,
            commands,
            delivered,
            rings: Vec::new(),
            waiting: Vec::new(),
            held_up: Vec::new(),
            next_detail,
            commit_every: options.commit_every,
            max_bytes: options.max_bytes,
            dirty_since: None,
            look_for_room: Instant::now(),
            closing: Closing::No,
        };
        let promised: Vec<u64> = writer
            .journal
            .ledger()
            .records()
            .map(|(id, _)| id)
            .collect();
        for recording in promised {
            writer.announce(recording);
        }
        writer.check_room(Instant::now());
        writer
    }

    /// Works until closed.
    pub(super) fn run(mut self) {
        loop {
            let now = Instant::now();
            // Read before the commands: who appends a frame has begun the recording before.
            let waiting_bytes: Vec<usize> = self
                .rings
                .iter()
                .map(|ring| ring.consumer.slots())
                .collect();
            self.obey(now);
            for (index, bytes) in waiting_bytes.into_iter().enumerate() {
                self.drain(index, bytes);
            }
            self.rings
                .retain(|ring| !(ring.consumer.is_abandoned() && ring.consumer.is_empty()));
            self.write();
            self.answer_waiting(now);
            self.commit_if_due(now);
            self.check_room(now);
            match std::mem::replace(&mut self.closing, Closing::No) {
                Closing::No => {}
                Closing::Orphaned => return self.finish(),
                Closing::Asked(reply) => {
                    self.finish();
                    return answer(reply, ());
                }
            }
            std::thread::park_timeout(self.rest(Instant::now()));
        }
    }

    fn obey(&mut self, now: Instant) {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.obey_one(command, now),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    if matches!(self.closing, Closing::No) {
                        self.closing = Closing::Orphaned;
                    }
                    return;
                }
            }
        }
    }

    fn obey_one(&mut self, command: Command, now: Instant) {
        match command {
            Command::Begin(id, draft) => self.journal.stage(Entry::Begin(id, draft)),
            Command::Ring(consumer) => self.rings.push(Ring {
                consumer,
                drained: Vec::new(),
            }),
            Command::Deliver(id, reply) => self.wait_for(id, Wants::Promise(reply), now),
            Command::Take(id, reply) => self.wait_for(id, Wants::Audio(reply), now),
            Command::Abandon(id) => self.wait_for(id, Wants::Decision, now),
            Command::Discard(id, reply) => answer(reply, self.discard(id)),
            Command::State(id, mailbox, state, reply) => {
                answer(reply, self.set_state(id, mailbox, state));
            }
            Command::Settle(ids, reply) => {
                for &id in &ids {
                    self.journal.stage(Entry::Settled(id));
                }
                self.write();
                for id in ids {
                    self.board.gone(id);
                }
                answer(reply, ());
            }
            Command::Detail(detail) => {
                self.journal.stage(Entry::Detail(self.next_detail, detail));
                self.next_detail += 1;
            }
            Command::Details(reply) => {
                self.write();
                answer(
                    reply,
                    self.journal
                        .ledger()
                        .details()
                        .map(|(number, detail)| (number, detail.clone()))
                        .collect(),
                );
            }
            Command::DetailsStored(upto) => self.journal.stage(Entry::DetailsStored(upto)),
            Command::Close(reply) => self.closing = Closing::Asked(reply),
        }
    }

    fn discard(&mut self, id: u64) -> Result<(), SpoolError> {
        self.write();
        let stage = self.journal.ledger().get(id).map(|record| record.stage);
        match stage {
            Some(Stage::Promised(_)) => Err(SpoolError::Unknown),
            Some(Stage::Recording | Stage::Ended) | None => {
                self.journal.stage(Entry::Discarded(id));
                self.board.gone(id);
                Ok(())
            }
        }
    }

    fn set_state(
        &mut self,
        id: u64,
        mailbox: MailboxId,
        state: MessageState,
    ) -> Result<(), SpoolError> {
        self.journal.stage(Entry::State(
            id,
            StateChanged {
                mailbox: mailbox.clone(),
                state,
            },
        ));
        self.journal.write()?;
        self.note_written();
        self.board.set_state(id, mailbox, state);
        Ok(())
    }

    fn drain(&mut self, index: usize, bytes: usize) {
        let Some(Ring { consumer, drained }) = self.rings.get_mut(index) else {
            return;
        };
        if let Ok(chunk) = consumer.read_chunk(bytes) {
            let (first, second) = chunk.as_slices();
            drained.extend_from_slice(first);
            drained.extend_from_slice(second);
            chunk.commit_all();
        }
        let mut rest = Reader {
            bytes: drained,
            at: 0,
        };
        while let Some(said) = next_said(&mut rest) {
            match said {
                Said::Frame(recording, frame) => self.journal.stage_frames(recording, frame),
                Said::Lost(recording, frames) => self.journal.stage(Entry::Lost(recording, frames)),
                Said::Ended(recording) => self.journal.stage(Entry::Ended(recording)),
            }
        }
        let parsed = rest.at;
        drained.drain(..parsed);
    }

    fn write(&mut self) {
        if let Err(error) = self.journal.write() {
            tracing::error!(%error, "the spool cannot write");
            self.refuse_for_a_while();
        }
        self.note_written();
    }

    fn note_written(&mut self) {
        if self.journal.is_dirty() && self.dirty_since.is_none() {
            self.dirty_since = Some(Instant::now());
        }
    }

    fn commit_if_due(&mut self, now: Instant) {
        if self
            .dirty_since
            .is_some_and(|since| now.duration_since(since) >= self.commit_every)
        {
            self.commit();
        }
    }

    fn commit(&mut self) -> bool {
        self.dirty_since = None;
        match self.journal.sync() {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "the spool cannot sync");
                self.refuse_for_a_while();
                false
            }
        }
    }

    fn finish(&mut self) {
        self.journal.stage_owed();
        self.write();
        self.commit();
    }

    fn refuse_for_a_while(&mut self) {
        self.board.set_full(true);
        self.look_for_room = Instant::now() + LOOK_FOR_ROOM;
    }

    fn check_room(&mut self, now: Instant) {
        if now >= self.look_for_room {
            self.look_for_room = now + LOOK_FOR_ROOM;
            let has_room = self.journal.has_room();
            let has_size = self.journal.size() < self.max_bytes;
            self.board.set_full(!has_room || !has_size);
            if has_room {
                self.journal.stage_owed();
                self.resume(now);
            }
        }
    }

    fn rest(&self, now: Instant) -> Duration {
        let recording = self
            .journal
            .ledger()
            .records()
            .any(|(_, record)| record.stage == Stage::Recording);
        let busy = recording || !self.waiting.is_empty() || self.journal.has_staged();
        let poll = if busy { POLL } else { LOOK_FOR_ROOM };
        let due = self
            .dirty_since
            .map(|since| (since + self.commit_every).saturating_duration_since(now));
        due.map_or(poll, |due| due.min(poll))
    }
}

fn answer<T>(reply: Sender<T>, value: T) {
    // Whoever asked may have gone meanwhile: a caller who hung up.
    let _ = reply.send(value);
}

/// How often rings are looked into while anything records.
const POLL: Duration = Duration::from_millis(100);
const LOOK_FOR_ROOM: Duration = Duration::from_secs(2);
