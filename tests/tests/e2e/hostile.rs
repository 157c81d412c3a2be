//! Bad input: the worker answers where the RFC says so, drops the rest, stays up, and grows no memory over it.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use switchboard_tests::line::Line;
use switchboard_tests::office::{DOMAIN, JOHN, MARY, Office, PASSWORD};
use switchboard_tests::process::resident;
use switchboard_tests::raw::RawPhone;
use switchboard_tests::streams::{Streams, Voice};
use switchboard_tests::wire;
use switchboard_tests::worker::Worker;
use switchboard_tests::{desk::Desk, wait_for};

/// What one request that is wrong in one way is answered with.
struct Wrong {
    what: &'static str,
    change: fn(&str) -> String,
    /// The statuses that RFC 3261 and RFC 4475 allow; none where silence is right too.
    statuses: &'static [u16],
}

const WRONG: &[Wrong] = &[
    Wrong {
        what: "an unknown scheme",
        change: |good| good.replacen("sip:101", "nobodyKnowsThisScheme:101", 1),
        statuses: &[416],
    },
    Wrong {
        what: "SIP 7.0",
        change: |good| good.replacen(" SIP/2.0\r\n", " SIP/7.0\r\n", 1),
        statuses: &[505],
    },
    Wrong {
        what: "an unknown extension is required",
        change: |good| good.replacen("CSeq", "Require: nothingSupportsThis\r\nCSeq", 1),
        statuses: &[420],
    },
    Wrong {
        what: "a CSeq of another method",
        change: |good| good.replacen("1 OPTIONS", "1 INVITE", 1),
        statuses: &[400],
    },
    Wrong {
        what: "a CSeq too large",
        change: |good| good.replacen("CSeq: 1", "CSeq: 36893488147419103232", 1),
        statuses: &[400],
    },
    Wrong {
        what: "no To",
        change: |good| good.replacen("To: <sip:101@office.example.com>\r\n", "", 1),
        statuses: &[400],
    },
    Wrong {
        what: "an unterminated quoted name",
        change: |good| good.replacen("To: <", "To: \"Mr. J. User <", 1),
        statuses: &[400],
    },
    Wrong {
        what: "a negative Content-Length",
        change: |good| good.replacen("Content-Length: 0", "Content-Length: -999", 1),
        statuses: &[400],
    },
    Wrong {
        what: "more body promised than sent",
        change: |good| good.replacen("Content-Length: 0", "Content-Length: 9999", 1),
        statuses: &[400],
    },
    Wrong {
        what: "spaces in the request URI",
        change: |good| good.replacen("sip:101@", "sip:101 @", 1),
        statuses: &[400],
    },
    Wrong {
        what: "Max-Forwards of 0 for another place",
        change: |good| good.replacen("Max-Forwards: 70", "Max-Forwards: 0", 1),
        statuses: &[200, 483],
    },
];

#[test]
fn malformed_requests_are_answered_as_the_rfc_asks_and_the_worker_goes_on() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    for (number, wrong) in WRONG.iter().enumerate() {
        let phone = RawPhone::new(worker.sip);
        let good = options(&phone, &format!("wrong{number}"));
        let bad = (wrong.change)(&good);
        assert_ne!(good, bad, "{} changes nothing", wrong.what);
        let answer = answer_to(&phone, &bad).unwrap_or_else(|| panic!("{}: no answer", wrong.what));
        let status = wire::status(&answer).unwrap_or_default();
        assert!(wrong.statuses.contains(&status), "{}: {answer}", wrong.what);
    }
    answers_options(&worker);
}

#[test]
fn garbage_truncated_and_huge_datagrams_are_dropped() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    let phone = RawPhone::new(worker.sip);
    let good = invite(&phone, "garbage");
    let truncated = (0..good.len()).map(|length| good.as_bytes()[..length].to_vec());
    let mut noise = 0x1234_5678_u32;
    let noises = (0..1500).step_by(3).map(|length| {
        (0..length)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 24) as u8
            })
            .collect::<Vec<u8>>()
    });
    let datagrams: Vec<Vec<u8>> = truncated.chain(noises).chain(huge(&good)).collect();
    for (number, datagram) in datagrams.iter().enumerate() {
        phone.send(datagram);
        // What its socket has no room for is lost before it is refused: on some machines that is all but a few dozen.
        if number.is_multiple_of(50) || datagram.len() > 10_000 {
            answers_options(&worker);
        }
    }
    answers_options(&worker);
    wait_for(
        "what was refused to be counted",
        Duration::from_mins(1),
        || {
            (worker.metric("switchboard_sip_rejected_total{reason=\"unreadable\"}") > 500.0)
                .then_some(())
        },
    );
}

/// Datagrams that are larger than any message, and one that is next to nothing.
fn huge(good: &str) -> [Vec<u8>; 6] {
    let large = 60_000;
    let before = |headers: &str| {
        let longer = good.replacen("Max-Forwards", &format!("{headers}Max-Forwards"), 1);
        longer.into_bytes()
    };
    let nested = format!("To: {}<", "(".repeat(50_000));
    [
        vec![b'A'; large],
        before(&format!("Subject: {}\r\n", "x".repeat(large))),
        before(&"X: y\r\n".repeat(9000)),
        good.replacen("To: <", &nested, 1).into_bytes(),
        format!("{good}{}", "v=0\r\n".repeat(10_000)).into_bytes(),
        vec![0; 4],
    ]
}

