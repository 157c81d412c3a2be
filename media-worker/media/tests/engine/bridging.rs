//! Two legs that hear each other.

use media::codec::{Codec, Decoder, Encoder};
use media::engine::{Command, Direction, LegSpec, PlayItem};
use media::rtp::Header;

use crate::bench::{Bench, addr, header, leg};

const A: &str = "192.0.2.10:4000";
const B: &str = "192.0.2.20:6000";

fn bridged(a: LegSpec, b: LegSpec) -> Bench {
    let mut bench = Bench::new();
    let (a_id, b_id) = (a.id, b.id);
    bench.command(Command::Open(a));
    bench.command(Command::Open(b));
    bench.command(Command::Bridge { a: a_id, b: b_id });
    bench
}

#[test]
fn payloads_pass_untouched_at_once_and_only_the_header_changes() {
    let mut bench = bridged(
        leg(1, A, Codec::Pcmu),
        LegSpec {
            port: 3,
            ..leg(2, B, Codec::Pcmu)
        },
    );
    assert!(bench.engine.relaying());
    for n in [1, 2, 5, 4] {
        bench.rtp(0, addr(A), header(0, 9, n), &[n as u8; 160]);
    }
    let sent = bench.sent();
    assert_eq!(
        sent.iter()
            .map(|packet| packet.payload[0])
            .collect::<Vec<_>>(),
        [1, 2, 5, 4]
    );
    let first = sent[0].header;
    let shifts: Vec<_> = sent
        .iter()
        .map(|packet| packet.header.sequence.wrapping_sub(first.sequence))
        .collect();
    assert_eq!(
        shifts,
        [0, 1, 4, 3],
        "loss and reordering are passed on as they are"
    );
    assert_eq!(
        sent[3].header.timestamp.wrapping_sub(first.timestamp),
        3 * 160
    );
    assert!(
        sent.iter()
            .all(|packet| packet.to == addr(B) && packet.port == 3 && packet.header.ssrc == 0x1002)
    );
    assert_eq!(bench.engine.counters().relayed, 4);
}

#[test]
fn both_directions_flow() {
    let mut bench = bridged(leg(1, A, Codec::Pcmu), leg(2, B, Codec::Pcmu));
    bench.rtp(0, addr(A), header(0, 9, 1), &[1; 160]);
    bench.rtp(0, addr(B), header(0, 8, 1), &[2; 160]);
    let to: Vec<_> = bench
        .sent()
        .into_iter()
        .map(|packet| (packet.to, packet.payload[0]))
        .collect();
    assert_eq!(to, [(addr(B), 1), (addr(A), 2)]);
}

#[test]
fn telephone_events_pass_with_the_payload_number_of_the_other_side() {
    let mut bench = bridged(
        leg(1, A, Codec::Pcmu),
        LegSpec {
            telephone_event: Some(96),
            ..leg(2, B, Codec::Pcmu)
        },
    );
    bench.rtp(
        0,
        addr(A),
        Header {
            marker: true,
            ..header(101, 9, 1)
        },
        &[5, 10, 0, 160],
    );
    let sent = bench.sent();
    assert_eq!(
        (sent[0].header.payload_type, sent[0].payload.as_slice()),
        (96, [5, 10, 0, 160].as_slice())
    );
}

#[test]
fn different_codecs_are_transcoded_in_time() {
    let mut bench = bridged(leg(1, A, Codec::Pcmu), leg(2, B, Codec::G722));
    let pcm: Vec<i16> = (0..8000)
        .map(|n| ((n as f32 * std::f32::consts::FRAC_PI_4).sin() * 9000.0) as i16)
        .collect();
    let mut encoded = vec![0; 8000];
    Encoder::new(Codec::Pcmu).encode(&pcm, &mut encoded);
    for (n, payload) in encoded.chunks(160).enumerate() {
        bench.rtp(0, addr(A), header(0, 9, n as u32), payload);
        bench.tick();
    }
    let mut decoder = Decoder::new(Codec::G722);
    let mut heard = Vec::new();
    for packet in bench.sent() {
        assert_eq!((packet.header.payload_type, packet.payload.len()), (9, 160));
        let mut samples = [0; 320];
        let count = decoder.decode(&packet.payload, &mut samples);
        heard.extend_from_slice(&samples[..count]);
    }
    assert!(
        heard.len() >= 16_000 - 2 * 320,
        "a frame or two wait in the jitter buffer: {}",
        heard.len()
    );
    let level = (heard[4000..]
        .iter()
        .map(|s| f32::from(*s).powi(2))
        .sum::<f32>()
        / (heard.len() - 4000) as f32)
        .sqrt();
    assert!(
        (5500.0..7200.0).contains(&level),
        "a sine of amplitude 9000 stays one: {level}"
    );
}

