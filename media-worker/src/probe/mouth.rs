//! What goes out by RTP: a packet every 20 ms, of silence, of the message, or of a key.

use std::collections::VecDeque;
use std::time::Duration;

use media::clip::Clip;
use media::codec::Codec;
use media::dtmf::Sender;
use media::rtp::Header;

use super::stroke::Stroke;

/// The sending side of the call's audio.
pub(super) struct Mouth {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    begun: bool,
    codec: Codec,
    payload_type: u8,
    event_type: Option<u8>,
    silence: Clip,
    doing: Doing,
    strokes: VecDeque<Stroke>,
    /// How many of the next keys are told already.
    told: usize,
}

enum Doing {
    Nothing,
    Speaking { message: Clip, frame: usize },
    Pressing { sender: Sender, timestamp: u32 },
    Waiting { packets: u32 },
}

/// What was begun or done with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Uttered {
    /// Nothing new.
    More,
    /// So many keys begin to be pressed, one after the other. Which ones is not told: they may be a PIN.
    Keys(usize),
    /// The message is spoken to its end.
    Message,
}

impl Mouth {
    /// A mouth with random beginnings (RFC 3550 section 5.1).
    pub(super) fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Mouth {
            ssrc,
            sequence,
            timestamp,
            begun: false,
            codec: Codec::Pcmu,
            payload_type: 0,
            event_type: None,
            silence: Clip::silence(PACKET, Codec::Pcmu),
            doing: Doing::Nothing,
            strokes: VecDeque::new(),
            told: 0,
        }
    }

    /// Speaks a codec from now on, and keys under a payload type if the far side takes them.
    pub(super) fn agree(&mut self, codec: Codec, payload_type: u8, event_type: Option<u8>) {
        if codec != self.codec {
            self.codec = codec;
            self.silence = Clip::silence(PACKET, codec);
        }
        self.payload_type = payload_type;
        self.event_type = event_type;
    }

    /// The codec spoken.
    pub(super) fn codec(&self) -> Codec {
        self.codec
    }

    /// Whether keys can be pressed.
    pub(super) fn has_keys(&self) -> bool {
        self.event_type.is_some()
    }

    /// Presses keys, when those before are done.
    pub(super) fn press(&mut self, strokes: &[Stroke]) {
        self.strokes.extend(strokes);
    }

    /// Speaks a clip, at once.
    pub(super) fn speak(&mut self, message: Clip) {
        self.doing = Doing::Speaking { message, frame: 0 };
    }

    /// Whether all keys are pressed and nothing is being spoken.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.doing, Doing::Nothing) && self.strokes.is_empty()
    }

    /// Writes the next packet, to be sent 20 ms after the one before; returns its length.
    pub(super) fn next_packet(&mut self, out: &mut [u8]) -> (usize, Uttered) {
        let begun = self.begin_stroke();
        let (length, done) = match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Nothing => (self.write_silence(out), None),
            Doing::Waiting { packets } => {
                if packets > 1 {
                    self.doing = Doing::Waiting {
                        packets: packets - 1,
                    };
                }
                (self.write_silence(out), None)
            }
            Doing::Speaking { message, frame } => self.speak_on(message, frame, out),
            Doing::Pressing { sender, timestamp } => (self.press_on(sender, timestamp, out), None),
        };
        self.timestamp = self.timestamp.wrapping_add(UNITS);
        let uttered = done.or(begun.map(Uttered::Keys)).unwrap_or(Uttered::More);
        (length, uttered)
    }

    /// Begins what is next; how many keys follow one another, with the first of them.
    fn begin_stroke(&mut self) -> Option<usize> {
        if !matches!(self.doing, Doing::Nothing) {
            return None;
        }
        match self.strokes.pop_front()? {
            Stroke::Wait => {
                self.doing = Doing::Waiting { packets: SECOND };
                None
            }
            Stroke::Press(digit) => {
                self.doing = Doing::Pressing {
                    sender: Sender::new(digit, KEY_UNITS),
                    timestamp: self.timestamp,
                };
                if self.told > 0 {
                    self.told -= 1;
                    return None;
                }
                let is_key = |stroke: &&Stroke| matches!(stroke, Stroke::Press(_));
                self.told = self.strokes.iter().take_while(is_key).count();
                Some(self.told + 1)
            }
        }
    }

    fn speak_on(
        &mut self,
        message: Clip,
        frame: usize,
        out: &mut [u8],
    ) -> (usize, Option<Uttered>) {
        let payload = message.frame(frame).unwrap_or_default();
        let length = self.write(self.payload_type, self.timestamp, frame == 0, payload, out);
        if frame + 1 < message.frame_count() {
            let frame = frame + 1;
            self.doing = Doing::Speaking { message, frame };
            (length, None)
        } else {
            (length, Some(Uttered::Message))
        }
    }

    /// The packets of one key carry the timestamp at which it was pressed (RFC 4733 section 2.2).
    fn press_on(&mut self, mut sender: Sender, timestamp: u32, out: &mut [u8]) -> usize {
        let event = self.event_type.zip(sender.next_packet(UNITS as u16));
        if let Some((number, packet)) = event {
            self.doing = Doing::Pressing { sender, timestamp };
            self.write(number, timestamp, packet.marker, &packet.payload, out)
        } else {
            self.doing = Doing::Waiting {
                packets: BETWEEN_KEYS,
            };
            self.write_silence(out)
        }
    }

    fn write_silence(&mut self, out: &mut [u8]) -> usize {
        let silence = self.silence.clone();
        let payload = silence.frame(0).unwrap_or_default();
        let first = !std::mem::replace(&mut self.begun, true);
        self.write(self.payload_type, self.timestamp, first, payload, out)
    }

    fn write(
        &mut self,
        payload_type: u8,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
        out: &mut [u8],
    ) -> usize {
        let header = Header {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.wrapping_add(1);
        header.write(payload, out).unwrap_or(0)
    }
}

