//! Pairs and engine together: hundreds of legs on a few ports, and each gets its own call's audio.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use media::codec::Codec;
use media::engine::{
    Command, Direction, Engine, EngineConfig, Event, Expect, Format, LegId, LegSpec, PlayItem,
    RecordSink, Sink, TICK,
};
use media::pairs::{Far, Pairs, PairsConfig, PortId, WaitError};
use media::rtp::{self, Header};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// One switchboard's media side: engines, one a thread, and the pairs that fill them.
struct Switchboard {
    ip: IpAddr,
    pairs: Pairs,
    engines: Vec<Engine>,
    ports: usize,
    heard: Heard,
}

/// Whose audio each recording heard: every payload byte is the number of the call that speaks.
#[derive(Default)]
struct Heard(HashMap<u64, Vec<u8>>);

impl RecordSink for Heard {
    fn frame(&mut self, recording: u64, _rtp_timestamp: u32, payload: &[u8]) {
        self.0
            .entry(recording)
            .or_default()
            .extend_from_slice(payload.get(..4).unwrap());
    }

    fn ended(&mut self, _recording: u64) {}
}

/// (arrival, order, from, to, bytes)
type Flying = (Instant, u64, SocketAddr, SocketAddr, Vec<u8>);

/// Datagrams on their way.
#[derive(Default)]
struct Wire {
    flying: BinaryHeap<Reverse<Flying>>,
    order: u64,
}

impl Wire {
    fn send(&mut self, at: Instant, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.order += 1;
        self.flying.push(Reverse((at, self.order, from, to, bytes)));
    }

    fn next(&mut self, now: Instant) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        if self.flying.peek()?.0.0 > now {
            return None;
        }
        self.flying
            .pop()
            .map(|Reverse((_, _, from, to, bytes))| (from, to, bytes))
    }
}

/// What an engine sends goes onto the wire with some delay.
struct Uplink<'a> {
    wire: &'a mut Wire,
    random: &'a mut ChaCha8Rng,
    now: Instant,
    ip: IpAddr,
    first_port: usize,
}

impl Sink for Uplink<'_> {
    fn send(&mut self, port: usize, to: SocketAddr, packet: &[u8]) {
        if rtp::classify(packet) == rtp::Kind::Rtp {
            let at = self.now + delay(self.random);
            self.wire.send(
                at,
                SocketAddr::new(self.ip, (FIRST_PORT + self.first_port + port) as u16),
                to,
                packet.to_vec(),
            );
        }
    }
}

impl Switchboard {
    fn new(ip: &str, threads: usize, ports: usize, now: Instant) -> Self {
        let config = PairsConfig {
            threads,
            ports_per_thread: ports,
            rest: Duration::from_secs(2),
            max_legs: 10_000,
        };
        let engine = |n| Engine::new(EngineConfig::default(), [n as u8; 32], now);
        let engines = (0..threads).map(engine).collect();
        Self {
            ip: ip.parse().unwrap(),
            pairs: Pairs::new(config),
            engines,
            ports,
            heard: Heard::default(),
        }
    }

    fn address(&self, port: PortId) -> SocketAddr {
        SocketAddr::new(
            self.ip,
            (FIRST_PORT + port.thread * self.ports + port.port) as u16,
        )
    }

    fn command(
        &mut self,
        thread: usize,
        command: Command,
        now: Instant,
        wire: &mut Wire,
        random: &mut ChaCha8Rng,
    ) {
        let mut uplink = Uplink {
            wire,
            random,
            now,
            ip: self.ip,
            first_port: thread * self.ports,
        };
        self.engines[thread].command(command, now, &mut uplink, &mut self.heard);
    }

    /// Opens a leg that says its call's number and records what it hears.
    fn open(
        &mut self,
        spec: LegSpec,
        thread: usize,
        call: u32,
        now: Instant,
        wire: &mut Wire,
        random: &mut ChaCha8Rng,
    ) {
        let leg = spec.id;
        let clip = media::clip::Clip::from_encoded(Codec::Pcmu, &saying(call));
        let play = Command::Play {
            leg,
            items: vec![PlayItem::Loop(clip)],
            tag: 0,
        };
        let record = Command::Record {
            leg,
            recording: leg,
            silence: None,
            max: Duration::from_mins(10),
        };
        for command in [Command::Open(spec), play, record] {
            self.command(thread, command, now, wire, random);
        }
    }

