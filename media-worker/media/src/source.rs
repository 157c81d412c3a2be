//! One source's packets: sequence numbers unwrapped, validated (RFC 3550 A.1) and counted (A.3, A.8).

/// Extends 16-bit sequence numbers to 64 bits that never wrap.
#[derive(Clone, Debug, Default)]
pub struct Unwrapper {
    last: Option<u64>,
}

impl Unwrapper {
    /// The extended number: the one nearest to the last. The first is placed so that earlier ones do not underflow.
    pub fn unwrap(&mut self, sequence: u16) -> u64 {
        let extended = match self.last {
            None => FIRST_CYCLE + u64::from(sequence),
            Some(last) => {
                let step = sequence.wrapping_sub(last as u16) as i16;
                last.saturating_add_signed(i64::from(step))
            }
        };
        self.last = Some(extended);
        extended
    }
}

/// What RFC 3550 A.1 says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// In order, or ahead by an acceptable gap.
    Valid,
    /// Late or a duplicate, within the tolerated misorder.
    Misordered,
    /// The first of two sequential ones that a new source needs.
    Probation,
    /// A jump too large to believe until the next packet confirms it.
    Jump,
    /// The packet that confirmed a jump: the source restarted, and what followed its sequence starts anew.
    Restarted,
}

/// One synchronization source as a receiver sees it.
#[derive(Clone, Debug)]
pub struct Source {
    ssrc: u32,
    base: u16,
    highest: u16,
    cycles: u32,
    expected_next: Option<u16>,
    trust: Trust,
    received: u64,
    expected_prior: u64,
    received_prior: u64,
    transit: Option<u32>,
    jitter: u32,
}

#[derive(Clone, Copy, Debug)]
enum Trust {
    Probation { left: u8 },
    Valid,
}

/// The numbers of a reception report block (RFC 3550 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// Lost since the previous report, as a fraction of 256.
    pub fraction_lost: u8,
    /// Lost since the start; negative with duplicates.
    pub cumulative_lost: i32,
    /// Cycles and the highest sequence number.
    pub highest_sequence: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
}

impl Source {
    /// A source on probation, given its first packet's sequence number. That packet is still to be passed to `receive`.
    pub fn new(ssrc: u32, sequence: u16) -> Self {
        Self {
            ssrc,
            base: sequence,
            highest: sequence.wrapping_sub(1),
            cycles: 0,
            expected_next: None,
            trust: Trust::Probation {
                left: MIN_SEQUENTIAL,
            },
            received: 0,
            expected_prior: 0,
            received_prior: 0,
            transit: None,
            jitter: 0,
        }
    }

    /// The synchronization source identifier.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Validates and counts a packet (RFC 3550 A.1).
    pub fn receive(&mut self, sequence: u16) -> Arrival {
        match self.trust {
            Trust::Probation { left } => self.prove(sequence, left),
            Trust::Valid => self.follow(sequence),
        }
    }

    /// Takes a packet's timestamp and arrival, both in timestamp units, into the jitter estimate (RFC 3550 A.8).
    pub fn observe_jitter(&mut self, timestamp: u32, arrival: u32) {
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(previous) = self.transit.replace(transit) {
            let difference = (transit.wrapping_sub(previous) as i32).unsigned_abs();
            // Kept scaled by 16 so that integer division does not stall it.
            self.jitter = (self.jitter - ((self.jitter + 8) >> 4))
                .saturating_add(difference.min(MAX_TRANSIT_STEP));
        }
    }

    /// Packets received, counted since the source was trusted.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Interarrival jitter in timestamp units.
    pub fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    /// The numbers for a report block; the fraction lost counts from the previous call (RFC 3550 A.3).
    pub fn report(&mut self) -> Reception {
        let highest_sequence = self.cycles.wrapping_add(u32::from(self.highest));
        let expected = u64::from(
            highest_sequence
                .wrapping_sub(u32::from(self.base))
                .wrapping_add(1),
        );
        let lost = (expected as i64 - self.received as i64).clamp(-0x80_0000, 0x7f_ffff);
        let expected_interval = expected.saturating_sub(self.expected_prior);
        let received_interval = self.received.saturating_sub(self.received_prior);
        self.expected_prior = expected;
        self.received_prior = self.received;
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction_lost = (lost_interval << 8)
            .checked_div(expected_interval)
            .unwrap_or(0)
            .min(255) as u8;
        Reception {
            fraction_lost,
            cumulative_lost: lost as i32,
            highest_sequence,
            jitter: self.jitter(),
        }
    }

    fn prove(&mut self, sequence: u16, left: u8) -> Arrival {
        if sequence == self.highest.wrapping_add(1) {
            self.highest = sequence;
            if left <= 1 {
                self.restart(sequence);
                self.trust = Trust::Valid;
                return Arrival::Valid;
            }
            self.trust = Trust::Probation { left: left - 1 };
        } else {
            self.highest = sequence;
            self.trust = Trust::Probation {
                left: MIN_SEQUENTIAL - 1,
            };
        }
        Arrival::Probation
    }

    fn follow(&mut self, sequence: u16) -> Arrival {
        let ahead = sequence.wrapping_sub(self.highest);
        let arrival = if ahead == 0 {
            Arrival::Misordered
        } else if ahead < MAX_DROPOUT {
            if sequence < self.highest {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.highest = sequence;
            Arrival::Valid
        } else if ahead <= u16::MAX - MAX_MISORDER {
            if self.expected_next != Some(sequence) {
                self.expected_next = Some(sequence.wrapping_add(1));
                return Arrival::Jump;
            }
            self.restart(sequence);
            return Arrival::Restarted;
        } else {
            Arrival::Misordered
        };
        self.received += 1;
        arrival
    }

    fn restart(&mut self, sequence: u16) {
        self.base = sequence;
        self.highest = sequence;
        self.cycles = 0;
        self.expected_next = None;
        self.received = 1;
        self.expected_prior = 0;
        self.received_prior = 0;
        self.transit = None;
    }
}

/// RFC 3550 A.1.
const MIN_SEQUENTIAL: u8 = 2;
/// RFC 3550 A.1.
const MAX_DROPOUT: u16 = 3000;
/// RFC 3550 A.1.
const MAX_MISORDER: u16 = 100;
const FIRST_CYCLE: u64 = 1 << 32;
/// A jump of the clock is no jitter: at most 4 s of it count.
const MAX_TRANSIT_STEP: u32 = 32_000;