#[test]
fn a_flood_without_credentials_changes_nothing_and_leaves_room_for_others() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    mary.register(300).unwrap();
    let before = resident(worker.pid());
    let flooder = UdpSocket::bind("127.0.0.66:0").unwrap();
    flooder.connect(worker.sip).unwrap();
    let own = flooder.local_addr().unwrap();
    let end = Instant::now() + FLOOD;
    let mut sent = 0;
    let mut other = Line::new(worker.sip, &JOHN.handset(), PASSWORD);
    while Instant::now() < end {
        for _ in 0..500 {
            sent += 1;
            let method = if sent % 2 == 0 { "REGISTER" } else { "INVITE" };
            let _ =
                flooder.send(request(method, &format!("flood{sent}"), &own.to_string()).as_bytes());
        }
        // What is lost of it in the flood is sent again.
        other.register(300).unwrap();
    }
    let grown = resident(worker.pid()).saturating_sub(before);
    assert!(grown < BOUND, "{} MB grown by {sent} requests", grown >> 20);
    wait_for(
        "the two phones alone to be registered",
        Duration::from_mins(1),
        || ((worker.metric("switchboard_registrations") - 2.0).abs() < 0.5).then_some(()),
    );
    answers_options(&worker);
}

#[test]
fn what_strangers_send_to_the_media_ports_is_never_heard() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let streams = Streams::start(2);
    let (called, at_mary) = streams.open();
    let phones = [(MARY.handset(), Some(at_mary))].into();
    let desk = Desk::new(worker.sip, PASSWORD, phones, &std::sync::Arc::default());
    let mut john = Line::new(worker.sip, &JOHN.handset(), PASSWORD);
    let (caller, at_john) = streams.open();
    let dialog = john.call(MARY.extension, &at_john).unwrap();
    let (to_john, to_mary) = (
        dialog.audio.unwrap(),
        desk.offered(&MARY.handset()).unwrap(),
    );
    streams.listen(called);
    streams.connect(caller, to_john, Voice::Tone);
    streams.connect(called, to_mary, Voice::Silence);
    wait_for("the tone", Duration::from_mins(1), || {
        (streams.heard(called).seconds_of(700.0) > 0.5).then_some(())
    });

    let strangers: Vec<_> = (0..4)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    let ssrc = at_john.ssrc.unwrap();
    let tone = || streams.heard(called).seconds_of(700.0);
    let (before, mut number) = (tone(), 0_u16);
    wait_for("the tone meanwhile", Duration::from_mins(1), || {
        for _ in 0..10 {
            number = number.wrapping_add(1);
            for (index, stranger) in strangers.iter().enumerate() {
                for port in [to_john.address, to_mary.address] {
                    let _ = stranger.send_to(&hostile_packet(index, number, ssrc), port);
                }
            }
            // As often as a phone sends, and more.
            std::thread::sleep(Duration::from_millis(5));
        }
        (tone() > before + 3.0).then_some(())
    });
    let heard = streams.heard(called);
    assert!(
        heard.purity(700.0) > 0.97,
        "{:.3} of what Mary heard is John's tone",
        heard.purity(700.0)
    );
    john.hang_up(dialog).unwrap();
    answers_options(&worker);
}

const FLOOD: Duration = Duration::from_secs(8);
/// What the worker keeps of requests that it has answered is bounded.
const BOUND: u64 = 256 << 20;

/// Loud noise under a stranger's or the caller's own SSRC, RTCP that ends his stream, and what is neither.
fn hostile_packet(kind: usize, number: u16, ssrc: u32) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let rtp = |ssrc: u32| {
        let mut packet = vec![0x80, 0, high, low, 0, 0, high, low];
        packet.extend(ssrc.to_be_bytes());
        packet.extend((0..160).map(|index| if index % 7 < 3 { 0x00 } else { 0x80 }));
        packet
    };
    match kind {
        0 => rtp(0x0bad_cafe),
        1 => rtp(ssrc),
        // A receiver report and a BYE of the caller's SSRC (RFC 3550 section 6.6).
        2 => {
            let mut packet = vec![0x80, 201, 0, 1];
            packet.extend(ssrc.to_be_bytes());
            packet.extend([0x81, 203, 0, 1]);
            packet.extend(ssrc.to_be_bytes());
            packet
        }
        _ => (0..u32::from(number % 64))
            .map(|index| (index * 37 + u32::from(low)) as u8)
            .collect(),
    }
}

fn answers_options(worker: &Worker) {
    let phone = RawPhone::new(worker.sip);
    let answer = answer_to(&phone, &options(&phone, "still-there")).unwrap_or_default();
    assert_eq!(wire::status(&answer), Some(200), "{answer}");
}

/// What a request is answered with, which is sent again and again until then.
fn answer_to(phone: &RawPhone, request: &str) -> Option<String> {
    let end = Instant::now() + Duration::from_mins(1);
    while Instant::now() < end {
        phone.send(request.as_bytes());
        if let Some(answer) = phone.receive(Duration::from_millis(500)) {
            return Some(answer);
        }
    }
    None
}

fn options(phone: &RawPhone, call: &str) -> String {
    request("OPTIONS", call, &phone.address().to_string())
}

fn invite(phone: &RawPhone, call: &str) -> String {
    request("INVITE", call, &phone.address().to_string())
}

fn request(method: &str, call: &str, own: &str) -> String {
    format!(
        "{method} sip:101@{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bK{call}\r\nMax-Forwards: 70\r\n\
         From: <sip:stranger@{DOMAIN}>;tag=1\r\nTo: <sip:101@{DOMAIN}>\r\nCall-ID: {call}@{own}\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:stranger@{own}>\r\nContent-Length: 0\r\n\r\n"
    )
}
