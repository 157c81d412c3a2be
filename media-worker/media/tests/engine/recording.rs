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
    let pcm: Vec<i16> = (0..160)
        .map(|n| ((n as f32 * 0.5).sin() * 12_000.0) as i16)
        .collect();
    let mut out = [0; 160];
    Encoder::new(Codec::Pcmu).encode(&pcm, &mut out);
    out
}

fn end(bench: &mut Bench) -> Option<(RecordEnd, Duration, f32)> {
    bench.events().into_iter().find_map(|event| match event {
        Event::RecordEnded {
            leg: 1,
            recording: 5,
            why,
            duration,
            level,
        } => Some((why, duration, level)),
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
    assert_eq!(end(&mut bench).unwrap().0, RecordEnd::Stopped);
}

#[test]
fn silence_ends_it_after_speech() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), MAX);
    for n in 0..600 {
        let payload = if n < 100 { loud() } else { [0xff; 160] };
        bench.rtp(0, addr(PHONE), header(0, 9, n), &payload);
        bench.tick();
    }
    let (why, duration, level) = end(&mut bench).unwrap();
    assert_eq!(why, RecordEnd::Silence);
    assert!((ms(9900)..ms(10_200)).contains(&duration), "{duration:?}");
    assert!((-12.0..-6.0).contains(&level), "{level} dBFS");
}

#[test]
fn a_far_side_that_sends_nothing_is_silent() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), MAX);
    bench.ticks(410);
    assert_eq!(end(&mut bench).unwrap().0, RecordEnd::Silence);
}

#[test]
fn the_greatest_length_ends_it() {
    let mut bench = recording(leg(1, PHONE, Codec::Pcmu), Some(ms(8000)), ms(2000));
    for n in 0..110 {
        bench.rtp(0, addr(PHONE), header(0, 9, n), &loud());
        bench.tick();
    }
    let (why, duration, _) = end(&mut bench).unwrap();
    assert_eq!((why, duration), (RecordEnd::MaxLength, ms(2000)));
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
