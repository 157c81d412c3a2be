//! Which leg a packet opens, moves and reaches.

use crate::bench::{Bench, addr, behind_nat, header, leg, ms};
use media::codec::Codec;
use media::engine::{Command, Event, Expect, LegSpec};

const PHONE: &str = "192.0.2.10:4000";
const OTHER: &str = "192.0.2.66:5000";
const AUDIO: [u8; 160] = [0x55; 160];

fn first_packets(bench: &mut Bench) -> Vec<(u64, String)> {
    bench
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::FirstPacket { leg, from, .. } => Some((leg, from.to_string())),
            _ => None,
        })
        .collect()
}

#[test]
fn the_announced_address_opens_the_leg_and_a_stranger_does_not() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.rtp(0, addr(OTHER), header(0, 9, 1), &AUDIO);
    bench.rtp(1, addr(PHONE), header(0, 9, 1), &AUDIO);
    assert_eq!(
        bench.engine.counters().strangers,
        2,
        "wrong address, wrong port"
    );
    bench.rtp(0, addr(PHONE), header(0, 9, 1), &AUDIO);
    assert_eq!(first_packets(&mut bench), [(1, PHONE.to_owned())]);
}

#[test]
fn behind_a_nat_any_port_of_the_signalling_address_opens_the_leg_once() {
    let mut bench = Bench::new();
    bench.command(Command::Open(behind_nat(
        leg(1, PHONE, Codec::Pcmu),
        "203.0.113.5",
    )));
    bench.rtp(0, addr("203.0.113.5:61000"), header(0, 9, 1), &AUDIO);
    bench.rtp(0, addr("203.0.113.5:61001"), header(0, 10, 1), &AUDIO);
    assert_eq!(
        first_packets(&mut bench),
        [(1, "203.0.113.5:61000".to_owned())]
    );
    assert_eq!(bench.engine.counters().strangers, 1);
}

#[test]
fn only_an_agreed_payload_type_opens_a_leg() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.rtp(0, addr(PHONE), header(77, 9, 1), &AUDIO);
    assert!(first_packets(&mut bench).is_empty());
    assert_eq!(bench.engine.counters().unknown_payload, 1);
}

#[test]
fn legs_at_one_address_are_told_apart_by_announced_ssrc() {
    let mut bench = Bench::new();
    for id in 1..=3 {
        bench.command(Command::Open(LegSpec {
            remote_ssrc: Some(id as u32),
            ..leg(id, PHONE, Codec::Pcmu)
        }));
    }
    for ssrc in [3, 1, 2] {
        bench.rtp(0, addr(PHONE), header(0, ssrc, 1), &AUDIO);
    }
    let legs: Vec<_> = first_packets(&mut bench)
        .into_iter()
        .map(|(leg, _)| leg)
        .collect();
    assert_eq!(legs, [3, 1, 2]);
    bench.rtp(0, addr(PHONE), header(0, 99, 1), &AUDIO);
    assert_eq!(
        bench.engine.counters().ambiguous,
        1,
        "a stream that could be anybody's is nobody's"
    );
}

#[test]
fn a_lone_leg_follows_a_new_ssrc_at_its_address() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.rtp(0, addr(PHONE), header(0, 9, 1), &AUDIO);
    bench.rtp(0, addr(PHONE), header(0, 10, 900), &AUDIO);
    assert_eq!(bench.engine.counters().rtp_in, 2);
}

#[test]
fn a_moved_source_is_followed_only_after_silence_with_its_ssrc_and_sequence() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    for n in 1..=3 {
        bench.rtp(0, addr(PHONE), header(0, 9, n), &AUDIO);
    }
    bench.now += ms(400);
    bench.rtp(0, addr(OTHER), header(0, 9, 4), &AUDIO);
    assert_eq!(
        bench.engine.counters().strangers,
        1,
        "the old source was heard less than 500 ms ago"
    );
    bench.now += ms(100);
    bench.rtp(0, addr(OTHER), header(0, 8, 4), &AUDIO);
    bench.rtp(0, addr(OTHER), header(0, 9, 20_000), &AUDIO);
    bench.rtp(0, addr(OTHER), header(0, 9, 2), &AUDIO);
    assert_eq!(
        bench.engine.counters().strangers,
        4,
        "another SSRC, a jump, an old number"
    );
    bench.rtp(0, addr(OTHER), header(0, 9, 20), &AUDIO);
    assert_eq!(first_packets(&mut bench).last().unwrap().1, OTHER);
    assert_eq!(bench.engine.counters().moved, 1);
    bench.rtp(0, addr(PHONE), header(0, 9, 21), &AUDIO);
    assert_eq!(
        bench.engine.counters().strangers,
        5,
        "the old address is a stranger now"
    );
}

