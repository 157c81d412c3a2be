//! A disk in memory that forgets, when the power fails, what was not synced.

use super::{Disk, DiskFile, DiskLock, Listed, parent};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The twin of a real disk for tests: it loses its power at a chosen step, fills up, and fails to sync on demand.
#[derive(Clone, Default)]
pub struct TwinDisk {
    world: Arc<Mutex<World>>,
}

impl TwinDisk {
    /// An empty disk with power and endless room.
    pub fn new() -> Self {
        Self::default()
    }

    /// Steps (appends, syncs, creations, renames, removals) taken so far.
    pub fn steps(&self) -> u64 {
        self.world().steps
    }

    /// Syncs of files asked for so far.
    pub fn syncs(&self) -> u64 {
        self.world().syncs
    }

    /// The power fails at that step: it and all after it are errors until [`TwinDisk::restart`].
    pub fn lose_power_at(&self, step: u64) {
        self.world().power_until = Some(step);
    }

    /// Power comes back. `choose(n)` gives a number in `0..=n`: how many of `n` unsynced bytes or names survived, since
    /// a real disk may have written any first part of them.
    pub fn restart(&self, mut choose: impl FnMut(usize) -> usize) {
        let mut world = self.world();
        world.power_until = None;
        world.life += 1;
        world.locks.clear();
        let unsynced = world.unsynced_names.len();
        let lost = world
            .unsynced_names
            .split_off(choose(unsynced).min(unsynced));
        for change in lost.into_iter().rev() {
            match change.before {
                Some(inode) => world.names.insert(change.path, inode),
                None => world.names.remove(&change.path),
            };
        }
        world.unsynced_names.clear();
        for node in &mut world.nodes {
            let unsynced = node.bytes.len().saturating_sub(node.durable);
            let kept = node.durable.min(node.bytes.len()) + choose(unsynced).min(unsynced);
            node.bytes.truncate(kept);
            node.durable = node.bytes.len();
            node.forgets = false;
        }
    }

