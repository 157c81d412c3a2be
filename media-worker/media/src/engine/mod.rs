//! The legs of one media thread.
//!
//! [`Engine`] is sans-IO: packets and moments come in as arguments, packets go out to a [`Sink`], recorded audio to a
//! [`RecordSink`], news to [`Engine::poll_event`]. It is driven by three calls: [`Engine::receive`] for each datagram,
//! [`Engine::tick`] every 20 ms, [`Engine::command`] for what the signalling side wants. None of the first two allocates per packet.

/// Borrows what a turn needs from the engine's fields, leaving its legs free.
macro_rules! turn {
    ($engine:ident, $now:expr, $out:expr, $rec:expr) => {
        $crate::engine::turn::Turn {
            now: $now,
            started: $engine.started,
            out: $out,
            rec: $rec,
            events: &mut $engine.events,
            counters: &mut $engine.counters,
            random: &mut $engine.random,
        }
    };
}

mod bridge;
mod command;
mod decoding;
mod demux;
mod digits;
mod halfband;
mod leg;
mod outgoing;
mod packetizer;
mod peer_keys;
mod play;
mod reception;
mod record;
mod relay;
mod reports;
mod rtp_in;
mod sink;
mod stats;
mod tick;
mod transcode;
mod turn;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use slab::Slab;

pub use command::{Command, Direction, Event, Expect, Format, LegId, LegSpec, PlayItem, RecordEnd};
use demux::{Demux, Key, REST};
use leg::{Leg, Source};
use play::Playback;
use record::Recording;
pub use sink::{RecordSink, Sink};
pub use stats::{Counters, LegStats};
use turn::Turn;

/// What all legs of an engine have in common.
#[derive(Debug, Clone, Copy)]
pub struct EngineConfig {
    /// Whether a leg may send before the far side's first packet came. Not behind a Kubernetes Service, where such packets
    /// leave from another address.
    pub send_first: bool,
    /// Without RTP or RTCP for so long, [`Event::MediaLost`] is told where media is to flow both ways.
    pub media_timeout: Duration,
    /// Most legs at once; an [`Command::Open`] beyond closes at once.
    pub max_legs: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            send_first: true,
            media_timeout: Duration::from_secs(30),
            max_legs: 4096,
        }
    }
}

/// The legs of one media thread.
pub struct Engine {
    config: EngineConfig,
    started: Instant,
    legs: Slab<Leg>,
    keys: HashMap<LegId, Key>,
    demux: Demux,
    events: VecDeque<Event>,
    counters: Counters,
    random: ChaCha8Rng,
    bridges: Vec<(Key, Key)>,
}

/// How often [`Engine::tick`] is called.
pub const TICK: Duration = play::FRAME;

impl Engine {
    /// An engine without legs. The seed decides the random starts of its streams (RFC 3550 section 5.1).
    pub fn new(config: EngineConfig, seed: [u8; 32], now: Instant) -> Self {
        Self {
            config,
            started: now,
            legs: Slab::new(),
            keys: HashMap::new(),
            demux: Demux::default(),
            events: VecDeque::with_capacity(EVENTS_AT_ONCE),
            counters: Counters::default(),
            random: ChaCha8Rng::from_seed(seed),
            bridges: Vec::new(),
        }
    }

    /// Carries out an order.
    pub fn command(
        &mut self,
        command: Command,
        now: Instant,
        out: &mut dyn Sink,
        rec: &mut dyn RecordSink,
    ) {
        match command {
            Command::Open(spec) => self.open(spec, now),
            Command::Redirect(spec) => self.redirect(spec, now),
            Command::Close(leg) => self.close(leg, now, out, rec),
            Command::Bridge { a, b } => self.bridge(a, b),
            Command::Unbridge { leg } => self.unbridge(leg),
            Command::Direct { leg, direction } => {
                self.with_leg(leg, now, out, rec, |leg, _| leg.direct(direction, now));
            }
            Command::Play { leg, items, tag } => self.with_leg(leg, now, out, rec, |leg, turn| {
                leg.stop_playing(turn);
                leg.playback = Playback::start(items, tag);
            }),
            Command::StopPlay { leg } => self.with_leg(leg, now, out, rec, Leg::stop_playing),
            Command::Record {
                leg,
                recording,
                silence,
                max,
            } => self.with_leg(leg, now, out, rec, |leg, turn| {
                leg.end_recording(RecordEnd::Stopped, turn);
                let codec = leg.spec.send.codec;
                let recording = Recording::new(recording, codec, silence, max, now);
                leg.recording = Some(Box::new(recording));
            }),
            Command::StopRecord { leg } => {
                self.with_leg(leg, now, out, rec, |leg, turn| {
                    leg.end_recording(RecordEnd::Stopped, turn);
                });
            }
            Command::SendDigits { leg, digits } => {
                self.with_leg(leg, now, out, rec, |leg, _| leg.digits_out.push(&digits));
            }
        }
    }