#[test]
fn playing_to_a_bridged_leg_goes_before_the_peer_and_the_stream_stays_one() {
    let mut bench = bridged(leg(1, A, Codec::Pcmu), leg(2, B, Codec::Pcmu));
    bench.rtp(0, addr(A), header(0, 9, 1), &[1; 160]);
    let clip = media::clip::Clip::from_encoded(Codec::Pcmu, &[7; 160]);
    bench.command(Command::Play {
        leg: 2,
        items: vec![PlayItem::Clip(clip)],
        tag: 1,
    });
    bench.rtp(0, addr(A), header(0, 9, 2), &[2; 160]);
    bench.ticks(2);
    bench.rtp(0, addr(A), header(0, 9, 3), &[3; 160]);
    let sent = bench.sent();
    assert_eq!(
        sent.iter()
            .map(|packet| packet.payload[0])
            .collect::<Vec<_>>(),
        [1, 7, 3]
    );
    for pair in sent.windows(2) {
        assert_eq!(
            pair[1].header.sequence,
            pair[0].header.sequence.wrapping_add(1)
        );
        assert!(
            pair[1]
                .header
                .timestamp
                .wrapping_sub(pair[0].header.timestamp)
                < 1000
        );
    }
}

#[test]
fn hold_stops_the_direction_it_names() {
    let mut bench = bridged(leg(1, A, Codec::Pcmu), leg(2, B, Codec::Pcmu));
    bench.command(Command::Direct {
        leg: 2,
        direction: Direction::SendOnly,
    });
    bench.rtp(0, addr(A), header(0, 9, 1), &[1; 160]);
    bench.rtp(0, addr(B), header(0, 8, 1), &[2; 160]);
    let to: Vec<_> = bench.sent().into_iter().map(|packet| packet.to).collect();
    assert_eq!(to, [addr(B)], "what the held side says is not listened to");
}

#[test]
fn a_bridge_ends_with_unbridge_or_with_either_leg() {
    let mut bench = bridged(leg(1, A, Codec::Pcmu), leg(2, B, Codec::Pcmu));
    bench.command(Command::Unbridge { leg: 2 });
    bench.rtp(0, addr(A), header(0, 9, 1), &[1; 160]);
    assert!(bench.sent().is_empty() && !bench.engine.relaying());
    bench.command(Command::Bridge { a: 2, b: 1 });
    bench.command(Command::Close(1));
    assert!(!bench.engine.relaying());
    bench.rtp(0, addr(B), header(0, 8, 1), &[1; 160]);
    assert!(bench.sent().is_empty());
}

#[test]
fn a_leg_bridged_anew_leaves_its_old_peer() {
    let mut bench = bridged(leg(1, A, Codec::Pcmu), leg(2, B, Codec::Pcmu));
    bench.command(Command::Open(leg(3, "192.0.2.30:6000", Codec::Pcmu)));
    bench.command(Command::Bridge { a: 1, b: 3 });
    bench.rtp(0, addr(B), header(0, 8, 1), &[2; 160]);
    bench.rtp(0, addr(A), header(0, 9, 1), &[1; 160]);
    let to: Vec<_> = bench.sent().into_iter().map(|packet| packet.to).collect();
    assert_eq!(to, [addr("192.0.2.30:6000")]);
    bench.command(Command::Close(1));
    assert!(!bench.engine.relaying());
}