/// What a packet lasts.
pub(super) const PACKET: Duration = Duration::from_millis(20);
/// Timestamp units of a packet: all our codecs count 8000 in a second.
const UNITS: u32 = 160;
/// A key is pressed for 100 ms.
const KEY_UNITS: u16 = 800;
/// Packets between two keys: 100 ms.
const BETWEEN_KEYS: u32 = 5;
/// Packets of a second.
const SECOND: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use media::dtmf::{Digit, Receiver};
    use media::rtp;

    #[test]
    fn keys_are_heard_in_order_and_then_the_message_in_full() {
        let mut mouth = Mouth::new(7, u16::MAX, u32::MAX - 400);
        mouth.agree(Codec::Pcma, 8, Some(101));
        mouth.press(&super::super::stroke::parse("1,11#").unwrap());
        let mut receiver = Receiver::new();
        let (mut heard, mut told) = (String::new(), Vec::new());
        let mut out = [0; 200];
        for _ in 0..140 {
            let (length, uttered) = mouth.next_packet(&mut out);
            let packet = rtp::parse(&out[..length]).unwrap();
            let header = packet.header;
            if header.payload_type == 101 {
                let digit = receiver.receive(header.timestamp, header.marker, packet.payload);
                heard.extend(digit.map(Digit::to_char));
            }
            if let Uttered::Keys(count) = uttered {
                told.push(count);
            }
        }
        assert_eq!((heard.as_str(), &*told), ("111#", &[1, 3][..]));
        assert!(mouth.is_idle());
        mouth.speak(Clip::silence(Duration::from_millis(60), Codec::Pcma));
        let uttered: Vec<Uttered> = (0..4).map(|_| mouth.next_packet(&mut out).1).collect();
        let end = [
            Uttered::More,
            Uttered::More,
            Uttered::Message,
            Uttered::More,
        ];
        assert_eq!(uttered, end);
    }
}
