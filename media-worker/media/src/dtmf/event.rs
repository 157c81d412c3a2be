//! Telephone events in RTP (RFC 4733).

use super::Digit;

/// Reads the event packets of one RTP stream and reports each press once.
///
/// A press is reported with the first of its packets that arrives, so that a prompt stops at once and lost packets,
/// even all of the end ones, do not matter.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    state: Receiving,
}

impl Receiver {
    /// A receiver that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the RTP timestamp, marker and payload of an event packet; returns the digit with which a press begins.
    pub fn receive(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Option<Digit> {
        let packet = EventPayload::parse(payload)?;
        let digit = Digit::from_code(packet.event)?;
        let news = match &self.state {
            Receiving::Nothing => true,
            Receiving::Pressed {
                event,
                timestamp: start,
                duration,
            } => {
                // RFC 4733 2.5.1.3: a long press goes on in a further segment, without a marker. Some phones move
                // the timestamp with every packet: to them, each packet is a segment.
                let continued = u32::from(*duration) + SEGMENT_TOLERANCE;
                match Age::of(timestamp, *start) {
                    Age::Same | Age::Older => false,
                    Age::Newer(ahead) => marker || *event != packet.event || ahead > continued,
                }
            }
            Receiving::Released { timestamp: start } => {
                matches!(Age::of(timestamp, *start), Age::Newer(_))
            }
        };
        self.advance(timestamp, packet);
        news.then_some(digit)
    }

    fn advance(&mut self, timestamp: u32, packet: EventPayload) {
        let current = match self.state {
            Receiving::Nothing => timestamp,
            Receiving::Pressed { timestamp, .. } | Receiving::Released { timestamp } => timestamp,
        };
        let age = Age::of(timestamp, current);
        if age == Age::Older {
            return;
        }
        let reordered = age == Age::Same && matches!(self.state, Receiving::Released { .. });
        if packet.end || reordered {
            self.state = Receiving::Released { timestamp };
        } else {
            self.state = Receiving::Pressed {
                event: packet.event,
                timestamp,
                duration: packet.duration,
            };
        }
    }
}

/// Makes the packets of one press: one per packetization interval, then the last one three times (RFC 4733 2.5.1.4).
#[derive(Clone, Debug)]
pub struct Sender {
    digit: Digit,
    length: u16,
    state: Sending,
}

/// One event packet to send. All packets of a press carry the RTP timestamp at which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    /// The RTP marker: set on the first packet of the press.
    pub marker: bool,
    /// The payload.
    pub payload: [u8; 4],
}

impl Sender {
    /// A press of `length` timestamp units (RFC 4733 wants 40 ms at least, 320 units at 8 kHz).
    pub fn new(digit: Digit, length: u16) -> Self {
        Self {
            digit,
            length: length.max(1),
            state: Sending::Tone { sent: 0 },
        }
    }

    /// The next packet, with `step` timestamp units passed since the last one; `None` after the last.
    pub fn next_packet(&mut self, step: u16) -> Option<EventPacket> {
        match self.state {
            Sending::Tone { sent } => {
                let duration = sent.saturating_add(step.max(1)).min(self.length);
                let end = duration == self.length;
                self.state = if end {
                    Sending::End {
                        left: END_PACKETS - 1,
                    }
                } else {
                    Sending::Tone { sent: duration }
                };
                Some(self.packet(sent == 0, end, duration))
            }
            Sending::End { left: 0 } => None,
            Sending::End { left } => {
                self.state = Sending::End { left: left - 1 };
                Some(self.packet(false, true, self.length))
            }
        }
    }

    fn packet(&self, marker: bool, end: bool, duration: u16) -> EventPacket {
        let [high, low] = duration.to_be_bytes();
        let flags = if end { END_BIT | VOLUME } else { VOLUME };
        EventPacket {
            marker,
            payload: [self.digit.code(), flags, high, low],
        }
    }
}

/// The four bytes of RFC 4733 2.3, without the volume, which nobody needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventPayload {
    event: u8,
    /// The last of the press; two more of the same follow.
    pub(crate) end: bool,
    /// How long the key is pressed so far, in timestamp units.
    pub(crate) duration: u16,
}

impl EventPayload {
    pub(crate) fn parse(bytes: &[u8]) -> Option<EventPayload> {
        let &[event, flags, high, low, ..] = bytes else {
            return None;
        };
        Some(EventPayload {
            event,
            end: flags & END_BIT != 0,
            duration: u16::from_be_bytes([high, low]),
        })
    }
}

/// When a press began, compared with the latest known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// A repetition.
    Same,
    /// A late packet of an earlier press.
    Older,
    /// So much later; or the far side has begun its clock anew, as after a transfer.
    Newer(u32),
}

impl Age {
    fn of(timestamp: u32, latest: u32) -> Self {
        match latest.wrapping_sub(timestamp) {
            0 => Self::Same,
            1..=LATEST => Self::Older,
            _ => Self::Newer(timestamp.wrapping_sub(latest)),
        }
    }
}

#[derive(Clone, Debug, Default)]
enum Receiving {
    #[default]
    Nothing,
    Pressed {
        event: u8,
        timestamp: u32,
        duration: u16,
    },
    Released {
        timestamp: u32,
    },
}

#[derive(Clone, Debug)]
enum Sending {
    Tone { sent: u16 },
    End { left: u8 },
}

const END_BIT: u8 = 0x80;
/// -10 dBm0.
const VOLUME: u8 = 10;
const END_PACKETS: u8 = 3;
/// How late a packet may come: 10 s in the fastest clock there is for events, 48 kHz.
const LATEST: u32 = 480_000;
/// 30 ms: less than the pause between two presses, more than the packet or two that a segment's last may have lost.
const SEGMENT_TOLERANCE: u32 = 240;
