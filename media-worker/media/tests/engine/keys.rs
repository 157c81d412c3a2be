//! Keys pressed on one side of a bridge, as the other side hears them.

use media::analysis::level;
use media::codec::{Codec, Decoder};
use media::dtmf::{Detector, Digit};
use media::engine::{Command, LegSpec};
use media::rtp::Header;

use crate::bench::{Bench, Sent, addr, header, leg};

const A: &str = "192.0.2.10:4000";
const B: &str = "192.0.2.20:6000";

/// A has telephone-event and speaks µ-law; B is as the test has it.
struct Call {
    bench: Bench,
    n: u32,
}

/// What A does in 20 ms.
enum Does {
    Speaks,
    /// An event packet: the key, 20 ms frames since the press began, whether it ended.
    Presses(u8, u32, bool),
    Nothing,
}

impl Call {
    fn new(codec: Codec, events: Option<u8>) -> Self {
        let mut bench = Bench::new();
        bench.command(Command::Open(leg(1, A, Codec::Pcmu)));
        bench.command(Command::Open(LegSpec {
            telephone_event: events,
            ..leg(2, B, codec)
        }));
        bench.command(Command::Bridge { a: 1, b: 2 });
        let mut call = Self { bench, n: 0 };
        call.go(20, || Does::Speaks);
        call
    }

    fn go(&mut self, frames: u32, does: impl Fn() -> Does) {
        for _ in 0..frames {
            self.frame(&does());
        }
    }

    fn frame(&mut self, does: &Does) {
        self.n += 1;
        match does {
            Does::Nothing => {}
            // Nearly silent: what is heard of it is no tone.
            Does::Speaks => self
                .bench
                .rtp(0, addr(A), header(0, 9, self.n), &[0x7e; 160]),
            Does::Presses(key, since, end) => {
                let event = Header {
                    marker: *since == 0,
                    timestamp: (self.n - since) * 160,
                    ..header(101, 9, self.n)
                };
                let [high, low] = ((since + 1) as u16 * 160).to_be_bytes();
                let flags = if *end { 0x8a } else { 0x0a };
                self.bench.rtp(0, addr(A), event, &[*key, flags, high, low]);
            }
        }
        self.bench.tick();
    }

    /// A key held so many frames, and then a word.
    fn press(&mut self, key: u8, frames: u32) {
        for since in 0..frames {
            self.frame(&Does::Presses(key, since, since + 1 == frames));
        }
        self.go(2, || Does::Speaks);
    }

    fn heard(&mut self) -> Vec<Sent> {
        let mut sent = self.bench.sent();
        sent.retain(|packet| packet.to == addr(B));
        sent
    }
}

/// The audio of packets in order, pauses filled with silence.
fn audio(codec: Codec, sent: &[Sent]) -> Vec<i16> {
    let mut decoder = Decoder::new(codec);
    let mut pcm = Vec::new();
    let mut next = sent.first().map_or(0, |packet| packet.header.timestamp);
    for packet in sent {
        let pause = packet.header.timestamp.wrapping_sub(next) as usize;
        assert!(pause < 8000, "timestamps go on: {pause}");
        pcm.resize(pcm.len() + codec.samples(pause), 0);
        let mut frame = [0; 320];
        let count = decoder.decode(&packet.payload, &mut frame);
        pcm.extend_from_slice(&frame[..count]);
        next = packet.header.timestamp.wrapping_add(160);
    }
    pcm
}

fn digits(codec: Codec, pcm: &[i16]) -> Vec<Digit> {
    let mut found = Vec::new();
    Detector::new(codec.sample_rate()).listen(pcm, |digit| found.push(digit));
    found
}

/// How many frames of 20 ms are loud.
fn loud(codec: Codec, pcm: &[i16]) -> usize {
    pcm.chunks(codec.samples(160))
        .filter(|frame| level(frame) > -20.0)
        .count()
}

