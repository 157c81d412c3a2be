//! Tones, silence, concealment and comfort noise, judged by what one hears.

mod common;

use std::time::Duration;

use common::{mix, noise, sines, speech};
use media::analysis::{
    SILENCE, active, clipping, is_tone, level, longest_silence, snr, tone_level,
};
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
            let wide = if country == "US" {
                &Codec::ALL[..]
            } else {
                &[Codec::Pcmu]
            };
            for &codec in wide {
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
    let tone = Clip::encode_native(&sines(&[(1000.0, 3276.7)], 8000, 20), Codec::Pcma);
    tracker.hear(tone.bytes());
    assert!(
        (tracker.peak_dbfs() + 20.0).abs() < 0.5,
        "{}",
        tracker.peak_dbfs()
    );
    assert_eq!(tracker.silent_for(), Duration::ZERO);
    assert!(!tracker.may_have_spoken(), "a click is no word");
    for _ in 0..4 {
        tracker.hear(tone.bytes());
    }
    assert!(tracker.may_have_spoken());
}

/// Loses every tenth frame, in the middle of a syllable; returns what is heard with concealment and with silence instead.
fn with_losses(pcm: &[i16], rate: u32) -> (Vec<i16>, Vec<i16>) {
    let mut concealer = Concealer::new(rate);
    let (mut concealed, mut muted) = (pcm.to_vec(), pcm.to_vec());
    let frame = concealer.frame_samples();
    for (n, (with, without)) in concealed
        .chunks_mut(frame)
        .zip(muted.chunks_mut(frame))
        .enumerate()
    {
        if n % 10 == 5 {
            concealer.conceal(with);
            without.fill(0);
        } else {
            concealer.good(with);
        }
    }
    (concealed, muted)
}

#[test]
fn concealment_of_a_steady_sound_is_nearer_to_it_than_silence_is_by_7_db() {
    for rate in [8000, 16_000] {
        for hz in [200.0, 100.0] {
            let tone = sines(&[(hz, 6000.0), (2.0 * hz, 3000.0)], rate, 2000);
            let (concealed, muted) = with_losses(&tone, rate);
            let (with, without) = (snr(&tone, &concealed), snr(&tone, &muted));
            assert!(
                with > without + 7.0,
                "{hz} Hz at {rate}: {with:.1} against {without:.1} dB"
            );
        }
    }
}

/// Levels of the bands of 200 Hz up to 3 kHz in one frame.
fn bands(frame: &[i16], rate: u32) -> Vec<f64> {
    let power = |hz: u32| 10_f64.powf(tone_level(frame, rate, f64::from(hz)) / 10.0);
    (0..15)
        .map(|band| {
            10.0 * (0..4)
                .map(|bin| power(100 + 200 * band + 50 * bin))
                .sum::<f64>()
                .log10()
        })
        .collect()
}

#[test]
fn concealment_of_a_voice_keeps_its_spectrum() {
    // Not its waveform: a gliding pitch is out of phase after 20 ms, which nobody hears.
    for rate in [8000, 16_000] {
        let voice = speech(rate, 10_000, 4);
        let (concealed, _) = with_losses(&voice, rate);
        let frame = rate as usize / 50;
        let lost = voice
            .chunks(frame)
            .zip(concealed.chunks(frame))
            .skip(5)
            .step_by(10);
        let distances: Vec<f64> = lost
            .flat_map(|(original, heard)| {
                let pairs = bands(original, rate).into_iter().zip(bands(heard, rate));
                pairs.map(|(a, b)| (a - b).abs()).collect::<Vec<_>>()
            })
            .collect();
        let mean = distances.iter().sum::<f64>() / distances.len() as f64;
        assert!(mean < 5.0, "{mean:.1} dB off at {rate}");
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
