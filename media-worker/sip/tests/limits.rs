//! How much of a message is read, and what becomes of headers in between.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod common;

use bytes::Bytes;
use common::{Octets, answered, message, read, refused, refused_silently};
use sip::syntax::{
    HeaderName, Headers, Limits, Message, ParseErrorKind, Refresher, StatusCode, Via,
};

const OPTIONS: &str = "OPTIONS sip:user@example.com SIP/2.0";

#[test]
fn what_is_too_large_or_too_long_is_answered_so() {
    let large = format!("{}{}", message(OPTIONS).into_text(), "x".repeat(65_536));
    assert_eq!(answered(large), 413);
    assert_eq!(
        answered(message(&format!(
            "OPTIONS sip:{}@example.com SIP/2.0",
            "u".repeat(2100)
        ))),
        414
    );
}

#[test]
fn too_many_headers_or_hops_are_refused() {
    let lines = (0..256).fold(message(OPTIONS), |text, _| text.with("X-Line", "1"));
    assert_eq!(answered(lines), 400);
    for name in ["Via", "Route", "Record-Route", "Contact"] {
        let value = if name == "Via" {
            "SIP/2.0/UDP a"
        } else {
            "<sip:a@b>"
        };
        let hops = vec![value; 71].join(", ");
        assert_eq!(
            refused(message(OPTIONS).with(name, &hops)).kind,
            ParseErrorKind::TooManyHeaders,
            "{name}"
        );
    }
}

#[test]
fn lines_that_end_otherwise_are_refused() {
    for text in [
        message(OPTIONS).with("X-A", "1\n2").into_text(),
        message(OPTIONS).with("X-A", "1\r2").into_text(),
        message(OPTIONS)
            .with("X-A", "1\nContent-Length: 5")
            .into_text(),
        message(OPTIONS).into_text().trim_end().to_owned() + "\r\n",
    ] {
        assert_eq!(answered(&text), 400, "{text:?}");
    }
    for line in ["no colon", ": no name", "two words: 1", "na\0me: 1"] {
        let text = message(OPTIONS)
            .into_text()
            .replacen("Via", &format!("{line}\r\nVia"), 1);
        assert_eq!(answered(text), 400, "{line}");
    }
}

