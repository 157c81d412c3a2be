//! Recordings as stored and as played.

mod common;

use std::time::Duration;

use common::sines;
use media::analysis::{is_tone, level, longest_silence};
use media::clip::Clip;
use media::codec::Codec;
use media::recording::{Recording, StoredError};
use proptest::prelude::*;

fn frames(codec: Codec, ms: u32) -> Vec<(u32, Vec<u8>)> {
    let pcm = sines(&[(1000.0, 8000.0)], codec.sample_rate(), ms);
    let clip = Clip::encode_native(&pcm, codec);
    clip.bytes()
        .chunks(160)
        .zip(0_u32..)
        .map(|(payload, n)| (n * 160, payload.to_vec()))
        .collect()
}

fn recorded<'a>(codec: Codec, packets: impl IntoIterator<Item = &'a (u32, Vec<u8>)>) -> Recording {
    let mut recording = Recording::new(codec);
    for (timestamp, payload) in packets {
        assert!(recording.push(*timestamp, payload));
    }
    recording
}

#[test]
fn it_plays_back_byte_for_byte_in_its_own_codec() {
    for codec in Codec::ALL {
        let packets = frames(codec, 1000);
        let recording = recorded(codec, &packets);
        assert_eq!(recording.duration(), Duration::from_secs(1));
        let bytes: Vec<u8> = packets.iter().flat_map(|packet| packet.1.clone()).collect();
        assert_eq!(recording.to_clip(codec).bytes(), bytes);
    }
}

#[test]
fn it_plays_in_any_other_codec() {
    for (from, to) in [
        (Codec::Pcmu, Codec::G722),
        (Codec::G722, Codec::Pcma),
        (Codec::Pcma, Codec::Pcmu),
    ] {
        let clip = recorded(from, &frames(from, 1000)).to_clip(to);
        assert_eq!(clip.duration(), Duration::from_secs(1));
        let heard = recorded(to, &[(0, clip.bytes()[..1600].to_vec())]).to_pcm();
        assert!(
            is_tone(&heard.samples, heard.rate, &[1000.0], -20.0),
            "{from:?} to {to:?}"
        );
    }
}

#[test]
fn disorder_duplicates_and_a_clock_wrap_are_put_right() {
    let straight: Vec<_> = frames(Codec::Pcma, 500)
        .into_iter()
        .map(|(at, p)| (at.wrapping_add(u32::MAX - 1000), p))
        .collect();
    let mut messy = straight.clone();
    messy.swap(3, 4);
    messy.swap(10, 12);
    messy.insert(8, straight[7].clone());
    assert_eq!(
        recorded(Codec::Pcma, &messy).to_pcm(),
        recorded(Codec::Pcma, &straight).to_pcm()
    );
}

#[test]
fn a_lost_frame_is_concealed_and_a_pause_is_silent() {
    let packets = frames(Codec::Pcmu, 3000);
    let missing_one = recorded(
        Codec::Pcmu,
        packets
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != 40)
            .map(|(_, p)| p),
    );
    let pcm = missing_one.to_pcm();
    assert_eq!(missing_one.duration(), Duration::from_secs(3));
    assert!(
        level(&pcm.samples[40 * 160..41 * 160]) > -18.0,
        "the hole is heard"
    );
    let paused = recorded(
        Codec::Pcmu,
        packets
            .iter()
            .enumerate()
            .filter(|(n, _)| !(50..100).contains(n))
            .map(|(_, p)| p),
    );
    let pcm = paused.to_pcm();
    assert_eq!(pcm.duration(), Duration::from_secs(3));
    let silence = longest_silence(&pcm.samples, 8000, -60.0);
    assert!(
        (Duration::from_millis(900)..=Duration::from_secs(1)).contains(&silence),
        "{silence:?}"
    );
    assert_eq!(
        paused.to_clip(Codec::Pcmu).duration(),
        Duration::from_secs(3)
    );
}

#[test]
fn short_gaps_are_filled_without_a_click_and_longer_ones_fade_to_silence() {
    for codec in Codec::ALL {
        let packets = frames(codec, 2000);
        let whole = recorded(codec, &packets).to_pcm();
        let steepest = |pcm: &[i16]| {
            let steps = pcm
                .windows(2)
                .map(|pair| (pair[1] - pair[0]).unsigned_abs());
            steps.max().unwrap()
        };
        for lost in 1..=5 {
            let kept = packets.iter().enumerate();
            let kept = kept.filter(|(n, _)| !(50..50 + lost).contains(n));
            let pcm = recorded(codec, kept.map(|(_, packet)| packet)).to_pcm();
            assert_eq!(pcm.samples.len(), whole.samples.len());
            assert!(
                steepest(&pcm.samples) <= steepest(&whole.samples) * 5 / 4,
                "{codec:?}: a click where {lost} packets are lost"
            );
            let per_frame = codec.samples(160);
            let gap: Vec<f64> = pcm.samples[50 * per_frame..(50 + lost) * per_frame]
                .chunks(per_frame)
                .map(level)
                .collect();
            assert!(gap[0] > -18.0, "{codec:?}: {gap:?}");
            assert!(
                gap.iter().skip(3).all(|level| *level < -90.0),
                "after 60 ms nothing is made up: {gap:?}"
            );
        }
    }
}

