//! What codecs, clips, resampling and WAV files do to audio.

mod common;

use std::time::Duration;

use common::{noise, sines, speech};
use media::analysis::{find_tones, is_tone, level, snr, tone_level};
use media::clip::{Clip, Pcm};
use media::codec::{Codec, Decoder, Encoder};
use media::wav;
use proptest::prelude::*;

fn through(codec: Codec, pcm: &[i16]) -> Vec<i16> {
    let mut bytes = vec![0; pcm.len()];
    let written = Encoder::new(codec).encode(pcm, &mut bytes);
    let mut heard = vec![0; pcm.len()];
    let decoded = Decoder::new(codec).decode(&bytes[..written], &mut heard);
    assert_eq!(decoded, pcm.len());
    heard
}

#[test]
fn g711_keeps_35_db_from_loud_to_soft() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        for amplitude in [20_000.0, 5_000.0, 1_000.0] {
            let tone = sines(&[(1004.0, amplitude)], 8000, 500);
            let ratio = snr(&tone, &through(codec, &tone));
            assert!(ratio > 33.0, "{codec:?} at {amplitude}: {ratio:.1} dB");
        }
    }
}

#[test]
fn g711_codes_decode_and_encode_to_themselves() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let codes: Vec<u8> = (0..=255).collect();
        let mut pcm = [0; 256];
        Decoder::new(codec).decode(&codes, &mut pcm);
        let mut again = [0; 256];
        Encoder::new(codec).encode(&pcm, &mut again);
        // µ-law has two zeros.
        let same = codes.iter().zip(&again).filter(|(a, b)| a != b).count();
        assert!(same <= 1, "{codec:?}: {same} codes differ");
    }
}

#[test]
fn g722_carries_wide_band_with_a_delay_of_22_samples() {
    for hz in [300.0, 1000.0, 3000.0, 6000.0] {
        let tone = sines(&[(hz, 8000.0)], 16_000, 500);
        let heard = through(Codec::G722, &tone);
        let sent = tone_level(&tone[1600..], 16_000, hz);
        let got = tone_level(&heard[1600..], 16_000, hz);
        assert!((sent - got).abs() < 1.0, "{hz} Hz: {sent:.1} -> {got:.1}");
    }
    let voice = speech(16_000, 2000, 3);
    let heard = through(Codec::G722, &voice);
    let ratio = (10..40)
        .map(|delay| snr(&voice[..voice.len() - 40], &heard[delay..]))
        .fold(f64::MIN, f64::max);
    assert!(ratio > 18.0, "{ratio:.1} dB");
}

#[test]
fn encoders_write_whole_bytes_into_what_room_there_is() {
    let mut out = [0; 3];
    assert_eq!(Encoder::new(Codec::G722).encode(&[0; 5], &mut out), 2);
    assert_eq!(Encoder::new(Codec::G722).encode(&[0; 50], &mut out), 3);
    assert_eq!(Encoder::new(Codec::Pcmu).encode(&[0; 50], &mut out), 3);
    let mut pcm = [0; 5];
    assert_eq!(Decoder::new(Codec::G722).decode(&[0; 9], &mut pcm), 4);
    assert_eq!(Decoder::new(Codec::Pcma).decode(&[], &mut pcm), 0);
}

#[test]
fn clips_resample_and_slice_to_any_ptime() {
    let tone = sines(&[(1000.0, 8000.0)], 44_100, 1010);
    for codec in Codec::ALL {
        let clip = Clip::encode(&tone, 44_100, codec).unwrap();
        assert_eq!(clip.duration(), Duration::from_millis(1020));
        assert_eq!(clip.frame(0).unwrap().len(), 160);
        assert_eq!(clip.frame(50).unwrap().len(), 160);
        assert_eq!(clip.frame(51), None);
        for ptime in [10, 20, 30] {
            let whole: Vec<u8> = (0..)
                .map_while(|index| clip.slice(index * ptime, ptime))
                .flatten()
                .copied()
                .collect();
            assert_eq!(whole, clip.bytes(), "{ptime} ms");
        }
        let mut heard = vec![0; 2 * clip.bytes().len()];
        let written = Decoder::new(codec).decode(clip.bytes(), &mut heard);
        assert!(is_tone(
            &heard[..written],
            codec.sample_rate(),
            &[1000.0],
            -30.0
        ));
    }
}

#[test]
fn resampling_keeps_levels_length_and_bands() {
    let pcm = Pcm {
        samples: sines(&[(1000.0, 8000.0)], 48_000, 1000),
        rate: 48_000,
    };
    for rate in [8000, 11_025, 16_000, 22_050, 24_000, 44_100] {
        let resampled = pcm.resampled(rate).unwrap();
        assert_eq!(resampled.samples.len(), rate as usize);
        assert!((tone_level(&resampled.samples, rate, 1000.0) - level(&pcm.samples)).abs() < 0.3);
    }
    let high = Pcm {
        samples: sines(&[(7000.0, 8000.0)], 16_000, 500),
        rate: 16_000,
    };
    assert!(
        level(&high.resampled(8000).unwrap().samples[400..3600]) < -60.0,
        "an alias is heard"
    );
    assert!(pcm.resampled(0).is_err());
    assert!(pcm.resampled(7919).is_err());
    assert!(Clip::encode(&[1, 2, 3], 0, Codec::Pcmu).is_err());
}

#[test]
fn wav_files_round_trip() {
    let pcm = Pcm {
        samples: noise(9000.0, 16_000, 100, 7),
        rate: 16_000,
    };
    assert_eq!(wav::read(&wav::write(&pcm).unwrap()).unwrap(), pcm);
}

#[test]
fn the_channels_of_a_wav_file_are_mixed() {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in [100_i16, 300, -50, 50] {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    let pcm = wav::read(&bytes.into_inner()).unwrap();
    assert_eq!((pcm.samples, pcm.rate), (vec![200, 0], 8000));
}

#[test]
fn two_tones_are_found_where_they_are() {
    let both = sines(&[(350.0, 4000.0), (440.0, 4000.0)], 8000, 1000);
    let tones = find_tones(&both, 8000, -40.0);
    assert_eq!(tones.len(), 2, "{tones:?}");
    assert!(is_tone(&both, 8000, &[350.0, 440.0], -30.0));
    assert!(!is_tone(&both, 8000, &[350.0], -30.0));
    assert!(!is_tone(
        &noise(8000.0, 8000, 1000, 5),
        8000,
        &[350.0, 440.0],
        -40.0
    ));
    assert!(find_tones(&[], 8000, -40.0).is_empty());
}

proptest! {
    #[test]
    fn any_bytes_decode(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for codec in Codec::ALL {
            let mut pcm = vec![0; 4000];
            prop_assert_eq!(Decoder::new(codec).decode(&bytes, &mut pcm), codec.samples(bytes.len()));
        }
    }

    #[test]
    fn any_samples_encode(pcm in proptest::collection::vec(any::<i16>(), 0..2000)) {
        for codec in Codec::ALL {
            let mut bytes = vec![0; 2000];
            prop_assert_eq!(Encoder::new(codec).encode(&pcm, &mut bytes), pcm.len() / codec.samples(1));
        }
    }

    #[test]
    fn no_bytes_panic_the_wav_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..400) {
        let _ = wav::read(&bytes);
        let mut file = wav::write(&Pcm { samples: vec![5; 100], rate: 8000 }).unwrap();
        if let Some(byte) = file.get_mut(cut) { *byte ^= 0x5a; }
        let _ = wav::read(&file);
        file.truncate(cut);
        let _ = wav::read(&file);
    }
}
