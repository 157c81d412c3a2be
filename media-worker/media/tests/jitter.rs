//! The jitter buffer against networks that delay, lose, repeat and reorder.

mod common;

use std::time::{Duration, Instant};

use common::Random;
use media::jitter::{Inserted, JitterBuffer, Playout};
use media::rtp::Header;
use proptest::prelude::*;

const FRAME: Duration = Duration::from_millis(20);

#[allow(
    clippy::disallowed_methods,
    reason = "an epoch is needed; all else is relative to it"
)]
fn epoch() -> Instant {
    Instant::now()
}

fn header(n: u32) -> Header {
    Header {
        marker: false,
        payload_type: 0,
        sequence: (n as u16).wrapping_add(65_000),
        timestamp: n.wrapping_mul(160).wrapping_sub(50_000),
        ssrc: 1,
    }
}

fn payload(n: u32) -> [u8; 160] {
    let mut payload = [0; 160];
    payload[..4].copy_from_slice(&n.to_be_bytes());
    payload
}

/// What was played at each 20 ms: the number of the packet, a concealed frame, or silence.
#[derive(Debug, PartialEq)]
enum Heard {
    Packet(u32),
    Lost,
    Silent,
}

/// Plays packets that arrive at given times; half a frame after them, one is taken each 20 ms.
fn play(buffer: &mut JitterBuffer, mut arrivals: Vec<(Duration, u32)>, ticks: u32) -> Vec<Heard> {
    let start = epoch();
    arrivals.sort();
    let mut arrivals = arrivals.into_iter().peekable();
    (0..ticks)
        .map(|tick| {
            let now = FRAME * tick + FRAME / 2;
            while let Some((at, n)) = arrivals.next_if(|(at, _)| *at <= now) {
                buffer.insert(&header(n), &payload(n), 160, start + at);
            }
            match buffer.pop(start + now) {
                Playout::Frame { payload, .. } => Heard::Packet(u32::from_be_bytes([
                    payload[0], payload[1], payload[2], payload[3],
                ])),
                Playout::Lost { .. } => Heard::Lost,
                Playout::Silent => Heard::Silent,
            }
        })
        .collect()
}

