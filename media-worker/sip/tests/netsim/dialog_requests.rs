//! Requests within a session: INFO, REFER, OPTIONS, and those that are out of order or of no session.

use bytes::Bytes;
use netsim::Link;
use sip::syntax::{Headers, Message, Method, Request, StatusCode};

use crate::phone::{ALICE, BOB, Heard, Pair};

fn within(pair: &mut Pair, method: Method) {
    let now = pair.now();
    let body = Bytes::from_static(b"Signal=1\r\n");
    pair.alice
        .endpoint
        .request_within(pair.alice.id(), method, Headers::new(), body, now);
    pair.run_ms(10);
}

#[test]
fn the_application_answers_info_refer_notify_and_message() {
    for method in [Method::Info, Method::Refer, Method::Notify, Method::Message] {
        let mut pair = Pair::new(Link::default());
        pair.talk();
        within(&mut pair, method.clone());
        assert_eq!(pair.bob.take(), [Heard::Request(method.to_string())]);
        let (tx, request) = pair.bob.request.take().unwrap();
        assert_eq!(request.body, "Signal=1\r\n");
        let now = pair.now();
        pair.bob
            .endpoint
            .respond(tx, request.respond(StatusCode::FORBIDDEN), now);
        pair.run_ms(10);
        assert_eq!(pair.alice.take(), [Heard::Response(Ok(403))]);
    }
}

#[test]
fn options_within_a_session_is_answered_inside() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    within(&mut pair, Method::Options);
    assert!(pair.bob.take().is_empty());
    assert_eq!(pair.alice.take(), [Heard::Response(Ok(200))]);
    assert!(
        pair.alice
            .answered
            .unwrap()
            .headers
            .allow()
            .unwrap()
            .contains(&Method::Invite)
    );
}

#[test]
fn an_old_cseq_is_500_and_an_unknown_dialog_481() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    within(&mut pair, Method::Info);
    let Message::Request(info) = pair.alice.sent.remove(0) else {
        panic!()
    };
    pair.bob.take_sent();
    let again = |branch: &str, change: fn(&mut Request)| {
        let mut request = info.clone();
        let via = format!("SIP/2.0/UDP {ALICE};branch=z9hG4bK{branch};rport");
        request.headers.set(sip::syntax::HeaderName::Via, via);
        change(&mut request);
        request.to_bytes()
    };
    let now = pair.now();
    let flow = pair.bob.flow(ALICE);
    pair.bob
        .endpoint
        .handle_datagram(flow, &again("old", |_| {}), now);
    let stranger = again("stranger", |request| {
        request
            .headers
            .set(sip::syntax::HeaderName::CallId, "other");
    });
    pair.bob.endpoint.handle_datagram(flow, &stranger, now);
    pair.bob.drain(now);
    assert_eq!(pair.bob.take_sent(), ["500 INFO", "481 INFO"]);
}

#[test]
fn a_request_in_a_session_that_is_gone_is_refused_at_once() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    let now = pair.now();
    pair.alice.endpoint.end(pair.alice.id(), None, now);
    pair.run_ms(1000);
    within(&mut pair, Method::Info);
    assert_eq!(
        pair.alice.take(),
        [Heard::Response(Err(sip::RequestError::Refused))]
    );
}

#[test]
fn requests_go_where_the_far_side_last_came_from() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    let moved = "192.0.2.1:7777";
    within(&mut pair, Method::Info);
    let Message::Request(mut info) = pair.alice.sent.remove(0) else {
        panic!()
    };
    info.headers.set(sip::syntax::HeaderName::CSeq, "90 INFO");
    info.headers.set(
        sip::syntax::HeaderName::Via,
        format!("SIP/2.0/UDP {moved};branch=z9hG4bKmoved;rport"),
    );
    let flow = pair.bob.flow(moved);
    let now = pair.now();
    pair.bob
        .endpoint
        .handle_datagram(flow, &info.to_bytes(), now);
    pair.bob.endpoint.end(pair.bob.id(), None, now);
    let mut last = None;
    while let Some(output) = pair.bob.endpoint.poll_output() {
        if let sip::Output::Send { flow, .. } = output {
            last = Some(flow.remote.to_string());
        }
    }
    assert_eq!(last.as_deref(), Some(moved));
    assert_ne!(last.as_deref(), Some(BOB));
}
