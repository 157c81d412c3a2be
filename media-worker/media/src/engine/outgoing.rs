//! The RTP stream that we send on a leg: one SSRC, one sequence, one clock, whatever feeds it.

use std::time::{Duration, Instant};

use super::play::FRAME;
use super::reception::since;
use crate::rtp::Header;

/// Sequence and timestamp of the stream we send (RFC 3550 section 5.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing {
    pub(super) ssrc: u32,
    next_sequence: u16,
    /// Timestamp at `clock_at`, from which later ones are reckoned.
    timestamp: u32,
    clock_at: Option<Instant>,
    pub(super) packets: u64,
    pub(super) octets: u64,
    sent_at_report: u64,
}

impl Outgoing {
    /// A stream with a random start (RFC 3550 section 5.1).
    pub(super) fn new(ssrc: u32, first_sequence: u16, first_timestamp: u32) -> Self {
        Self {
            ssrc,
            next_sequence: first_sequence,
            timestamp: first_timestamp,
            clock_at: None,
            packets: 0,
            octets: 0,
            sent_at_report: 0,
        }
    }

    /// The header of a packet of audio made by us. The timestamp goes on by `ticks` a packet while we speak without pause
    /// and jumps by the pause after one, and then the marker is set (RFC 3551 section 4.1).
    pub(super) fn speak(&mut self, payload: u8, ticks: u32, clock: u32, now: Instant) -> Header {
        let elapsed = self.clock_at.map_or(0, |at| to_ticks(at, now, clock));
        // A tick that comes late by less than a packet's length is no pause, nor is it when a tick sends several short packets.
        let pause = self.clock_at.is_none() || elapsed > ticks.max(to_units(FRAME, clock)) * 2;
        if pause {
            self.timestamp = self.timestamp.wrapping_add(elapsed);
        }
        let header = self.header(payload, pause);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.clock_at = Some(now);
        header
    }

    /// A packet at the present timestamp that does not move the clock: those of one telephone event share a timestamp.
    pub(super) fn event(&mut self, payload: u8, marker: bool, timestamp: u32) -> Header {
        let header = Header {
            timestamp,
            ..self.header(payload, marker)
        };
        self.next_sequence = self.next_sequence.wrapping_add(1);
        header
    }

    /// Brings the clock up to `now` and returns it, for something that begins now.
    pub(super) fn begin(&mut self, clock: u32, now: Instant) -> u32 {
        let elapsed = self.clock_at.map_or(0, |at| to_ticks(at, now, clock));
        self.timestamp = self.timestamp.wrapping_add(elapsed);
        self.clock_at = Some(now);
        self.timestamp
    }

    /// The sequence number that comes next.
    pub(super) fn next_sequence(&self) -> u16 {
        self.next_sequence
    }

    /// A relayed packet with this sequence and timestamp is sent: what comes after continues from it.
    pub(super) fn relayed(&mut self, sequence: u16, timestamp: u32, now: Instant) {
        if sequence.wrapping_sub(self.next_sequence) < 0x8000 {
            self.next_sequence = sequence.wrapping_add(1);
            self.timestamp = timestamp;
            self.clock_at = Some(now);
        }
    }

    /// Counts a packet and its payload for the sender report.
    pub(super) fn count(&mut self, octets: usize) {
        self.packets += 1;
        self.octets += octets as u64;
    }

    /// Whether anything was sent since this was last asked: then a sender report is due, else a receiver report (RFC 3550 section 6.4).
    pub(super) fn sent_since_report(&mut self) -> bool {
        std::mem::replace(&mut self.sent_at_report, self.packets) != self.packets
    }

    /// The stream's timestamp that corresponds to `now`.
    pub(super) fn timestamp_at(&self, clock: u32, now: Instant) -> u32 {
        self.timestamp
            .wrapping_add(self.clock_at.map_or(0, |at| to_ticks(at, now, clock)))
    }

    fn header(&self, payload: u8, marker: bool) -> Header {
        Header {
            payload_type: payload,
            marker,
            sequence: self.next_sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        }
    }
}

fn to_ticks(earlier: Instant, now: Instant, clock: u32) -> u32 {
    to_units(since(earlier, now), clock)
}

fn to_units(time: Duration, clock: u32) -> u32 {
    (time.as_micros() * u128::from(clock) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::start;

    const TICK: Duration = Duration::from_millis(20);

    #[test]
    fn speech_without_pause_advances_by_the_packet_however_late_the_tick() {
        let now = start();
        let mut stream = Outgoing::new(7, 65_535, 1000);
        let first = stream.speak(0, 160, 8000, now);
        let second = stream.speak(0, 160, 8000, now + TICK + Duration::from_millis(9));
        assert_eq!(
            first,
            Header {
                payload_type: 0,
                marker: true,
                sequence: 65_535,
                timestamp: 1000,
                ssrc: 7
            }
        );
        assert_eq!(
            second,
            Header {
                marker: false,
                sequence: 0,
                timestamp: 1160,
                ..first
            }
        );
    }

    #[test]
    fn after_a_pause_the_timestamp_jumps_and_the_marker_is_set() {
        let now = start();
        let mut stream = Outgoing::new(7, 0, 1000);
        stream.speak(0, 160, 8000, now);
        let after = stream.speak(0, 160, 8000, now + Duration::from_secs(1));
        assert_eq!((after.marker, after.sequence), (true, 1));
        assert_eq!(after.timestamp, 1160 + 8000);
    }

    #[test]
    fn a_relayed_packet_is_continued_and_a_late_one_is_not() {
        let now = start();
        let mut stream = Outgoing::new(7, 10, 1000);
        stream.relayed(12, 1320, now);
        stream.relayed(11, 1160, now);
        assert_eq!(stream.next_sequence(), 13);
        assert_eq!(stream.timestamp_at(8000, now + TICK), 1480);
    }

    #[test]
    fn a_report_is_a_sender_report_only_after_sending() {
        let mut stream = Outgoing::new(7, 10, 1000);
        assert!(!stream.sent_since_report());
        stream.count(160);
        assert!(stream.sent_since_report());
        assert!(!stream.sent_since_report());
    }
}