#[test]
fn what_is_no_request_gets_no_answer() {
    refused_silently("");
    refused_silently("\r\n\r\n");
    refused_silently("hello");
    refused_silently("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    refused_silently(message("ACK sip:user@example.com SIP/2.0").only("CSeq", "x"));
    refused_silently(message("SIP/2.0 200 OK").without("To"));
}

#[test]
fn the_answer_to_a_mistake_carries_what_was_understood() {
    let text = message(OPTIONS)
        .with("Via", "SIP/2.0/UDP b")
        .only("Max-Forwards", "x");
    let reply = refused(text.octets()).reply().unwrap();
    let reply = String::from_utf8(reply.to_bytes().to_vec()).unwrap();
    for line in [
        "Via: SIP/2.0/UDP b",
        "From: <sip:caller@example.net>;tag=3sa923",
        "CSeq: 8 OPTIONS",
        "Content-Length: 0",
    ] {
        assert!(reply.contains(&format!("{line}\r\n")), "{reply}");
    }
    let Message::Response(reply) = read(&reply) else {
        panic!()
    };
    let tag = reply
        .headers
        .to()
        .unwrap()
        .unwrap()
        .tag()
        .map(str::to_owned);
    assert!(tag.is_some());
}

#[test]
fn headers_are_kept_byte_for_byte() {
    let text = [
        message(OPTIONS).into_text().trim_end().as_bytes(),
        b"\r\nX-Odd:  \xff\xfe ;;  \r\n\r\n",
    ]
    .concat();
    let Message::Request(request) = read(&text) else {
        panic!()
    };
    let name = "x-odd".parse().unwrap();
    assert_eq!(request.headers.get(&name), None);
    assert_eq!(
        request.headers.get_bytes(&name),
        Some(&Bytes::from_static(b"\xff\xfe ;;"))
    );
}

#[test]
fn headers_are_changed_in_their_places() {
    let mut headers = Headers::new()
        .with(HeaderName::Via, "1")
        .with(HeaderName::To, "t")
        .with(HeaderName::Via, "2");
    headers.push_front(HeaderName::Via, "0");
    headers.set(HeaderName::To, "u");
    assert_eq!(
        headers.get_all(&HeaderName::Via).collect::<Vec<_>>(),
        ["0", "1", "2"]
    );
    assert_eq!(headers.remove_first(&HeaderName::Via).unwrap(), "0");
    headers.set(HeaderName::Via, "3");
    let lines: Vec<_> = headers
        .iter()
        .map(|header| (header.name().as_str(), header.text().unwrap()))
        .collect();
    assert_eq!(lines, [("Via", "3"), ("To", "u")]);
}

#[test]
fn structured_values_are_read() {
    let mut headers = Headers::new();
    for (name, value) in [
        ("x", "1800;refresher=UAS"),
        ("o", "message-summary;id=7"),
        (
            "Replaces",
            "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff;early-only",
        ),
        (
            "Reason",
            "SIP ;cause=200 ;text=\"Call completed elsewhere\", Q.850;cause=16",
        ),
        ("RAck", "776656 1 INVITE"),
        ("k", "100rel, timer"),
        (
            "Subscription-State",
            "terminated;reason=noresource;expires=0",
        ),
        ("Retry-After", "18000;duration=3600 (in a meeting)"),
        (
            "r",
            "<sip:carol@example.com?Replaces=12345%40a%3Bto-tag%3D1>",
        ),
    ] {
        headers.push(name.parse().unwrap(), value);
    }
    let session = headers.session_expires().unwrap().unwrap();
    assert_eq!(
        (session.interval, session.refresher),
        (1800, Some(Refresher::Uas))
    );
    assert_eq!(headers.event().unwrap().unwrap().id.as_deref(), Some("7"));
    let replaces = headers.replaces().unwrap().unwrap();
    assert_eq!(
        (replaces.to_tag.as_str(), replaces.early_only),
        ("ff87ff", true)
    );
    let reasons = headers.reasons().unwrap();
    assert_eq!((reasons[0].cause, reasons[1].cause), (Some(200), Some(16)));
    assert_eq!(headers.rack().unwrap().unwrap().cseq.seq, 1);
    assert!(headers.offers_option("TIMER") && !headers.offers_option("replaces"));
    let state = headers.subscription_state().unwrap().unwrap();
    assert_eq!(
        (state.reason(), state.expires()),
        (Some("noresource"), Some(0))
    );
    assert_eq!(headers.retry_after().unwrap(), Some(18_000));
    assert_eq!(
        headers
            .refer_to()
            .unwrap()
            .unwrap()
            .uri
            .headers()
            .next()
            .unwrap()
            .1,
        "12345@a;to-tag=1"
    );
}

#[test]
fn a_via_notes_where_it_came_from() {
    let source = "198.51.100.7:41234".parse().unwrap();
    let mut asked = Via::parse("SIP/2.0/UDP 10.0.0.1:5062;rport;branch=z9hG4bK1").unwrap();
    asked.note_source(source);
    assert_eq!(
        asked.to_string(),
        "SIP/2.0/UDP 10.0.0.1:5062;rport=41234;branch=z9hG4bK1;received=198.51.100.7"
    );
    assert_eq!(
        (asked.rport(), asked.received()),
        (Some(Some(41_234)), Some(source.ip()))
    );
    let mut same = Via::parse("SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1").unwrap();
    same.note_source(source);
    assert_eq!((same.received(), same.sent_port()), (None, 5060));
    assert_eq!(Via::parse("SIP/2.0/TLS a").unwrap().sent_port(), 5061);
}

#[test]
fn a_status_has_three_digits_and_a_class() {
    assert_eq!(StatusCode::new(99), None);
    assert_eq!(StatusCode::new(700), None);
    assert!(
        StatusCode::RINGING.is_provisional()
            && StatusCode::OK.is_success()
            && StatusCode::DECLINE.is_final()
    );
    assert_eq!(StatusCode::new(499).unwrap().reason_phrase(), "Bad Request");
    let limits = Limits::default();
    assert_eq!(limits.message, 65_535);
}
