//! Room kept back on the disk, so that what was begun can be promised when the disk is full.

use crate::disk::Disk;
use std::io;
use std::sync::Arc;

/// A file of nothing that is given up when the disk is full and made again when there is room.
pub(crate) struct Reserve {
    disk: Arc<dyn Disk>,
    path: String,
    in_place: bool,
}

impl Reserve {
    /// Looks whether the reserve is in place and makes it where there is room.
    pub(crate) fn open(disk: Arc<dyn Disk>, dir: &str) -> Self {
        let mut reserve = Self {
            disk,
            path: format!("{dir}/{NAME}"),
            in_place: false,
        };
        reserve.fill();
        reserve
    }

    /// Makes the reserve unless it is there; whether it is there now.
    pub(crate) fn fill(&mut self) -> bool {
        if !self.in_place {
            self.in_place = self.write().is_ok();
            if !self.in_place {
                // Best effort: a half-made reserve would take the room that it is for.
                let _ = self.disk.remove(&self.path);
            }
        }
        self.in_place
    }

    /// Gives the room up; `false` where it was given up before.
    pub(crate) fn release(&mut self) -> bool {
        std::mem::take(&mut self.in_place) && self.disk.remove(&self.path).is_ok()
    }

    fn write(&self) -> io::Result<()> {
        let mut file = self.disk.create(&self.path)?;
        let zeros = vec![0; CHUNK];
        for _ in 0..BYTES / CHUNK {
            file.append(&zeros)?;
        }
        Ok(())
    }
}

const NAME: &str = "reserve";
/// Half a minute of 500 recordings would be 130 MB; this is for their ends and promises, and for seconds of a few.
const BYTES: usize = 1 << 20;
const CHUNK: usize = 1 << 16;