#[test]
fn an_event_is_heard_as_a_tone_of_its_length_where_there_are_no_events() {
    for codec in [Codec::Pcmu, Codec::G722] {
        let mut call = Call::new(codec, None);
        call.press(5, 10);
        call.go(20, || Does::Speaks);
        let sent = call.heard();
        let pcm = audio(codec, &sent);
        assert_eq!(digits(codec, &pcm), [Digit::Five], "{codec:?}");
        let frames = loud(codec, &pcm);
        assert!((10..=11).contains(&frames), "{codec:?}: {frames}");
        let last = sent.last().unwrap();
        assert_eq!(last.header.payload_type, codec.static_payload().unwrap());
        assert!(level(&pcm[pcm.len() - 320..]) < -40.0, "the voice is back");
    }
}

#[test]
fn keys_pressed_fast_stay_apart() {
    let mut call = Call::new(Codec::Pcmu, None);
    for key in [1, 1, 2] {
        call.press(key, 2);
    }
    call.go(20, || Does::Speaks);
    let sent = call.heard();
    assert_eq!(
        digits(Codec::Pcmu, &audio(Codec::Pcmu, &sent)),
        [Digit::One, Digit::One, Digit::Two]
    );
}

#[test]
fn a_tone_whose_end_is_lost_ends() {
    let mut call = Call::new(Codec::Pcmu, None);
    for since in 0..5 {
        call.frame(&Does::Presses(7, since, false));
    }
    call.go(50, || Does::Nothing);
    let pcm = audio(Codec::Pcmu, &call.heard());
    assert_eq!(digits(Codec::Pcmu, &pcm), [Digit::Seven]);
    assert!(loud(Codec::Pcmu, &pcm) < 15);
}

#[test]
fn beside_transcoded_audio_an_event_keeps_one_timestamp_and_the_voice_waits() {
    let mut call = Call::new(Codec::G722, Some(96));
    call.heard();
    call.press(3, 6);
    call.go(20, || Does::Speaks);
    let sent = call.heard();
    let events: Vec<_> = sent
        .iter()
        .filter(|packet| packet.header.payload_type == 96)
        .collect();
    assert_eq!(events.len(), 6);
    assert!(events[0].header.marker);
    assert!(
        events
            .iter()
            .all(|packet| packet.header.timestamp == events[0].header.timestamp)
    );
    let numbered = sent
        .windows(2)
        .all(|pair| pair[1].header.sequence == pair[0].header.sequence.wrapping_add(1));
    assert!(numbered);
    let first = sent
        .iter()
        .position(|packet| packet.header.payload_type == 96);
    let during = &sent[first.unwrap()..first.unwrap() + 6];
    assert!(
        during.iter().all(|packet| packet.header.payload_type == 96),
        "no audio between the packets of an event"
    );
    assert_eq!(sent.last().unwrap().header.payload_type, 9);
}

#[test]
fn tones_of_a_side_without_events_stay_audio() {
    let mut bench = Bench::new();
    bench.command(Command::Open(LegSpec {
        telephone_event: None,
        inband_dtmf: true,
        ..leg(1, A, Codec::Pcmu)
    }));
    bench.command(Command::Open(leg(2, B, Codec::Pcmu)));
    bench.command(Command::Bridge { a: 1, b: 2 });
    let mut pcm = vec![0; 1600];
    media::dtmf::tone(Digit::Pound, 8000, 0, &mut pcm[..800]);
    let clip = media::clip::Clip::encode_native(&pcm, Codec::Pcmu);
    for n in 0..clip.frame_count() {
        bench.rtp(0, addr(A), header(0, 9, n as u32), clip.frame(n).unwrap());
        bench.tick();
    }
    let sent = bench.sent();
    let heard: Vec<u8> = sent
        .iter()
        .flat_map(|packet| packet.payload.clone())
        .collect();
    assert_eq!(heard, clip.bytes(), "untouched");
}
