//! Playback.

use media::clip::Clip;
use media::codec::Codec;
use media::engine::{Command, Direction, EngineConfig, Event, LegSpec, PlayItem};

use crate::bench::{Bench, addr, behind_nat, header, leg, ms};

const PHONE: &str = "192.0.2.10:4000";

/// Frames filled with 1, 2, 3, …
fn clip(frames: u8, codec: Codec) -> Clip {
    let bytes: Vec<u8> = (1..=frames).flat_map(|n| [n; 160]).collect();
    Clip::from_encoded(codec, &bytes)
}

fn play(bench: &mut Bench, items: Vec<PlayItem>, tag: u64) {
    bench.command(Command::Play { leg: 1, items, tag });
}

fn ended(tag: u64, completed: bool) -> Event {
    Event::PlayEnded {
        leg: 1,
        tag,
        completed,
    }
}

#[test]
fn a_clip_is_played_a_frame_a_tick_and_its_end_is_told() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    play(&mut bench, vec![PlayItem::Clip(clip(3, Codec::Pcmu))], 42);
    bench.ticks(5);
    let sent = bench.sent();
    assert_eq!(
        sent.iter()
            .map(|packet| packet.payload[0])
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert!(sent.iter().all(|packet| packet.to == addr(PHONE)
        && packet.port == 0
        && packet.header.ssrc == 0x1001));
    let first = sent[0].header;
    for (n, packet) in sent.iter().enumerate() {
        assert_eq!(packet.header.marker, n == 0);
        assert_eq!(
            packet.header.sequence,
            first.sequence.wrapping_add(n as u16)
        );
        assert_eq!(
            packet.header.timestamp,
            first.timestamp.wrapping_add(n as u32 * 160)
        );
    }
    assert_eq!(bench.events(), [ended(42, true)]);
}

#[test]
fn items_follow_each_other_and_a_loop_goes_on_until_stopped() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    let items = vec![
        PlayItem::Clip(clip(1, Codec::Pcmu)),
        PlayItem::Silence(ms(30)),
        PlayItem::Loop(clip(2, Codec::Pcmu)),
    ];
    play(&mut bench, items, 1);
    bench.ticks(8);
    let heard: Vec<_> = bench
        .sent()
        .iter()
        .map(|packet| packet.payload[0])
        .collect();
    assert_eq!(heard, [1, 0xff, 0xff, 1, 2, 1, 2, 1]);
    bench.command(Command::StopPlay { leg: 1 });
    bench.ticks(2);
    assert!(bench.sent().is_empty());
    assert_eq!(bench.events(), [ended(1, false)]);
}

#[test]
fn a_new_playback_replaces_the_old_one() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    play(&mut bench, vec![PlayItem::Clip(clip(100, Codec::Pcmu))], 1);
    bench.ticks(2);
    play(&mut bench, vec![PlayItem::Clip(clip(1, Codec::Pcmu))], 2);
    bench.ticks(3);
    let ends = [(1, false), (2, true)].map(|(tag, completed)| Event::PlayEnded {
        leg: 1,
        tag,
        completed,
    });
    assert_eq!(bench.events(), ends);
}

#[test]
fn an_empty_clip_in_a_loop_ends_instead_of_spinning() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    play(&mut bench, vec![PlayItem::Loop(clip(0, Codec::Pcmu))], 1);
    bench.ticks(1);
    assert_eq!(bench.events(), [ended(1, true)]);
}

