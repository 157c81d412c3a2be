//! What is answered without the application (RFC 3261 8.2, 16.3).

use bytes::Bytes;
use netsim::Link;
use sip::Rejected;
use sip::syntax::{HeaderName, Headers, Message, StatusCode};

use crate::phone::{ALICE, BOB, Heard, OFFER, Pair};

/// What Bob answers to an INVITE with this first line and these further header lines.
fn answer_to(method: &str, lines: &str) -> (Vec<String>, Option<Message>, Pair) {
    let mut pair = Pair::new(Link::default());
    let text = message(method, "1", lines);
    give(&mut pair, text);
    let first = pair.bob.sent.first().cloned();
    (pair.bob.take_sent(), first, pair)
}

fn message(method: &str, branch: &str, lines: &str) -> String {
    let forwards = if lines.contains("Max-Forwards") {
        ""
    } else {
        "Max-Forwards: 70\r\n"
    };
    format!(
        "{method} sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{branch}\r\n\
         From: <sip:a@h>;tag=1\r\nTo: <sip:bob@h>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:a@192.0.2.1>\r\n{forwards}{lines}\r\n"
    )
}

fn give(pair: &mut Pair, text: String) {
    let (flow, now) = (pair.bob.flow(ALICE), pair.now());
    pair.bob
        .endpoint
        .handle_datagram(flow, &Bytes::from(text), now);
    pair.bob.drain(now);
}

#[test]
fn a_method_that_is_not_served_is_405_with_allow_and_an_unknown_one_501() {
    let (sent, first, _) = answer_to("PUBLISH", "");
    assert_eq!(sent, ["405 PUBLISH"]);
    assert!(
        first
            .unwrap()
            .headers()
            .get(&HeaderName::Allow)
            .unwrap()
            .contains("INVITE")
    );
    assert_eq!(answer_to("DANCE", "").0, ["501 DANCE"]);
}

#[test]
fn an_extension_that_is_required_but_unknown_is_420() {
    let (sent, first, _) = answer_to("INVITE", "Require: 100rel, teleport, timer\r\n");
    assert_eq!(sent, ["420 INVITE"]);
    assert_eq!(
        first.unwrap().headers().get(&HeaderName::Unsupported),
        Some("teleport")
    );
}

#[test]
fn an_invite_at_the_end_of_its_hops_is_483() {
    assert_eq!(answer_to("INVITE", "Max-Forwards: 0\r\n").0, ["483 INVITE"]);
}

#[test]
fn an_invite_without_contact_is_400() {
    let mut pair = Pair::new(Link::default());
    give(
        &mut pair,
        message("INVITE", "1", "").replace("Contact: <sip:a@192.0.2.1>\r\n", ""),
    );
    assert_eq!(pair.bob.take_sent(), ["400 INVITE"]);
    assert_eq!(pair.bob.endpoint.session_count(), 0);
}

#[test]
fn a_merged_request_is_482_and_a_retransmission_is_absorbed() {
    let (_, _, mut pair) = answer_to("INVITE", "");
    give(&mut pair, message("INVITE", "1", ""));
    give(&mut pair, message("INVITE", "2", ""));
    assert_eq!(pair.bob.take_sent(), ["100 INVITE", "482 INVITE"]);
    assert_eq!(pair.bob.take(), [Heard::Invite]);
}

#[test]
fn an_invite_of_ours_that_comes_back_is_482() {
    let mut pair = Pair::new(Link::default().losing(1.0));
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    let Message::Request(mut invite) = pair.alice.sent.remove(0) else {
        panic!()
    };
    invite
        .headers
        .push_front(HeaderName::Via, "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKproxy");
    let (flow, now) = (pair.alice.flow(BOB), pair.now());
    pair.alice
        .endpoint
        .handle_datagram(flow, &invite.to_bytes(), now);
    pair.alice.drain(now);
    assert_eq!(pair.alice.take_sent(), ["482 INVITE"]);
}

#[test]
fn a_cancel_of_nothing_is_481_and_a_stray_ack_or_response_is_counted() {
    assert_eq!(answer_to("CANCEL", "").0, ["481 CANCEL"]);
    let (sent, _, mut pair) = answer_to("ACK", "");
    assert!(sent.is_empty());
    let stray = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK7.1\r\nFrom: <sip:a@h>;tag=1\r\n\
                 To: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n";
    give(&mut pair, stray.to_owned());
    let counters = pair.bob.endpoint.drain_counters();
    assert_eq!(counters.rejected(Rejected::StrayAck), 1);
    assert_eq!(counters.rejected(Rejected::StrayResponse), 1);
}

#[test]
fn what_is_malformed_is_answered_and_what_is_no_sip_is_dropped() {
    let (sent, _, mut pair) = answer_to("INVITE", "Content-Length: 9999\r\n");
    assert_eq!(sent, ["400 INVITE"]);
    give(&mut pair, "\u{1}\u{2}nothing\r\n\r\n".to_owned());
    assert!(pair.bob.take_sent().is_empty());
    let counters = pair.bob.endpoint.drain_counters();
    assert_eq!(
        (
            counters.rejected(Rejected::Malformed),
            counters.rejected(Rejected::Unreadable)
        ),
        (1, 1)
    );
}

#[test]
fn a_dismissed_stranger_leaves_nothing_and_hears_the_same_again() {
    let (_, _, mut pair) = answer_to("INVITE", "");
    let mut tags = Vec::new();
    for _ in 0..2 {
        let (id, now) = (pair.bob.id(), pair.now());
        let nothing = Headers::new();
        pair.bob
            .endpoint
            .dismiss(id, StatusCode::UNAUTHORIZED, nothing, now);
        pair.bob.drain(now);
        let Some(Message::Response(refusal)) = pair.bob.sent.pop() else {
            panic!("no answer to the stranger")
        };
        assert_eq!(refusal.status, StatusCode::UNAUTHORIZED);
        let to = refusal.headers.to().unwrap().unwrap();
        tags.push(to.tag().unwrap().to_owned());
        assert_eq!(pair.bob.endpoint.session_count(), 0);
        assert_eq!(
            pair.bob.endpoint.poll_timeout(),
            None,
            "something is kept and waits"
        );
        // The 401 was lost: the INVITE comes again.
        give(&mut pair, message("INVITE", "1", ""));
    }
    assert_eq!(tags[0], tags[1]);
    let ack =
        message("ACK", "1", "").replace("<sip:bob@h>", &format!("<sip:bob@h>;tag={}", tags[0]));
    let (id, now) = (pair.bob.id(), pair.now());
    pair.bob
        .endpoint
        .dismiss(id, StatusCode::UNAUTHORIZED, Headers::new(), now);
    give(&mut pair, ack);
    let counters = pair.bob.endpoint.drain_counters();
    assert_eq!(counters.rejected(Rejected::StrayAck), 0);
}
