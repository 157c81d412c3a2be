//! One turn of the engine: the moment, and where its effects go.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use rand_chacha::ChaCha8Rng;

use super::command::Event;
use super::sink::{RecordSink, Sink};
use super::stats::Counters;
use crate::rtp::Header;

/// What a leg may touch besides itself while it handles a packet, a tick or a command.
pub(super) struct Turn<'a> {
    pub(super) now: Instant,
    pub(super) started: Instant,
    pub(super) out: &'a mut dyn Sink,
    pub(super) rec: &'a mut dyn RecordSink,
    pub(super) events: &'a mut VecDeque<Event>,
    pub(super) counters: &'a mut Counters,
    pub(super) random: &'a mut ChaCha8Rng,
}

impl Turn<'_> {
    /// Tells the signalling side.
    pub(super) fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Sends an RTP packet; one too long for a datagram is not sent.
    pub(super) fn send_rtp(&mut self, port: usize, to: SocketAddr, header: Header, payload: &[u8]) {
        let mut buffer = [0; MAX_PACKET];
        if let Some(packet) = header
            .write(payload, &mut buffer)
            .and_then(|length| buffer.get(..length))
        {
            self.counters.rtp_out += 1;
            self.out.send(port, to, packet);
        }
    }

    /// Sends a compound RTCP packet.
    pub(super) fn send_rtcp(&mut self, port: usize, to: SocketAddr, packet: &[u8]) {
        self.counters.rtcp_out += 1;
        self.out.send(port, to, packet);
    }
}

/// The longest datagram that we send: what every path carries whole.
pub(super) const MAX_PACKET: usize = 1500;
