//! Sender and receiver reports (RFC 3550 section 6), on the RTP port (RFC 5761).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand_core::Rng;

use super::Engine;
use super::demux::StreamId;
use super::leg::{Leg, Source};
use super::reception::since;
use super::turn::{MAX_PACKET, Turn};
use crate::rtcp::{self, Ntp, Packet, Report, ReportBlock, SenderInfo};

/// When a leg reports, and what it needs of the far side's reports for it.
#[derive(Debug)]
pub(super) struct Reports {
    next: Instant,
    last_sr: Option<(Ntp, Instant)>,
    round_trip: Option<Duration>,
}

impl Reports {
    /// The first report comes within the first interval, at random (RFC 3550 section 6.2).
    pub(super) fn new(random: u32, now: Instant) -> Self {
        Self {
            next: now + rtcp::interval(random),
            last_sr: None,
            round_trip: None,
        }
    }

    /// Whether a report is due.
    pub(super) fn due(&self, now: Instant) -> bool {
        self.next <= now
    }

    /// The time a packet of ours and the far side's answer need, as the far side's last report told.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// The far side's SSRC changed: its old clock means nothing any more.
    pub(super) fn restart(&mut self) {
        self.last_sr = None;
    }
}

impl Leg {
    /// Sends the report that is due: SR if we sent since the last one, else RR.
    pub(super) fn report(&mut self, turn: &mut Turn<'_>) {
        self.reports.next = turn.now + rtcp::interval(turn.random.next_u32());
        let sent = self.stream.sent_since_report();
        self.send_report(sent, false, turn);
    }

    /// Says BYE (RFC 3550 section 6.6).
    pub(super) fn say_goodbye(&mut self, turn: &mut Turn<'_>) {
        self.send_report(false, true, turn);
    }

    fn send_report(&mut self, as_sender: bool, goodbye: bool, turn: &mut Turn<'_>) {
        // Only into a flow that the far side has opened: elsewhere it would reach strangers, or nobody behind a NAT.
        let Source::Latched { from, .. } = self.source else {
            return;
        };
        if !self.spec.rtcp_mux {
            return;
        }
        let ntp = elapsed(turn.started, turn.now);
        let sender = as_sender.then(|| SenderInfo {
            ntp,
            rtp_timestamp: self
                .stream
                .timestamp_at(self.spec.send.codec.clock_rate(), turn.now),
            packets: self.stream.packets as u32,
            octets: self.stream.octets as u32,
        });
        let block = self.block(turn.now);
        let mut name = [0; 8];
        let report = Report {
            ssrc: self.stream.ssrc,
            sender,
            blocks: block.as_slice(),
            cname: canonical_name(self.stream.ssrc, &mut name),
            goodbye,
        };
        let mut buffer = [0; MAX_PACKET];
        if let Some(packet) = report
            .write(&mut buffer)
            .and_then(|length| buffer.get(..length))
        {
            turn.send_rtcp(self.spec.port, from, packet);
        }
    }

    fn block(&mut self, now: Instant) -> Option<ReportBlock> {
        let (ssrc, reception) = self.reception.report()?;
        let (last_sr, delay) = self.reports.last_sr.map_or((0, 0), |(ntp, at)| {
            (ntp.middle(), (since(at, now).as_micros() << 16) / 1_000_000)
        });
        Some(ReportBlock {
            ssrc,
            fraction_lost: reception.fraction_lost,
            cumulative_lost: reception.cumulative_lost,
            highest_sequence: reception.highest_sequence,
            jitter: reception.jitter,
            last_sr,
            delay_since_last_sr: delay as u32,
        })
    }
}

impl Engine {
    pub(super) fn receive_rtcp(
        &mut self,
        port: usize,
        from: SocketAddr,
        datagram: &[u8],
        now: Instant,
    ) {
        let Ok(compound) = rtcp::parse(datagram) else {
            self.counters.malformed += 1;
            return;
        };
        let Some(leg) = reporter(compound)
            .and_then(|ssrc| self.demux.find_control(StreamId { port, from, ssrc }))
            .and_then(|key| self.legs.get_mut(key))
        else {
            self.counters.strangers += 1;
            return;
        };
        self.counters.rtcp_in += 1;
        // A far side that holds the call sends no RTP, but it is there.
        leg.is_there(now);
        for packet in compound.packets() {
            match packet {
                Packet::SenderReport { sender, blocks, .. } => {
                    leg.reports.last_sr = Some((sender.ntp, now));
                    leg.take_blocks(blocks.iter(), elapsed(self.started, now));
                }
                Packet::ReceiverReport { blocks, .. } => {
                    leg.take_blocks(blocks.iter(), elapsed(self.started, now));
                }
                Packet::SourceDescription { .. }
                | Packet::Goodbye { .. }
                | Packet::Other { .. } => {}
            }
        }
    }
}

impl Leg {
    fn take_blocks(&mut self, blocks: impl Iterator<Item = ReportBlock>, now: Ntp) {
        let ours = self.stream.ssrc;
        for block in blocks.filter(|block| block.ssrc == ours) {
            self.reports.round_trip = block.round_trip(now).or(self.reports.round_trip);
        }
    }
}

/// Who sent the compound: the SSRC of its first report.
fn reporter(compound: rtcp::Compound<'_>) -> Option<u32> {
    compound.packets().find_map(|packet| match packet {
        Packet::SenderReport { ssrc, .. } | Packet::ReceiverReport { ssrc, .. } => Some(ssrc),
        Packet::SourceDescription { ssrc, .. } => Some(ssrc).filter(|ssrc| *ssrc != 0),
        Packet::Goodbye { ssrc } => ssrc,
        Packet::Other { .. } => None,
    })
}

/// RFC 3550 section 6.4.1: a system without wall clock may use the time since it started.
fn elapsed(started: Instant, now: Instant) -> Ntp {
    // Never zero, which would say "none" in LSR.
    Ntp::from_unix(since(started, now) + Duration::from_secs(1))
}

/// A name per stream that tells nothing about user or host (RFC 7022 section 4.2 wants it unlinkable).
fn canonical_name(ssrc: u32, buffer: &mut [u8; 8]) -> &str {
    for (digit, slot) in buffer.iter_mut().enumerate() {
        let nibble = (ssrc >> (28 - 4 * digit)) as usize & 0xf;
        *slot = HEX.get(nibble).copied().unwrap_or(b'0');
    }
    std::str::from_utf8(buffer).unwrap_or_default()
}

const HEX: &[u8; 16] = b"0123456789abcdef";
