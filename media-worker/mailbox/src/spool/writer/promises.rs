//! What becomes of a recording when its caller has finished: a promise, its audio, or nothing.

use super::{Writer, answer};
use crate::message::Delivered;
use crate::spool::entry::{Entry, Promised};
use crate::spool::ledger::{Record, Stage};
use crate::spool::{Promise, SpoolError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot::Sender;

/// A recording whose last frames are waited for.
pub(super) struct Waiting {
    recording: u64,
    until: Instant,
    wants: Wants,
}

/// What for, and who.
pub(super) enum Wants {
    Promise(Sender<Result<Promise, SpoolError>>),
    Audio(Sender<Result<Arc<Record>, SpoolError>>),
    /// Nobody: its caller has gone.
    Decision,
}

impl Writer {
    /// Answers once the recording has ended, or it is clear that no more frames come.
    pub(super) fn wait_for(&mut self, recording: u64, wants: Wants, now: Instant) {
        let until = now + LAST_FRAMES;
        self.waiting.push(Waiting {
            recording,
            until,
            wants,
        });
    }

    /// Promises what has all its frames, with one sync for all.
    pub(super) fn answer_waiting(&mut self, now: Instant) {
        let (ready, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| {
                let record = self.journal.ledger().get(waiting.recording);
                now >= waiting.until || record.is_none_or(|record| record.stage != Stage::Recording)
            });
        self.waiting = waiting;
        let mut promises = Vec::new();
        for Waiting {
            recording, wants, ..
        } in ready
        {
            match wants {
                Wants::Audio(reply) => answer(reply, self.record(recording)),
                Wants::Promise(reply) => match self.stage_promise(recording) {
                    Ok(()) => promises.push((recording, Some(reply))),
                    Err(error) => answer(reply, Err(error)),
                },
                Wants::Decision => match self.stage_promise(recording) {
                    Ok(()) => promises.push((recording, None)),
                    Err(_) => self.forget(recording),
                },
            }
        }
        if promises.is_empty() {
            return;
        }
        self.write();
        let synced = self.commit();
        for (recording, reply) in promises {
            let told = self.promise(recording).ok_or_else(|| {
                if synced {
                    SpoolError::Full
                } else {
                    SpoolError::Disk("the promise was not synced".into())
                }
            });
            if told.is_ok() && self.board.is_under_way(recording) {
                self.announce(recording);
            }
            match reply {
                Some(reply) => answer(reply, told),
                None if told.is_err() => self.held_up.push(recording),
                None => {}
            }
        }
    }

    /// There may be room now for what was held up.
    pub(super) fn resume(&mut self, now: Instant) {
        for recording in std::mem::take(&mut self.held_up) {
            self.wait_for(recording, Wants::Decision, now);
        }
    }

    /// What is no message takes no room.
    fn forget(&mut self, recording: u64) {
        if self.journal.ledger().get(recording).is_some() {
            self.journal.stage(Entry::Discarded(recording));
        }
        self.board.gone(recording);
    }

    fn record(&self, recording: u64) -> Result<Arc<Record>, SpoolError> {
        let missing = || {
            if self.board.is_under_way(recording) {
                SpoolError::Full
            } else {
                SpoolError::Unknown
            }
        };
        self.journal
            .ledger()
            .get(recording)
            .cloned()
            .map(Arc::new)
            .ok_or_else(missing)
    }

    fn stage_promise(&mut self, recording: u64) -> Result<(), SpoolError> {
        let Some(record) = self.journal.ledger().get(recording) else {
            let began = self.board.is_under_way(recording);
            self.board.gone(recording);
            // It began, but the log had no room for it.
            return Err(if began {
                SpoolError::Full
            } else {
                SpoolError::Unknown
            });
        };
        if record.draft.message.is_none() {
            return Err(SpoolError::Unknown);
        }
        let entry = match record.stage {
            Stage::Promised(_) => return Ok(()),
            Stage::Recording | Stage::Ended if record.is_long_enough() => Entry::Promised(
                recording,
                Promised {
                    partial: record.lost > 0,
                    length: Some(record.duration()),
                },
            ),
            Stage::Recording | Stage::Ended => {
                let error = if record.lost > 0 {
                    SpoolError::Full
                } else {
                    SpoolError::TooShort
                };
                self.forget(recording);
                return Err(error);
            }
        };
        self.journal.stage(entry);
        Ok(())
    }

    /// The promise as it is in the log; `None` where the disk did not take it.
    fn promise(&self, recording: u64) -> Option<Promise> {
        let record = self.journal.ledger().get(recording)?;
        let message = record.draft.message.as_ref()?;
        match record.stage {
            Stage::Promised(Promised { partial, .. }) => Some(Promise {
                message: message.id.clone(),
                duration: record.duration(),
                partial,
                left_out: record.left_out().cloned().collect(),
            }),
            Stage::Recording | Stage::Ended => None,
        }
    }

    pub(super) fn announce(&mut self, recording: u64) {
        let Some(record) = self.journal.ledger().get(recording) else {
            return;
        };
        let Some(message) = &record.draft.message else {
            return;
        };
        self.board.promise(recording, Arc::new(record.clone()));
        for mailbox in record.recipients() {
            // Nobody listens when the worker is going down.
            let _ = self.delivered.send(Delivered {
                mailbox: mailbox.clone(),
                message: message.id.clone(),
            });
        }
    }
}

/// How long a promise waits for the end of audio that was on its way.
const LAST_FRAMES: Duration = Duration::from_millis(250);
