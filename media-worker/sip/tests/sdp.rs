//! Offers and answers (RFC 3264) as phones send them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use sip::sdp::{
    Agreed, Capabilities, Direction, Kind, Payload, Refusal, SdpError, Session, Version, agree,
    answer, offer,
};

const V1: Version = Version {
    session: 42,
    version: 1,
};

fn ours() -> Capabilities {
    Capabilities::telephony("203.0.113.5".parse().unwrap(), 30_000, 0xCAFE)
}

/// A description with this behind `t=`.
fn theirs(media: &str) -> Session {
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";
    Session::parse(format!("{head}{}", media.replace('\n', "\r\n")).as_bytes()).unwrap()
}

fn answered(media: &str) -> (String, Agreed) {
    let (answer, agreed) = answer(&theirs(media), &ours(), V1).unwrap();
    (
        String::from_utf8(answer.to_bytes().to_vec()).unwrap(),
        agreed,
    )
}

fn refused(media: &str) -> Refusal {
    answer(&theirs(media), &ours(), V1).unwrap_err()
}

#[test]
fn static_numbers_need_no_rtpmap() {
    let (text, agreed) = answered("m=audio 4000 RTP/AVP 8 0\n");
    assert!(text.contains("m=audio 30000 RTP/AVP 8 0\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:8 PCMA/8000\r\n"), "{text}");
    assert_eq!((agreed.send.name.as_str(), agreed.send.send), ("PCMA", 8));
    assert_eq!(agreed.remote, "192.0.2.9:4000".parse().unwrap());
    assert_eq!(agreed.remote_rtcp, Some("192.0.2.9:4001".parse().unwrap()));
    assert_eq!(
        (agreed.telephone_event, agreed.direction, agreed.ssrc),
        (None, Direction::SendRecv, None)
    );
}

#[test]
fn dynamic_numbers_of_the_offer_are_taken_over() {
    let (text, agreed) = answered(
        "m=audio 4000 RTP/AVP 96 97 110\na=rtpmap:96 opus/48000/2\na=rtpmap:97 PCMA/8000\n\
         a=rtpmap:110 telephone-event/8000\na=fmtp:110 0-16\n",
    );
    assert!(text.contains("m=audio 30000 RTP/AVP 97 110\r\n"), "{text}");
    assert!(text.contains("a=fmtp:110 0-15\r\n"), "{text}");
    let event = agreed.telephone_event.unwrap();
    assert_eq!(
        (
            agreed.send.send,
            agreed.send.receive,
            event.send,
            event.receive
        ),
        (97, 97, 110, 110)
    );
}

#[test]
fn an_answer_with_other_numbers_is_mapped_both_ways() {
    let mut capabilities = ours();
    capabilities.audio.insert(
        0,
        Payload {
            channels: 2,
            ..Payload::new(111, "opus", 48_000)
        },
    );
    let offer = offer(&capabilities, V1);
    let answer = theirs(
        "m=audio 4000 RTP/AVP 120 101\na=rtpmap:120 opus/48000/2\na=rtpmap:101 telephone-event/8000\na=ssrc:77 cname:x\n",
    );
    let agreed = agree(&offer, &answer).unwrap();
    assert_eq!((agreed.send.send, agreed.send.receive), (120, 111));
    assert_eq!(
        agreed.telephone_event, None,
        "its clock is not that of the voice"
    );
    assert_eq!(agreed.ssrc, Some(77));
}

#[test]
fn our_offer_comes_back_agreed() {
    let offer = Session::parse(&offer(&ours(), V1).to_bytes()).unwrap();
    let text = String::from_utf8(offer.to_bytes().to_vec()).unwrap();
    assert!(
        text.contains("m=audio 30000 RTP/AVP 9 8 0 101\r\n"),
        "{text}"
    );
    assert!(
        text.contains("a=ssrc:51966 cname:switchboard\r\n"),
        "{text}"
    );
    assert!(
        text.contains("a=rtcp-mux\r\n") && text.contains("a=rtcp:30000\r\n"),
        "{text}"
    );
    let mut phone = ours();
    phone.port = 5000;
    let (answer, phones_view) = answer(&offer, &phone, V1).unwrap();
    let agreed = agree(&offer, &Session::parse(&answer.to_bytes()).unwrap()).unwrap();
    assert_eq!(agreed.remote.port(), 5000);
    assert_eq!(phones_view.remote.port(), 30_000);
    assert_eq!(
        (agreed.remote_rtcp, phones_view.remote_rtcp),
        (None, None),
        "both speak rtcp-mux"
    );
    assert_eq!(
        (&agreed.send, agreed.ssrc),
        (&phones_view.send, Some(0xCAFE))
    );
    assert_eq!(agreed.telephone_event.unwrap().send, 101);
}

