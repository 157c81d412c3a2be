//! Which local port a new leg gets.
//!
//! A few local ports carry every call, so a packet names its leg by *(local port, far address)*. Before a leg's first
//! packet that address is only expected: what SDP announced or, behind a NAT, any port of the address that its signalling
//! comes from. [`Pairs`] hands out ports so that no two legs ever expect their first packet on the same pair (unless
//! both far sides announced their SSRC, RFC 5576), keeps all legs of one call on the ports of one media thread, and lets
//! a freed pair rest so that stragglers of the old call cannot open the new one.

mod claim;

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

pub use claim::Far;
use claim::{Claim, Stage};

use crate::engine::LegId;

/// A local media port: the thread that owns it, and its index among that thread's ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId {
    /// The media thread.
    pub thread: usize,
    /// The port's index within that thread's engine ([`LegSpec::port`](crate::engine::LegSpec)).
    pub port: usize,
}

/// How many ports there are, and how long a freed pair rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairsConfig {
    /// Media threads.
    pub threads: usize,
    /// Local ports of each thread.
    pub ports_per_thread: usize,
    /// How long a freed pair stays unused.
    pub rest: Duration,
    /// Most legs at once, over all threads.
    pub max_legs: usize,
}

/// Why a leg may not wait where it was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// Another leg waits on the pair: move this leg to the given port, already reserved for it, by re-INVITE.
    #[error("another leg waits on this pair; move to {0:?}")]
    Move(PortId),
    /// No pair is free on the call's thread: refuse the leg with 503.
    #[error("no pair is free")]
    NoneFree,
    /// The leg was never reserved, or is freed.
    #[error("unknown leg")]
    UnknownLeg,
}

/// The pairs in use, on the signalling side. Pure: time comes in as an argument.
#[derive(Debug)]
pub struct Pairs {
    config: PairsConfig,
    legs: HashMap<LegId, Place>,
    calls: HashMap<u64, CallPlace>,
    claims: HashMap<(PortId, IpAddr), Vec<Claim>>,
    load: Vec<usize>,
    resting: VecDeque<(Instant, PortId, IpAddr)>,
    refused: u64,
}

impl Pairs {
    /// No legs yet.
    pub fn new(config: PairsConfig) -> Self {
        Self {
            load: vec![0; config.threads * config.ports_per_thread],
            config,
            legs: HashMap::new(),
            calls: HashMap::new(),
            claims: HashMap::new(),
            resting: VecDeque::new(),
            refused: 0,
        }
    }

    /// A port for a leg of `call` that we offer, on the thread where the call's other legs are. `far` is where its packets will
    /// come from as far as one can tell (the address that its signalling goes to). Nothing is expected before the answer, which
    /// calls [`Self::start_waiting`]. `None`, only at the limit of legs: 503.
    pub fn reserve(&mut self, leg: LegId, call: u64, far: Far, now: Instant) -> Option<PortId> {
        self.end_rests(now);
        let port = self.place(leg, call, far, None, Stage::Reserved);
        self.refused += u64::from(port.is_none());
        port
    }

    /// A port for a leg of `call` whose offer we answer: its first packet may come at once, so it waits on its pair from now on.
    /// `far` and `ssrc` are what SDP says. `None`: no pair is free, answer 503.
    pub fn answer(
        &mut self,
        leg: LegId,
        call: u64,
        far: Far,
        ssrc: Option<u32>,
        now: Instant,
    ) -> Option<PortId> {
        self.end_rests(now);
        let port = self.place(leg, call, far, ssrc, Stage::Waiting);
        self.refused += u64::from(port.is_none());
        port
    }

    /// A leg that we offered is answered, or a re-INVITE changed its address: its next packet is expected from `far`. A leg that has
    /// its stream from there already keeps it and does not wait.
    pub fn start_waiting(
        &mut self,
        leg: LegId,
        far: Far,
        ssrc: Option<u32>,
        now: Instant,
    ) -> Result<(), WaitError> {
        self.end_rests(now);
        let Some(place) = self.legs.get(&leg).copied() else {
            return Err(WaitError::UnknownLeg);
        };
        let own = self
            .claims_at(place.port, place.ip)
            .find(|claim| claim.leg == leg && !claim.stage.is_resting());
        if own.is_some_and(|claim| claim.stage == Stage::Latched && claim.far.overlaps(&far)) {
            return Ok(());
        }
        if self.collides(leg, place.port, far, ssrc) {
            let Some(port) =
                self.best_port(leg, Some(place.port.thread), far, ssrc, Stage::Waiting)
            else {
                self.refused += 1;
                return Err(WaitError::NoneFree);
            };
            self.replace(
                leg,
                place,
                port,
                Claim {
                    leg,
                    far,
                    ssrc,
                    stage: Stage::Reserved,
                },
            );
            return Err(WaitError::Move(port));
        }
        self.replace(
            leg,
            place,
            place.port,
            Claim {
                leg,
                far,
                ssrc,
                stage: Stage::Waiting,
            },
        );
        Ok(())
    }

    /// The leg's packets come from `from` (the engine's `FirstPacket`): it no longer waits.
    pub fn latched(&mut self, leg: LegId, from: SocketAddr, ssrc: u32) {
        if let Some(place) = self.legs.get(&leg).copied() {
            let claim = Claim {
                leg,
                far: Far::Address(from),
                ssrc: Some(ssrc),
                stage: Stage::Latched,
            };
            self.replace(leg, place, place.port, claim);
        }
    }

