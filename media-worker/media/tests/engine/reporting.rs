//! RTCP, and the far side falling silent.

use media::clip::Clip;
use media::codec::Codec;
use media::engine::{Command, Direction, EngineConfig, Event, LegSpec, PlayItem};
use media::rtcp::{self, Packet, Report};
use media::rtp;

use crate::bench::{Bench, addr, header, leg, ms};

const PHONE: &str = "192.0.2.10:4000";

fn reports(bench: &mut Bench) -> Vec<Vec<u8>> {
    let sent = std::mem::take(&mut bench.out.0);
    let rtcp = sent
        .into_iter()
        .filter(|(_, _, bytes)| rtp::classify(bytes) == rtp::Kind::Rtcp);
    rtcp.map(|(_, to, bytes)| (assert_eq!(to, addr(PHONE)), bytes).1)
        .collect()
}

#[test]
fn nothing_is_reported_into_a_flow_that_was_never_opened() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.ticks(1000);
    bench.command(Command::Close(1));
    assert!(bench.out.0.is_empty());
}

#[test]
fn reports_come_about_every_five_seconds_and_tell_loss() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    for n in (0..3000).filter(|n| n % 10 != 9) {
        bench.rtp(0, addr(PHONE), header(0, 9, n), &[0xff; 160]);
        bench.tick();
    }
    let reports = reports(&mut bench);
    assert!(
        (6..=22).contains(&reports.len()),
        "54 s: {} reports",
        reports.len()
    );
    let last = rtcp::parse(reports.last().unwrap()).unwrap();
    let Some(Packet::ReceiverReport { ssrc, blocks }) = last.packets().next() else {
        panic!("we sent nothing: RR")
    };
    let block = blocks.iter().next().unwrap();
    assert_eq!((ssrc, block.ssrc), (0x1001, 9));
    assert!(
        (20..=30).contains(&block.fraction_lost),
        "10 % of 256: {}",
        block.fraction_lost
    );
}

#[test]
fn a_leg_that_sends_reports_what_it_sent_and_says_goodbye() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.rtp(0, addr(PHONE), header(0, 9, 1), &[0xff; 160]);
    let clip = Clip::from_encoded(Codec::Pcmu, &[7; 160]);
    bench.command(Command::Play {
        leg: 1,
        items: vec![PlayItem::Loop(clip)],
        tag: 1,
    });
    bench.ticks(500);
    let first = reports(&mut bench).remove(0);
    let Some(Packet::SenderReport { sender, .. }) = rtcp::parse(&first).unwrap().packets().next()
    else {
        panic!("we sent: SR")
    };
    assert_eq!(sender.octets, sender.packets * 160);
    bench.command(Command::Close(1));
    let goodbye = reports(&mut bench).remove(0);
    assert!(
        rtcp::parse(&goodbye)
            .unwrap()
            .packets()
            .any(|packet| matches!(packet, Packet::Goodbye { ssrc: Some(0x1001) }))
    );
}

#[test]
fn without_rtcp_mux_no_report_is_sent() {
    let mut bench = Bench::new();
    bench.command(Command::Open(LegSpec {
        rtcp_mux: false,
        ..leg(1, PHONE, Codec::Pcmu)
    }));
    bench.rtp(0, addr(PHONE), header(0, 9, 1), &[0xff; 160]);
    bench.ticks(1000);
    assert!(reports(&mut bench).is_empty());
}

/// How often the media of leg 1 was lost since the last question.
fn lost(bench: &mut Bench) -> usize {
    let events = bench.events();
    let lost = events
        .iter()
        .filter(|event| **event == Event::MediaLost { leg: 1 });
    lost.count()
}

#[test]
fn lost_media_is_told_once_until_it_comes_back() {
    let mut bench = Bench::with(EngineConfig {
        media_timeout: ms(10_000),
        ..EngineConfig::default()
    });
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.ticks(1000);
    assert_eq!(lost(&mut bench), 1, "audio that never came is lost, too");
    bench.rtp(0, addr(PHONE), header(0, 9, 1), &[0xff; 160]);
    bench.ticks(499);
    assert_eq!(lost(&mut bench), 0);
    bench.ticks(1);
    assert_eq!(lost(&mut bench), 1);
}

#[test]
fn whoever_holds_the_call_may_be_silent_and_has_his_time_when_he_comes_back() {
    let mut bench = Bench::with(EngineConfig {
        media_timeout: ms(10_000),
        ..EngineConfig::default()
    });
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.rtp(0, addr(PHONE), header(0, 9, 1), &[0xff; 160]);
    for direction in [
        Direction::RecvOnly,
        Direction::Inactive,
        Direction::SendOnly,
    ] {
        bench.command(Command::Direct { leg: 1, direction });
        bench.ticks(1000);
        assert_eq!(lost(&mut bench), 0, "{direction:?}");
    }
    bench.command(Command::Redirect(leg(1, PHONE, Codec::Pcmu)));
    bench.ticks(499);
    assert_eq!(lost(&mut bench), 0);
    bench.ticks(1);
    assert_eq!(lost(&mut bench), 1);
}

#[test]
fn a_recording_that_keeps_silence_goes_on_until_the_media_is_lost() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.command(Command::Record {
        leg: 1,
        recording: 7,
        silence: None,
        max: ms(300_000),
    });
    for n in 0..50 {
        bench.rtp(0, addr(PHONE), header(0, 9, n), &[0xff; 160]);
        bench.tick();
    }
    bench.ticks(1400);
    assert!(
        bench
            .events()
            .iter()
            .all(|event| !matches!(event, Event::MediaLost { .. } | Event::RecordEnded { .. }))
    );
    bench.ticks(150);
    assert_eq!(lost(&mut bench), 1, "half a minute after the last packet");
}

#[test]
fn rtcp_alone_shows_that_the_far_side_is_there() {
    let mut bench = Bench::with(EngineConfig {
        media_timeout: ms(10_000),
        ..EngineConfig::default()
    });
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    bench.rtp(0, addr(PHONE), header(0, 9, 1), &[0xff; 160]);
    let mut buffer = [0; 200];
    let report = Report {
        ssrc: 9,
        sender: None,
        blocks: &[],
        cname: "phone",
        goodbye: false,
    };
    let length = report.write(&mut buffer).unwrap();
    for _ in 0..10 {
        bench.ticks(400);
        bench.arrive(0, addr(PHONE), &buffer[..length]);
    }
    assert!(!bench.events().contains(&Event::MediaLost { leg: 1 }));
    assert_eq!(bench.engine.counters().rtcp_in, 10);
}

#[test]
fn a_closed_leg_tells_what_passed() {
    let mut bench = Bench::new();
    bench.command(Command::Open(leg(1, PHONE, Codec::Pcmu)));
    for n in [1, 2, 3, 5] {
        bench.rtp(0, addr(PHONE), header(0, 9, n), &[0xff; 160]);
    }
    bench.command(Command::Close(1));
    let Some(Event::Closed { leg: 1, stats }) = bench.events().pop() else {
        panic!("closed")
    };
    assert_eq!((stats.lost, stats.sent), (1, 0));
    assert_eq!(bench.engine.legs(), 0);
}
