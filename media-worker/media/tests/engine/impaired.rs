//! What is left of a voice after a bad network: 5 % of the packets lost, the others up to 40 ms late and out of order.

use std::net::SocketAddr;
use std::time::Duration;

use media::analysis::{active, level, tone_level};
use media::clip::{Clip, Pcm};
use media::codec::{Codec, Decoder};
use media::engine::{Command, TICK};
use media::recording::Recording;
use media::rtp::Header;
use netsim::{Datagram, Link, Network};

use crate::bench::{Bench, Sent, addr, leg, packet};

const G722_PHONE: &str = "192.0.2.10:4000";
const PCMU_PHONE: &str = "192.0.2.20:6000";
const SECONDS: u32 = 20;

/// Phones that say a tone each, and the network between them and the engine.
struct Impaired {
    bench: Bench,
    network: Network<Vec<u8>>,
    phones: Vec<Phone>,
}

struct Phone {
    address: SocketAddr,
    says: Clip,
}

impl Phone {
    fn new(address: &str, codec: Codec, hz: f64) -> Self {
        let rate = codec.sample_rate();
        let wave = |n: u32| {
            let phase = std::f64::consts::TAU * hz * f64::from(n) / f64::from(rate);
            (phase.sin() * 8000.0) as i16
        };
        let pcm: Vec<i16> = (0..rate * SECONDS).map(wave).collect();
        Self {
            address: addr(address),
            says: Clip::encode_native(&pcm, codec),
        }
    }

    fn packet(&self, n: u32) -> Vec<u8> {
        let codec = self.says.codec();
        let header = Header {
            marker: n == 0,
            payload_type: codec.static_payload().unwrap(),
            sequence: n as u16,
            timestamp: n * 160,
            ssrc: u32::from(self.address.port()),
        };
        packet(header, self.says.frame(n as usize).unwrap())
    }
}

impl Impaired {
    fn new(phones: Vec<Phone>) -> Self {
        let mut bench = Bench::new();
        let link = Link::delayed(Duration::from_millis(20))
            .losing(0.05)
            .jittery(Duration::from_millis(40));
        let network = Network::new(11, link);
        for (id, phone) in (1..).zip(&phones) {
            let spec = leg(id, &phone.address.to_string(), phone.says.codec());
            bench.command(Command::Open(spec));
        }
        Self {
            bench,
            network,
            phones,
        }
    }

    /// All that the phones have to say, a packet each in 20 ms, and a moment more until it has arrived.
    fn run(&mut self) {
        let began = self.network.now();
        let engine_began = self.bench.now;
        for n in 0..SECONDS * 50 + 10 {
            for phone in &self.phones {
                if n < SECONDS * 50 {
                    self.network.send(Datagram {
                        from: phone.address,
                        to: addr("192.0.2.1:10000"),
                        payload: phone.packet(n),
                    });
                }
            }
            for step in 1..=20 {
                let now = TICK * n + Duration::from_millis(step);
                self.network.advance_to(began + now);
                self.bench.now = engine_began + now;
                while let Some(datagram) = self.network.receive() {
                    self.bench.arrive(0, datagram.from, &datagram.payload);
                }
            }
            let (engine, out, rec) = (
                &mut self.bench.engine,
                &mut self.bench.out,
                &mut self.bench.rec,
            );
            engine.tick(self.bench.now, out, rec);
        }
        assert!(self.network.tally().lost > u64::from(SECONDS));
    }
}

/// The share of tenths of a second that hold nothing but this tone, at its loudness.
fn purity(pcm: &Pcm, hz: f64) -> f64 {
    let pieces: Vec<_> = pcm.samples.chunks_exact(pcm.rate as usize / 10).collect();
    let pure = pieces.iter().filter(|piece| {
        let (all, tone) = (level(piece), tone_level(piece, pcm.rate, hz));
        tone > -15.0 && tone > all - 0.8
    });
    pure.count() as f64 / pieces.len() as f64
}

fn decoded(codec: Codec, sent: &[Sent]) -> Pcm {
    let mut decoder = Decoder::new(codec);
    let mut samples = Vec::new();
    for packet in sent {
        let mut frame = [0; 320];
        let count = decoder.decode(&packet.payload, &mut frame);
        samples.extend_from_slice(&frame[..count]);
    }
    Pcm {
        samples,
        rate: codec.sample_rate(),
    }
}

#[test]
fn a_recording_is_whole_and_pure() {
    for (codec, hz) in [(Codec::Pcmu, 440.0), (Codec::G722, 1000.0)] {
        let mut impaired = Impaired::new(vec![Phone::new(G722_PHONE, codec, hz)]);
        impaired.bench.command(Command::Record {
            leg: 1,
            recording: 1,
            silence: None,
            max: Duration::from_mins(1),
        });
        impaired.run();
        let mut recording = Recording::new(codec);
        for (_, at, payload) in &impaired.bench.rec.frames {
            assert!(recording.push(*at, payload));
        }
        let pcm = recording.to_pcm();
        let length = pcm.duration().as_secs_f64();
        assert!((19.8..=20.02).contains(&length), "{length}");
        assert!(purity(&pcm, hz) > 0.95, "{}", purity(&pcm, hz));
        let sounding = active(&pcm.samples, pcm.rate, -25.0).as_secs_f64();
        assert!(sounding > 0.99 * length, "{sounding} of {length}");
    }
}

#[test]
fn a_transcoded_bridge_carries_both_voices_in_order_and_without_holes() {
    let mut impaired = Impaired::new(vec![
        Phone::new(G722_PHONE, Codec::G722, 440.0),
        Phone::new(PCMU_PHONE, Codec::Pcmu, 1000.0),
    ]);
    impaired.bench.command(Command::Bridge { a: 1, b: 2 });
    impaired.run();
    let sent = impaired.bench.sent();
    impaired.bench.command(Command::Close(1));
    impaired.bench.command(Command::Close(2));
    let counters = impaired.bench.engine.counters();
    assert!((80..250).contains(&counters.concealed), "{counters:?}");
    assert!(counters.late < counters.concealed / 2, "{counters:?}");
    for (to, codec, hz) in [
        (PCMU_PHONE, Codec::Pcmu, 440.0),
        (G722_PHONE, Codec::G722, 1000.0),
    ] {
        let heard: Vec<Sent> = sent
            .iter()
            .filter(|packet| packet.to == addr(to))
            .cloned()
            .collect();
        assert!(heard.windows(2).all(|pair| {
            let (before, after) = (pair[0].header, pair[1].header);
            after.sequence == before.sequence.wrapping_add(1)
                && after.timestamp == before.timestamp.wrapping_add(160)
        }));
        let pcm = decoded(codec, &heard);
        let length = pcm.duration().as_secs_f64();
        assert!((19.7..20.3).contains(&length), "{length}");
        assert!(purity(&pcm, hz) > 0.85, "{codec:?}: {}", purity(&pcm, hz));
        let sounding = active(&pcm.samples, pcm.rate, -25.0).as_secs_f64();
        assert!(sounding > 0.97 * length, "{sounding} of {length}");
    }
}