#[test]
fn a_jump_of_the_clock_does_not_make_hours() {
    let mut packets = frames(Codec::Pcmu, 1000);
    for (timestamp, _) in packets.iter_mut().skip(25) {
        *timestamp = timestamp.wrapping_add(0x7000_0000);
    }
    assert_eq!(
        recorded(Codec::Pcmu, &packets).duration(),
        Duration::from_secs(1)
    );
    let hostile: Vec<_> = (0..100_u32)
        .map(|n| (n.wrapping_mul(2_000_000), vec![0xff; 160]))
        .collect();
    assert!(recorded(Codec::Pcmu, &hostile).duration() <= Recording::MAX_DURATION);
}

#[test]
fn it_is_cut_where_asked() {
    let mut recording = recorded(Codec::G722, &frames(Codec::G722, 1000));
    recording.truncate(Duration::from_millis(470));
    assert_eq!(recording.duration(), Duration::from_millis(470));
    assert_eq!(recording.to_pcm().samples.len(), 7520);
}

#[test]
fn what_is_stored_is_small_and_comes_back() {
    let recording = recorded(Codec::Pcmu, &frames(Codec::Pcmu, 10_000));
    let bytes = recording.to_bytes();
    assert!(bytes.len() < 80_000 + 500 * 4, "{}", bytes.len());
    assert_eq!(Recording::from_bytes(&bytes), Ok(recording));
}

#[test]
fn a_changed_bit_is_noticed_and_a_cut_file_is_salvaged() {
    let recording = recorded(Codec::Pcma, &frames(Codec::Pcma, 200));
    let bytes = recording.to_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(Recording::from_bytes(&changed).is_err(), "bit {bit}");
    }
    let half = &bytes[..bytes.len() / 2];
    assert_eq!(Recording::from_bytes(half), Err(StoredError::Truncated));
    assert_eq!(
        Recording::salvage(half).unwrap().duration(),
        Duration::from_millis(80)
    );
    assert_eq!(Recording::salvage(b"RIFF...."), Err(StoredError::Magic));
    assert_eq!(Recording::from_bytes(&[]), Err(StoredError::Magic));
}

proptest! {
    #[test]
    fn any_recording_round_trips_and_renders(
        packets in proptest::collection::vec((any::<u32>(), proptest::collection::vec(any::<u8>(), 1..400)), 0..30),
        codec in prop_oneof![Just(Codec::Pcmu), Just(Codec::Pcma), Just(Codec::G722)],
        steps in any::<bool>(),
    ) {
        let mut recording = Recording::new(codec);
        for (timestamp, payload) in &packets {
            recording.push(if steps { timestamp % 50_000 } else { *timestamp }, payload);
        }
        let bytes = recording.to_bytes();
        let read = Recording::from_bytes(&bytes);
        prop_assert_eq!(read.as_ref(), Ok(&recording));
        let pcm = recording.to_pcm();
        let difference = pcm.duration().abs_diff(recording.duration());
        prop_assert!(difference < Duration::from_millis(1), "{:?} {:?}", pcm.duration(), recording.duration());
    }

    #[test]
    fn no_bytes_panic_the_reader(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        codec in prop_oneof![Just(0_u8), Just(8), Just(9), any::<u8>()],
    ) {
        let mut framed = b"SWRC\x01".to_vec();
        framed.push(codec);
        framed.extend(&bytes);
        let _ = Recording::from_bytes(&bytes);
        prop_assert!(Recording::from_bytes(&framed).is_err() || bytes.len() >= 5);
        if let Ok(salvaged) = Recording::salvage(&framed) {
            prop_assert!(salvaged.duration() <= Recording::MAX_DURATION);
        }
    }
}

#[test]
fn the_silence_at_the_end_is_added_where_a_phone_has_sent_none() {
    for codec in Codec::ALL {
        let mut recording = recorded(codec, &frames(codec, 1000));
        recording.extend_to(Duration::from_millis(1050));
        assert_eq!(recording.duration(), Duration::from_secs(1), "late packets");
        recording.extend_to(Duration::from_secs(4));
        assert_eq!(recording.duration(), Duration::from_secs(4));
        let heard = recording.to_pcm();
        let (first, rest) = heard.samples.split_at(heard.rate as usize);
        assert!(is_tone(first, heard.rate, &[1000.0], -20.0), "{codec:?}");
        let end = &rest[heard.rate as usize..];
        assert!(level(end) < -40.0, "{codec:?}: {}", level(end));
    }
    let mut empty = Recording::new(Codec::Pcmu);
    empty.extend_to(Duration::from_secs(4));
    assert!(empty.is_empty());
}
