//! Passing another leg's packets on: only the header changes.
//!
//! Sequence and timestamp of what comes in are shifted by a constant, so gaps, reordering and pauses reach the far side
//! as they were, and its jitter buffer sees the truth. The constants are chosen anew whenever the input changes.

use std::time::Instant;

use super::outgoing::Outgoing;
use crate::rtp::Header;

/// The shift in force between one input stream and the stream we send.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Relay {
    input: Option<Input>,
}

#[derive(Debug, Clone, Copy)]
struct Input {
    ssrc: u32,
    first_sequence: u16,
    sequence_shift: u16,
    timestamp_shift: u32,
}

impl Relay {
    /// Something else fed the stream: the next relayed packet begins a new shift.
    pub(super) fn interrupt(&mut self) {
        self.input = None;
    }

    /// Whether the stream follows an input now.
    pub(super) fn is_following(&self) -> bool {
        self.input.is_some()
    }

    /// The header for this packet, `ticks` of a `clock` in Hz long, on `stream`. `None` for one that is older than what the stream has moved on from.
    pub(super) fn pass(
        &mut self,
        packet: &Header,
        payload: u8,
        (ticks, clock): (u32, u32),
        stream: &mut Outgoing,
        now: Instant,
    ) -> Option<Header> {
        let known = self
            .input
            .filter(|input| input.ssrc == packet.ssrc && input.reaches(packet.sequence));
        let input = known.unwrap_or_else(|| Input {
            ssrc: packet.ssrc,
            first_sequence: packet.sequence,
            sequence_shift: stream.next_sequence().wrapping_sub(packet.sequence),
            timestamp_shift: stream.begin(clock, now).wrapping_sub(packet.timestamp),
        });
        self.input = Some(input);
        if packet.sequence.wrapping_sub(input.first_sequence) >= 0x8000 {
            return None;
        }
        let sequence = packet.sequence.wrapping_add(input.sequence_shift);
        let timestamp = packet.timestamp.wrapping_add(input.timestamp_shift);
        let marker = packet.marker || known.is_none();
        let header = Header {
            payload_type: payload,
            marker,
            sequence,
            timestamp,
            ssrc: stream.ssrc,
        };
        self.input = Some(input.advanced(packet.sequence));
        stream.relayed(sequence, timestamp, ticks, clock, now);
        Some(header)
    }
}

impl Input {
    /// Whether the packet belongs to the same numbering: neither far ahead nor far behind.
    fn reaches(&self, sequence: u16) -> bool {
        let ahead = sequence.wrapping_sub(self.first_sequence);
        !(FAR..0x8000 + FAR).contains(&ahead)
    }

    /// Keeps the border between new and old within reach of the numbers in use, over the wrap of the sequence.
    fn advanced(self, sequence: u16) -> Self {
        let ahead = sequence.wrapping_sub(self.first_sequence);
        if ahead < 0x8000 && ahead > REORDERING {
            Self {
                first_sequence: sequence.wrapping_sub(REORDERING),
                ..self
            }
        } else {
            self
        }
    }
}

/// Beyond this many packets the input has begun a new numbering.
const FAR: u16 = 6000;
/// How far behind the newest a packet may come.
const REORDERING: u16 = 256;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::tests::start;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Header {
        Header {
            payload_type: 0,
            ssrc,
            sequence,
            timestamp,
            marker: false,
        }
    }

    #[test]
    fn gaps_and_reordering_pass_unchanged() {
        let now = start();
        let (mut relay, mut stream) = (Relay::default(), Outgoing::new(9, 500, 0));
        let sequences: Vec<_> = [10u16, 11, 14, 13, 15]
            .iter()
            .map(|n| {
                relay
                    .pass(
                        &packet(1, *n, u32::from(*n) * 160),
                        8,
                        (160, 8000),
                        &mut stream,
                        now,
                    )
                    .unwrap()
                    .sequence
            })
            .collect();
        assert_eq!(sequences, [500, 501, 504, 503, 505]);
    }

    #[test]
    fn a_new_input_continues_the_stream_with_a_marker() {
        let now = start();
        let (mut relay, mut stream) = (Relay::default(), Outgoing::new(9, 500, 0));
        relay.pass(&packet(1, 10, 1600), 8, (160, 8000), &mut stream, now);
        let later = now + Duration::from_millis(100);
        let header = relay
            .pass(&packet(2, 60_000, 77), 8, (160, 8000), &mut stream, later)
            .unwrap();
        assert_eq!(
            (
                header.sequence,
                header.timestamp,
                header.marker,
                header.ssrc
            ),
            (501, 800, true, 9)
        );
    }

    #[test]
    fn what_was_sent_before_an_interruption_is_not_sent_again() {
        let now = start();
        let (mut relay, mut stream) = (Relay::default(), Outgoing::new(9, 500, 0));
        relay.pass(&packet(1, 10, 1600), 8, (160, 8000), &mut stream, now);
        relay.interrupt();
        stream.event(101, true, 5);
        assert_eq!(
            relay
                .pass(&packet(1, 12, 1920), 8, (160, 8000), &mut stream, now)
                .unwrap()
                .sequence,
            502
        );
        assert_eq!(
            relay.pass(&packet(1, 11, 1760), 8, (160, 8000), &mut stream, now),
            None
        );
    }

    #[test]
    fn a_long_call_runs_over_many_wraps() {
        let now = start();
        let (mut relay, mut stream) = (Relay::default(), Outgoing::new(9, 7, 0));
        for n in 0..200_000u32 {
            let header = relay
                .pass(
                    &packet(1, n as u16, n * 160),
                    8,
                    (160, 8000),
                    &mut stream,
                    now,
                )
                .unwrap();
            assert_eq!(header.sequence, (n as u16).wrapping_add(7));
        }
    }
}
