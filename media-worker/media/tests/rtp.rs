//! RTP and RTCP packets, and what a receiver learns from them.

mod common;

use std::time::Duration;

use media::rtcp::{self, Ntp, Packet, Report, ReportBlock, SenderInfo};
use media::rtp::{self, Arrival, Header, Kind, Source, Unwrapper};
use proptest::prelude::*;

const HEADER: Header = Header {
    marker: true,
    payload_type: 8,
    sequence: 65_535,
    timestamp: 77,
    ssrc: 0xdead_beef,
};

#[test]
fn a_packet_is_read_as_written_and_extensions_are_skipped() {
    let mut out = [0; 200];
    let length = HEADER.write(&[1, 2, 3], &mut out).unwrap();
    assert_eq!(length, Header::LEN + 3);
    let packet = rtp::parse(&out[..length]).unwrap();
    assert_eq!((packet.header, packet.payload), (HEADER, &[1, 2, 3][..]));
    assert_eq!(HEADER.write(&[0; 189], &mut out), None);

    let mut extended = vec![0x91, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    extended.extend([9; 4]); // one CSRC
    extended.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // one word of extension
    extended.extend([42, 43]);
    assert_eq!(rtp::parse(&extended).unwrap().payload, [42, 43]);
    let mut padded = vec![0xa0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 42, 0, 0, 3];
    assert_eq!(rtp::parse(&padded).unwrap().payload, [42]);
    padded[15] = 0;
    assert_eq!(rtp::parse(&padded), Err(rtp::ParseError::Padding));
    padded[15] = 5;
    assert_eq!(rtp::parse(&padded), Err(rtp::ParseError::Padding));
    assert_eq!(rtp::parse(&[0x80; 11]), Err(rtp::ParseError::Truncated));
    assert_eq!(rtp::parse(&[0x40; 12]), Err(rtp::ParseError::Version));
}

#[test]
fn kinds_on_one_port_are_told_apart() {
    assert_eq!(rtp::classify(&[0x80, 0x88]), Kind::Rtp);
    assert_eq!(rtp::classify(&[0x80, 200]), Kind::Rtcp);
    assert_eq!(rtp::classify(&[0, 1]), Kind::Stun);
    assert_eq!(rtp::classify(&[22, 254]), Kind::Dtls);
    assert_eq!(rtp::classify(b"INVITE"), Kind::Unknown);
    assert_eq!(rtp::classify(&[]), Kind::Unknown);
}

#[test]
fn sequence_numbers_unwrap_forwards_and_backwards() {
    let mut unwrapper = Unwrapper::default();
    let first = unwrapper.unwrap(65_534);
    assert_eq!(unwrapper.unwrap(1), first + 3);
    assert_eq!(unwrapper.unwrap(65_535), first + 1);
    assert_eq!(unwrapper.unwrap(2), first + 4);
}

#[test]
fn a_source_is_valid_after_two_sequential_packets() {
    let mut source = Source::new(1, 65_535);
    assert_eq!(source.receive(65_535), Arrival::Probation);
    assert_eq!(source.receive(7), Arrival::Probation);
    assert_eq!(source.receive(8), Arrival::Valid);
    assert_eq!(source.receive(9), Arrival::Valid);
    assert_eq!(source.receive(9), Arrival::Misordered);
    assert_eq!(source.receive(5000), Arrival::Jump);
    assert_eq!(source.receive(10), Arrival::Valid);
    assert_eq!(source.receive(20_000), Arrival::Jump);
    assert_eq!(source.receive(20_001), Arrival::Restarted);
    assert_eq!(source.receive(20_002), Arrival::Valid);
}

#[test]
fn losses_are_counted_across_a_wrap_and_per_interval() {
    let mut source = Source::new(1, 65_530);
    source.receive(65_530);
    for sequence in (65_531..=65_535)
        .chain(0..100_u16)
        .filter(|sequence| sequence % 10 != 3)
    {
        source.receive(sequence);
    }
    // On probation, the first packet is not counted (RFC 3550 A.1).
    let report = source.report();
    assert_eq!(report.cumulative_lost, 11);
    assert_eq!(report.highest_sequence, 65_536 + 99);
    assert!((26..=28).contains(&report.fraction_lost), "{report:?}");
    (100..200).for_each(|sequence| assert_eq!(source.receive(sequence), Arrival::Valid));
    assert_eq!(source.report().fraction_lost, 0);
}

#[test]
fn jitter_approaches_the_mean_deviation() {
    let mut source = Source::new(1, 0);
    for n in 0..1000_u32 {
        source.observe_jitter(n * 160, n * 160 + (n % 2) * 40);
    }
    assert!((38..=40).contains(&source.jitter()), "{}", source.jitter());
    let mut steady = Source::new(1, 0);
    (0..1000_u32).for_each(|n| steady.observe_jitter(n.wrapping_mul(160), 5 + n * 160));
    assert_eq!(steady.jitter(), 0);
}

#[test]
fn a_report_is_read_as_written() {
    let sender = SenderInfo {
        ntp: Ntp(0x0102_0304_0506_0708),
        rtp_timestamp: 9,
        packets: 10,
        octets: 11,
    };
    let block = ReportBlock {
        ssrc: 5,
        fraction_lost: 200,
        cumulative_lost: -3,
        highest_sequence: 70_000,
        jitter: 12,
        last_sr: 13,
        delay_since_last_sr: 14,
    };
    for name in ["", "a", "ab", "abc", "abcd@host"] {
        let mut out = [0; 300];
        let report = Report {
            ssrc: 4,
            sender: Some(sender),
            blocks: &[block],
            cname: name,
            goodbye: true,
        };
        let length = report.write(&mut out).unwrap();
        assert_eq!(length % 4, 0);
        let packets: Vec<Packet<'_>> = rtcp::parse(&out[..length]).unwrap().packets().collect();
        let [
            Packet::SenderReport {
                ssrc: 4,
                sender: read,
                blocks,
            },
            Packet::SourceDescription {
                ssrc: 4,
                cname: Some(cname),
            },
            Packet::Goodbye { ssrc: Some(4) },
        ] = packets[..]
        else {
            panic!("{packets:?}")
        };
        assert_eq!(read, sender);
        assert_eq!(blocks.iter().collect::<Vec<_>>(), [block]);
        assert_eq!(cname, name.as_bytes());
        assert_eq!(report.write(&mut out[..length - 1]), None);
    }
}

#[test]
fn the_example_of_rfc_3550_figure_2_has_a_round_trip_of_6_125_s() {
    let block = ReportBlock {
        ssrc: 0,
        fraction_lost: 0,
        cumulative_lost: 0,
        highest_sequence: 0,
        jitter: 0,
        last_sr: 0xb705_2000,
        delay_since_last_sr: 0x0005_4000,
    };
    let arrival = Ntp(0x0000_b710_8000_0000);
    assert_eq!(block.round_trip(arrival), Some(Duration::from_millis(6125)));
    assert_eq!(
        block.round_trip(Ntp(0x0000_b704_8000_0000)),
        None,
        "a clock stepped back"
    );
    assert_eq!(
        ReportBlock {
            last_sr: 0,
            ..block
        }
        .round_trip(arrival),
        None
    );
    assert_eq!(
        Ntp::from_unix(Duration::from_millis(1500)).0,
        (2_208_988_801 << 32) + (1 << 31)
    );
}

#[test]
fn report_intervals_spread_around_five_seconds() {
    assert_eq!(rtcp::interval(0).as_millis(), 2052);
    assert_eq!(rtcp::interval(u32::MAX).as_millis(), 6156);
}

proptest! {
    #[test]
    fn any_datagram_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = rtp::classify(&bytes);
        if let Ok(packet) = rtp::parse(&bytes) {
            prop_assert!(packet.payload.len() + Header::LEN <= bytes.len());
        }
        let mut valid = bytes.clone();
        if let Some(first) = valid.first_mut() { *first = *first & 0x3f | 0x80; }
        let _ = rtp::parse(&valid);
    }

    #[test]
    fn any_compound_is_survived(
        parts in proptest::collection::vec((0_u8..32, 198_u8..206, proptest::collection::vec(any::<u32>(), 0..30)), 0..4),
        cut in 0_usize..300,
    ) {
        let mut bytes = Vec::new();
        for (count, kind, words) in &parts {
            bytes.extend([0x80 | count, *kind, 0, words.len() as u8]);
            bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        }
        for bytes in [&bytes[..], &bytes[..cut.min(bytes.len())]] {
            if let Ok(compound) = rtcp::parse(bytes) {
                for packet in compound.packets() {
                    if let Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. } = packet {
                        prop_assert!(blocks.iter().count() <= 31);
                    }
                }
            }
        }
    }

    #[test]
    fn any_sequence_is_counted_without_a_panic(packets in proptest::collection::vec((any::<u16>(), any::<u32>(), any::<u32>()), 1..300)) {
        let mut source = Source::new(1, packets[0].0);
        for (sequence, timestamp, arrival) in packets {
            source.receive(sequence);
            source.observe_jitter(timestamp, arrival);
            source.report();
        }
    }
}
