//! Tones, silence, concealment and comfort noise, judged by what one hears.

mod common;

use std::time::Duration;

use common::{mix, noise, sines, speech};
use media::analysis::{SILENCE, active, clipping, is_tone, level, longest_silence, snr};
use media::clip::Clip;
use media::codec::{Codec, Decoder};
use media::comfort::{self, Noise};
use media::plc::Concealer;
use media::silence::Tracker;
use media::tone::{Plan, Tone, cycle, render};

const ALL_TONES: [Tone; 5] = [
    Tone::Ringback,
    Tone::Busy,
    Tone::Congestion,
    Tone::Dial,
    Tone::Beep,
];

#[test]
fn tones_sound_at_their_frequencies_and_keep_their_cadence() {
    for country in [
        "US", "gb", "DE", "FR", "ES", "IT", "AT", "JP", "AU", "IN", "ZZ", "",
    ] {
        let plan = Plan::for_country(country);
        for tone in ALL_TONES {
            for codec in Codec::ALL {
                let cadence = plan.cadence(tone);
                let clip = plan.clip(tone, codec);
                assert!(clip.duration().abs_diff(cycle(cadence)) < Duration::from_millis(20));
                let mut pcm = vec![0; codec.samples(clip.bytes().len())];
                Decoder::new(codec).decode(clip.bytes(), &mut pcm);
                let hz: Vec<f64> = cadence[0].hz.iter().copied().map(f64::from).collect();
                assert!(
                    is_tone(&pcm, codec.sample_rate(), &hz, -25.0),
                    "{country} {tone:?} {codec:?}"
                );
                let on: u64 = cadence
                    .iter()
                    .filter(|step| !step.hz.is_empty())
                    .map(|step| u64::from(step.ms))
                    .sum();
                let heard = active(&pcm, codec.sample_rate(), -30.0);
                assert!(
                    heard.abs_diff(Duration::from_millis(on)) <= Duration::from_millis(120),
                    "{country} {tone:?}"
                );
                assert!(clipping(&pcm) == 0.0);
            }
        }
    }
}

#[test]
fn a_dial_tone_loops_without_a_seam() {
    let once = render(Plan::for_country("US").cadence(Tone::Dial), 8000);
    let twice: Vec<i16> = once.iter().chain(&once).copied().collect();
    assert!(is_tone(&twice[7200..8800], 8000, &[350.0, 440.0], -25.0));
    assert_eq!(longest_silence(&twice, 8000, -30.0), Duration::ZERO);
}

/// Seconds of silence at the end of audio, as a tracker hears it.
fn silent_for(codec: Codec, pcm: &[i16]) -> f32 {
    let clip = Clip::encode_native(pcm, codec);
    let mut tracker = Tracker::new(codec);
    clip.bytes().chunks(160).for_each(|frame| {
        tracker.hear(frame);
    });
    tracker.silent_for().as_secs_f32()
}

#[test]
fn eight_seconds_after_the_last_word_are_measured_in_quiet_and_in_noise() {
    for codec in Codec::ALL {
        let rate = codec.sample_rate();
        for background in [0.0, 30.0, 300.0] {
            let mut pcm = noise(background, rate, 20_000, 3);
            let words = mix(&speech(rate, 11_000, 5), &pcm);
            pcm.splice(..words.len(), words);
            let silent = silent_for(codec, &pcm);
            assert!(
                (8.0..10.2).contains(&silent),
                "{codec:?} in noise of {background}: {silent} s"
            );
        }
    }
}

#[test]
fn speech_and_loud_steady_tones_are_never_silent_for_long() {
    for codec in Codec::ALL {
        let rate = codec.sample_rate();
        for seed in 1..4 {
            let voice = mix(&speech(rate, 20_000, seed), &noise(100.0, rate, 20_000, 8));
            for end in [5, 10, 15, 20] {
                assert!(silent_for(codec, &voice[..(rate * end) as usize]) < 2.0);
            }
        }
        assert!(silent_for(codec, &sines(&[(1000.0, 3000.0)], rate, 20_000)) < 0.1);
    }
}

