//! The files of a log.

use super::SpoolError;
use super::entry::{self, Entry, Span};
use super::ledger::{Extent, Ledger, Record, RunTimes};
use crate::disk::{self, Disk, is_lost};
use media::codec::Codec;
use media::recording::Recording;
use std::io;
use std::sync::Arc;

/// The path of a segment.
pub(crate) fn path(dir: &str, number: u64) -> String {
    format!("{dir}/{number:016}{SUFFIX}")
}

/// The numbers of the segments there are, in order.
pub(crate) fn numbers(disk: &dyn Disk, dir: &str) -> io::Result<Vec<u64>> {
    let listed = disk.list(dir)?;
    let mut numbers: Vec<u64> = listed
        .iter()
        .filter_map(|listed| listed.name.strip_suffix(SUFFIX)?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Applies a segment's entries to the ledger. What follows a torn chunk was never promised and is left.
pub(crate) fn replay(
    disk: &dyn Disk,
    dir: &str,
    number: u64,
    ledger: &mut Ledger,
) -> io::Result<()> {
    let file = disk.read(&path(dir, number))?;
    let mut read = entry::MAGIC.len().min(file.len());
    for (at, body) in entry::chunks(number, &file) {
        for entry in entry::entries(body) {
            if let Entry::Frames(recording, span) = entry {
                add_frames(ledger, recording, (number, at as u64), body, span);
            } else {
                ledger.apply(entry, number);
            }
        }
        read = at + body.len();
    }
    if read < file.len() {
        tracing::warn!(
            segment = number,
            bytes = file.len() - read,
            "the end of a segment of the spool is torn"
        );
    }
    Ok(())
}

/// Notes a run of frames in a body that is there, in which segment and where in it.
pub(crate) fn add_frames(
    ledger: &mut Ledger,
    recording: u64,
    (segment, at): (u64, u64),
    body: &[u8],
    span: Span,
) {
    let run = body
        .get(span.offset..span.offset + span.len)
        .unwrap_or_default();
    if let Some(times) = RunTimes::of(run) {
        let extent = Extent {
            segment,
            offset: at + span.offset as u64,
            len: span.len as u32,
        };
        ledger.add_frames(recording, extent, times);
    }
}

/// Reads recordings out of segments.
#[derive(Clone)]
pub(crate) struct Runs {
    disk: Arc<dyn Disk>,
    dir: String,
}

impl Runs {
    /// Reads in that folder.
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &str) -> Self {
        Self {
            disk,
            dir: dir.to_owned(),
        }
    }

    /// All audio of a recording, but for what the disk has lost.
    pub(crate) fn read(&self, record: &Record) -> Result<Salvaged, SpoolError> {
        let codec = Codec::from_name(&record.draft.codec).ok_or(SpoolError::Unknown)?;
        let mut salvaged = Salvaged {
            recording: Recording::new(codec),
            unreadable: 0,
        };
        let mut rest = record.extents.as_slice();
        while let Some(reach) = together(rest) {
            let (batch, others) = rest.split_at(reach.extents);
            match self.bytes(&reach) {
                Ok(bytes) => salvaged.push(&reach, &bytes, batch),
                Err(error) if is_lost(&error) => self.read_each(batch, &mut salvaged)?,
                Err(error) => return Err(error.into()),
            }
            rest = others;
        }
        Ok(salvaged)
    }

    /// Whether the disk that they are on keeps what is written.
    pub(crate) fn disk_works(&self) -> bool {
        disk::works(&*self.disk, &format!("{}/{TRIAL}", self.dir))
    }

    /// One bad place costs no more than the run that it is in.
    fn read_each(&self, extents: &[Extent], salvaged: &mut Salvaged) -> Result<(), SpoolError> {
        for extent in extents.chunks(1) {
            let Some(reach) = together(extent) else {
                continue;
            };
            match self.bytes(&reach) {
                Ok(bytes) => salvaged.push(&reach, &bytes, extent),
                Err(error) if is_lost(&error) => salvaged.unreadable += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn bytes(&self, reach: &Reach) -> io::Result<Vec<u8>> {
        let path = path(&self.dir, reach.segment);
        self.disk.read_at(&path, reach.start, reach.len)
    }
}

/// What of a recording could be read.
pub(crate) struct Salvaged {
    pub(crate) recording: Recording,
    /// Runs that the disk has lost.
    pub(crate) unreadable: usize,
}

impl Salvaged {
    /// The recording, if nothing of it is lost.
    pub(crate) fn whole(self) -> Result<Recording, SpoolError> {
        if self.unreadable == 0 {
            Ok(self.recording)
        } else {
            Err(Self::damage())
        }
    }

    /// What to say where it has to be whole.
    pub(crate) fn damage() -> SpoolError {
        SpoolError::Disk("parts of a recording cannot be read".to_owned())
    }

    fn push(&mut self, reach: &Reach, bytes: &[u8], extents: &[Extent]) {
        for extent in extents {
            let at = (extent.offset - reach.start) as usize;
            let run = bytes.get(at..at + extent.len as usize).unwrap_or_default();
            for (timestamp, payload) in entry::frames(run) {
                self.recording.push(timestamp, payload);
            }
        }
    }
}

/// Neighbouring extents worth one read.
struct Reach {
    segment: u64,
    start: u64,
    len: usize,
    extents: usize,
}

fn together(extents: &[Extent]) -> Option<Reach> {
    let first = extents.first()?;
    let mut end = first.offset + u64::from(first.len);
    let mut count = 1;
    for next in extents.iter().skip(1) {
        let near = next.segment == first.segment
            && next.offset >= end
            && next.offset - end <= WORTH_SKIPPING
            && next.offset - first.offset <= LONGEST_READ;
        if !near {
            break;
        }
        end = next.offset + u64::from(next.len);
        count += 1;
    }
    Some(Reach {
        segment: first.segment,
        start: first.offset,
        len: (end - first.offset) as usize,
        extents: count,
    })
}

const SUFFIX: &str = ".log";
/// Written and removed to see whether the disk works.
const TRIAL: &str = "trial";
/// Reading over so many bytes of other recordings is cheaper than another system call.
const WORTH_SKIPPING: u64 = 16 << 10;
const LONGEST_READ: u64 = 1 << 20;
