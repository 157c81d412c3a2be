//! What is counted.

use std::time::Duration;

/// What passed over one leg.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LegStats {
    /// RTP packets received.
    pub received: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets that never came, by their sequence numbers (RFC 3550 A.3).
    pub lost: u64,
    /// Interarrival jitter in RTP clock ticks (RFC 3550 A.8).
    pub jitter: u32,
    /// Round trip as the far side's last report told it (RFC 3550 section 6.4.1).
    pub round_trip: Option<Duration>,
}

/// What passed over all legs of an engine since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// RTP packets received for a leg.
    pub rtp_in: u64,
    /// RTP packets sent.
    pub rtp_out: u64,
    /// RTP packets lost on the way to us, of legs closed so far.
    pub rtp_lost: u64,
    /// RTCP packets received for a leg.
    pub rtcp_in: u64,
    /// RTCP packets sent.
    pub rtcp_out: u64,
    /// Packets from strangers, dropped.
    pub strangers: u64,
    /// Packets of a leg closed a moment ago, dropped.
    pub stragglers: u64,
    /// Packets that could belong to several legs, dropped.
    pub ambiguous: u64,
    /// Neither RTP nor RTCP, or broken, dropped.
    pub malformed: u64,
    /// RTP with a payload type that was not agreed, dropped.
    pub unknown_payload: u64,
    /// Digits that came faster than anyone dials, dropped.
    pub excess_digits: u64,
    /// Legs opened by a first packet.
    pub latched: u64,
    /// Times that a far side moved to another address.
    pub moved: u64,
    /// Packets bridged without touching the payload.
    pub relayed: u64,
    /// Packets that came after their turn to be decoded, of legs closed so far.
    pub late: u64,
    /// Packets whose sound was made up for a decoder, of legs closed so far.
    pub concealed: u64,
    /// Frames bridged by transcoding.
    pub transcoded: u64,
}
