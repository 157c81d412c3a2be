//! No packet that the engine receives, plays, records, decodes or relays allocates.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod counting;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use counting::allocations;
use media::clip::Clip;
use media::codec::Codec;
use media::engine::{
    Command, Direction, Engine, EngineConfig, Expect, Format, LegSpec, PlayItem, RecordSink, Sink,
    TICK,
};
use media::rtp::Header;

/// Counts what it is given.
#[derive(Default)]
struct Tally(usize);

impl Sink for Tally {
    fn send(&mut self, _port: usize, _to: SocketAddr, _packet: &[u8]) {
        self.0 += 1;
    }
}

impl RecordSink for Tally {
    fn frame(&mut self, _recording: u64, _rtp_timestamp: u32, _payload: &[u8]) {
        self.0 += 1;
    }

    fn ended(&mut self, _recording: u64) {}
}

const LEGS: u64 = 20;

/// Runs `seconds` in which each of 20 legs gets 50 packets a second, and returns allocations, packets sent and frames recorded.
fn run(bench: &mut Bench, seconds: u32) -> (usize, usize, usize) {
    let (sent, recorded) = (bench.out.0, bench.rec.0);
    let allocations = allocations(|| talk(bench, seconds * 50));
    (allocations, bench.out.0 - sent, bench.rec.0 - recorded)
}

fn talk(bench: &mut Bench, ticks: u32) {
    for _ in 0..ticks {
        bench.n += 1;
        bench.now += TICK;
        for leg in 0..LEGS {
            let Some((packet, length)) = bench.packet(leg) else {
                continue;
            };
            let packet = &packet[..length];
            bench.engine.receive(
                0,
                far(leg),
                packet,
                bench.now,
                &mut bench.out,
                &mut bench.rec,
            );
            bench.engine.receive(
                0,
                stranger(),
                packet,
                bench.now,
                &mut bench.out,
                &mut bench.rec,
            );
        }
        bench.engine.tick(bench.now, &mut bench.out, &mut bench.rec);
        while bench.engine.poll_event().is_some() {}
    }
}

struct Bench {
    engine: Engine,
    now: Instant,
    out: Tally,
    rec: Tally,
    n: u32,
    codecs: [Codec; 2],
    path: Path,
}

/// What becomes of the packets on their way.
#[derive(PartialEq)]
enum Path {
    Clean,
    /// Every seventh is lost, every eleventh comes a packet late, every 13th is comfort noise, and of 20 the last five press a key.
    Bad,
}

impl Bench {
    /// Legs of even number speak the first codec, the others the second.
    fn new(codecs: [Codec; 2]) -> Self {
        let now = start();
        let engine = Engine::new(EngineConfig::default(), [1; 32], now);
        let mut bench = Self {
            engine,
            now,
            out: Tally::default(),
            rec: Tally::default(),
            n: 0,
            codecs,
            path: Path::Clean,
        };
        for id in 0..LEGS {
            let payload = bench.payload(id);
            let format = Format {
                payload,
                codec: bench.codec(id),
            };
            bench.command(Command::Open(LegSpec {
                id,
                port: 0,
                remote: Expect::Announced(far(id)),
                remote_ssrc: None,
                local_ssrc: 1000 + id as u32,
                send: format,
                receive: [format].into_iter().collect(),
                telephone_event: bench.events(id),
                inband_dtmf: true,
                ptime: 20,
                direction: Direction::SendRecv,
                rtcp_mux: true,
            }));
        }
        bench
    }

    fn codec(&self, leg: u64) -> Codec {
        self.codecs[leg as usize % 2]
    }

    /// Legs of even number have telephone-event where the codecs differ.
    fn events(&self, leg: u64) -> Option<u8> {
        let differ = self.codecs[0] != self.codecs[1];
        (differ && leg.is_multiple_of(2)).then_some(101)
    }

    /// What a leg's far side sends now, and its length.
    fn packet(&self, leg: u64) -> Option<([u8; 172], usize)> {
        let bad = self.path == Path::Bad;
        let n = match self.n {
            n if bad && n.is_multiple_of(7) => return None,
            n if bad && n.is_multiple_of(11) => n - 1,
            n => n,
        };
        let key = bad && n % 20 >= 15 && self.events(leg).is_some();
        let comfort = bad && n.is_multiple_of(13);
        let (payload_type, payload): (u8, &[u8]) = match (key, comfort) {
            (true, _) => (101, &[5, 10, 3, 32]),
            (false, true) => (13, &[60]),
            (false, false) => (self.payload(leg), &[0x55; 160]),
        };
        let header = Header {
            marker: false,
            payload_type,
            sequence: n as u16,
            timestamp: if key { n / 20 * 20 } else { n } * 160,
            ssrc: leg as u32,
        };
        let mut packet = [0; 172];
        let length = header.write(payload, &mut packet).unwrap();
        Some((packet, length))
    }

    fn payload(&self, leg: u64) -> u8 {
        self.codec(leg).static_payload().unwrap()
    }

    fn command(&mut self, command: Command) {
        self.engine
            .command(command, self.now, &mut self.out, &mut self.rec);
    }
}

fn far(leg: u64) -> SocketAddr {
    SocketAddr::new([192, 0, 2, 1].into(), 4000 + leg as u16)
}

fn stranger() -> SocketAddr {
    "198.51.100.9:9".parse().unwrap()
}

#[allow(
    clippy::disallowed_methods,
    reason = "an Instant can be made in no other way; the test only adds to it"
)]
fn start() -> Instant {
    Instant::now()
}

#[test]
fn playing_and_recording_do_not_allocate() {
    let mut bench = Bench::new([Codec::Pcmu, Codec::G722]);
    for leg in 0..LEGS {
        let items = vec![PlayItem::Loop(Clip::silence(
            Duration::from_secs(1),
            bench.codec(leg),
        ))];
        bench.command(Command::Play {
            leg,
            items,
            tag: leg,
        });
        bench.command(Command::Record {
            leg,
            recording: leg,
            silence: None,
            max: Duration::from_mins(10),
        });
    }
    run(&mut bench, 1);
    let (allocations, sent, recorded) = run(&mut bench, 60);
    assert_eq!((allocations, recorded), (0, 60 * 50 * LEGS as usize));
    assert!(
        sent > 60 * 50 * LEGS as usize,
        "the reports are among them: {sent}"
    );
}

#[test]
fn relaying_does_not_allocate() {
    let mut bench = Bench::new([Codec::Pcmu, Codec::Pcmu]);
    for pair in 0..LEGS / 2 {
        bench.command(Command::Bridge {
            a: 2 * pair,
            b: 2 * pair + 1,
        });
    }
    run(&mut bench, 1);
    let (allocations, sent, _) = run(&mut bench, 60);
    assert_eq!(allocations, 0);
    assert!(sent >= 60 * 50 * LEGS as usize);
}

#[test]
fn transcoding_concealing_and_keys_as_tones_do_not_allocate() {
    let mut bench = Bench::new([Codec::Pcma, Codec::G722]);
    bench.path = Path::Bad;
    for pair in 0..LEGS / 2 {
        bench.command(Command::Bridge {
            a: 2 * pair,
            b: 2 * pair + 1,
        });
    }
    run(&mut bench, 1);
    let transcoded = bench.engine.counters().transcoded;
    let (allocations, sent, _) = run(&mut bench, 10);
    assert_eq!(allocations, 0);
    assert!(bench.engine.counters().transcoded - transcoded > 8 * 50 * LEGS);
    assert!(sent >= 8 * 50 * LEGS as usize);
}
