//! The log on a disk: stages entries, writes them as chunks, syncs, rolls segments, recovers. Synchronous and without threads.

use super::entry::{self, CHUNK_HEAD, Entry, MAGIC, Promised};
use super::ledger::{Extent, Ledger, Record, RunTimes, Stage};
use super::reserve::Reserve;
use super::{SpoolError, segment};
use crate::disk::{Disk, DiskFile, is_full};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

/// The log, its ledger, and what waits to be written.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    dir: String,
    segment_bytes: u64,
    active: Option<Active>,
    next_segment: u64,
    /// Segments before the active one, oldest first.
    old: std::collections::VecDeque<u64>,
    reserve: Reserve,
    ledger: Ledger,
    staged: Vec<Entry>,
    /// Recordings whose discard found no room: until it is in the log, a crash would make messages of them.
    owed_discards: Vec<u64>,
    /// All entries that no sync covers yet.
    unsynced: Vec<u8>,
    /// Segments that the disk failed, and from where on: what they have of the unsynced entries is not relied on.
    failed: Vec<(u64, u64)>,
    runs: HashMap<u64, Vec<u8>>,
    run_bytes: usize,
    body: Vec<u8>,
    chunk: Vec<u8>,
}

struct Active {
    number: u64,
    file: Box<dyn DiskFile>,
    len: u64,
    synced: u64,
}

