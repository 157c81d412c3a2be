//! Two legs that hear each other: what is common passes as it comes, the rest is made anew each 20 ms.

use std::time::Instant;

use super::Engine;
use super::command::LegId;
use super::leg::Leg;
use super::peer_keys::PeerKeys;
use super::sink::{RecordSink, Sink};
use super::transcode::Voice;
use super::turn::Turn;
use crate::dtmf::Digit;
use crate::rtp::Packet;

impl Engine {
    pub(super) fn bridge(&mut self, a: LegId, b: LegId) {
        self.unbridge(a);
        self.unbridge(b);
        let (Some(a), Some(b)) = (self.keys.get(&a).copied(), self.keys.get(&b).copied()) else {
            return;
        };
        if let Some((leg_a, leg_b)) = self.legs.get2_mut(a, b).filter(|_| a != b) {
            leg_a.peer = Some(b);
            leg_b.peer = Some(a);
            self.bridges.push((a, b));
        }
    }

    pub(super) fn unbridge(&mut self, leg: LegId) {
        let Some(key) = self.keys.get(&leg).copied() else {
            return;
        };
        let Some(at) = self
            .bridges
            .iter()
            .position(|(a, b)| *a == key || *b == key)
        else {
            return;
        };
        let (a, b) = self.bridges.swap_remove(at);
        for key in [a, b] {
            if let Some(leg) = self.legs.get_mut(key) {
                leg.part();
            }
        }
    }

    /// The next 20 ms of what bridged legs say in a codec that the other does not speak.
    pub(super) fn tick_bridges(
        &mut self,
        now: Instant,
        out: &mut dyn Sink,
        rec: &mut dyn RecordSink,
    ) {
        let send_first = self.config.send_first;
        let mut turn = turn!(self, now, out, rec);
        for (a, b) in &self.bridges {
            if let Some((a, b)) = self.legs.get2_mut(*a, *b) {
                a.voice_peer(b, send_first, &mut turn);
                b.voice_peer(a, send_first, &mut turn);
            }
        }
    }
}

/// What a packet is to the peer at once.
#[derive(Debug, Clone, Copy)]
pub(super) enum Onward {
    /// Audio in the codec that the peer sends in.
    Audio,
    /// A telephone event, and the digit whose press begins with it.
    TelephoneEvent(Option<Digit>),
}

impl Leg {
    /// Sends the peer's packet on, its payload untouched.
    pub(super) fn pass_on(
        &mut self,
        packet: &Packet<'_>,
        onward: Onward,
        send_first: bool,
        turn: &mut Turn<'_>,
    ) {
        // What we say ourselves goes before what is only passed on.
        if self.is_speaking() {
            return;
        }
        match (onward, self.spec.telephone_event) {
            (Onward::Audio, _) if self.peer_keys.mute(turn.now) && self.tones_only() => {}
            (Onward::Audio, _) => {
                let ticks = self.spec.send.codec.units(packet.payload.len());
                self.relay_as(self.spec.send.payload, ticks, packet, send_first, turn);
            }
            (Onward::TelephoneEvent(_), Some(number)) => {
                self.pass_event(number, packet, send_first, turn);
            }
            (Onward::TelephoneEvent(pressed), None) => {
                self.peer_keys.sound(pressed, packet.payload, turn.now);
            }
        }
    }

    /// Says in our codec what the peer said, or the tone of the key it presses.
    fn voice_peer(&mut self, peer: &Leg, send_first: bool, turn: &mut Turn<'_>) {
        if self.is_speaking() {
            return;
        }
        let to = self.destination(send_first);
        let codec = self.spec.send.codec;
        let rate = codec.sample_rate();
        let mut tone = [0; MAX_SAMPLES];
        let tone = tone.get_mut(..rate as usize / 50).unwrap_or_default();
        let other = peer
            .decoding
            .as_ref()
            .filter(|decoding| decoding.codec() != codec);
        let (pcm, rate) = if self.peer_keys.tone(rate, turn.now, tone) {
            (&*tone, rate)
        } else if let Some(decoding) = other
            && let Some(frame) = decoding.frame()
            && !self.peer_keys.mute(turn.now)
        {
            (frame, decoding.codec().sample_rate())
        } else {
            return self.fall_silent(to, turn);
        };
        turn.counters.transcoded += 1;
        let mut voice = self
            .voice
            .take()
            .filter(|voice| voice.codec() == codec)
            .unwrap_or_else(|| Box::new(Voice::new(codec)));
        let mut encoded = [0; MAX_FRAME];
        self.speak(voice.encode(pcm, rate, &mut encoded), to, turn);
        self.voice = Some(voice);
    }

    /// A telephone event with our numbers. Beside audio that is relayed it keeps its place in it; beside audio that we make it
    /// begins at our present timestamp.
    fn pass_event(
        &mut self,
        number: u8,
        packet: &Packet<'_>,
        send_first: bool,
        turn: &mut Turn<'_>,
    ) {
        let header = &packet.header;
        let known = self.peer_keys.known(header.ssrc, header.timestamp);
        if known.is_none() && self.relay.is_following() {
            return self.relay_as(number, 0, packet, send_first, turn);
        }
        let clock = self.spec.send.codec.clock_rate();
        let ours = known.unwrap_or_else(|| self.stream.begin(clock, turn.now));
        self.peer_keys.passed(
            header.ssrc,
            header.timestamp,
            ours,
            packet.payload,
            turn.now,
        );
        if let Some(to) = self.destination(send_first) {
            turn.counters.relayed += 1;
            let header = self.stream.event(number, header.marker, ours);
            self.stream.count(packet.payload.len());
            turn.send_rtp(self.spec.port, to, header, packet.payload);
        }
    }

    /// Relays a packet under this payload number; it holds `ticks` of audio.
    fn relay_as(
        &mut self,
        number: u8,
        ticks: u32,
        packet: &Packet<'_>,
        send_first: bool,
        turn: &mut Turn<'_>,
    ) {
        let Some(to) = self.destination(send_first) else {
            return;
        };
        self.packetizer.clear();
        let clock = self.spec.send.codec.clock_rate();
        let passed = self.relay.pass(
            &packet.header,
            number,
            (ticks, clock),
            &mut self.stream,
            turn.now,
        );
        if let Some(header) = passed {
            turn.counters.relayed += 1;
            self.stream.count(packet.payload.len());
            turn.send_rtp(self.spec.port, to, header, packet.payload);
        }
    }

    /// Whether the far side hears keys as tones only.
    fn tones_only(&self) -> bool {
        self.spec.telephone_event.is_none()
    }

    /// Forgets the peer.
    fn part(&mut self) {
        self.peer = None;
        self.relay.interrupt();
        self.voice = None;
        self.peer_keys = PeerKeys::default();
    }
}

/// 20 ms at 16 kHz.
const MAX_SAMPLES: usize = 320;
/// 20 ms at 64 kbit/s.
const MAX_FRAME: usize = 160;
