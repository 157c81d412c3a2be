//! Gathers 20 ms frames into packets of the leg's ptime.

/// Frames that wait for the packet to be full.
#[derive(Debug)]
pub(super) struct Packetizer {
    frames_per_packet: u8,
    frames: u8,
    length: usize,
    bytes: [u8; MAX_BYTES],
}

impl Packetizer {
    /// Packets of 20, 40 or 60 ms; another ptime, which RFC 4566 calls only a recommendation, gets 20.
    pub(super) fn new(ptime: u16) -> Self {
        let frames_per_packet = match ptime {
            40 => 2,
            60 => 3,
            _ => 1,
        };
        Self {
            frames_per_packet,
            frames: 0,
            length: 0,
            bytes: [0; MAX_BYTES],
        }
    }

    /// Adds a frame; returns the payload when it is complete.
    pub(super) fn push<'a>(&'a mut self, frame: &'a [u8]) -> Option<&'a [u8]> {
        if self.frames_per_packet == 1 {
            return Some(frame);
        }
        let end = self.length + frame.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(frame);
            self.length = end;
        }
        self.frames += 1;
        if self.frames < self.frames_per_packet {
            return None;
        }
        self.frames = 0;
        self.bytes.get(..std::mem::take(&mut self.length))
    }

    /// Drops what is incomplete.
    pub(super) fn clear(&mut self) {
        self.frames = 0;
        self.length = 0;
    }
}

/// Three frames of 64 kbit/s.
const MAX_BYTES: usize = 480;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_gather_to_the_ptime() {
        let mut packetizer = Packetizer::new(60);
        assert_eq!(packetizer.push(&[1; 160]), None);
        assert_eq!(packetizer.push(&[2; 160]), None);
        let payload = packetizer.push(&[3; 160]).unwrap();
        assert_eq!((payload.len(), payload[0], payload[479]), (480, 1, 3));
        assert_eq!(packetizer.push(&[4; 160]), None, "the next packet begins");
    }

    #[test]
    fn other_ptimes_send_each_frame() {
        for ptime in [0, 10, 20, 30, 240] {
            assert_eq!(
                Packetizer::new(ptime).push(&[9; 160]),
                Some([9; 160].as_slice())
            );
        }
    }
}
