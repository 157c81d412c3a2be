//! Digits in events and in tones.

mod common;

use common::{mix, noise, sines, speech};
use media::codec::{Codec, Decoder, Encoder};
use media::dtmf::{Detector, Digit, Receiver, Sender};
use proptest::prelude::*;

const STEP: u16 = 160;

/// The packets of a press as (timestamp, marker, payload).
fn press(digit: Digit, timestamp: u32, length: u16) -> Vec<(u32, bool, [u8; 4])> {
    let mut sender = Sender::new(digit, length);
    std::iter::from_fn(|| sender.next_packet(STEP))
        .map(|packet| (timestamp, packet.marker, packet.payload))
        .collect()
}

fn received<'a>(packets: impl IntoIterator<Item = &'a (u32, bool, [u8; 4])>) -> Vec<Digit> {
    let mut receiver = Receiver::new();
    packets
        .into_iter()
        .filter_map(|(at, marker, payload)| receiver.receive(*at, *marker, payload))
        .collect()
}

#[test]
fn a_press_ends_with_three_end_packets_of_its_full_length() {
    let packets = press(Digit::Pound, 0, 480);
    let payloads: Vec<[u8; 4]> = packets.iter().map(|packet| packet.2).collect();
    let end = [11, 0x8a, 1, 0xe0];
    assert_eq!(payloads, [[11, 10, 0, 160], [11, 10, 1, 64], end, end, end]);
    assert_eq!(packets.iter().filter(|packet| packet.1).count(), 1);
    assert!(packets[0].1);
}

#[test]
fn every_digit_is_received_once_across_a_timestamp_wrap() {
    let packets: Vec<_> = Digit::ALL
        .into_iter()
        .zip(0_u32..)
        .flat_map(|(d, n)| press(d, (n * 2000).wrapping_sub(9000), 800))
        .collect();
    assert_eq!(received(&packets), Digit::ALL);
}

#[test]
fn any_single_packet_of_a_press_suffices() {
    let packets = press(Digit::Five, 1000, 800);
    for packet in &packets {
        assert_eq!(received([packet]), [Digit::Five]);
    }
}

#[test]
fn the_same_digit_twice_is_two_presses_even_without_the_ends_and_the_marker() {
    let first = press(Digit::One, 1000, 800);
    let second = press(Digit::One, 1000 + 800 + 400, 800);
    assert_eq!(
        received(first[..4].iter().chain(&second[1..])),
        [Digit::One, Digit::One]
    );
    assert_eq!(
        received(first.iter().chain(&second)),
        [Digit::One, Digit::One]
    );
}

#[test]
fn late_and_repeated_packets_press_nothing() {
    let first = press(Digit::One, 1000, 800);
    let second = press(Digit::Two, 3000, 800);
    let mut shuffled: Vec<_> = first
        .iter()
        .chain(&second)
        .chain(&first)
        .chain(&second)
        .collect();
    assert_eq!(received(shuffled.clone()), [Digit::One, Digit::Two]);
    shuffled.swap(5, 6);
    assert_eq!(received(shuffled), [Digit::One, Digit::Two]);
}

#[test]
fn a_far_side_that_begins_its_clock_anew_is_heard() {
    let before = press(Digit::One, 3_000_000_000, 800);
    let after = press(Digit::Two, 1_000_000_000, 800);
    assert_eq!(
        received(before.iter().chain(&after)),
        [Digit::One, Digit::Two]
    );
}

#[test]
fn a_long_press_in_segments_and_a_moving_timestamp_are_one_press() {
    let segment = [9, 10, 0xff, 0xff];
    assert_eq!(
        received(&[
            (0, true, [9, 10, 0, 160]),
            (0, false, segment),
            (65_535, false, [9, 10, 0, 160])
        ]),
        [Digit::Nine]
    );
    let moving: Vec<_> = (0..6_u8)
        .map(|n| (u32::from(n) * 160, n == 0, [9, 10, 0, 160]))
        .collect();
    assert_eq!(received(&moving), [Digit::Nine]);
}

fn detected(pcm: &[i16], rate: u32) -> Vec<Digit> {
    let mut detector = Detector::new(rate);
    let mut digits = Vec::new();
    for frame in pcm.chunks(160) {
        detector.listen(frame, |digit| digits.push(digit));
    }
    digits
}