#[test]
fn packets_are_as_long_as_the_phone_asks_and_the_last_is_what_is_left() {
    for (ptime, lengths) in [
        (10, vec![80; 14]),
        (20, vec![160; 7]),
        (30, vec![240, 240, 240, 240, 160]),
        (40, vec![320, 320, 320, 160]),
        (60, vec![480, 480, 160]),
    ] {
        let mut bench = Bench::new();
        bench.command(Command::Open(LegSpec {
            ptime,
            ..leg(1, PHONE, Codec::Pcmu)
        }));
        let said = clip(7, Codec::Pcmu);
        play(&mut bench, vec![PlayItem::Clip(said.clone())], 1);
        for late in [0, 3, 0, 9, 0, 5, 0, 0] {
            bench.now += ms(late);
            bench.tick();
            bench.now -= ms(late);
        }
        let sent = bench.sent();
        let sizes: Vec<_> = sent.iter().map(|packet| packet.payload.len()).collect();
        assert_eq!(sizes, lengths);
        let first = sent[0].header.timestamp;
        let mut heard = Vec::new();
        for packet in &sent {
            let at = packet.header.timestamp.wrapping_sub(first);
            assert_eq!(at as usize, heard.len(), "ptime {ptime}");
            assert_eq!(packet.header.marker, at == 0);
            heard.extend_from_slice(&packet.payload);
        }
        assert_eq!(heard, said.bytes());
    }
}

#[test]
fn a_clip_in_another_codec_is_transcoded() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcma)));
    play(&mut bench, vec![PlayItem::Clip(clip(2, Codec::Pcmu))], 1);
    bench.ticks(3);
    let sent = bench.sent();
    assert_eq!(
        sent.iter()
            .map(|packet| (packet.header.payload_type, packet.payload.len()))
            .collect::<Vec<_>>(),
        [(8, 160), (8, 160)]
    );
    assert_ne!(sent[0].payload, [1; 160]);
}

#[test]
fn behind_a_nat_the_beginning_waits_for_the_first_packet() {
    let mut bench = Bench::new();
    bench.command(Command::Open(behind_nat(
        leg(1, PHONE, Codec::Pcmu),
        "203.0.113.5",
    )));
    play(&mut bench, vec![PlayItem::Clip(clip(3, Codec::Pcmu))], 1);
    bench.ticks(10);
    assert!(bench.sent().is_empty());
    bench.rtp(0, addr("203.0.113.5:61000"), header(0, 9, 1), &[0xff; 160]);
    bench.tick();
    let sent = bench.sent();
    assert_eq!(
        (sent[0].to, sent[0].payload[0]),
        (addr("203.0.113.5:61000"), 1)
    );
}

#[test]
fn a_far_side_that_never_sends_does_not_hold_up_the_call() {
    let mut bench = Bench::new();
    bench.command(Command::Open(behind_nat(
        leg(1, PHONE, Codec::Pcmu),
        "203.0.113.5",
    )));
    play(&mut bench, vec![PlayItem::Clip(clip(3, Codec::Pcmu))], 1);
    bench.ticks(60);
    assert_eq!(bench.events(), [ended(1, true)]);
}

#[test]
fn where_we_may_not_send_first_nothing_leaves_before_the_first_packet() {
    let mut bench = Bench::with(EngineConfig {
        send_first: false,
        ..EngineConfig::default()
    });
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    play(&mut bench, vec![PlayItem::Clip(clip(200, Codec::Pcmu))], 1);
    bench.ticks(100);
    assert!(bench.out.0.is_empty());
    bench.rtp(0, addr(PHONE), header(0, 9, 1), &[0xff; 160]);
    bench.tick();
    assert_eq!(bench.sent().len(), 1);
}

#[test]
fn a_held_leg_hears_nothing() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    play(&mut bench, vec![PlayItem::Loop(clip(2, Codec::Pcmu))], 1);
    bench.command(Command::Direct {
        leg: 1,
        direction: Direction::Inactive,
    });
    bench.ticks(5);
    assert!(bench.sent().is_empty());
    bench.command(Command::Direct {
        leg: 1,
        direction: Direction::SendRecv,
    });
    bench.ticks(5);
    assert_eq!(bench.sent().len(), 5);
}

#[test]
fn orders_to_a_closed_leg_are_ignored() {
    let mut bench = Bench::new();
    play(&mut bench, vec![PlayItem::Clip(clip(1, Codec::Pcmu))], 1);
    bench.command(Command::Close(1));
    bench.command(Command::Bridge { a: 1, b: 1 });
    bench.ticks(2);
    assert!(bench.events().is_empty() && bench.out.0.is_empty());
}