    /// Takes a datagram that arrived at a local port.
    pub fn receive(
        &mut self,
        port: usize,
        from: SocketAddr,
        packet: &[u8],
        now: Instant,
        out: &mut dyn Sink,
        rec: &mut dyn RecordSink,
    ) {
        match crate::rtp::classify(packet) {
            crate::rtp::Kind::Rtp => self.receive_rtp(port, from, packet, now, out, rec),
            crate::rtp::Kind::Rtcp => self.receive_rtcp(port, from, packet, now),
            crate::rtp::Kind::Stun | crate::rtp::Kind::Dtls | crate::rtp::Kind::Unknown => {
                self.counters.malformed += 1;
            }
        }
    }

    /// Plays, dials, decodes and checks on 20 ms more.
    pub fn tick(&mut self, now: Instant, out: &mut dyn Sink, rec: &mut dyn RecordSink) {
        self.demux.end_rests(now);
        let config = self.config;
        let mut turn = turn!(self, now, out, rec);
        for (_, leg) in &mut self.legs {
            leg.tick(&config, &mut turn);
        }
        self.tick_bridges(now, out, rec);
    }

    /// What happened since the last call, one by one.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether any legs are bridged: then packets are better not left until the next tick.
    pub fn relaying(&self) -> bool {
        !self.bridges.is_empty()
    }

    /// Legs open now.
    pub fn legs(&self) -> usize {
        self.legs.len()
    }

    /// What passed since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn open(&mut self, spec: LegSpec, now: Instant) {
        if self.keys.contains_key(&spec.id) {
            return self.redirect(spec, now);
        }
        if self.legs.len() >= self.config.max_legs {
            self.events.push_back(Event::Closed {
                leg: spec.id,
                stats: LegStats::default(),
            });
            return;
        }
        let random = [
            self.random.next_u32(),
            self.random.next_u32(),
            self.random.next_u32(),
        ];
        let (id, port, expect) = (spec.id, spec.port, spec.remote);
        let key = self.legs.insert(Leg::new(spec, random, now));
        self.keys.insert(id, key);
        self.demux.wait(key, port, expect);
    }

    /// A re-INVITE. The stream in force goes on where the far side did not move; another may take its place.
    fn redirect(&mut self, spec: LegSpec, now: Instant) {
        let Some(key) = self.keys.get(&spec.id).copied() else {
            return;
        };
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let (port, expect) = (spec.port, spec.remote);
        self.demux.stop_waiting(key, leg.spec.port, leg.spec.remote);
        let stays = leg.stream_id().filter(|stream| {
            stream.port == port
                && match expect {
                    Expect::Announced(address) => stream.from == address,
                    Expect::BehindNat { signalling } => stream.from.ip() == signalling,
                }
        });
        match (stays, leg.stream_id()) {
            (Some(stream), _) => self.demux.latch(key, stream),
            (None, Some(old)) => {
                self.demux.unlatch(key, old, Some(now + REST));
                leg.source = Source::Waiting;
                leg.reception.restart();
            }
            (None, None) => {}
        }
        leg.rearmed_until = Some(now + REARMED);
        leg.redirect(spec, now);
        self.demux.wait(key, port, expect);
    }

    fn close(&mut self, id: LegId, now: Instant, out: &mut dyn Sink, rec: &mut dyn RecordSink) {
        self.unbridge(id);
        let Some(mut leg) = self.keys.remove(&id).and_then(|key| {
            let leg = self.legs.try_remove(key)?;
            self.demux.stop_waiting(key, leg.spec.port, leg.spec.remote);
            if let Some(stream) = leg.stream_id() {
                self.demux.unlatch(key, stream, Some(now + REST));
            }
            Some(leg)
        }) else {
            return;
        };
        let mut turn = turn!(self, now, out, rec);
        leg.end_recording(RecordEnd::LegClosed, &mut turn);
        leg.stop_playing(&mut turn);
        leg.stop_decoding(&mut turn);
        leg.say_goodbye(&mut turn);
        let stats = leg.stats();
        turn.counters.rtp_lost += stats.lost;
        turn.tell(Event::Closed { leg: id, stats });
    }

    fn with_leg(
        &mut self,
        leg: LegId,
        now: Instant,
        out: &mut dyn Sink,
        rec: &mut dyn RecordSink,
        act: impl FnOnce(&mut Leg, &mut Turn<'_>),
    ) {
        if let Some(leg) = self.keys.get(&leg).and_then(|key| self.legs.get_mut(*key)) {
            act(leg, &mut turn!(self, now, out, rec));
        }
    }
}

const EVENTS_AT_ONCE: usize = 256;
/// How long after a re-INVITE another source may take over.
const REARMED: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
