//! What comes in by RTP: decoded, heard, and kept.

use std::time::Duration;

use media::codec::{Codec, Decoder};
use media::recording::Recording;
use media::rtp::{self, Kind};
use sip::sdp::Agreed;

use super::ear::{Ear, Noted};

/// The receiving side of the call's audio. Times count from the INVITE.
#[derive(Default)]
pub(super) struct Listening {
    payloads: Vec<(u8, Codec)>,
    stream: Option<Stream>,
    ear: Ear,
    recording: Option<Recording>,
    packets: u64,
    is_over: bool,
}

/// One source: its timestamps tell when its audio is, from the arrival of its first packet on.
struct Stream {
    ssrc: u32,
    timestamp: u32,
    begin: Duration,
    decoder: Decoder,
}

impl Listening {
    /// Understands from now on what was agreed.
    pub(super) fn agree(&mut self, agreed: &Agreed) {
        self.payloads = agreed
            .formats
            .iter()
            .filter_map(|format| Some((format.receive, Codec::from_name(&format.name)?)))
            .collect();
    }

    /// How many packets of audio came.
    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    /// Takes a datagram; what is no audio is passed over.
    pub(super) fn receive(&mut self, datagram: &[u8], arrival: Duration) -> Vec<Noted> {
        if self.is_over || rtp::classify(datagram) != Kind::Rtp {
            return Vec::new();
        }
        let Ok(packet) = rtp::parse(datagram) else {
            return Vec::new();
        };
        let header = packet.header;
        let codec = self
            .payloads
            .iter()
            .find(|(number, _)| *number == header.payload_type)
            .map(|(_, codec)| *codec);
        let Some(codec) = codec else {
            return Vec::new();
        };
        self.packets += 1;
        let stream = match self.stream.take() {
            Some(stream) if stream.fits(header.ssrc, header.timestamp, codec, arrival) => stream,
            Some(_) | None => Stream {
                ssrc: header.ssrc,
                timestamp: header.timestamp,
                begin: arrival,
                decoder: Decoder::new(codec),
            },
        };
        let stream = self.stream.insert(stream);
        let Some(at) = stream.time(header.timestamp) else {
            return Vec::new();
        };
        let recording = self.recording.get_or_insert_with(|| Recording::new(codec));
        if recording.codec() == codec {
            let units = at.as_micros() * u128::from(codec.clock_rate()) / 1_000_000;
            recording.push(units as u32, packet.payload);
        }
        let mut pcm = vec![0; codec.samples(packet.payload.len())];
        let decoded = stream.decoder.decode(packet.payload, &mut pcm);
        pcm.truncate(decoded);
        self.ear.hear(at, &pcm, codec.sample_rate())
    }

    /// Time passes, whether packets come or not.
    pub(super) fn pass(&mut self, now: Duration) -> Vec<Noted> {
        if self.is_over {
            return Vec::new();
        }
        self.ear.silence_until(now.saturating_sub(LATENESS))
    }

    /// The call is over: what was going on ends, and what comes yet is passed over.
    pub(super) fn finish(&mut self) -> Vec<Noted> {
        self.is_over = true;
        self.ear.finish()
    }

    /// All that came, in order; empty if nothing did.
    pub(super) fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }
}

impl Stream {
    fn fits(&self, ssrc: u32, timestamp: u32, codec: Codec, arrival: Duration) -> bool {
        let in_time = self
            .time(timestamp)
            .is_some_and(|time| time.abs_diff(arrival) < MAX_DRIFT);
        self.ssrc == ssrc && self.decoder.codec() == codec && in_time
    }

    fn time(&self, timestamp: u32) -> Option<Duration> {
        let units = i64::from(timestamp.wrapping_sub(self.timestamp) as i32);
        let clock = i64::from(self.decoder.codec().clock_rate());
        let distance = Duration::from_micros((units * 1_000_000 / clock).unsigned_abs());
        if units < 0 {
            self.begin.checked_sub(distance)
        } else {
            Some(self.begin + distance)
        }
    }
}

/// How much later than the first packet others may be.
const LATENESS: Duration = Duration::from_millis(200);
/// A source whose timestamps go further astray begins anew.
const MAX_DRIFT: Duration = Duration::from_secs(2);