    /// Limits all files together to that many bytes; `None` is endless.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.world().capacity = bytes;
    }

    /// Bytes in all files together.
    pub fn used(&self) -> usize {
        self.world().used()
    }

    /// Whether syncing files fails from now on.
    pub fn fail_syncs(&self, fail: bool) {
        self.world().fail_syncs = fail;
    }

    /// That sync of a file fails, counted from 0. As on a real disk, what it was to keep is lost whatever later syncs of the file say.
    pub fn fail_sync_at(&self, number: u64) {
        self.world().failing_sync = Some(number);
    }

    /// Flips the bits of one byte of a file, as a rotting disk does.
    pub fn corrupt(&self, path: &str, offset: usize) {
        let mut world = self.world();
        if let Some(&inode) = world.names.get(path)
            && let Some(byte) = world
                .nodes
                .get_mut(inode)
                .and_then(|node| node.bytes.get_mut(offset))
        {
            *byte ^= 0xff;
        }
    }

    /// These bytes of a file cannot be read from now on, as where a sector of a real disk is bad; an empty range mends it.
    pub fn spoil(&self, path: &str, bytes: Range<usize>) {
        let mut world = self.world();
        if let Some(&inode) = world.names.get(path)
            && let Some(node) = world.nodes.get_mut(inode)
        {
            node.bad = bytes;
        }
    }

    /// Every file's path.
    pub fn paths(&self) -> Vec<String> {
        self.world().names.keys().cloned().collect()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for TwinDisk {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let world = self.world();
        world.powered()?;
        let node = world.node(path)?;
        node.give(0..node.bytes.len()).map(<[u8]>::to_vec)
    }

    fn read_at(&self, path: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let world = self.world();
        world.powered()?;
        let start = offset as usize;
        let node = world.node(path)?;
        let bytes = node.give(start..start.saturating_add(len));
        bytes.map(<[u8]>::to_vec)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<Listed>> {
        let world = self.world();
        world.powered()?;
        let prefix = if dir.is_empty() {
            String::new()
        } else {
            format!("{dir}/")
        };
        let mut listed = BTreeSet::new();
        for path in world.names.keys() {
            if let Some(rest) = path.strip_prefix(&prefix) {
                let (name, is_dir) = rest
                    .split_once('/')
                    .map_or((rest, false), |(name, _)| (name, true));
                listed.insert((name.to_owned(), is_dir));
            }
        }
        Ok(listed
            .into_iter()
            .map(|(name, is_dir)| Listed { name, is_dir })
            .collect())
    }

    fn make_dir(&self, _dir: &str) -> io::Result<()> {
        self.world().powered()
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.step()?;
        let inode = world.nodes.len();
        world.nodes.push(Node::default());
        world.name(path, Some(inode));
        Ok(Box::new(TwinFile {
            inode,
            world: self.world.clone(),
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        let inode = world.inode(from)?;
        world.name(to, Some(inode));
        world.name(from, None);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        world.inode(path)?;
        world.name(path, None);
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        world
            .unsynced_names
            .retain(|change| parent(&change.path) != dir);
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        if world.fail_syncs {
            return Err(io::Error::other("sync failed"));
        }
        world.unsynced_names.clear();
        for node in &mut world.nodes {
            node.durable = node.bytes.len();
        }
        Ok(())
    }

    fn lock(&self, _path: &str) -> io::Result<DiskLock> {
        self.world().powered()?;
        Ok(Box::new(()))
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<DiskLock>> {
        let mut world = self.world();
        world.powered()?;
        if !world.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(TwinLock {
            path: path.to_owned(),
            life: world.life,
            world: self.world.clone(),
        })))
    }
}

#[derive(Default)]
struct World {
    nodes: Vec<Node>,
    names: BTreeMap<String, usize>,
    unsynced_names: Vec<NameChange>,
    steps: u64,
    syncs: u64,
    power_until: Option<u64>,
    capacity: Option<usize>,
    fail_syncs: bool,
    failing_sync: Option<u64>,
    /// Held in this life.
    locks: BTreeSet<String>,
    /// Counts restarts.
    life: u64,
}

#[derive(Default)]
struct Node {
    bytes: Vec<u8>,
    durable: usize,
    /// A sync of it has failed: no later one makes anything durable.
    forgets: bool,
    /// Cannot be read.
    bad: Range<usize>,
}

impl Node {
    fn give(&self, range: Range<usize>) -> io::Result<&[u8]> {
        if range.start < self.bad.end && self.bad.start < range.end {
            return Err(Errno::IO.into());
        }
        let bytes = self.bytes.get(range);
        bytes.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

struct NameChange {
    path: String,
    before: Option<usize>,
}

impl World {
    fn powered(&self) -> io::Result<()> {
        match self.power_until {
            Some(step) if self.steps >= step => Err(io::Error::other("no power")),
            Some(_) | None => Ok(()),
        }
    }

    fn step(&mut self) -> io::Result<()> {
        self.powered()?;
        self.steps += 1;
        Ok(())
    }

    fn inode(&self, path: &str) -> io::Result<usize> {
        self.names
            .get(path)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn node(&self, path: &str) -> io::Result<&Node> {
        self.nodes
            .get(self.inode(path)?)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn name(&mut self, path: &str, inode: Option<usize>) {
        let before = match inode {
            Some(inode) => self.names.insert(path.to_owned(), inode),
            None => self.names.remove(path),
        };
        self.unsynced_names.push(NameChange {
            path: path.to_owned(),
            before,
        });
    }

    fn used(&self) -> usize {
        self.names
            .values()
            .filter_map(|&inode| self.nodes.get(inode))
            .map(|node| node.bytes.len())
            .sum()
    }
}

/// Released when dropped, unless the power failed since.
struct TwinLock {
    path: String,
    life: u64,
    world: Arc<Mutex<World>>,
}

impl Drop for TwinLock {
    fn drop(&mut self) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if world.life == self.life {
            world.locks.remove(&self.path);
        }
    }
}

struct TwinFile {
    inode: usize,
    world: Arc<Mutex<World>>,
}

impl TwinFile {
    fn with<T>(&self, change: impl FnOnce(&mut World, usize) -> io::Result<T>) -> io::Result<T> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.step()?;
        change(&mut world, self.inode)
    }
}

impl DiskFile for TwinFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|world, inode| {
            let room = world.capacity.map_or(bytes.len(), |capacity| {
                capacity.saturating_sub(world.used())
            });
            let written = bytes.get(..room.min(bytes.len())).unwrap_or_default();
            if let Some(node) = world.nodes.get_mut(inode) {
                node.bytes.extend_from_slice(written);
            }
            if written.len() < bytes.len() {
                Err(io::ErrorKind::StorageFull.into())
            } else {
                Ok(())
            }
        })
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.with(|world, inode| {
            if let Some(node) = world.nodes.get_mut(inode) {
                node.bytes.truncate(len as usize);
                node.durable = node.durable.min(len as usize);
            }
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|world, inode| {
            let fails = world.fail_syncs || world.failing_sync == Some(world.syncs);
            world.syncs += 1;
            if let Some(node) = world.nodes.get_mut(inode) {
                node.forgets |= fails;
                if !node.forgets {
                    node.durable = node.bytes.len();
                }
            }
            if fails {
                return Err(io::Error::other("sync failed"));
            }
            Ok(())
        })
    }
}