#[test]
fn g722_has_a_clock_of_8000_however_it_is_written() {
    for clock in ["8000", "16000"] {
        let (text, agreed) = answered(&format!(
            "m=audio 4000 RTP/AVP 9\na=rtpmap:9 G722/{clock}\n"
        ));
        assert_eq!(
            (agreed.send.name.as_str(), agreed.send.clock),
            ("G722", 8000)
        );
        assert!(
            text.contains(&format!("a=rtpmap:9 G722/{clock}\r\n")),
            "{text}"
        );
    }
}

#[test]
fn hold_is_answered_by_its_reverse() {
    for (theirs, ours) in [
        ("sendonly", Direction::RecvOnly),
        ("recvonly", Direction::SendOnly),
        ("inactive", Direction::Inactive),
        ("sendrecv", Direction::SendRecv),
    ] {
        let (text, agreed) = answered(&format!("m=audio 4000 RTP/AVP 0\na={theirs}\n"));
        assert_eq!(agreed.direction, ours);
        assert!(text.contains(&format!("a={}\r\n", ours.as_str())), "{text}");
    }
    let (_, agreed) = answered("a=sendonly\nm=audio 4000 RTP/AVP 0\n");
    assert_eq!(
        agreed.direction,
        Direction::RecvOnly,
        "of the whole session"
    );
}

#[test]
fn an_address_of_zeros_holds_too() {
    let (text, agreed) = answered("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n");
    assert_eq!(agreed.direction, Direction::RecvOnly);
    assert!(text.contains("a=recvonly"), "{text}");
}

#[test]
fn our_own_hold_limits_the_answer() {
    let capabilities = Capabilities {
        direction: Direction::SendOnly,
        ..ours()
    };
    let (_, agreed) = answer(&theirs("m=audio 4000 RTP/AVP 0\n"), &capabilities, V1).unwrap();
    assert_eq!(agreed.direction, Direction::SendOnly);
    let (_, agreed) = answer(
        &theirs("m=audio 4000 RTP/AVP 0\na=sendonly\n"),
        &capabilities,
        V1,
    )
    .unwrap();
    assert_eq!(agreed.direction, Direction::Inactive);
}

#[test]
fn other_media_are_refused_with_port_0_in_their_places() {
    let (text, agreed) = answered(
        "m=video 5000 RTP/AVP 31\nm=audio 0 RTP/AVP 0\nm=audio 4000 RTP/AVP 0\nm=audio 4002 RTP/AVP 0\n\
         m=image 4004 udptl t38\na=T38FaxVersion:0\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\n",
    );
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 31",
            "m=audio 0 RTP/AVP 0",
            "m=audio 30000 RTP/AVP 0",
            "m=audio 0 RTP/AVP 0",
            "m=image 0 udptl t38",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        ]
    );
    assert_eq!(agreed.index, 2);
}

#[test]
fn the_plain_one_of_two_profiles_is_taken() {
    let (text, agreed) =
        answered("m=audio 4000 RTP/SAVP 0\na=crypto:1 x inline:y\nm=audio 4002 RTP/AVP 0\n");
    assert!(
        text.contains("m=audio 0 RTP/SAVP 0\r\nm=audio 30000 RTP/AVP 0\r\n"),
        "{text}"
    );
    assert_eq!(agreed.remote.port(), 4002);
}

#[test]
fn what_cannot_be_served_is_refused_with_the_reason() {
    assert_eq!(
        refused("m=audio 4000 RTP/SAVP 0\na=crypto:1 x inline:y\n"),
        Refusal::Profile
    );
    assert_eq!(
        refused("m=audio 4000 RTP/AVP 18 96\n"),
        Refusal::NoCommonEncoding
    );
    assert_eq!(
        refused("m=audio 4000 RTP/AVP 101 13\na=rtpmap:101 telephone-event/8000\n"),
        Refusal::NoCommonEncoding
    );
    assert_eq!(refused("m=image 4000 udptl t38\n"), Refusal::NoAudio);
    assert_eq!(refused("m=audio 0 RTP/AVP 0\n"), Refusal::NoAudio);
    assert_eq!(refused(""), Refusal::NoAudio);
    assert_eq!(Refusal::Profile.status().code(), 488);
}

