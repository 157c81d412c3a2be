//! A far side for the engine: packets in, packets out, no network.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::codec::Codec;
use media::engine::{
    Command, Direction, Engine, EngineConfig, Event, Expect, Format, LegId, LegSpec, RecordSink,
    Sink, TICK,
};
use media::rtp::{self, Header};

/// An engine with its surroundings and a virtual clock.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) now: Instant,
    pub(crate) out: Out,
    pub(crate) rec: Rec,
}

/// What the engine sent.
#[derive(Default)]
pub(crate) struct Out(pub(crate) Vec<(usize, SocketAddr, Vec<u8>)>);

/// What the engine recorded: (recording, timestamp, payload), and which recordings ended.
#[derive(Default)]
pub(crate) struct Rec {
    pub(crate) frames: Vec<(u64, u32, Vec<u8>)>,
    pub(crate) ended: Vec<u64>,
}

/// One RTP packet that the engine sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) port: usize,
    pub(crate) to: SocketAddr,
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
}

impl Sink for Out {
    fn send(&mut self, port: usize, to: SocketAddr, packet: &[u8]) {
        self.0.push((port, to, packet.to_vec()));
    }
}

impl RecordSink for Rec {
    fn frame(&mut self, recording: u64, rtp_timestamp: u32, payload: &[u8]) {
        self.frames
            .push((recording, rtp_timestamp, payload.to_vec()));
    }

    fn ended(&mut self, recording: u64) {
        self.ended.push(recording);
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(EngineConfig::default())
    }

    pub(crate) fn with(config: EngineConfig) -> Self {
        let now = start();
        let engine = Engine::new(config, [7; 32], now);
        Self {
            engine,
            now,
            out: Out::default(),
            rec: Rec::default(),
        }
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.engine
            .command(command, self.now, &mut self.out, &mut self.rec);
    }

    /// A datagram arrives.
    pub(crate) fn arrive(&mut self, port: usize, from: SocketAddr, datagram: &[u8]) {
        self.engine
            .receive(port, from, datagram, self.now, &mut self.out, &mut self.rec);
    }

    /// An RTP packet arrives.
    pub(crate) fn rtp(&mut self, port: usize, from: SocketAddr, header: Header, payload: &[u8]) {
        self.arrive(port, from, &packet(header, payload));
    }

    /// 20 ms pass, and the engine ticks.
    pub(crate) fn tick(&mut self) {
        self.now += TICK;
        self.engine.tick(self.now, &mut self.out, &mut self.rec);
    }

    pub(crate) fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.tick();
        }
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.engine.poll_event()).collect()
    }

    /// The RTP packets sent since the last call.
    pub(crate) fn sent(&mut self) -> Vec<Sent> {
        let sent = std::mem::take(&mut self.out.0);
        sent.into_iter()
            .filter(|(_, _, bytes)| rtp::classify(bytes) == rtp::Kind::Rtp)
            .map(|(port, to, bytes)| {
                let packet = rtp::parse(&bytes).unwrap();
                Sent {
                    port,
                    to,
                    header: packet.header,
                    payload: packet.payload.to_vec(),
                }
            })
            .collect()
    }
}

/// A leg at port 0 that speaks one codec, waits for `remote` and has telephone-event 101.
pub(crate) fn leg(id: LegId, remote: &str, codec: Codec) -> LegSpec {
    let payload = codec.static_payload().unwrap();
    LegSpec {
        id,
        port: 0,
        remote: Expect::Announced(addr(remote)),
        remote_ssrc: None,
        local_ssrc: 0x1000 + id as u32,
        send: Format { payload, codec },
        receive: [Format { payload, codec }].into_iter().collect(),
        telephone_event: Some(101),
        inband_dtmf: false,
        ptime: 20,
        direction: Direction::SendRecv,
        rtcp_mux: true,
    }
}

pub(crate) fn behind_nat(spec: LegSpec, ip: &str) -> LegSpec {
    LegSpec {
        remote: Expect::BehindNat {
            signalling: ip.parse().unwrap(),
        },
        ..spec
    }
}

pub(crate) fn header(payload_type: u8, ssrc: u32, n: u32) -> Header {
    Header {
        marker: false,
        payload_type,
        sequence: n as u16,
        timestamp: n * 160,
        ssrc,
    }
}

pub(crate) fn packet(header: Header, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; Header::LEN + payload.len()];
    header.write(payload, &mut bytes).unwrap();
    bytes
}

pub(crate) fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[allow(
    clippy::disallowed_methods,
    reason = "an Instant can be made in no other way; the tests only add to it"
)]
fn start() -> Instant {
    Instant::now()
}
