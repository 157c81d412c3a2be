//! RTP packets: no panic, and what is read is written as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtp::{self, Kind};

fuzz_target!(|octets: &[u8]| {
    let Ok(packet) = rtp::parse(octets) else {
        return;
    };
    assert!(matches!(rtp::classify(octets), Kind::Rtp | Kind::Rtcp));
    assert!(packet.payload.len() <= octets.len());
    let mut written = vec![0; octets.len() + rtp::Header::LEN];
    let length = packet.header.write(packet.payload, &mut written).expect("what we read fits");
    let again = rtp::parse(&written[..length]).expect("what we write can be read");
    assert_eq!((again.header, again.payload), (packet.header, packet.payload));
});
