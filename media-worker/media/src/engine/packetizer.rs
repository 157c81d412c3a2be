//! Gathers 20 ms frames into packets of the leg's ptime.

use crate::codec::Codec;

/// Audio that waits for its packet to be full.
#[derive(Debug)]
pub(super) struct Packetizer {
    packet: usize,
    start: usize,
    end: usize,
    /// Room for a packet but its last piece, and a frame more; none until a frame is not a packet of its own.
    bytes: Box<[u8]>,
}

impl Packetizer {
    /// Packets of `ptime` milliseconds: what is no multiple of 10 up to 120 becomes 20, since ptime is only a
    /// recommendation (RFC 8866 section 6.4).
    pub(super) fn new(ptime: u16, codec: Codec) -> Self {
        let usual = (10..=LONGEST_MS).contains(&ptime) && ptime.is_multiple_of(10);
        let ms = if usual { ptime } else { 20 };
        Self {
            packet: codec.bytes(usize::from(ms)),
            start: 0,
            end: 0,
            bytes: Box::default(),
        }
    }

    /// Whether a frame that comes now is a packet of its own, as most are.
    pub(super) fn is_packet(&self, frame: &[u8]) -> bool {
        self.start == self.end && frame.len() == self.packet
    }

    /// Adds a frame. The packets that are full are to be taken before the next one.
    pub(super) fn push(&mut self, frame: &[u8]) {
        if self.bytes.is_empty() {
            self.bytes = vec![0; self.packet + FRAME_BYTES].into();
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if let Some(room) = self.bytes.get_mut(self.end..self.end + frame.len()) {
            room.copy_from_slice(frame);
            self.end += frame.len();
        }
    }

    /// The next full packet.
    pub(super) fn take(&mut self) -> Option<&[u8]> {
        let start = self.start;
        if self.end - start < self.packet {
            return None;
        }
        self.start += self.packet;
        self.bytes.get(start..self.start)
    }

    /// What is left, as a shorter packet.
    pub(super) fn flush(&mut self) -> Option<&[u8]> {
        let (start, end) = (self.start, self.end);
        self.clear();
        self.bytes
            .get(start..end)
            .filter(|payload| !payload.is_empty())
    }

    /// Drops what is left.
    pub(super) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }
}

const LONGEST_MS: u16 = 120;
/// 20 ms at 64 kbit/s.
const FRAME_BYTES: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of the packets that frames 0, 1, 2… of 20 ms give, checked to hold every byte in order.
    fn lengths(ptime: u16, frames: u8) -> Vec<usize> {
        let mut packetizer = Packetizer::new(ptime, Codec::Pcma);
        let (mut lengths, mut bytes) = (Vec::new(), Vec::new());
        let mut keep = |payload: &[u8]| {
            lengths.push(payload.len());
            bytes.extend_from_slice(payload);
        };
        for frame in 0..frames {
            let frame = [frame; FRAME_BYTES];
            if packetizer.is_packet(&frame) {
                keep(&frame);
                continue;
            }
            packetizer.push(&frame);
            while let Some(payload) = packetizer.take() {
                keep(payload);
            }
        }
        if let Some(payload) = packetizer.flush() {
            keep(payload);
        }
        let all: Vec<u8> = (0..frames).flat_map(|frame| [frame; 160]).collect();
        assert_eq!(bytes, all);
        lengths
    }

    #[test]
    fn frames_are_cut_to_the_ptime_and_the_last_packet_is_shorter() {
        assert_eq!(lengths(10, 2), [80; 4]);
        assert_eq!(lengths(20, 2), [160; 2]);
        assert_eq!(lengths(30, 4), [240, 240, 160]);
        assert_eq!(lengths(40, 3), [320, 160]);
        assert_eq!(lengths(60, 6), [480; 2]);
        assert_eq!(lengths(120, 7), [960, 160]);
    }

    #[test]
    fn packets_of_one_frame_need_no_room() {
        let packetizer = Packetizer::new(20, Codec::Pcma);
        assert!(packetizer.is_packet(&[0; FRAME_BYTES]) && packetizer.bytes.is_empty());
        let mut packetizer = Packetizer::new(40, Codec::Pcma);
        assert!(!packetizer.is_packet(&[0; FRAME_BYTES]));
        packetizer.push(&[0; FRAME_BYTES]);
        assert!(!packetizer.is_packet(&[0; 2 * FRAME_BYTES]), "one waits");
    }

    #[test]
    fn unusual_ptimes_become_20_ms() {
        for ptime in [0, 5, 25, 130, 240] {
            assert_eq!(lengths(ptime, 3), [160; 3]);
        }
    }
}
