//! Recording what the far side says.

use std::time::Duration;

use media::codec::{Codec, Encoder};
use media::engine::{Command, Event, Format, LegSpec, RecordEnd};

use crate::bench::{Bench, addr, header, leg, ms};

const PHONE: &str = "192.0.2.10:4000";
const MAX: Duration = Duration::from_mins(1);

fn recording(spec: LegSpec, silence: Option<Duration>, max: Duration) -> Bench {
    let mut bench = Bench::new();
    bench.command(Command::Open(spec));
    bench.command(Command::Record {
        leg: 1,
        recording: 5,
        silence,
        max,
    });
    bench
}

fn loud() -> [u8; 160] {
    tone(12_000.0)
}

fn tone(amplitude: f32) -> [u8; 160] {
    let pcm: Vec<i16> = (0..160)
        .map(|n| ((n as f32 * 0.5).sin() * amplitude) as i16)
        .collect();
    let mut out = [0; 160];
    Encoder::new(Codec::Pcmu).encode(&pcm, &mut out);
    out
}

/// Audio of 20 ms each: what is said, and the frames that are silent.
fn say(bench: &mut Bench, first: u32, spoken: u32, silent: u32) -> u32 {
    for n in first..first + spoken + silent {
        let payload = if n < first + spoken {
            loud()
        } else {
            [0xff; 160]
        };
        bench.rtp(0, addr(PHONE), header(0, 9, n), &payload);
        bench.tick();
    }
    first + spoken + silent
}

struct End {
    why: RecordEnd,
    duration: Duration,
    spoken: bool,
    level: f32,
}

fn end(bench: &mut Bench) -> Option<End> {
    bench.events().into_iter().find_map(|event| match event {
        Event::RecordEnded {
            leg: 1,
            recording: 5,
            why,
            duration,
            spoken,
            level,
        } => Some(End {
            why,
            duration,
            spoken,
            level,
        }),
        _ => None,
    })
}

#[test]
fn packets_are_stored_as_they_come_with_their_time() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), None, MAX);
    for n in [10, 11, 13, 12] {
        bench.rtp(0, addr(PHONE), header(0, 9, n), &[n as u8; 160]);
    }
    bench.rtp(0, addr(PHONE), header(101, 9, 14), &[1, 10, 0, 160]);
    bench.command(Command::StopRecord { leg: 1 });
    let frames: Vec<_> = bench
        .rec
        .frames
        .iter()
        .map(|(id, at, payload)| (*id, *at, payload[0]))
        .collect();
    assert_eq!(
        frames,
        [(5, 0, 10), (5, 160, 11), (5, 480, 13), (5, 320, 12)],
        "digits are no audio"
    );
    assert_eq!(bench.rec.ended, [5]);
    assert_eq!(end(&mut bench).unwrap().why, RecordEnd::Stopped);
}

#[test]
fn silence_ends_it_after_speech_and_a_second_of_it_is_kept() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), MAX);
    say(&mut bench, 0, 100, 500);
    let End {
        why,
        duration,
        spoken,
        level,
    } = end(&mut bench).unwrap();
    assert_eq!((why, spoken), (RecordEnd::Silence, true));
    assert!((ms(2900)..ms(3200)).contains(&duration), "{duration:?}");
    assert_eq!(bench.rec.frames.len(), 150);
    assert!((-12.0..-6.0).contains(&level), "{level} dBFS");
}

#[test]
fn a_pause_within_it_is_recorded_whole_and_so_is_the_silence_before_it_is_stopped() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), MAX);
    let next = say(&mut bench, 0, 50, 150);
    say(&mut bench, next, 50, 100);
    assert_eq!(bench.rec.frames.len(), 300, "what may be its end waits");
    bench.command(Command::StopRecord { leg: 1 });
    let times: Vec<u32> = bench.rec.frames.iter().map(|(_, at, _)| *at).collect();
    assert_eq!(times, (0..350).map(|n| n * 160).collect::<Vec<u32>>());
    let silent = bench.rec.frames.iter();
    let silent = silent.filter(|(_, _, payload)| payload.iter().all(|byte| *byte == 0xff));
    assert_eq!(silent.count(), 250);
    let duration = end(&mut bench).unwrap().duration;
    assert!((ms(6900)..ms(7100)).contains(&duration), "{duration:?}");
}

#[test]
fn a_voice_too_soft_for_the_rule_of_silence_is_recorded_whole() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), MAX);
    for n in 0..500 {
        // -50 dBFS.
        bench.rtp(0, addr(PHONE), header(0, 9, n), &tone(104.0));
        bench.tick();
    }
    let end = end(&mut bench).unwrap();
    assert_eq!((end.why, end.spoken), (RecordEnd::Silence, true));
    assert!(end.duration >= ms(7900), "{:?}", end.duration);
    assert!(bench.rec.frames.len() >= 395, "{}", bench.rec.frames.len());
}

