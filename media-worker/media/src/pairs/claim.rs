//! What one leg claims of a local port, and when two claims collide.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use crate::engine::LegId;

/// Where a leg's packets are expected from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Far {
    /// Exactly this address: SDP announced it, or packets came from it.
    Address(SocketAddr),
    /// Any port of this address: the far side is behind a NAT, and its signalling comes from here.
    Nat(IpAddr),
}

impl Far {
    /// The IP address, whatever the port.
    pub fn ip(&self) -> IpAddr {
        match self {
            Self::Address(address) => address.ip(),
            Self::Nat(ip) => *ip,
        }
    }

    /// Whether a packet could be expected by both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Address(a), Self::Address(b)) => a == b,
            (Self::Nat(_), _) | (_, Self::Nat(_)) => self.ip() == other.ip(),
        }
    }
}

/// One leg's claim on (port, far side).
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) leg: LegId,
    pub(super) far: Far,
    pub(super) ssrc: Option<u32>,
    pub(super) stage: Stage,
}

/// How far a claim has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Offered, not answered: no packet is expected yet.
    Reserved,
    /// The next packet from the far side opens the leg.
    Waiting,
    /// Packets come from exactly `far`.
    Latched,
    /// Freed, and kept from reuse until then.
    Resting(Instant),
}

impl Stage {
    pub(super) fn is_resting(self) -> bool {
        matches!(self, Self::Resting(_))
    }

    pub(super) fn rested(self, now: Instant) -> bool {
        matches!(self, Self::Resting(until) if until <= now)
    }
}

impl Claim {
    /// Whether a leg that waits for `far` with this announced SSRC could be opened by this claim's packets, or the reverse.
    pub(super) fn collides(&self, far: Far, ssrc: Option<u32>) -> bool {
        let told_apart = matches!((self.ssrc, ssrc), (Some(a), Some(b)) if a != b);
        match self.stage {
            Stage::Reserved => false,
            Stage::Waiting => self.far.overlaps(&far) && !told_apart,
            // The engine knows a latched stream's SSRC and address, so only a leg that announced the very same is in doubt.
            Stage::Latched => self.far == far && ssrc.is_some() && self.ssrc == ssrc,
            // Behind a NAT the engine drops what still comes from the old address with the old SSRC; the whole NAT need not rest.
            Stage::Resting(_) => self.far == far && !told_apart,
        }
    }

    /// Whether the claim makes the port a second choice for `far`.
    pub(super) fn crowds(&self, far: Far) -> bool {
        match self.stage {
            Stage::Reserved | Stage::Waiting | Stage::Resting(_) => true,
            Stage::Latched => self.far.overlaps(&far),
        }
    }
}
