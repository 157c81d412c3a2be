//! The timers of RFC 3261 table 4 and RFC 6026, and a queue of deadlines keyed by what they are for.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Round-trip estimate (RFC 3261 17.1.1.1).
pub const T1: Duration = Duration::from_millis(500);
/// Longest retransmission interval of non-INVITE requests and INVITE responses.
pub const T2: Duration = Duration::from_secs(4);
/// Longest time a message stays in the network.
pub const T4: Duration = Duration::from_secs(5);
/// 64 × T1: how long a transaction tries.
pub const TRANSACTION: Duration = Duration::from_secs(32);
/// Timer D over UDP: "at least 32 seconds".
pub const D: Duration = Duration::from_secs(32);
/// An INVITE without another answer gets its 100 after this (RFC 3261 17.2.1).
pub const TRYING: Duration = Duration::from_millis(200);

/// A transaction's timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// INVITE request retransmission (UDP).
    A,
    /// INVITE transaction time-out.
    B,
    /// Wait for retransmitted final responses to INVITE.
    D,
    /// Non-INVITE request retransmission (UDP).
    E,
    /// Non-INVITE transaction time-out.
    F,
    /// INVITE final response retransmission (UDP).
    G,
    /// Wait for the ACK.
    H,
    /// Wait for retransmitted ACKs.
    I,
    /// Wait for retransmitted non-INVITE requests.
    J,
    /// Wait for retransmitted non-INVITE responses.
    K,
    /// Wait for retransmitted INVITEs after a 2xx (RFC 6026).
    L,
    /// Wait for more 2xx to an INVITE (RFC 6026).
    M,
    /// The 200 ms until 100 Trying.
    Trying,
    /// The application never answered a non-INVITE request: the client has long given up (timer F there).
    Unanswered,
}

/// Deadlines, one per key: a heap in which superseded entries are skipped.
#[derive(Debug)]
pub struct Deadlines<K> {
    heap: BinaryHeap<Reverse<(Instant, u64, K)>>,
    armed: HashMap<K, u64>,
    serial: u64,
}

impl<K> Default for Deadlines<K>
where
    K: Copy + Eq + Hash + Ord,
{
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            armed: HashMap::new(),
            serial: 0,
        }
    }
}

impl<K: Copy + Eq + Hash + Ord> Deadlines<K> {
    /// Arms `key` for `at`, in place of its former deadline.
    pub fn arm(&mut self, key: K, at: Instant) {
        self.serial += 1;
        self.armed.insert(key, self.serial);
        self.heap.push(Reverse((at, self.serial, key)));
        self.prune();
    }

    /// Disarms `key`.
    pub fn disarm(&mut self, key: K) {
        if self.armed.remove(&key).is_some() {
            self.prune();
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the earliest deadline that has come.
    pub fn pop(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let Reverse((_, _, key)) = self.heap.pop()?;
        self.armed.remove(&key);
        self.prune();
        Some(key)
    }

    /// How many keys are armed.
    pub fn len(&self) -> usize {
        self.armed.len()
    }

    /// Whether nothing is armed.
    pub fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    /// Keeps the top of the heap live, and the heap within twice what is armed.
    fn prune(&mut self) {
        let armed = &self.armed;
        while let Some(Reverse((_, serial, key))) = self.heap.peek() {
            if armed.get(key) == Some(serial) {
                break;
            }
            self.heap.pop();
        }
        if self.heap.len() > 2 * armed.len() + SLACK {
            self.heap
                .retain(|Reverse((_, serial, key))| armed.get(key) == Some(serial));
        }
    }
}

/// Superseded entries tolerated beside twice the armed ones.
const SLACK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn deadlines_come_in_order_once_and_not_when_disarmed_or_moved() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut deadlines = Deadlines::default();
        deadlines.arm('b', at(20));
        deadlines.arm('a', at(10));
        deadlines.arm('c', at(5));
        deadlines.arm('d', at(7));
        deadlines.disarm('c');
        deadlines.arm('d', at(30));
        assert_eq!(deadlines.next(), Some(at(10)));
        assert_eq!(deadlines.pop(at(9)), None);
        let all: Vec<char> = std::iter::from_fn(|| deadlines.pop(at(40))).collect();
        assert_eq!(all, ['a', 'b', 'd']);
        assert!(deadlines.is_empty() && deadlines.next().is_none());
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn superseded_deadlines_do_not_pile_up() {
        let start = Instant::now();
        let mut deadlines = Deadlines::default();
        deadlines.arm(0, start);
        for n in 0..10_000u64 {
            deadlines.arm(1, start + Duration::from_secs(n));
        }
        assert!(deadlines.heap.len() < 100, "{}", deadlines.heap.len());
        assert_eq!(deadlines.len(), 2);
    }
}