    fn receive(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
        now: Instant,
        wire: &mut Wire,
        random: &mut ChaCha8Rng,
    ) {
        let port = usize::from(to.port()) - FIRST_PORT;
        let thread = port / self.ports;
        let mut uplink = Uplink {
            wire,
            random,
            now,
            ip: self.ip,
            first_port: thread * self.ports,
        };
        self.engines[thread].receive(
            port % self.ports,
            from,
            bytes,
            now,
            &mut uplink,
            &mut self.heard,
        );
        self.latch_news();
    }

    fn tick(&mut self, now: Instant, wire: &mut Wire, random: &mut ChaCha8Rng) {
        for (thread, engine) in self.engines.iter_mut().enumerate() {
            let mut uplink = Uplink {
                wire,
                random,
                now,
                ip: self.ip,
                first_port: thread * self.ports,
            };
            engine.tick(now, &mut uplink, &mut self.heard);
        }
        self.latch_news();
    }

    fn latch_news(&mut self) {
        for engine in &mut self.engines {
            while let Some(event) = engine.poll_event() {
                if let Event::FirstPacket { leg, from, ssrc } = event {
                    self.pairs.latched(leg, from, ssrc);
                }
            }
        }
    }

    fn assert_heard_only(&self, leg: LegId, call: u32) {
        let heard = self
            .heard
            .0
            .get(&leg)
            .unwrap_or_else(|| panic!("leg {leg} heard nothing"));
        assert!(heard.len() > 40, "leg {leg} heard little");
        let right = heard.chunks(4).all(|said| said == call.to_be_bytes());
        assert!(right, "leg {leg} heard another call than {call}");
    }
}

fn spec(
    id: LegId,
    port: PortId,
    remote: Expect,
    remote_ssrc: Option<u32>,
    local_ssrc: u32,
) -> LegSpec {
    let format = Format {
        payload: 0,
        codec: Codec::Pcmu,
    };
    LegSpec {
        id,
        port: port.port,
        remote,
        remote_ssrc,
        local_ssrc,
        send: format,
        receive: [format].into_iter().collect(),
        telephone_event: None,
        inband_dtmf: false,
        ptime: 20,
        direction: Direction::SendRecv,
        rtcp_mux: true,
    }
}

/// 20 ms that consist of the call's number.
fn saying(call: u32) -> Vec<u8> {
    call.to_be_bytes().repeat(40)
}

/// 5 to 45 ms: neighbouring packets overtake each other.
fn delay(random: &mut ChaCha8Rng) -> Duration {
    Duration::from_micros(5000 + u64::from(random.next_u32() % 40_000))
}

const FIRST_PORT: usize = 20_000;

#[allow(
    clippy::disallowed_methods,
    reason = "an Instant can be made in no other way; the tests only add to it"
)]
fn start() -> Instant {
    Instant::now()
}

#[test]
fn two_hundred_phones_behind_one_nat_with_private_addresses() {
    let mut now = start();
    let mut random = ChaCha8Rng::from_seed([11; 32]);
    let mut wire = Wire::default();
    let mut board = Switchboard::new("198.51.100.1", 1, 8, now);
    let nat: IpAddr = "203.0.113.77".parse().unwrap();
    let outside = |leg: u64| SocketAddr::new(nat, 30_000 + (leg * 7919 % 30_000) as u16);
    let mut speaks: HashMap<u64, (SocketAddr, u32)> = HashMap::new();
    let (mut asked_again, mut next) = (0, 0u64);
    for tick in 0..1000u32 {
        now += TICK;
        // A call every 20 ms until there are 200; one refused with 503 dials again.
        if next < 200 {
            match board.pairs.answer(next, next, Far::Nat(nat), None, now) {
                None => asked_again += 1,
                Some(port) => {
                    let expect = Expect::BehindNat { signalling: nat };
                    let leg = spec(next, port, expect, None, 70_000 + next as u32);
                    board.open(leg, port.thread, next as u32, now, &mut wire, &mut random);
                    speaks.insert(next, (board.address(port), tick));
                    next += 1;
                }
            }
        }
        for (leg, (to, since)) in &speaks {
            let n = tick - since;
            let header = Header {
                marker: n == 0,
                payload_type: 0,
                sequence: n as u16,
                timestamp: n * 160,
                ssrc: 5000 + *leg as u32,
            };
            let mut packet = vec![0; 172];
            header.write(&saying(*leg as u32), &mut packet).unwrap();
            wire.send(now + delay(&mut random), outside(*leg), *to, packet);
        }
        let mut phones: HashMap<u16, Vec<u8>> = HashMap::new();
        while let Some((from, to, bytes)) = wire.next(now) {
            if to.ip() == nat {
                phones.insert(to.port(), rtp::parse(&bytes).unwrap().payload.to_vec());
            } else {
                board.receive(from, to, &bytes, now, &mut wire, &mut random);
            }
        }
        for (port, said) in phones {
            let leg = speaks
                .keys()
                .find(|leg| outside(**leg).port() == port)
                .unwrap();
            assert_eq!(said, saying(*leg as u32), "a phone hears its own call");
        }
        board.tick(now, &mut wire, &mut random);
    }
    assert_eq!(next, 200, "all calls were taken");
    assert!(asked_again < 20, "{asked_again} of 200 had to dial again");
    for leg in 0..200 {
        board.assert_heard_only(leg, leg as u32);
    }
}

