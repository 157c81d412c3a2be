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
    /// The end of what was sent so far.
    timestamp: u32,
    /// When that end is due.
    due: Option<Instant>,
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
            due: None,
            packets: 0,
            octets: 0,
            sent_at_report: 0,
        }
    }

    /// The header of a packet of audio made by us. The timestamp goes on by `ticks` a packet while we speak without pause
    /// and jumps by the pause after one, and then the marker is set (RFC 3551 section 4.1).
    pub(super) fn speak(&mut self, payload: u8, ticks: u32, clock: u32, now: Instant) -> Header {
        // A tick that comes late by less than a packet's length is no pause.
        let longest = FRAME.max(to_time(ticks, clock));
        let pause = self.due.is_none_or(|due| since(due, now) > longest);
        if pause {
            self.begin(clock, now);
        }
        let header = self.header(payload, pause);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.due = self.due.map(|due| due + to_time(ticks, clock));
        self.next_sequence = self.next_sequence.wrapping_add(1);
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

    /// Brings the clock up to `now` and returns it, for something that begins now: not before the end of what was sent.
    pub(super) fn begin(&mut self, clock: u32, now: Instant) -> u32 {
        let due = *self.due.get_or_insert(now);
        self.timestamp = self
            .timestamp
            .wrapping_add(to_ticks(since(due, now), clock));
        self.due = Some(due.max(now));
        self.timestamp
    }

    /// The sequence number that comes next.
    pub(super) fn next_sequence(&self) -> u16 {
        self.next_sequence
    }

    /// A relayed packet with this sequence and timestamp, `ticks` long, is sent: what comes after continues from it.
    pub(super) fn relayed(
        &mut self,
        sequence: u16,
        timestamp: u32,
        ticks: u32,
        clock: u32,
        now: Instant,
    ) {
        if sequence.wrapping_sub(self.next_sequence) >= 0x8000 {
            return;
        }
        self.next_sequence = sequence.wrapping_add(1);
        let end = timestamp.wrapping_add(ticks);
        // The packets of an event all carry the timestamp of its beginning.
        if self.due.is_none() || end.wrapping_sub(self.timestamp) < 0x8000_0000 {
            self.timestamp = end;
            self.due = Some(now + to_time(ticks, clock));
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
        let Some(due) = self.due else {
            return self.timestamp;
        };
        self.timestamp
            .wrapping_add(to_ticks(since(due, now), clock))
            .wrapping_sub(to_ticks(since(now, due), clock))
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

fn to_ticks(time: Duration, clock: u32) -> u32 {
    (time.as_micros() * u128::from(clock) / 1_000_000) as u32
}

fn to_time(ticks: u32, clock: u32) -> Duration {
    Duration::from_micros(u64::from(ticks) * 1_000_000 / u64::from(clock))
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
        assert_eq!(after.timestamp, 1000 + 8000);
    }

    #[test]
    fn a_relayed_packet_is_continued_and_a_late_one_is_not() {
        let now = start();
        let mut stream = Outgoing::new(7, 10, 1000);
        stream.relayed(12, 1320, 160, 8000, now);
        stream.relayed(11, 1160, 160, 8000, now);
        assert_eq!(stream.next_sequence(), 13);
        assert_eq!(stream.timestamp_at(8000, now), 1320);
        assert_eq!(
            stream.speak(0, 160, 8000, now).timestamp,
            1480,
            "what we say follows what was relayed, however soon"
        );
    }

    #[test]
    fn short_packets_of_one_tick_are_no_pause_however_late_it_is() {
        let now = start();
        let mut stream = Outgoing::new(7, 0, 0);
        for tick in 0..10_u32 {
            let late = Duration::from_millis(u64::from(tick % 3) * 4);
            for half in 0..2 {
                let header = stream.speak(0, 80, 8000, now + TICK * tick + late);
                assert_eq!(header.timestamp, tick * 160 + half * 80);
                assert_eq!(header.marker, tick + half == 0);
            }
        }
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
