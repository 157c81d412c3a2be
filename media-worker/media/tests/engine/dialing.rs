//! Digits, both ways.

use std::ops::Range;

use media::codec::{Codec, Encoder};
use media::dtmf::{Detector, Digit};
use media::engine::{Command, Event, LegId, LegSpec};
use media::rtp::Header;

use crate::bench::{Bench, addr, header, leg, ms};

const PHONE: &str = "192.0.2.10:4000";

fn digits(bench: &mut Bench) -> Vec<Digit> {
    let digit = |event| match event {
        Event::Digit { leg: 1, digit } => Some(digit),
        _ => None,
    };
    bench.events().into_iter().filter_map(digit).collect()
}

fn press(bench: &mut Bench, at: u32, code: u8) {
    press_packets(bench, at, code, 0..5);
}

/// Those of a press of five packets.
fn press_packets(bench: &mut Bench, at: u32, code: u8, packets: Range<u32>) {
    for n in packets {
        let event = Header {
            marker: n == 0,
            timestamp: at * 160,
            ..header(101, 9, at + n)
        };
        let end = if n >= 3 { 0x80 } else { 0 };
        bench.rtp(0, addr(PHONE), event, &[code, end | 0x0a, 0, 160]);
        bench.now += ms(20);
    }
}

fn tones(digit: Digit) -> Vec<u8> {
    let (row, column) = digit.frequencies();
    let wave = |hz: u16, n: usize| {
        (std::f32::consts::TAU * f32::from(hz) * n as f32 / 8000.0).sin() * 7000.0
    };
    let mut pcm: Vec<i16> = (0..800)
        .map(|n| (wave(row, n) + wave(column, n)) as i16)
        .collect();
    pcm.extend([0; 800]);
    let mut encoded = vec![0; pcm.len()];
    Encoder::new(Codec::Pcmu).encode(&pcm, &mut encoded);
    encoded
}

fn speak(bench: &mut Bench, audio: &[u8], first: u32) -> u32 {
    for (n, payload) in (first..).zip(audio.chunks(160)) {
        bench.rtp(0, addr(PHONE), header(0, 9, n), payload);
        bench.tick();
    }
    first + (audio.len() / 160) as u32
}

fn send(bench: &mut Bench, leg: LegId, digits: &[Digit]) {
    bench.command(Command::SendDigits {
        leg,
        digits: digits.iter().copied().collect(),
    });
}

#[test]
fn each_event_is_one_digit() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    press(&mut bench, 10, 4);
    press(&mut bench, 20, 4);
    press(&mut bench, 30, 11);
    assert_eq!(digits(&mut bench), [Digit::Four, Digit::Four, Digit::Pound]);
}

#[test]
fn a_key_that_is_pressed_during_a_reinvite_is_one_digit() {
    let mut bench = Bench::new();
    let spec = leg(1, PHONE, Codec::Pcmu);
    bench.command(Command::Open(spec.clone()));
    press_packets(&mut bench, 10, 11, 0..3);
    bench.command(Command::Redirect(spec));
    press_packets(&mut bench, 10, 11, 3..5);
    press(&mut bench, 20, 11);
    assert_eq!(digits(&mut bench), [Digit::Pound, Digit::Pound]);
}

#[test]
fn a_flood_of_digits_is_cut_down_to_what_a_finger_can_do() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    for n in 1..=1000 {
        bench.rtp(
            0,
            addr(PHONE),
            Header {
                marker: true,
                ..header(101, 9, n)
            },
            &[n as u8 % 10, 10, 0, 160],
        );
        bench.now += ms(1);
    }
    // One in 40 ms, and a PIN at once.
    assert_eq!(digits(&mut bench).len(), 25 + 16);
    assert_eq!(bench.engine.counters().excess_digits, 975 - 16);
}

#[test]
fn keys_that_were_held_up_on_their_way_count_each() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    let pressed = bench.now;
    for n in 1..=8 {
        press(&mut bench, 10 * n, n as u8);
        bench.now = pressed;
    }
    assert_eq!(digits(&mut bench), Digit::ALL[1..=8]);
}

#[test]
fn tones_are_digits_only_without_telephone_event() {
    for (telephone_event, expected) in
        [(None, vec![Digit::Seven, Digit::Star]), (Some(101), vec![])]
    {
        let mut bench = Bench::new();
        let spec = LegSpec {
            telephone_event,
            inband_dtmf: true,
            ..leg(1, PHONE, Codec::Pcmu)
        };
        bench.command(Command::Open(spec));
        let next = speak(&mut bench, &tones(Digit::Seven), 1);
        speak(&mut bench, &tones(Digit::Star), next);
        assert_eq!(digits(&mut bench), expected);
    }
}

#[test]
fn digits_are_sent_as_events_with_one_timestamp_each_and_three_ends() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    send(&mut bench, 1, &[Digit::One, Digit::Two]);
    bench.ticks(40);
    let sent = bench.sent();
    for code in [1, 2] {
        let press: Vec<_> = sent
            .iter()
            .filter(|packet| packet.payload[0] == code)
            .collect();
        assert!(press.iter().all(|packet| packet.header.payload_type == 101));
        assert!(
            press
                .iter()
                .all(|packet| packet.header.timestamp == press[0].header.timestamp)
        );
        assert_eq!(
            press
                .iter()
                .filter(|packet| packet.payload[1] & 0x80 != 0)
                .count(),
            3
        );
        assert!(press[0].header.marker && !press[1].header.marker);
    }
    assert!(
        sent.windows(2)
            .all(|pair| pair[1].header.sequence == pair[0].header.sequence.wrapping_add(1))
    );
    assert_eq!(bench.events(), [Event::DigitsSent { leg: 1 }]);
}

#[test]
fn without_telephone_event_digits_are_sent_as_tones() {
    let mut bench = Bench::new();
    bench.command(Command::Open(LegSpec {
        telephone_event: None,
        ..leg(1, PHONE, Codec::Pcmu)
    }));
    send(&mut bench, 1, &[Digit::Nine, Digit::Nine]);
    bench.ticks(40);
    let mut heard = Vec::new();
    let (mut detector, mut decoder) =
        (Detector::new(8000), media::codec::Decoder::new(Codec::Pcmu));
    let mut timestamp = None;
    for packet in bench.sent() {
        let pause = timestamp.map_or(0, |before| {
            packet.header.timestamp.wrapping_sub(before) - 160
        });
        detector.listen(&vec![0; pause as usize], |digit| heard.push(digit));
        let mut samples = [0; 160];
        decoder.decode(&packet.payload, &mut samples);
        detector.listen(&samples, |digit| heard.push(digit));
        timestamp = Some(packet.header.timestamp);
    }
    assert_eq!(heard, [Digit::Nine, Digit::Nine]);
}
