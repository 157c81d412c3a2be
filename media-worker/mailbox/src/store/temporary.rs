//! Names for files that are being written, and the removal of those that a crash left.

use crate::disk::{Disk, DiskLock};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// One open store's part of the temporary folder: a slot that no other living store has.
pub(super) struct Temporary {
    slot: u64,
    next: AtomicU64,
    _held: DiskLock,
}

impl Temporary {
    /// Takes the first free slot and removes what the dead left in theirs.
    pub(super) fn open(disk: &dyn Disk) -> io::Result<Self> {
        disk.make_dir(FOLDER)?;
        let mut taken = None;
        let mut slot = 0;
        // One slot beyond those that anyone ever had is free.
        let last = slots(disk)?.last().map_or(0, |last| last + 1);
        while slot <= last || taken.is_none() {
            if let Some(lock) = disk.try_lock(&format!("{FOLDER}/{slot}{LOCK}"))? {
                remove_rests(disk, slot)?;
                taken = taken.or(Some((slot, lock)));
            }
            slot += 1;
        }
        let (slot, held) = taken.ok_or(io::ErrorKind::WouldBlock)?;
        Ok(Self {
            slot,
            next: AtomicU64::new(0),
            _held: held,
        })
    }

    /// A path that nothing else has.
    pub(super) fn name(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{FOLDER}/{}-{number}", self.slot)
    }
}

/// The slots that have locks or rests, in order.
fn slots(disk: &dyn Disk) -> io::Result<Vec<u64>> {
    let mut slots: Vec<u64> = disk
        .list(FOLDER)?
        .iter()
        .filter_map(|listed| slot_of(&listed.name))
        .collect();
    slots.sort_unstable();
    Ok(slots)
}

fn slot_of(name: &str) -> Option<u64> {
    let slot = name
        .strip_suffix(LOCK)
        .or_else(|| name.split_once('-').map(|(slot, _)| slot))?;
    slot.parse().ok().filter(|&slot| slot < MOST_SLOTS)
}

fn remove_rests(disk: &dyn Disk, slot: u64) -> io::Result<()> {
    let rests = format!("{slot}-");
    for listed in disk.list(FOLDER)? {
        if listed.name.starts_with(&rests) {
            disk.remove(&format!("{FOLDER}/{}", listed.name))?;
        }
    }
    Ok(())
}

const FOLDER: &str = "tmp";
const LOCK: &str = ".lock";
/// Larger numbers are no slots of ours.
const MOST_SLOTS: u64 = 1000;
