//! The stored form of a message's audio: the packets as they arrived, never transcoded.

mod stored;
mod timeline;

pub use stored::StoredError;

use std::time::Duration;

use crate::clip::Clip;
use crate::codec::{Codec, Decoder};
use crate::pcm::Pcm;
use crate::plc::Concealer;
use timeline::Timeline;

/// Timestamped payloads of one codec, in order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    codec: Codec,
    packets: Vec<Entry>,
    payloads: Vec<u8>,
}

impl Recording {
    /// The most packets that a recording holds: an hour at 10 ms, and room for more.
    pub const MAX_PACKETS: usize = 400_000;
    /// The longest payload that it takes: 250 ms.
    pub const MAX_PAYLOAD: usize = 2_000;
    /// The longest time that it plays; pauses that would go beyond are closed up.
    pub const MAX_DURATION: Duration = Duration::from_hours(1);

    /// An empty recording.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            packets: Vec::new(),
            payloads: Vec::new(),
        }
    }

    /// Appends a packet; returns whether it was taken: empty or overlong payloads are not, nor is anything once it is full.
    pub fn push(&mut self, rtp_timestamp: u32, payload: &[u8]) -> bool {
        let fits = self.packets.len() < Self::MAX_PACKETS
            && (1..=Self::MAX_PAYLOAD).contains(&payload.len());
        if fits {
            self.packets.push(Entry {
                timestamp: rtp_timestamp,
                length: payload.len() as u16,
            });
            self.payloads.extend_from_slice(payload);
        }
        fits
    }

    /// The codec of its payloads.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Whether it holds no audio at all.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// The RTP timestamps and payloads in order of arrival.
    pub fn packets(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let mut start = 0;
        self.packets.iter().map(move |entry| {
            let end = start + usize::from(entry.length);
            let payload = self.payloads.get(start..end).unwrap_or_default();
            start = end;
            (entry.timestamp, payload)
        })
    }

    /// How long it plays, pauses and losses included.
    pub fn duration(&self) -> Duration {
        self.time(self.timeline().end())
    }

    /// Cuts off everything after `end`, such as the tone of the key that ended it.
    pub fn truncate(&mut self, end: Duration) {
        let kept = self.timeline().until(self.units(end));
        let mut cut = Recording::new(self.codec);
        for (timestamp, payload) in &kept {
            cut.push(*timestamp, payload);
        }
        drop(kept);
        *self = cut;
    }

    /// Adds the silence at the end up to `end`, counted from timestamp 0, of which a far side that suppresses silence
    /// has sent nothing. A few packets are late, not silent, and an empty recording stays empty.
    pub fn extend_to(&mut self, end: Duration) {
        let end_of = |(timestamp, payload): (u32, &[u8])| {
            u64::from(timestamp) + u64::from(self.codec.units(payload.len()))
        };
        let Some(last) = self.packets().map(end_of).max() else {
            return;
        };
        let silence = Clip::silence(Duration::from_millis(Clip::FRAME_MS as u64), self.codec);
        let at = self
            .units(end)
            .saturating_sub(u64::from(self.codec.units(silence.bytes().len())));
        if at > last + self.units(LATE)
            && let Ok(at) = u32::try_from(at)
        {
            self.push(at, silence.bytes());
        }
    }

    /// The audio at the codec's rate: in order, losses concealed, pauses silent.
    pub fn to_pcm(&self) -> Pcm {
        let timeline = self.timeline();
        let rate = self.codec.sample_rate();
        let per_unit = (rate / self.codec.clock_rate()) as usize;
        let mut samples = Vec::with_capacity(timeline.end() as usize * per_unit);
        let mut decoder = Decoder::new(self.codec);
        let mut concealer = Concealer::new(rate);
        let mut frame = vec![0; self.codec.samples(Self::MAX_PAYLOAD)];
        for placed in timeline.iter() {
            let start = placed.at as usize * per_unit;
            while samples.len() < start {
                let gap = frame
                    .len()
                    .min(start - samples.len())
                    .min(concealer.frame_samples());
                let filler = frame.get_mut(..gap).unwrap_or_default();
                concealer.conceal(filler);
                samples.extend_from_slice(filler);
            }
            let written = decoder.decode(placed.payload, &mut frame);
            let decoded = frame.get_mut(..written).unwrap_or_default();
            concealer.good(decoded);
            // A sender that packs more audio than its timestamps say overlaps: the surplus is skipped.
            let overlap = samples.len() - start;
            samples.extend_from_slice(decoded.get(overlap..).unwrap_or_default());
        }
        Pcm { samples, rate }
    }

    /// The audio as a clip of a codec: the very bytes that were recorded where codec and timing allow.
    pub fn to_clip(&self, codec: Codec) -> Clip {
        let timeline = self.timeline();
        if codec == self.codec && timeline.is_seamless() {
            let mut bytes: Vec<u8> = Vec::with_capacity(self.payloads.len());
            timeline
                .iter()
                .for_each(|placed| bytes.extend_from_slice(placed.payload));
            if bytes.len().is_multiple_of(codec.bytes(Clip::FRAME_MS)) {
                return Clip::from_encoded(codec, &bytes);
            }
        }
        let pcm = self.to_pcm();
        // Codec rates convert into each other always; silence would be the answer if a new one did not.
        Clip::encode(&pcm.samples, pcm.rate, codec)
            .unwrap_or_else(|_| Clip::silence(pcm.duration(), codec))
    }

    /// The compact stored form: versioned, checksummed.
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::write(self)
    }

    /// Reads the stored form, all of it and unharmed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoredError> {
        stored::read(bytes)
    }

    /// Reads as much of a stored form as is there, for one that was cut short or harmed: the checksum is not asked.
    pub fn salvage(bytes: &[u8]) -> Result<Self, StoredError> {
        stored::salvage(bytes)
    }

    fn timeline(&self) -> Timeline<'_> {
        Timeline::new(self.codec, self.packets(), self.units(Self::MAX_DURATION))
    }

    fn time(&self, units: u64) -> Duration {
        Duration::from_micros(units * 1_000_000 / u64::from(self.codec.clock_rate()))
    }

    fn units(&self, time: Duration) -> u64 {
        (time.as_micros() as u64).saturating_mul(u64::from(self.codec.clock_rate())) / 1_000_000
    }
}

/// What is missing for no longer than this is late.
const LATE: Duration = Duration::from_millis(100);

/// One packet; its payload follows the previous one's in `payloads`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    timestamp: u32,
    length: u16,
}
