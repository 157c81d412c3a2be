//! Nothing on the path of a packet allocates.

mod common;
mod counting;

use std::time::{Duration, Instant};

use counting::allocations;
use media::clip::Clip;
use media::codec::{Codec, Decoder, Encoder};
use media::comfort::Noise;
use media::dtmf::{Detector, Digit, Receiver, Sender};
use media::jitter::{JitterBuffer, Playout};
use media::plc::Concealer;
use media::rtcp::{self, Report};
use media::rtp::{self, Header, Source};
use media::silence::Tracker;

#[test]
fn the_counter_counts() {
    assert_eq!(
        allocations(|| drop(std::hint::black_box(vec![1_u8; 100]))),
        1
    );
}

#[test]
fn packets_pass_through_rtp_jitter_codec_concealment_and_detection_without_allocating() {
    for codec in Codec::ALL {
        let clip = Clip::encode_native(&common::speech(codec.sample_rate(), 1000, 1), codec);
        let mut path = Path::new(codec);
        path.carry(&clip, 0);
        let count = allocations(|| path.carry(&clip, 50));
        assert_eq!(count, 0, "{codec:?}");
    }
}

#[test]
fn events_and_reports_do_not_allocate() {
    let mut receiver = Receiver::new();
    let mut digits = 0;
    let count = allocations(|| {
        let mut sender = Sender::new(Digit::One, 800);
        while let Some(packet) = sender.next_packet(160) {
            digits += usize::from(
                receiver
                    .receive(1, packet.marker, &packet.payload)
                    .is_some(),
            );
        }
        let mut out = [0; 200];
        let report = Report {
            ssrc: 1,
            sender: None,
            blocks: &[],
            cname: "a@b",
            goodbye: true,
        };
        let length = report.write(&mut out).unwrap();
        digits += rtcp::parse(&out[..length]).unwrap().packets().count();
    });
    assert_eq!((count, digits), (0, 4));
}

/// All that a packet can meet.
struct Path {
    start: Instant,
    source: Source,
    jitter: JitterBuffer,
    tracker: Tracker,
    decoder: Decoder,
    encoder: Encoder,
    concealer: Concealer,
    detector: Detector,
    noise: Noise,
    played: usize,
}

impl Path {
    #[allow(
        clippy::disallowed_methods,
        reason = "an epoch is needed; all else is relative to it"
    )]
    fn new(codec: Codec) -> Self {
        Self {
            start: Instant::now(),
            source: Source::new(1, 0),
            jitter: JitterBuffer::new(codec.clock_rate()),
            tracker: Tracker::new(codec),
            decoder: Decoder::new(codec),
            encoder: Encoder::new(codec),
            concealer: Concealer::new(codec.sample_rate()),
            detector: Detector::new(codec.sample_rate()),
            noise: Noise::new(1),
            played: 0,
        }
    }

    fn carry(&mut self, clip: &Clip, first: u32) {
        let before = self.played;
        let mut wire = [0; 200];
        let mut pcm = [0; 320];
        for n in first..first + clip.frame_count() as u32 {
            let now = self.start + Duration::from_millis(20) * n;
            let payload = clip.frame((n - first) as usize).unwrap_or_default();
            let header = Header {
                marker: false,
                payload_type: 0,
                sequence: n as u16,
                timestamp: n * 160,
                ssrc: 1,
            };
            let length = header.write(payload, &mut wire).unwrap_or(0);
            let Ok(packet) = rtp::parse(&wire[..length]) else {
                continue;
            };
            self.source.receive(packet.header.sequence);
            self.tracker.hear(packet.payload);
            if n % 9 != 5 {
                self.jitter.insert(&packet.header, packet.payload, 160, now);
            }
            match self.jitter.pop(now) {
                Playout::Frame { payload, .. } => {
                    self.played += 1;
                    let written = self.decoder.decode(payload, &mut pcm);
                    self.concealer.good(&mut pcm[..written]);
                    self.detector.listen(&pcm[..written], |_| ());
                }
                Playout::Lost { .. } => self.concealer.conceal(&mut pcm),
                Playout::Silent => self.noise.fill(-60, &mut pcm),
            }
            self.encoder.encode(&pcm, &mut wire);
        }
        assert!(self.played > before + 30);
    }
}