impl Journal {
    /// Reads what the folder holds, decides about recordings that a crash cut off, and begins a new segment.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        dir: &str,
        segment_bytes: u64,
    ) -> Result<Self, SpoolError> {
        disk.make_dir(dir)?;
        let numbers = segment::numbers(&*disk, dir)?;
        let mut ledger = Ledger::default();
        for &number in &numbers {
            segment::replay(&*disk, dir, number, &mut ledger)?;
        }
        let mut journal = Self {
            reserve: Reserve::open(disk.clone(), dir),
            disk,
            dir: dir.to_owned(),
            segment_bytes,
            active: None,
            next_segment: numbers.last().map_or(1, |last| last + 1),
            old: numbers.into(),
            ledger,
            staged: Vec::new(),
            owed_discards: Vec::new(),
            unsynced: Vec::new(),
            failed: Vec::new(),
            runs: HashMap::new(),
            run_bytes: 0,
            body: Vec::new(),
            chunk: Vec::new(),
        };
        let decided = journal.decide_cut_off();
        journal.staged.extend(decided.iter().cloned());
        match journal.write().and_then(|()| journal.sync()) {
            Ok(()) => {}
            // A full disk must not keep the worker from starting: what is there can still be carried away. The next start decides the same.
            Err(SpoolError::Full) => {
                for entry in decided {
                    journal.ledger.apply(entry, journal.next_segment);
                }
            }
            Err(error) => return Err(error),
        }
        journal.drop_old_segments();
        Ok(journal)
    }

    /// What is not settled.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Stages an entry for the next write.
    pub(crate) fn stage(&mut self, entry: Entry) {
        self.staged.push(entry);
    }

    /// Stages frames of a recording, in a run's form.
    pub(crate) fn stage_frames(&mut self, recording: u64, frames: &[u8]) {
        self.runs
            .entry(recording)
            .or_default()
            .extend_from_slice(frames);
        self.run_bytes += frames.len();
    }

    /// Whether anything waits for the next write.
    pub(crate) fn has_staged(&self) -> bool {
        !self.staged.is_empty() || self.run_bytes > 0
    }

    /// Stages the discards that found no room before.
    pub(crate) fn stage_owed(&mut self) {
        let owed = self.owed_discards.drain(..).map(Entry::Discarded);
        self.staged.extend(owed);
    }

    /// Whether anything written waits for a sync.
    pub(crate) fn is_dirty(&self) -> bool {
        let active = self.active.as_ref();
        !self.failed.is_empty() || active.is_some_and(|active| active.synced < active.len)
    }

    /// Whether the reserve for a full disk is in place, so that new recordings may begin.
    pub(crate) fn has_room(&mut self) -> bool {
        self.reserve.fill()
    }

    /// Bytes in all segments together, by their greatest size.
    pub(crate) fn size(&self) -> u64 {
        self.old.len() as u64 * self.segment_bytes
            + self.active.as_ref().map_or(0, |active| active.len)
    }

    /// Writes what is staged as one chunk. On an error nothing of it is in the log: frames are counted as lost, promises and beginnings did
    /// not happen, and endings, discards and settlements hold all the same: a crash would merely repeat them, and discards are written later.
    pub(crate) fn write(&mut self) -> Result<(), SpoolError> {
        if !self.has_staged() {
            return Ok(());
        }
        let staged = std::mem::take(&mut self.staged);
        let spans = self.build_body(&staged);
        match self.append_chunk() {
            Ok((number, body_at)) => {
                self.unsynced.extend_from_slice(&self.body);
                self.apply_written(staged, &spans, number, body_at);
                Ok(())
            }
            Err(error) => {
                self.apply_unwritten(staged);
                Err(error)
            }
        }
    }

    /// Makes all that was written durable. What the disk fails to sync is written once more, in another segment. When that fails too, nothing
    /// since the sync before is relied on: its audio is counted as damaged, and its promises are taken back.
    pub(crate) fn sync(&mut self) -> Result<(), SpoolError> {
        if !self.is_dirty() {
            return Ok(());
        }
        if let Err(error) = self.make_durable() {
            tracing::warn!(%error, "the spool cannot sync; what was not synced is written again");
            if let Err(error) = self.make_durable() {
                self.give_up_unsynced();
                return Err(error);
            }
        }
        let idle = self.ledger.oldest_needed().is_none();
        if let Some(active) = self.active.take_if(|active| {
            active.len >= self.segment_bytes || (active.len >= IDLE_SEGMENT && idle)
        }) {
            self.old.push_back(active.number);
        }
        self.drop_old_segments();
        Ok(())
    }

    /// The bytes of a recording's runs, in order.
    pub(crate) fn reader(&self) -> segment::Runs {
        segment::Runs::new(self.disk.clone(), &self.dir)
    }

    fn make_durable(&mut self) -> Result<(), SpoolError> {
        if !self.failed.is_empty() {
            // In one segment, or the order of what is in it and what is written again would be lost.
            self.leave_active();
            self.write_again()?;
        }
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        if let Err(error) = active.file.sync() {
            self.leave_active();
            return Err(error.into());
        }
        active.synced = active.len;
        self.unsynced.clear();
        self.failed.clear();
        Ok(())
    }

    /// Goes on in another segment. What the disk did not sync of this one it may have forgotten, and would not say so when asked again.
    fn leave_active(&mut self) {
        if let Some(active) = self.active.take() {
            if active.synced < active.len {
                self.failed.push((active.number, active.synced));
            }
            self.old.push_back(active.number);
        }
    }

    /// Writes all that is not synced as one chunk, which counts instead of what the failed segments may have kept of it.
    fn write_again(&mut self) -> Result<(), SpoolError> {
        self.body.clear();
        for &(segment, from) in &self.failed {
            entry::put(&mut self.body, &Entry::Again(segment, from));
        }
        self.body.extend_from_slice(&self.unsynced);
        let place = self.append_chunk()?;
        for entry in entry::entries(&self.body) {
            match entry {
                Entry::Again(segment, from) => self.ledger.forget_audio(segment, from),
                Entry::Frames(recording, span) => {
                    segment::add_frames(&mut self.ledger, recording, place, &self.body, span);
                }
                // The ledger knows them.
                Entry::Begin(..)
                | Entry::Lost(..)
                | Entry::Ended(_)
                | Entry::Promised(..)
                | Entry::Discarded(_)
                | Entry::Settled(_)
                | Entry::State(..)
                | Entry::Detail(..)
                | Entry::DetailsStored(_) => {}
            }
        }
        Ok(())
    }

    fn give_up_unsynced(&mut self) {
        self.leave_active();
        for (segment, from) in self.failed.drain(..) {
            self.ledger.doubt(segment, from);
        }
        for entry in entry::entries(&self.unsynced) {
            match entry {
                // It goes on, and audio without a beginning would count for nothing. A second beginning changes nothing.
                Entry::Begin(id, _) if self.ledger.is_recording(id) => self.staged.push(entry),
                Entry::Promised(id, _) => self.ledger.take_back(id),
                Entry::Begin(..)
                | Entry::Frames(..)
                | Entry::Lost(..)
                | Entry::Ended(_)
                | Entry::Discarded(_)
                | Entry::Settled(_)
                | Entry::State(..)
                | Entry::Detail(..)
                | Entry::DetailsStored(_)
                | Entry::Again(..) => {}
            }
        }
        self.unsynced.clear();
    }

    fn build_body(&mut self, staged: &[Entry]) -> Vec<(u64, entry::Span, RunTimes)> {
        self.body.clear();
        for begin in staged
            .iter()
            .filter(|entry| matches!(entry, Entry::Begin(..)))
        {
            entry::put(&mut self.body, begin);
        }
        let mut spans = Vec::new();
        for (&recording, run) in self.runs.iter().filter(|(_, run)| !run.is_empty()) {
            if let Some(times) = RunTimes::of(run) {
                spans.push((
                    recording,
                    entry::put_frames(&mut self.body, recording, run),
                    times,
                ));
            }
        }
        for other in staged
            .iter()
            .filter(|entry| !matches!(entry, Entry::Begin(..)))
        {
            entry::put(&mut self.body, other);
        }
        spans
    }

    fn apply_written(
        &mut self,
        staged: Vec<Entry>,
        spans: &[(u64, entry::Span, RunTimes)],
        number: u64,
        body_at: u64,
    ) {
        let (begins, others): (Vec<_>, Vec<_>) = staged
            .into_iter()
            .partition(|entry| matches!(entry, Entry::Begin(..)));
        for begin in begins {
            self.ledger.apply(begin, number);
        }
        for &(recording, span, times) in spans {
            let extent = Extent {
                segment: number,
                offset: body_at + span.offset as u64,
                len: span.len as u32,
            };
            self.ledger.add_frames(recording, extent, times);
        }
        for other in others {
            self.ledger.apply(other, number);
        }
        self.forget_runs();
    }

    fn apply_unwritten(&mut self, staged: Vec<Entry>) {
        for (recording, run) in &self.runs {
            let frames = entry::frames(run).count() as u32;
            if frames > 0 {
                self.ledger.apply(Entry::Lost(*recording, frames), 0);
            }
        }
        self.forget_runs();
        let number = self
            .active
            .as_ref()
            .map_or(self.next_segment, |active| active.number);
        for entry in staged {
            match entry {
                Entry::Discarded(id) => {
                    self.owed_discards.push(id);
                    self.ledger.apply(entry, number);
                }
                Entry::Lost(..) | Entry::Ended(_) | Entry::Settled(_) | Entry::DetailsStored(_) => {
                    self.ledger.apply(entry, number);
                }
                // A call that has ended cannot be told; its details stay in memory and in no log.
                Entry::Detail(..) => self.ledger.apply(entry, number),
                Entry::Begin(..)
                | Entry::Frames(..)
                | Entry::Promised(..)
                | Entry::State(..)
                | Entry::Again(..) => {}
            }
        }
    }

    /// Keeps the buffers of recordings that go on, so that steady recording allocates little.
    fn forget_runs(&mut self) {
        let ledger = &self.ledger;
        self.runs.retain(|&recording, run| {
            run.clear();
            ledger.is_recording(recording)
        });
        self.run_bytes = 0;
    }

    /// Appends the body as a chunk; returns the segment's number and where in it the body is.
    fn append_chunk(&mut self) -> Result<(u64, u64), SpoolError> {
        self.ensure_active()?;
        let Some(active) = &mut self.active else {
            return Err(SpoolError::Closed);
        };
        self.chunk.clear();
        entry::put_chunk(&mut self.chunk, active.number, &self.body);
        let before = active.len;
        let mut appended = active.file.append(&self.chunk);
        if let Err(error) = &appended
            && is_full(error)
            && self.reserve.release()
        {
            appended = active
                .file
                .truncate(before)
                .and_then(|()| active.file.append(&self.chunk));
        }
        match appended {
            Ok(()) => {
                active.len += self.chunk.len() as u64;
                Ok((active.number, before + CHUNK_HEAD as u64))
            }
            Err(error) => {
                if active.file.truncate(before).is_err() {
                    // What follows a torn chunk would not be read again.
                    self.leave_active();
                }
                Err(error.into())
            }
        }
    }

    fn ensure_active(&mut self) -> Result<(), SpoolError> {
        if self.active.is_some() {
            return Ok(());
        }
        let active = match self.create_segment() {
            Ok(active) => active,
            Err(error) if is_full(&error) && self.reserve.release() => self.create_segment()?,
            Err(error) => return Err(error.into()),
        };
        self.active = Some(active);
        Ok(())
    }

    fn create_segment(&mut self) -> io::Result<Active> {
        let number = self.next_segment;
        self.next_segment += 1;
        let path = segment::path(&self.dir, number);
        let mut file = self.disk.create(&path)?;
        if let Err(error) = file
            .append(MAGIC)
            .and_then(|()| self.disk.sync_dir(&self.dir))
        {
            // Best effort: an empty segment says nothing.
            let _ = self.disk.remove(&path);
            return Err(error);
        }
        Ok(Active {
            number,
            file,
            len: MAGIC.len() as u64,
            synced: 0,
        })
    }

    /// Deletes segments from the oldest on, so that a settlement never goes before what it settles.
    fn drop_old_segments(&mut self) {
        let needed = self.ledger.oldest_needed().unwrap_or(u64::MAX);
        while let Some(&oldest) = self.old.front() {
            if oldest >= needed {
                return;
            }
            if let Err(error) = self.disk.remove(&segment::path(&self.dir, oldest))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(segment = oldest, %error, "cannot delete a settled segment of the spool");
                return;
            }
            self.old.pop_front();
        }
    }

    /// Recordings without an end are promised as partial where they are long enough: their callers had spoken.
    fn decide_cut_off(&self) -> Vec<Entry> {
        let mut decided = Vec::new();
        for (id, record) in self.ledger.records() {
            match record.stage {
                Stage::Promised(_) => {}
                Stage::Recording | Stage::Ended => decided.push(cut_off(id, record)),
            }
        }
        decided
    }
}

fn cut_off(id: u64, record: &Record) -> Entry {
    if record.draft.message.is_some() && record.is_long_enough() {
        Entry::Promised(
            id,
            Promised {
                partial: record.stage == Stage::Recording || record.lost > 0,
                length: Some(record.duration()),
            },
        )
    } else {
        Entry::Discarded(id)
    }
}

/// An idle log as long as this begins a new segment, so that the old one can go.
const IDLE_SEGMENT: u64 = 1 << 20;
