//! RTCP compounds: no panic, no more packets than there are words, and report blocks that can be counted with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtcp::{self, Ntp, Packet};

fuzz_target!(|octets: &[u8]| {
    let Ok(compound) = rtcp::parse(octets) else {
        return;
    };
    let mut packets = 0;
    for packet in compound.packets() {
        packets += 1;
        match packet {
            Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. } => {
                for block in blocks.iter() {
                    let _ = block.round_trip(Ntp(u64::from(block.jitter) << 32));
                }
            }
            other => drop(format!("{other:?}")),
        }
    }
    assert!(packets <= octets.len() / 4);
});