#[test]
fn a_host_name_in_place_of_an_address_is_an_error() {
    let text = "v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nc=IN IP4 a.example.com\r\nt=0 0\r\nm=audio 4 RTP/AVP 0\r\n";
    assert_eq!(
        Session::parse(text.as_bytes()),
        Err(SdpError::Address("a.example.com".into()))
    );
    let none = text.replace("c=IN IP4 a.example.com\r\n", "");
    let none = Session::parse(none.as_bytes()).unwrap();
    assert_eq!(answer(&none, &ours(), V1).unwrap_err(), Refusal::NoAddress);
}

#[test]
fn an_answer_that_does_not_fit_is_refused() {
    let offer = offer(&ours(), V1);
    for (answer, refusal) in [
        ("m=audio 0 RTP/AVP 0\n", Refusal::Rejected),
        ("", Refusal::Mismatch),
        ("m=video 4000 RTP/AVP 0\n", Refusal::Mismatch),
        ("m=audio 4000 RTP/SAVP 0\n", Refusal::Mismatch),
        (
            "m=audio 4000 RTP/AVP 0\nm=audio 4002 RTP/AVP 0\n",
            Refusal::Mismatch,
        ),
        ("m=audio 4000 RTP/AVP 18\n", Refusal::NoCommonEncoding),
    ] {
        assert_eq!(agree(&offer, &theirs(answer)), Err(refusal), "{answer}");
    }
}

#[test]
fn rtcp_goes_where_the_offer_says() {
    let (text, agreed) = answered("m=audio 4000 RTP/AVP 0\na=rtcp:4777\n");
    assert_eq!(agreed.remote_rtcp.unwrap().port(), 4777);
    assert!(
        text.contains("a=rtcp:30000") && !text.contains("rtcp-mux"),
        "{text}"
    );
    let (text, agreed) = answered("m=audio 4000 RTP/AVP 0\na=rtcp-mux\na=rtcp:4777\n");
    assert_eq!(agreed.remote_rtcp, None);
    assert!(text.contains("a=rtcp-mux"), "{text}");
}

#[test]
fn packet_times_are_honoured_within_reason() {
    for (lines, ptime) in [
        ("", 20),
        ("a=ptime:30\n", 30),
        ("a=ptime:20.0\n", 20),
        ("a=ptime:0\n", 20),
        ("a=ptime:65535\n", 20),
        ("a=maxptime:10\n", 10),
        ("a=ptime:60\na=maxptime:40\n", 40),
    ] {
        assert_eq!(
            answered(&format!("m=audio 4000 RTP/AVP 0\n{lines}"))
                .1
                .ptime,
            ptime,
            "{lines}"
        );
    }
}

#[test]
fn ipv6_is_read_and_written() {
    let head = "v=0\r\no=- 1 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let offer = Session::parse(head.as_bytes()).unwrap();
    let capabilities = Capabilities::telephony("2001:db8::5".parse().unwrap(), 30_000, 1);
    let (answer, agreed) = answer(&offer, &capabilities, V1).unwrap();
    assert_eq!(agreed.remote, "[2001:db8::9]:4000".parse().unwrap());
    let text = String::from_utf8(answer.to_bytes().to_vec()).unwrap();
    assert!(
        text.contains("o=- 42 1 IN IP6 2001:db8::5\r\n")
            && text.contains("c=IN IP6 2001:db8::5\r\n"),
        "{text}"
    );
}

#[test]
fn unknown_attributes_are_kept() {
    let text = "v=0\r\no=bob 1 7 IN IP4 192.0.2.9\r\ns=call\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\na=tool:x\r\n\
        m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ssrc:5 cname:y\r\na=ssrc:5 label:z\r\na=x-thing:1 2\r\n\
        m=image 4004 udptl t38\r\na=T38FaxVersion:0\r\n";
    let session = Session::parse(text.as_bytes()).unwrap();
    assert_eq!(session.media[1].kind, Kind::Image);
    assert_eq!(session.media[0].ssrcs, [5]);
    let written = session.to_bytes();
    for line in text.lines() {
        assert!(
            String::from_utf8_lossy(&written).contains(&format!("{line}\r\n")),
            "{line}"
        );
    }
    assert_eq!(Session::parse(&written).unwrap(), session);
}

#[test]
fn garbage_and_monsters_are_errors() {
    assert!(matches!(Session::parse(b"hello"), Err(SdpError::Syntax(_))));
    assert!(matches!(Session::parse(b""), Err(SdpError::Syntax(_))));
    let many = "m=audio 4000 RTP/AVP 0\r\n".repeat(33);
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n";
    assert_eq!(
        Session::parse(format!("{head}{many}").as_bytes()),
        Err(SdpError::TooLarge)
    );
    assert_eq!(Session::parse(&vec![b'x'; 40_000]), Err(SdpError::TooLarge));
}
