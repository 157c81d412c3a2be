//! What arrives on a leg, over all the streams it has had.

use std::time::{Duration, Instant};

use crate::rtp::{Header, Source};
use crate::source;

/// The present source of a leg, and the totals of those before it.
#[derive(Debug, Default)]
pub(super) struct Reception {
    source: Option<Source>,
    received_before: u64,
    lost_before: u64,
}

impl Reception {
    /// A new source begins; the numbers of the old one are kept in the totals.
    pub(super) fn restart(&mut self) {
        self.received_before = self.received();
        self.lost_before = self.lost();
        self.source = None;
    }

    /// Takes note of a packet that arrived `arrival` after any fixed moment; `clock` is the payload's RTP clock in Hz.
    pub(super) fn packet(&mut self, header: &Header, arrival: Duration, clock: u32) {
        let source = self
            .source
            .get_or_insert_with(|| Source::new(header.ssrc, header.sequence));
        source.receive(header.sequence);
        let ticks = (arrival.as_micros() as u64).wrapping_mul(u64::from(clock)) / 1_000_000;
        source.observe_jitter(header.timestamp, ticks as u32);
    }

    /// Whether `sequence` can follow what was received `silence` ago: no further on than the far side could have sent meanwhile.
    pub(super) fn continues(&self, sequence: u16, silence: Duration) -> bool {
        let Some(source) = &self.source else {
            return false;
        };
        let highest = source.clone().report().highest_sequence as u16;
        let ahead = u128::from(sequence.wrapping_sub(highest));
        let most = (silence.as_millis() / SHORTEST_PACKET_MS + SLACK_PACKETS).min(MAX_DROPOUT);
        (1..=most).contains(&ahead)
    }

    /// The numbers of the report that is due on the present source.
    pub(super) fn report(&mut self) -> Option<(u32, source::Reception)> {
        self.source
            .as_mut()
            .map(|source| (source.ssrc(), source.report()))
    }

    pub(super) fn received(&self) -> u64 {
        self.received_before + self.source.as_ref().map_or(0, Source::received)
    }

    pub(super) fn lost(&self) -> u64 {
        let lost = |source: &Source| source.clone().report().cumulative_lost.max(0) as u64;
        self.lost_before + self.source.as_ref().map_or(0, lost)
    }

    pub(super) fn jitter(&self) -> u32 {
        self.source.as_ref().map_or(0, Source::jitter)
    }
}

/// How long ago; zero for the future.
pub(super) fn since(earlier: Instant, now: Instant) -> Duration {
    now.saturating_duration_since(earlier)
}

const SHORTEST_PACKET_MS: u128 = 10;
const SLACK_PACKETS: u128 = 50;
/// RFC 3550 A.1.
const MAX_DROPOUT: u128 = 3000;

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(reception: &mut Reception, ssrc: u32, sequences: impl IntoIterator<Item = u16>) {
        for (n, sequence) in sequences.into_iter().enumerate() {
            let header = Header {
                marker: false,
                payload_type: 0,
                sequence,
                timestamp: 160 * n as u32,
                ssrc,
            };
            reception.packet(&header, Duration::from_millis(20 * n as u64), 8000);
        }
    }

    #[test]
    fn totals_run_over_a_change_of_source() {
        let mut reception = Reception::default();
        feed(&mut reception, 1, [1, 2, 3, 5, 6]);
        let (received, lost) = (reception.received(), reception.lost());
        assert_eq!(lost, 1);
        reception.restart();
        feed(&mut reception, 2, [40_000, 40_001, 40_003]);
        assert_eq!(reception.lost(), lost + 1);
        assert!(reception.received() > received);
    }

    #[test]
    fn a_stream_continues_only_as_far_as_time_allows() {
        let mut reception = Reception::default();
        feed(&mut reception, 1, [98, 99, 100]);
        let silence = Duration::from_millis(500);
        assert!(reception.continues(101, silence) && reception.continues(200, silence));
        assert!(
            !reception.continues(201, silence),
            "50 packets of 10 ms and 50 of slack: not more"
        );
        assert!(!reception.continues(100, silence) && !reception.continues(99, silence));
    }
}
