//! Where each packet of a recording belongs in time.

use crate::codec::Codec;

/// The packets in order of time, without duplicates, in timestamp units from the start.
pub(super) struct Timeline<'a> {
    codec: Codec,
    placed: Vec<Placed<'a>>,
}

/// One packet and its place.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) at: u64,
    pub(super) timestamp: u32,
    pub(super) payload: &'a [u8],
}

impl<'a> Timeline<'a> {
    pub(super) fn new(
        codec: Codec,
        packets: impl Iterator<Item = (u32, &'a [u8])>,
        limit: u64,
    ) -> Self {
        let mut placed: Vec<Placed<'a>> = Vec::new();
        let mut clock: Option<Clock> = None;
        for (timestamp, payload) in packets {
            let length = i64::from(codec.units(payload.len()));
            let step = clock.as_ref().map_or(0, |clock| {
                i64::from(timestamp.wrapping_sub(clock.timestamp) as i32)
            });
            let (at, end) = match &clock {
                None => (0, length),
                // A source that restarted its clock, or jumped: it goes on where the audio ended.
                Some(clock) if !(-MAX_BACK..=MAX_PAUSE).contains(&step) => {
                    (clock.end, clock.end + length)
                }
                Some(clock) => (clock.at + step, clock.end.max(clock.at + step + length)),
            };
            if end > limit as i64 {
                // Only a pause can be closed up; when the audio itself is too long, the rest is left out.
                let Some(last) = &clock else { break };
                if last.end + length > limit as i64 {
                    break;
                }
                let at = last.end;
                placed.push(Placed {
                    at: at as u64,
                    timestamp,
                    payload,
                });
                clock = Some(Clock {
                    timestamp,
                    at,
                    end: at + length,
                });
                continue;
            }
            clock = Some(Clock { timestamp, at, end });
            // Before the first packet is before the beep.
            if let Ok(at) = u64::try_from(at) {
                placed.push(Placed {
                    at,
                    timestamp,
                    payload,
                });
            }
        }
        placed.sort_by_key(|placed| placed.at);
        placed.dedup_by_key(|placed| placed.at);
        Self { codec, placed }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Placed<'a>> {
        self.placed.iter()
    }

    pub(super) fn end(&self) -> u64 {
        self.placed
            .iter()
            .map(|placed| self.end_of(placed))
            .max()
            .unwrap_or(0)
    }

    pub(super) fn is_seamless(&self) -> bool {
        self.placed.is_sorted_by(|a, b| self.end_of(a) == b.at)
    }

    pub(super) fn until(&self, end: u64) -> Vec<(u32, Vec<u8>)> {
        let before = self.placed.iter().take_while(|placed| placed.at < end);
        before
            .map(|placed| {
                let bytes = (end - placed.at).min(placed.payload.len() as u64) as usize;
                let length = if self.end_of(placed) <= end {
                    placed.payload.len()
                } else {
                    bytes
                };
                (
                    placed.timestamp,
                    placed.payload.get(..length).unwrap_or_default().to_vec(),
                )
            })
            .collect()
    }

    fn end_of(&self, placed: &Placed<'_>) -> u64 {
        placed.at + u64::from(self.codec.units(placed.payload.len()))
    }
}

/// The latest packet and the end of the audio so far.
struct Clock {
    timestamp: u32,
    at: i64,
    end: i64,
}

/// 2 s: what arrives later than this is not late but of another clock.
const MAX_BACK: i64 = 16_000;
/// 5 min: a longer pause is a jump of the clock.
const MAX_PAUSE: i64 = 2_400_000;
