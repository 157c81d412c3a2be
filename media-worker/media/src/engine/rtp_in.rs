//! An RTP packet on its way to its leg and, bridged, on to the peer.

use std::net::SocketAddr;
use std::time::Instant;

use super::Engine;
use super::command::Event;
use super::demux::{Found, Key, StreamId};
use super::leg::{Leg, Meaning, MediaState, Source};
use super::reception::since;
use super::sink::{RecordSink, Sink};
use super::transcode::Recoder;
use super::turn::{MAX_PACKET, Turn};
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
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let Some(onward) = leg.take(&packet, &mut turn) else {
            return;
        };
        if let Some(peer) = leg.peer.and_then(|peer| self.legs.get_mut(peer)) {
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

/// What a packet is to the peer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Onward {
    Audio(Codec),
    TelephoneEvent,
}

impl Leg {
    /// Counts, records and listens to a packet of this leg; returns what it is to the peer.
    fn take(&mut self, packet: &Packet<'_>, turn: &mut Turn<'_>) -> Option<Onward> {
        let header = &packet.header;
        turn.counters.rtp_in += 1;
        self.rtp_heard = turn.now;
        self.heard = turn.now;
        self.media = MediaState::Flowing;
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
                if let Some(digit) = self.digits_in.audio(codec, packet.payload) {
                    self.press(digit, turn);
                }
                Some(Onward::Audio(codec))
            }
            Meaning::TelephoneEvent => {
                if let Some(digit) =
                    self.digits_in
                        .event(header.timestamp, header.marker, packet.payload)
                {
                    self.press(digit, turn);
                }
                Some(Onward::TelephoneEvent)
            }
            // RFC 3389: the far side is silent and says what its silence sounds like.
            Meaning::ComfortNoise | Meaning::Unknown => None,
        }
    }

    fn press(&mut self, digit: crate::dtmf::Digit, turn: &mut Turn<'_>) {
        if self.digits_in.plausible(turn.now) {
            turn.tell(Event::Digit {
                leg: self.spec.id,
                digit,
            });
        } else {
            turn.counters.excess_digits += 1;
        }
    }

    /// Sends the peer's packet on: the payload untouched where the codecs agree.
    fn pass_on(
        &mut self,
        packet: &Packet<'_>,
        onward: Onward,
        send_first: bool,
        turn: &mut Turn<'_>,
    ) {
        // What we say ourselves goes before what is only passed on.
        if self.playback.is_playing() || self.digits_out.is_dialing() {
            return;
        }
        let Some(to) = self.destination(send_first) else {
            return;
        };
        let clock = self.spec.send.codec.clock_rate();
        let payload_type = match onward {
            Onward::Audio(_) => self.spec.send.payload,
            Onward::TelephoneEvent => match self.spec.telephone_event {
                Some(payload_type) => payload_type,
                None => return,
            },
        };
        let mut recoded = [0; MAX_PACKET];
        let payload = match onward {
            Onward::Audio(codec) if codec != self.spec.send.codec => {
                turn.counters.transcoded += 1;
                let recoder = self
                    .transcoder
                    .get_or_insert_with(|| Box::new(Recoder::new(codec, self.spec.send.codec)));
                recoder.recode(codec, packet.payload, &mut recoded)
            }
            Onward::Audio(_) | Onward::TelephoneEvent => {
                turn.counters.relayed += 1;
                packet.payload
            }
        };
        if let Some(header) = self.relay.pass(
            &packet.header,
            payload_type,
            clock,
            &mut self.stream,
            turn.now,
        ) {
            self.stream.count(payload.len());
            turn.send_rtp(self.spec.port, to, header, payload);
        }
    }
}