    /// The leg is over. What it waited on or was latched to rests before it is used again.
    pub fn free(&mut self, leg: LegId, now: Instant) {
        self.end_rests(now);
        let Some(place) = self.legs.remove(&leg) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&place.call) {
            call.legs -= 1;
            if call.legs == 0 {
                self.calls.remove(&place.call);
            }
        }
        self.add_load(place.port, -1);
        let Some(claim) = self.withdraw(leg, place) else {
            return;
        };
        match claim.stage {
            Stage::Reserved | Stage::Resting(_) => {}
            Stage::Waiting | Stage::Latched => {
                let until = now + self.config.rest;
                self.resting.push_back((until, place.port, claim.far.ip()));
                self.claim(
                    place.port,
                    Claim {
                        stage: Stage::Resting(until),
                        ..claim
                    },
                );
            }
        }
    }

    /// Where the leg is placed.
    pub fn port(&self, leg: LegId) -> Option<PortId> {
        self.legs.get(&leg).map(|place| place.port)
    }

    /// Legs refused because no pair was free.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Legs placed now.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Whether no leg is placed.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    fn place(
        &mut self,
        leg: LegId,
        call: u64,
        far: Far,
        ssrc: Option<u32>,
        stage: Stage,
    ) -> Option<PortId> {
        if self.legs.contains_key(&leg) || self.legs.len() >= self.config.max_legs {
            return None;
        }
        let thread = self.calls.get(&call).map(|place| place.thread);
        let port = self.best_port(leg, thread, far, ssrc, stage)?;
        self.calls
            .entry(call)
            .or_insert(CallPlace {
                thread: port.thread,
                legs: 0,
            })
            .legs += 1;
        self.legs.insert(
            leg,
            Place {
                call,
                port,
                ip: far.ip(),
            },
        );
        self.add_load(port, 1);
        self.claim(
            port,
            Claim {
                leg,
                far,
                ssrc,
                stage,
            },
        );
        Some(port)
    }

    /// The port that serves best: one where nothing collides (a must for a leg that waits), then with fewest legs of the same far
    /// side, then the least loaded.
    fn best_port(
        &self,
        leg: LegId,
        thread: Option<usize>,
        far: Far,
        ssrc: Option<u32>,
        stage: Stage,
    ) -> Option<PortId> {
        let threads = thread.map_or(0..self.config.threads, |t| t..t + 1);
        threads
            .flat_map(|thread| {
                (0..self.config.ports_per_thread).map(move |port| PortId { thread, port })
            })
            .filter(|port| stage == Stage::Reserved || !self.collides(leg, *port, far, ssrc))
            .min_by_key(|port| {
                (
                    self.collides(leg, *port, far, ssrc),
                    self.crowd(leg, *port, far),
                    self.thread_load(port.thread),
                    self.load.get(self.slot(*port)).copied(),
                    *port,
                )
            })
    }

    fn collides(&self, leg: LegId, port: PortId, far: Far, ssrc: Option<u32>) -> bool {
        self.claims_at(port, far.ip())
            .any(|claim| claim.leg != leg && claim.collides(far, ssrc))
    }

    /// How many legs at this port might one day be mistaken for the new one.
    fn crowd(&self, leg: LegId, port: PortId, far: Far) -> usize {
        self.claims_at(port, far.ip())
            .filter(|claim| claim.leg != leg && claim.crowds(far))
            .count()
    }

    fn claims_at(&self, port: PortId, ip: IpAddr) -> impl Iterator<Item = &Claim> {
        self.claims.get(&(port, ip)).into_iter().flatten()
    }

    fn claim(&mut self, port: PortId, claim: Claim) {
        self.claims
            .entry((port, claim.far.ip()))
            .or_default()
            .push(claim);
    }

    fn withdraw(&mut self, leg: LegId, place: Place) -> Option<Claim> {
        let claims = self.claims.get_mut(&(place.port, place.ip))?;
        let at = claims
            .iter()
            .position(|claim| claim.leg == leg && !claim.stage.is_resting())?;
        let claim = claims.swap_remove(at);
        if claims.is_empty() {
            self.claims.remove(&(place.port, place.ip));
        }
        Some(claim)
    }

    fn replace(&mut self, leg: LegId, place: Place, port: PortId, claim: Claim) {
        self.withdraw(leg, place);
        self.add_load(place.port, -1);
        self.add_load(port, 1);
        self.legs.insert(
            leg,
            Place {
                port,
                ip: claim.far.ip(),
                ..place
            },
        );
        self.claim(port, claim);
    }

    fn end_rests(&mut self, now: Instant) {
        while let Some((_, port, ip)) = self.resting.pop_front_if(|(until, _, _)| *until <= now) {
            if let Some(claims) = self.claims.get_mut(&(port, ip)) {
                claims.retain(|claim| !claim.stage.rested(now));
                if claims.is_empty() {
                    self.claims.remove(&(port, ip));
                }
            }
        }
    }

    fn thread_load(&self, thread: usize) -> usize {
        let ports = self.config.ports_per_thread;
        self.load.iter().skip(thread * ports).take(ports).sum()
    }

    fn slot(&self, port: PortId) -> usize {
        port.thread * self.config.ports_per_thread + port.port
    }

    fn add_load(&mut self, port: PortId, by: isize) {
        let slot = self.slot(port);
        if let Some(load) = self.load.get_mut(slot) {
            *load = load.saturating_add_signed(by);
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Place {
    call: u64,
    port: PortId,
    ip: IpAddr,
}

#[derive(Debug)]
struct CallPlace {
    thread: usize,
    legs: usize,
}

#[cfg(test)]
mod tests;
