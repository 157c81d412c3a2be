//! The packets that wait: a slot each, their payloads one after the other in a ring of bytes.

/// Waiting packets by sequence number. No two of them may be [`SLOTS`] or more apart.
pub(super) struct Store {
    slots: Box<[Slot]>,
    bytes: Box<[u8]>,
    /// Where the next payload goes.
    head: usize,
}

/// A packet that waits.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) sequence: u64,
    pub(super) timestamp: i64,
    pub(super) units: u32,
    start: u16,
    /// Zero where nothing waits.
    length: u16,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![Slot::EMPTY; SLOTS].into_boxed_slice(),
            bytes: vec![0; BYTES].into_boxed_slice(),
            head: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.slots.fill(Slot::EMPTY);
    }

    pub(super) fn contains(&self, sequence: u64) -> bool {
        self.slots
            .get(index(sequence))
            .is_some_and(|slot| slot.length > 0 && slot.sequence == sequence)
    }

    /// The earliest packet from a sequence number on.
    pub(super) fn first(&self, from: u64) -> Option<Slot> {
        let waiting = self
            .slots
            .iter()
            .filter(|slot| slot.length > 0 && slot.sequence >= from);
        waiting.min_by_key(|slot| slot.sequence).copied()
    }

    /// Takes a packet in; returns how many older ones had to go because their bytes are needed.
    pub(super) fn put(&mut self, sequence: u64, timestamp: i64, units: u32, payload: &[u8]) -> u64 {
        let start = if self.head + payload.len() > BYTES {
            0
        } else {
            self.head
        };
        let end = start + payload.len();
        let Some(room) = self.bytes.get_mut(start..end) else {
            return 0;
        };
        room.copy_from_slice(payload);
        self.head = end;
        let evicted = self.remove_where(|slot| slot.overlaps(start, end));
        if let Some(slot) = self.slots.get_mut(index(sequence)) {
            *slot = Slot {
                sequence,
                timestamp,
                units,
                start: start as u16,
                length: payload.len() as u16,
            };
        }
        evicted
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        if let Some(place) = self.slots.get_mut(index(slot.sequence)) {
            *place = Slot::EMPTY;
        }
    }

    /// Drops what is older; returns how many.
    pub(super) fn remove_before(&mut self, sequence: u64) -> u64 {
        self.remove_where(|slot| slot.sequence < sequence)
    }

    /// A packet's payload, also just after its removal.
    pub(super) fn payload(&self, slot: Slot) -> &[u8] {
        let start = usize::from(slot.start);
        self.bytes
            .get(start..start + usize::from(slot.length))
            .unwrap_or_default()
    }

    fn remove_where(&mut self, gone: impl Fn(&Slot) -> bool) -> u64 {
        let mut removed = 0;
        for slot in &mut self.slots {
            if slot.length > 0 && gone(slot) {
                *slot = Slot::EMPTY;
                removed += 1;
            }
        }
        removed
    }
}

impl Slot {
    const EMPTY: Slot = Slot {
        sequence: 0,
        timestamp: 0,
        units: 0,
        start: 0,
        length: 0,
    };

    fn overlaps(&self, start: usize, end: usize) -> bool {
        let own = usize::from(self.start);
        own < end && start < own + usize::from(self.length)
    }
}

fn index(sequence: u64) -> usize {
    (sequence % SLOTS as u64) as usize
}

/// 640 ms of 10 ms packets.
pub(super) const SLOTS: usize = 64;
/// A second of 64 kbit/s.
const BYTES: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_back_and_the_oldest_bytes_give_way() {
        let mut store = Store::new();
        let evicted: u64 = (0..30).map(|n| store.put(n, 0, 480, &[n as u8; 480])).sum();
        assert_eq!(evicted, 13, "17 payloads of 480 bytes fit");
        for n in 13..30 {
            let slot = store.first(n).unwrap();
            assert_eq!(
                (slot.sequence, store.payload(slot)),
                (n, [n as u8; 480].as_slice())
            );
        }
    }
}
