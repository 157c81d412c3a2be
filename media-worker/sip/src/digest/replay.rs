//! Which nonce counts have been used, for nonces that were answered rightly at least once (RFC 7616 section 5.5).

use std::collections::BTreeMap;

/// The windows of all nonces in use, at most `capacity` of them.
#[derive(Debug)]
pub(crate) struct Replays {
    windows: BTreeMap<u64, Window>,
    capacity: usize,
    /// Nonces up to this number have been forgotten and are not taken any more.
    forgotten: u64,
}

/// The highest count seen, and below it a bit for each of the last 64.
#[derive(Debug, Clone, Copy)]
struct Window {
    highest: u32,
    seen: u64,
}

impl Replays {
    pub(crate) fn new(capacity: usize) -> Self {
        Replays {
            windows: BTreeMap::new(),
            capacity: capacity.max(1),
            forgotten: 0,
        }
    }

    /// Notes the use of a count; `false` when it was used before, or may have been.
    pub(crate) fn take(&mut self, nonce: u64, count: u32) -> bool {
        if nonce <= self.forgotten {
            return false;
        }
        if let Some(window) = self.windows.get_mut(&nonce) {
            return window.take(count);
        }
        self.windows.insert(
            nonce,
            Window {
                highest: count,
                seen: 1,
            },
        );
        while self.windows.len() > self.capacity {
            self.forgotten = self
                .windows
                .pop_first()
                .map_or(self.forgotten, |(oldest, _)| oldest);
        }
        nonce > self.forgotten
    }

    /// Forgets the window of a nonce that has expired, and all older ones.
    pub(crate) fn forget_up_to(&mut self, nonce: u64) {
        self.forgotten = self.forgotten.max(nonce);
        while self
            .windows
            .first_key_value()
            .is_some_and(|(oldest, _)| *oldest <= nonce)
        {
            self.windows.pop_first();
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.windows.len()
    }
}

impl Window {
    fn take(&mut self, count: u32) -> bool {
        if let Some(ahead) = count.checked_sub(self.highest).filter(|ahead| *ahead > 0) {
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let bit = 1_u64.checked_shl(self.highest - count).unwrap_or(0);
        let fresh = bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_taken_once_in_any_order() {
        let mut replays = Replays::new(10);
        for (count, fresh) in [
            (2, true),
            (1, true),
            (2, false),
            (1, false),
            (70, true),
            (5, false),
            (69, true),
            (69, false),
        ] {
            assert_eq!(replays.take(1, count), fresh, "{count}");
        }
        assert!(replays.take(1, u32::MAX));
    }

    #[test]
    fn what_is_forgotten_for_lack_of_room_is_not_taken_again() {
        let mut replays = Replays::new(2);
        for nonce in [1, 2, 3] {
            assert!(replays.take(nonce, 1));
        }
        assert_eq!(replays.len(), 2);
        assert!(!replays.take(1, 1));
        assert!(!replays.take(1, 2));
        assert!(replays.take(2, 2));
    }
}