#[test]
fn a_redirect_opens_the_leg_to_the_new_address_at_once() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.rtp(0, addr(PHONE), header(0, 9, 1), &AUDIO);
    bench.command(Command::Redirect(leg(1, OTHER, Codec::Pcmu)));
    bench.rtp(0, addr(PHONE), header(0, 9, 2), &AUDIO);
    assert_eq!(bench.engine.counters().stragglers, 1);
    bench.rtp(0, addr(OTHER), header(0, 77, 1), &AUDIO);
    assert_eq!(
        first_packets(&mut bench).last().unwrap(),
        &(1, OTHER.to_owned())
    );
}

#[test]
fn a_reinvite_to_the_same_nat_keeps_the_stream_and_lets_a_new_one_take_over() {
    let mut bench = Bench::new();
    let spec = behind_nat(leg(1, PHONE, Codec::Pcmu), "203.0.113.5");
    bench.command(Command::Open(spec.clone()));
    bench.rtp(0, addr("203.0.113.5:61000"), header(0, 9, 1), &AUDIO);
    bench.command(Command::Redirect(spec));
    bench.rtp(0, addr("203.0.113.5:61000"), header(0, 9, 2), &AUDIO);
    assert_eq!(bench.engine.counters().rtp_in, 2, "the old stream goes on");
    bench.rtp(0, addr("203.0.113.5:62000"), header(0, 44, 1), &AUDIO);
    bench.rtp(0, addr("203.0.113.5:63000"), header(0, 45, 1), &AUDIO);
    let opened: Vec<_> = first_packets(&mut bench)
        .into_iter()
        .map(|(_, from)| from)
        .collect();
    assert_eq!(opened, ["203.0.113.5:61000", "203.0.113.5:62000"]);
}

#[test]
fn stragglers_of_a_closed_call_do_not_open_the_next_one() {
    let mut bench = Bench::new();
    let ip = "203.0.113.5";
    bench.command(Command::Open(behind_nat(leg(1, PHONE, Codec::Pcmu), ip)));
    bench.rtp(0, addr("203.0.113.5:61000"), header(0, 9, 1), &AUDIO);
    bench.command(Command::Close(1));
    bench.command(Command::Open(behind_nat(leg(2, PHONE, Codec::Pcmu), ip)));
    bench.events();
    bench.rtp(0, addr("203.0.113.5:61000"), header(0, 9, 2), &AUDIO);
    assert!(first_packets(&mut bench).is_empty());
    bench.rtp(0, addr("203.0.113.5:61000"), header(0, 10, 1), &AUDIO);
    assert_eq!(
        first_packets(&mut bench),
        [(2, "203.0.113.5:61000".to_owned())],
        "the same phone's next call"
    );
}

#[test]
fn a_leg_behind_nat_keeps_waiting_beside_a_latched_one() {
    let mut bench = Bench::new();
    let ip = "203.0.113.5";
    for id in 1..=2 {
        bench.command(Command::Open(behind_nat(leg(id, PHONE, Codec::Pcmu), ip)));
        let from = format!("{ip}:{}", 61_000 + id);
        bench.rtp(0, addr(&from), header(0, 9 + id as u32, 1), &AUDIO);
    }
    let legs: Vec<_> = first_packets(&mut bench)
        .into_iter()
        .map(|(leg, _)| leg)
        .collect();
    assert_eq!(legs, [1, 2]);
}

#[test]
fn rubbish_is_counted_and_dropped() {
    let mut bench = Bench::new();
    bench.command(Command::Open(LegSpec {
        remote: Expect::Announced(addr(PHONE)),
        ..leg(1, PHONE, Codec::Pcmu)
    }));
    for rubbish in [
        &[][..],
        &[0x80],
        &[0x80, 0],
        &[0x80, 200, 0, 9],
        &[0xff; 40],
        &[1; 20],
        &[22; 20],
    ] {
        bench.arrive(0, addr(PHONE), rubbish);
    }
    assert_eq!(bench.engine.counters().malformed, 7);
    assert!(bench.events().is_empty());
}
