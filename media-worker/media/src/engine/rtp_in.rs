//! An RTP packet on its way to its leg and, bridged, on to the peer.

use std::net::SocketAddr;
use std::time::Instant;

use super::Engine;
use super::bridge::Onward;
use super::command::Event;
use super::decoding::Decoding;
use super::demux::{Found, Key, StreamId};
use super::leg::{Leg, Meaning, Source};
use super::reception::since;
use super::sink::{RecordSink, Sink};
use super::turn::Turn;
use crate::codec::Codec;
use crate::rtp::{self, Packet};

impl Engine {
    pub(super) fn receive_rtp(
        &mut self,
        port: usize,
        from: SocketAddr,
        datagram: &[u8],
        now: Instant,
        out: &mut dyn Sink,
        rec: &mut dyn RecordSink,
    ) {
        let Ok(packet) = rtp::parse(datagram) else {
            self.counters.malformed += 1;
            return;
        };
        let stream = StreamId {
            port,
            from,
            ssrc: packet.header.ssrc,
        };
        let Some(key) = self.owner(stream, &packet, now) else {
            return;
        };
        let mut turn = turn!(self, now, out, rec);
        let peer = self.legs.get(key).and_then(|leg| leg.peer);
        let wanted = peer
            .and_then(|peer| self.legs.get(peer))
            .map(|peer| peer.spec.send.codec);
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let Some(onward) = leg.take(&packet, wanted, &mut turn) else {
            return;
        };
        if let Some(peer) = peer.and_then(|peer| self.legs.get_mut(peer)) {
            peer.pass_on(&packet, onward, self.config.send_first, &mut turn);
        }
    }

    /// Whose packet it is; a new stream is entered in the tables.
    fn owner(&mut self, stream: StreamId, packet: &Packet<'_>, now: Instant) -> Option<Key> {
        match self
            .demux
            .find(&self.legs, stream, packet.header.sequence, now)
        {
            Found::Current(key) => Some(key),
            Found::Opens(key) => self.latch(key, stream, packet, now),
            Found::Moves(key) => {
                self.counters.moved += 1;
                self.latch(key, stream, packet, now)
            }
            Found::Stranger => {
                self.counters.strangers += 1;
                None
            }
            Found::Straggler => {
                self.counters.stragglers += 1;
                None
            }
            Found::Ambiguous => {
                self.counters.ambiguous += 1;
                None
            }
        }
    }

    /// Gives the leg this stream, if it is one that was agreed on.
    fn latch(
        &mut self,
        key: Key,
        stream: StreamId,
        packet: &Packet<'_>,
        now: Instant,
    ) -> Option<Key> {
        let leg = self.legs.get_mut(key)?;
        if leg.meaning(packet.header.payload_type) == Meaning::Unknown {
            self.counters.unknown_payload += 1;
            return None;
        }
        self.demux.stop_waiting(key, leg.spec.port, leg.spec.remote);
        let old = leg.stream_id();
        if let Some(old) = old {
            self.demux.unlatch(key, old, None);
        } else {
            self.counters.latched += 1;
        }
        self.demux.latch(key, stream);
        leg.source = Source::Latched {
            from: stream.from,
            ssrc: stream.ssrc,
        };
        if old.is_none_or(|old| old.ssrc != stream.ssrc) {
            leg.reception.restart();
            leg.digits_in.restart();
            leg.reports.restart();
        }
        if old.is_none_or(|old| old.from != stream.from) {
            leg.rearmed_until = None;
            self.events.push_back(Event::FirstPacket {
                leg: leg.spec.id,
                from: stream.from,
                ssrc: stream.ssrc,
            });
        }
        leg.rtp_heard = now;
        Some(key)
    }
}

impl Leg {
    /// Counts and records a packet of this leg, and listens to it where somebody wants its sound: the detector of digits, or a
    /// peer that sends in another codec. Returns what the peer gets at once; `wanted` is the codec that the peer sends in.
    fn take(
        &mut self,
        packet: &Packet<'_>,
        wanted: Option<Codec>,
        turn: &mut Turn<'_>,
    ) -> Option<Onward> {
        let header = &packet.header;
        turn.counters.rtp_in += 1;
        self.rtp_heard = turn.now;
        self.is_there(turn.now);
        let meaning = self.meaning(header.payload_type);
        let clock = match meaning {
            Meaning::Audio(codec) => codec.clock_rate(),
            Meaning::TelephoneEvent | Meaning::ComfortNoise => self.spec.send.codec.clock_rate(),
            Meaning::Unknown => {
                turn.counters.unknown_payload += 1;
                return None;
            }
        };
        self.reception
            .packet(header, since(turn.started, turn.now), clock);
        if !self.spec.direction.receives() {
            return None;
        }
        match meaning {
            Meaning::Audio(codec) => {
                if let Some(recording) = &mut self.recording {
                    recording.packet(header.ssrc, header.timestamp, codec, packet.payload, turn);
                }
                if self.digits_in.listens() || wanted.is_some_and(|wanted| wanted != codec) {
                    self.decoding
                        .get_or_insert_with(|| Box::new(Decoding::new(codec)))
                        .insert(codec, header, packet.payload, turn.now);
                }
                wanted
                    .is_some_and(|wanted| wanted == codec)
                    .then_some(Onward::Audio)
            }
            Meaning::TelephoneEvent => {
                let pressed = self
                    .digits_in
                    .event(header.timestamp, header.marker, packet.payload);
                if let Some(digit) = pressed {
                    self.press(digit, turn);
                }
                Some(Onward::TelephoneEvent(pressed))
            }
            Meaning::ComfortNoise => {
                if let Some(decoding) = &mut self.decoding {
                    decoding.comfort_noise(packet.payload);
                }
                None
            }
            Meaning::Unknown => None,
        }
    }

    /// Tells of a key, if a finger can have pressed it.
    pub(super) fn press(&mut self, digit: crate::dtmf::Digit, turn: &mut Turn<'_>) {
        if self.digits_in.plausible(turn.now) {
            turn.tell(Event::Digit {
                leg: self.spec.id,
                digit,
            });
        } else {
            turn.counters.excess_digits += 1;
        }
    }
}