fn tone(digit: Digit, off: f64, rate: u32, ms: u32, row: f64, column: f64) -> Vec<i16> {
    let (low, high) = digit.frequencies();
    sines(
        &[(f64::from(low) * off, row), (f64::from(high) * off, column)],
        rate,
        ms,
    )
}

#[test]
fn tones_off_by_up_to_one_and_a_half_percent_are_detected_once_each() {
    for rate in [8000, 16_000] {
        for off in [0.985, 0.993, 1.0, 1.007, 1.015] {
            for offset in [0, 37, 61] {
                let mut pcm = vec![0; offset];
                for digit in Digit::ALL {
                    pcm.extend(tone(digit, off, rate, 40, 4000.0, 4000.0));
                    pcm.extend(vec![0; rate as usize / 25]);
                }
                assert_eq!(
                    detected(&pcm, rate),
                    Digit::ALL,
                    "rate {rate}, frequency {off}, offset {offset}"
                );
            }
        }
    }
}

#[test]
fn tones_are_detected_loud_soft_and_twisted_through_codecs_and_noise() {
    for (row, column) in [
        (12_000.0_f64, 12_000.0_f64),
        (900.0, 900.0),
        (4000.0, 8000.0),
        (6000.0, 4000.0),
    ] {
        for codec in Codec::ALL {
            let rate = codec.sample_rate();
            for digit in Digit::ALL {
                let mut pcm = noise(row.min(column) * 0.1, rate, 200, 11);
                let sound = mix(&tone(digit, 1.0, rate, 100, row, column), &pcm);
                pcm.splice(800..800 + sound.len(), sound);
                let mut bytes = vec![0; pcm.len()];
                let written = Encoder::new(codec).encode(&pcm, &mut bytes);
                let mut heard = vec![0; pcm.len()];
                Decoder::new(codec).decode(&bytes[..written], &mut heard);
                assert_eq!(detected(&heard, rate), [digit], "{codec:?} {row} {column}");
            }
        }
    }
}

#[test]
fn a_lost_frame_does_not_make_two_of_one_press() {
    let mut pcm = tone(Digit::Eight, 1.0, 8000, 200, 5000.0, 5000.0);
    pcm[700..760].fill(0);
    assert_eq!(detected(&pcm, 8000), [Digit::Eight]);
}

#[test]
fn short_clicks_single_tones_and_call_progress_are_no_digits() {
    assert!(detected(&tone(Digit::Two, 1.0, 8000, 15, 5000.0, 5000.0), 8000).is_empty());
    assert!(detected(&sines(&[(697.0, 8000.0)], 8000, 500), 8000).is_empty());
    assert!(detected(&sines(&[(480.0, 5000.0), (620.0, 5000.0)], 8000, 500), 8000).is_empty());
    assert!(detected(&sines(&[(1000.0, 8000.0)], 8000, 500), 8000).is_empty());
}

#[test]
fn ten_minutes_of_noise_and_speech_like_sound_dial_nothing() {
    for seed in 1..=10 {
        assert!(
            detected(&noise(12_000.0, 8000, 20_000, seed), 8000).is_empty(),
            "noise {seed}"
        );
        assert!(
            detected(&speech(8000, 40_000, seed), 8000).is_empty(),
            "speech {seed}"
        );
    }
}

proptest! {
    #[test]
    fn any_event_packets_are_survived(
        packets in proptest::collection::vec((any::<u32>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..6)), 0..50)
    ) {
        let mut receiver = Receiver::new();
        for (timestamp, marker, payload) in packets {
            let digit = receiver.receive(timestamp, marker, &payload);
            prop_assert!(digit.is_none() || payload.len() >= 4);
        }
    }

    #[test]
    fn presses_survive_any_loss_that_leaves_one_packet_of_each(kept in proptest::collection::vec(1_u8..127, 1..20)) {
        let mut packets = Vec::new();
        for (index, mask) in kept.iter().enumerate() {
            let sent = press(Digit::ALL[index % 16], index as u32 * 2400, 800);
            packets.extend(sent.into_iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, p)| p));
        }
        let expected: Vec<Digit> = (0..kept.len()).map(|index| Digit::ALL[index % 16]).collect();
        prop_assert_eq!(received(&packets), expected);
    }

    #[test]
    fn any_info_body_is_survived(kind in "application/dtmf(-relay)?", body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = media::dtmf::from_info(&kind, &body);
    }
}