#[test]
fn gaps_count_as_silence_and_the_peak_is_kept() {
    let mut tracker = Tracker::new(Codec::Pcma);
    tracker.gap(Duration::from_secs(3));
    tracker.hear(Clip::silence(Duration::from_millis(20), Codec::Pcma).bytes());
    assert_eq!(tracker.silent_for(), Duration::from_millis(3020));
    assert!(tracker.peak_dbfs() < -60.0);
    tracker.hear(Clip::encode_native(&sines(&[(1000.0, 3276.7)], 8000, 20), Codec::Pcma).bytes());
    assert!(
        (tracker.peak_dbfs() + 20.0).abs() < 0.5,
        "{}",
        tracker.peak_dbfs()
    );
    assert_eq!(tracker.silent_for(), Duration::ZERO);
}

/// Loses every tenth frame; returns what is heard with concealment and with silence instead.
fn with_losses(pcm: &[i16], rate: u32) -> (Vec<i16>, Vec<i16>) {
    let mut concealer = Concealer::new(rate);
    let (mut concealed, mut muted) = (pcm.to_vec(), pcm.to_vec());
    let frame = concealer.frame_samples();
    for (n, (with, without)) in concealed
        .chunks_mut(frame)
        .zip(muted.chunks_mut(frame))
        .enumerate()
    {
        if n % 10 == 9 {
            concealer.conceal(with);
            without.fill(0);
        } else {
            concealer.good(with);
        }
    }
    (concealed, muted)
}

#[test]
fn concealment_is_nearer_to_a_voice_and_a_tone_than_silence_is() {
    for rate in [8000, 16_000] {
        for (hz, gain) in [(200.0, 10.0), (100.0, 10.0)] {
            let tone = sines(&[(hz, 6000.0), (2.0 * hz, 3000.0)], rate, 2000);
            let (concealed, muted) = with_losses(&tone, rate);
            let (with, without) = (snr(&tone, &concealed), snr(&tone, &muted));
            assert!(
                with > without + gain - 3.0,
                "{hz} Hz at {rate}: {with:.1} against {without:.1} dB"
            );
        }
        let voice = speech(rate, 10_000, 4);
        let (concealed, muted) = with_losses(&voice, rate);
        assert!(snr(&voice, &concealed) > snr(&voice, &muted) + 1.0);
    }
}

#[test]
fn a_long_loss_fades_to_silence_within_60_ms() {
    let mut concealer = Concealer::new(8000);
    let mut tone = sines(&[(300.0, 8000.0)], 8000, 100);
    tone.chunks_mut(160).for_each(|frame| concealer.good(frame));
    let heard: Vec<f64> = (0..5)
        .map(|_| {
            let mut frame = [0; 160];
            concealer.conceal(&mut frame);
            level(&frame)
        })
        .collect();
    assert!(
        heard[0] > -16.0 && heard[0] > heard[1] && heard[1] > heard[2],
        "{heard:?}"
    );
    assert!(heard[3] <= SILENCE && heard[4] <= SILENCE, "{heard:?}");
}

#[test]
fn comfort_noise_has_the_announced_level() {
    assert_eq!(comfort::level(&[50, 1, 2]), Some(-50));
    assert_eq!(comfort::level(&[]), None);
    let mut out = [0; 1600];
    Noise::new(7).fill(-50, &mut out);
    // dBov counts from a square wave, dBFS here from a sine.
    assert!((level(&out) + 47.0).abs() < 1.0, "{}", level(&out));
    Noise::new(7).fill(-80, &mut out);
    assert!(level(&out) <= SILENCE);
    Noise::new(7).fill(0, &mut out);
    assert!(level(&out) < -26.0);
}