#[test]
fn five_hundred_calls_with_another_switchboard_over_eight_times_eight_ports() {
    let mut now = start();
    let mut random = ChaCha8Rng::from_seed([12; 32]);
    let mut wire = Wire::default();
    let mut ours = Switchboard::new("198.51.100.1", 2, 4, now);
    let mut theirs = Switchboard::new("198.51.100.2", 4, 2, now);
    let ssrc = |call: u32, side: u32| 1_000_000 * side + call;
    for call in 0..500u32 {
        let leg = u64::from(call);
        // The offer names our port and SSRC, the answer theirs (RFC 5576).
        let our_port = ours
            .pairs
            .reserve(leg, leg, Far::Nat(theirs.ip), now)
            .unwrap();
        let our_far = Far::Address(ours.address(our_port));
        let their_port = theirs
            .pairs
            .answer(leg, leg, our_far, Some(ssrc(call, 1)), now)
            .unwrap();
        let their_far = Far::Address(theirs.address(their_port));
        ours.pairs
            .start_waiting(leg, their_far, Some(ssrc(call, 2)), now)
            .unwrap();
        let expect = Expect::Announced(ours.address(our_port));
        let spec_theirs = spec(leg, their_port, expect, Some(ssrc(call, 1)), ssrc(call, 2));
        theirs.open(
            spec_theirs,
            their_port.thread,
            call,
            now,
            &mut wire,
            &mut random,
        );
        let expect = Expect::Announced(theirs.address(their_port));
        let spec_ours = spec(leg, our_port, expect, Some(ssrc(call, 2)), ssrc(call, 1));
        ours.open(
            spec_ours,
            our_port.thread,
            call,
            now,
            &mut wire,
            &mut random,
        );
    }
    for _ in 0..50 {
        now += TICK;
        while let Some((from, to, bytes)) = wire.next(now) {
            let board = if to.ip() == ours.ip {
                &mut ours
            } else {
                &mut theirs
            };
            board.receive(from, to, &bytes, now, &mut wire, &mut random);
        }
        ours.tick(now, &mut wire, &mut random);
        theirs.tick(now, &mut wire, &mut random);
    }
    for call in 0..500 {
        ours.assert_heard_only(u64::from(call), call);
        theirs.assert_heard_only(u64::from(call), call);
    }
}

#[test]
fn a_leg_that_must_move_still_finds_its_audio() {
    let now = start();
    let mut board = Switchboard::new("198.51.100.1", 1, 2, now);
    let nat: IpAddr = "203.0.113.77".parse().unwrap();
    for leg in 0..3 {
        board.pairs.reserve(leg, leg, Far::Nat(nat), now).unwrap();
    }
    board
        .pairs
        .start_waiting(0, Far::Nat(nat), None, now)
        .unwrap();
    let Err(WaitError::Move(port)) = board.pairs.start_waiting(2, Far::Nat(nat), None, now) else {
        panic!("leg 2 was offered the port where leg 0 waits")
    };
    board
        .pairs
        .start_waiting(2, Far::Nat(nat), None, now)
        .unwrap();
    assert_eq!(board.pairs.port(2), Some(port));
}