fn numbers(heard: &[Heard]) -> Vec<u32> {
    heard
        .iter()
        .filter_map(|heard| {
            if let Heard::Packet(n) = heard {
                Some(*n)
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn a_steady_stream_is_played_whole_with_little_delay() {
    let mut buffer = JitterBuffer::new(8000);
    let heard = play(
        &mut buffer,
        (0..1000).map(|n| (FRAME * n, n)).collect(),
        1000,
    );
    let played = numbers(&heard);
    assert!(played.len() >= 995, "{}", played.len());
    assert!(played.is_sorted());
    assert!(
        buffer.target_delay() <= Duration::from_millis(40),
        "{:?}",
        buffer.target_delay()
    );
    assert_eq!(buffer.counters().late + buffer.counters().duplicate, 0);
    assert!(
        *played.last().unwrap() >= 997,
        "the delay stays: {:?}",
        played.last()
    );
}

#[test]
fn jitter_up_to_60_ms_loses_under_three_percent_and_delays_under_120_ms() {
    let mut random = Random(42);
    let mut buffer = JitterBuffer::new(8000);
    let arrivals = (0..3000)
        .map(|n| (FRAME * n + Duration::from_millis(random.below(60)), n))
        .collect();
    let heard = play(&mut buffer, arrivals, 3000);
    let played = numbers(&heard);
    assert!(played.is_sorted(), "out of order");
    let settled = heard
        .iter()
        .skip(500)
        .filter(|heard| !matches!(heard, Heard::Packet(_)))
        .count();
    assert!(
        settled < 75,
        "{settled} of 2500 concealed; {:?}",
        buffer.counters()
    );
    assert!(
        buffer.target_delay() <= Duration::from_millis(120),
        "{:?}",
        buffer.target_delay()
    );
}

#[test]
fn lost_packets_are_concealed_in_place_and_repeated_ones_dropped() {
    let mut buffer = JitterBuffer::new(8000);
    let mut arrivals: Vec<_> = (0..200)
        .filter(|n| n % 20 != 10)
        .map(|n| (FRAME * n, n))
        .collect();
    arrivals.extend(
        (0..200)
            .filter(|n| n % 7 == 0 && n % 20 != 10)
            .map(|n| (FRAME * n + FRAME / 10, n)),
    );
    let heard = play(&mut buffer, arrivals, 195);
    for pair in heard.windows(3) {
        if let [Heard::Packet(before), Heard::Lost, Heard::Packet(after)] = pair {
            assert_eq!((before % 20, after - before), (9, 2));
        }
    }
    assert!(heard.iter().filter(|heard| **heard == Heard::Lost).count() >= 8);
    assert!(
        buffer.counters().duplicate + buffer.counters().late >= 25,
        "{:?}",
        buffer.counters()
    );
}

#[test]
fn swapped_packets_are_put_in_order() {
    let mut buffer = JitterBuffer::new(8000);
    let swapped = |n: u32| {
        if n % 10 == 4 {
            n + 1
        } else if n % 10 == 5 {
            n - 1
        } else {
            n
        }
    };
    let heard = play(
        &mut buffer,
        (0..500).map(|n| (FRAME * n, swapped(n))).collect(),
        500,
    );
    let played = numbers(&heard);
    assert!(played.is_sorted());
    let late = buffer.counters().late;
    assert!(
        late <= 5,
        "the delay did not grow to the disorder: {:?}",
        buffer.counters()
    );
    assert!(played.len() >= 485, "{}", played.len());
}

#[test]
fn a_pause_of_the_sender_is_silence_and_not_loss() {
    let mut buffer = JitterBuffer::new(8000);
    // Sequence goes on, the clock jumps: discontinuous transmission.
    let start = epoch();
    let mut heard = Vec::new();
    for tick in 0..300_u32 {
        let now = start + FRAME * tick;
        if !(100..200).contains(&tick) {
            let n = if tick < 100 { tick } else { tick - 100 };
            let header = Header {
                timestamp: tick * 160,
                sequence: n as u16,
                ..header(0)
            };
            buffer.insert(&header, &payload(tick), 160, now);
        }
        heard.push(!matches!(buffer.pop(now), Playout::Frame { .. }));
    }
    assert!(heard.iter().filter(|quiet| **quiet).count() < 112);
    assert!(buffer.counters().lost <= 11, "{:?}", buffer.counters());
    assert!(buffer.counters().played >= 190, "{:?}", buffer.counters());
}

#[test]
fn a_new_source_and_a_confirmed_jump_restart_it_and_one_stray_packet_does_not() {
    let now = epoch();
    let mut buffer = JitterBuffer::new(8000);
    let base = Header {
        marker: false,
        payload_type: 0,
        sequence: 10,
        timestamp: 1000,
        ssrc: 1,
    };
    let mut insert = |header: Header| buffer.insert(&header, &[1; 160], 160, now);
    assert_eq!(insert(base), Inserted::Stored);
    assert_eq!(insert(base), Inserted::Duplicate);
    assert_eq!(
        insert(Header {
            sequence: 30_000,
            ..base
        }),
        Inserted::Discarded
    );
    assert_eq!(
        insert(Header {
            sequence: 11,
            timestamp: 1160,
            ..base
        }),
        Inserted::Stored
    );
    assert_eq!(
        insert(Header {
            sequence: 30_000,
            ..base
        }),
        Inserted::Discarded
    );
    assert_eq!(
        insert(Header {
            sequence: 30_001,
            ..base
        }),
        Inserted::Restarted
    );
    assert_eq!(insert(Header { ssrc: 2, ..base }), Inserted::Restarted);
    assert_eq!(
        insert(Header {
            sequence: 9,
            timestamp: 840,
            ssrc: 2,
            ..base
        }),
        Inserted::Stored
    );
    assert_eq!(buffer.insert(&base, &[], 0, now), Inserted::Oversized);
    assert_eq!(
        buffer.insert(&base, &[0; 1601], 1601, now),
        Inserted::Oversized
    );
}

#[test]
fn a_clock_that_jumps_costs_a_moment_and_not_the_jump() {
    for jump in [100 * 8000, -100 * 8000_i32] {
        let mut buffer = JitterBuffer::new(8000);
        let start = epoch();
        for n in 0..200_u32 {
            let now = start + FRAME * n;
            let moved = if n < 100 { 0 } else { jump };
            let header = Header {
                timestamp: header(n).timestamp.wrapping_add_signed(moved),
                ..header(n)
            };
            buffer.insert(&header, &payload(n), 160, now);
            buffer.pop(now);
        }
        assert!(
            buffer.counters().played >= 185,
            "{jump}: {:?}",
            buffer.counters()
        );
    }
}

#[test]
fn a_delay_that_falls_is_shortened_again() {
    let mut buffer = JitterBuffer::new(8000);
    let mut random = Random(9);
    let arrivals = (0..4000_u32)
        .map(|n| {
            let late = if n < 500 {
                random.below(150)
            } else {
                random.below(3)
            };
            (FRAME * n + Duration::from_millis(late), n)
        })
        .collect();
    let heard = play(&mut buffer, arrivals, 4000);
    assert!(
        *numbers(&heard).last().unwrap() >= 3995,
        "{:?}",
        buffer.counters()
    );
    assert!(
        buffer.target_delay() <= Duration::from_millis(60),
        "{:?}",
        buffer.target_delay()
    );
}

proptest! {
    #[test]
    fn no_packets_panic_it_and_what_it_plays_was_put_in(
        events in proptest::collection::vec((any::<bool>(), 0_u64..100, any::<u16>(), any::<u32>(), 0_u8..3, 0_usize..500), 1..300),
        wild in any::<bool>(),
    ) {
        let mut now = epoch();
        let mut buffer = JitterBuffer::new(8000);
        for (put, ms, sequence, timestamp, ssrc, length) in events {
            now += Duration::from_millis(ms);
            if put {
                let (sequence, timestamp) = if wild { (sequence, timestamp) } else { (sequence % 300, timestamp % 300 * 160) };
                let header = Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: u32::from(ssrc / 2) };
                buffer.insert(&header, &vec![ssrc + 1; length], length as u32, now);
            } else if let Playout::Frame { payload, .. } = buffer.pop(now) {
                prop_assert!(!payload.is_empty() && payload.iter().all(|byte| *byte == payload[0] && *byte > 0));
            }
        }
        prop_assert!(buffer.target_delay() <= Duration::from_secs(1));
    }
}
