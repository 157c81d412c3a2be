//! Which leg a packet belongs to.
//!
//! A stream that is known is found by (local port, far address, SSRC) in one look. A new one belongs, in this order, to the leg
//! at its very address, to the leg whose stream it continues from elsewhere, to the leg that waits behind the NAT it comes
//! from; where that leaves a doubt, to nobody.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use slab::Slab;
use smallvec::SmallVec;

use super::command::Expect;
use super::leg::{Leg, Source};

/// A leg's place in the engine.
pub(super) type Key = usize;

/// A stream as it arrives at a local port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct StreamId {
    pub(super) port: usize,
    pub(super) from: SocketAddr,
    pub(super) ssrc: u32,
}

/// The tables of one engine.
#[derive(Debug, Default)]
pub(super) struct Demux {
    streams: HashMap<StreamId, Key>,
    at_address: HashMap<(usize, SocketAddr), Keys>,
    behind_nat: HashMap<(usize, IpAddr), Keys>,
    by_ssrc: HashMap<(usize, u32), Key>,
    resting: HashMap<StreamId, Instant>,
    rests: VecDeque<(Instant, StreamId)>,
}

/// Whose packet it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The stream that the leg has.
    Current(Key),
    /// A new stream for the leg: its first, or one that replaces the old at the same address.
    Opens(Key),
    /// The leg's stream, coming from another address from now on.
    Moves(Key),
    /// Nobody waits for it.
    Stranger,
    /// It belonged to a leg that was closed a moment ago.
    Straggler,
    /// More than one leg could be meant.
    Ambiguous,
}

type Keys = SmallVec<[Key; 2]>;

impl Demux {
    /// Whose packet it is. Constant time for known streams.
    pub(super) fn find(
        &self,
        legs: &Slab<Leg>,
        stream: StreamId,
        sequence: u16,
        now: Instant,
    ) -> Found {
        if let Some(key) = self.streams.get(&stream) {
            return Found::Current(*key);
        }
        if self.resting.get(&stream).is_some_and(|until| *until > now) {
            return Found::Straggler;
        }
        if let Some(keys) = self.at_address.get(&(stream.port, stream.from)) {
            return choose(legs, keys, stream.ssrc, |_| true);
        }
        if let Some(key) = self.by_ssrc.get(&(stream.port, stream.ssrc)).copied()
            && legs.get(key).is_some_and(|leg| leg.may_move(sequence, now))
        {
            return Found::Moves(key);
        }
        match self.behind_nat.get(&(stream.port, stream.from.ip())) {
            Some(keys) => choose(legs, keys, stream.ssrc, |leg| leg.rearmed(now)),
            None => Found::Stranger,
        }
    }

    /// The leg whose RTCP this is: by its stream, else the only leg at the address.
    pub(super) fn find_control(&self, stream: StreamId) -> Option<Key> {
        let only = || match self.at_address.get(&(stream.port, stream.from))?.as_slice() {
            [key] => Some(*key),
            _ => None,
        };
        self.streams.get(&stream).copied().or_else(only)
    }

    /// Enters a leg that waits for its first packet.
    pub(super) fn wait(&mut self, key: Key, port: usize, expect: Expect) {
        match expect {
            Expect::Announced(address) => {
                insert(self.at_address.entry((port, address)).or_default(), key);
            }
            Expect::BehindNat { signalling } => {
                insert(self.behind_nat.entry((port, signalling)).or_default(), key);
            }
        }
    }

    /// The leg no longer waits there.
    pub(super) fn stop_waiting(&mut self, key: Key, port: usize, expect: Expect) {
        match expect {
            Expect::Announced(address) => remove(&mut self.at_address, &(port, address), key),
            Expect::BehindNat { signalling } => {
                remove(&mut self.behind_nat, &(port, signalling), key);
            }
        }
    }

    /// Enters the stream that a leg has from now on.
    pub(super) fn latch(&mut self, key: Key, stream: StreamId) {
        self.streams.insert(stream, key);
        self.by_ssrc.insert((stream.port, stream.ssrc), key);
        insert(
            self.at_address
                .entry((stream.port, stream.from))
                .or_default(),
            key,
        );
    }

    /// The leg's stream is over. What still comes of it is dropped until `rest_until`.
    pub(super) fn unlatch(&mut self, key: Key, stream: StreamId, rest_until: Option<Instant>) {
        self.streams.remove(&stream);
        if self.by_ssrc.get(&(stream.port, stream.ssrc)) == Some(&key) {
            self.by_ssrc.remove(&(stream.port, stream.ssrc));
        }
        remove(&mut self.at_address, &(stream.port, stream.from), key);
        if let Some(until) = rest_until {
            self.resting.insert(stream, until);
            self.rests.push_back((until, stream));
        }
    }

    /// Forgets streams that have rested.
    pub(super) fn end_rests(&mut self, now: Instant) {
        while let Some((_, stream)) = self.rests.pop_front_if(|(until, _)| *until <= now) {
            if self.resting.get(&stream).is_some_and(|until| *until <= now) {
                self.resting.remove(&stream);
            }
        }
    }
}

/// The leg among `keys` that a new stream belongs to; `replaces` says whether a leg that has a stream would take it instead.
fn choose(legs: &Slab<Leg>, keys: &[Key], ssrc: u32, replaces: impl Fn(&Leg) -> bool) -> Found {
    let legs_of = || {
        keys.iter()
            .filter_map(|key| legs.get(*key).map(|leg| (*key, leg)))
    };
    // An announced SSRC leaves no doubt (RFC 5576).
    let announced =
        |leg: &Leg| leg.spec.remote_ssrc == Some(ssrc) && (leg.awaits() || replaces(leg));
    if let Some((key, _)) = legs_of().find(|(_, leg)| announced(leg)) {
        return Found::Opens(key);
    }
    let mut unannounced =
        legs_of().filter(|(_, leg)| leg.awaits() && leg.spec.remote_ssrc.is_none());
    match (unannounced.next(), unannounced.next()) {
        (Some((key, _)), None) => return Found::Opens(key),
        (Some(_), Some(_)) => return Found::Ambiguous,
        (None, _) => {}
    }
    // Some announce an SSRC and send another, and streams restart: a leg alone at its address may do so.
    let mut others = legs_of().filter(|(_, leg)| match leg.source {
        Source::Waiting => true,
        Source::Latched { .. } => replaces(leg),
    });
    match (others.next(), others.next()) {
        (Some((key, _)), None) if keys.len() == 1 => Found::Opens(key),
        (Some(_), _) => Found::Ambiguous,
        (None, _) => Found::Stranger,
    }
}

fn insert(keys: &mut Keys, key: Key) {
    if !keys.contains(&key) {
        keys.push(key);
    }
}

fn remove<K: Hash + Eq>(table: &mut HashMap<K, Keys>, at: &K, key: Key) {
    if let Some(keys) = table.get_mut(at) {
        keys.retain(|k| *k != key);
        if keys.is_empty() {
            table.remove(at);
        }
    }
}

/// How long the packets of a closed leg are known as such.
pub(super) const REST: Duration = Duration::from_secs(2);