#[test]
fn a_word_on_a_line_that_stalls_again_and_again_is_as_long_as_it_was() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), MAX);
    say(&mut bench, 0, 25, 0);
    let mut first = 25;
    while bench.rec.ended.is_empty() {
        // 200 ms without a packet, and then all of them at once.
        for _ in 0..10 {
            bench.tick();
        }
        for n in first..first + 10 {
            bench.rtp(0, addr(PHONE), header(0, 9, n), &[0xff; 160]);
        }
        first += 10;
    }
    let end = end(&mut bench).unwrap();
    assert_eq!((end.why, end.spoken), (RecordEnd::Silence, true));
    assert!(
        (ms(1450)..ms(1600)).contains(&end.duration),
        "{:?}",
        end.duration
    );
}

#[test]
fn what_a_silence_holds_back_has_a_bound() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), MAX);
    let mut first = say(&mut bench, 0, 10, 60);
    assert_eq!(bench.rec.frames.len(), 60, "the last of the silence waits");
    // Packets with nothing in them, and then more of silence than time has.
    for payload in [&[][..], &[0xff; 160]] {
        for n in first..first + 2000 {
            bench.rtp(0, addr(PHONE), header(0, 9, n), payload);
        }
        first += 2000;
    }
    bench.command(Command::StopRecord { leg: 1 });
    assert_eq!(bench.rec.frames.len(), 70 + 2000);
}

#[test]
fn a_click_is_nothing_said_and_a_word_is() {
    for (frames, spoken) in [(0, false), (3, false), (10, true)] {
        for stopped in [false, true] {
            let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), MAX);
            say(&mut bench, 0, frames, if stopped { 100 } else { 500 });
            bench.command(Command::StopRecord { leg: 1 });
            let end = end(&mut bench).unwrap();
            assert_eq!(end.spoken, spoken, "{frames} frames, {:?}", end.why);
        }
    }
}

#[test]
fn silence_is_kept_where_it_does_not_end_the_recording() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), None, MAX);
    say(&mut bench, 0, 50, 450);
    assert_eq!(bench.rec.frames.len(), 500);
}

#[test]
fn a_far_side_that_sends_nothing_is_silent() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), MAX);
    bench.ticks(410);
    let end = end(&mut bench).unwrap();
    assert_eq!((end.why, end.spoken), (RecordEnd::Silence, false));
}

#[test]
fn the_greatest_length_ends_it() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), ms(2000));
    for n in 0..110 {
        bench.rtp(0, addr(PHONE), header(0, 9, n), &loud());
        bench.tick();
    }
    let end = end(&mut bench).unwrap();
    assert_eq!((end.why, end.duration), (RecordEnd::MaxLength, ms(2000)));
    assert_eq!(bench.rec.frames.len(), 100);
}

#[test]
fn closing_the_leg_ends_it_before_the_leg_is_told_closed() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), None, MAX);
    bench.command(Command::Close(1));
    let events = bench.events();
    assert!(matches!(
        events[0],
        Event::RecordEnded {
            why: RecordEnd::LegClosed,
            ..
        }
    ));
    assert!(matches!(events[1], Event::Closed { leg: 1, .. }));
    assert_eq!(bench.rec.ended, [5]);
}

#[test]
fn a_new_stream_goes_on_at_the_time_it_comes() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), None, MAX);
    bench.rtp(0, addr(PHONE), header(0, 9, 1000), &loud());
    bench.now += ms(500);
    bench.rtp(0, addr(PHONE), header(0, 77, 4_000_000), &loud());
    bench.now += ms(20);
    bench.rtp(0, addr(PHONE), header(0, 77, 9_000_000), &loud());
    let times: Vec<_> = bench.rec.frames.iter().map(|(_, at, _)| *at).collect();
    assert_eq!(
        times,
        [0, 4000, 4160],
        "a jump of timestamps cannot stretch the recording"
    );
}

#[test]
fn another_agreed_codec_is_brought_into_the_recordings_own() {
    let mut spec = leg(1, PHONE, Codec::Pcmu);
    spec.receive.push(Format {
        payload: 9,
        codec: Codec::G722,
    });
    let mut bench = recording(spec, None, MAX);
    bench.rtp(0, addr(PHONE), header(9, 9, 1), &[0xfa; 160]);
    assert_eq!(bench.rec.frames[0].2.len(), 160);
    assert_ne!(bench.rec.frames[0].2, [0xfa; 160]);
}
