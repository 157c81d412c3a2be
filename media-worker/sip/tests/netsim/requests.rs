//! Requests outside of sessions: REGISTER, NOTIFY, SUBSCRIBE, OPTIONS.

use std::time::Duration;

use netsim::Link;
use sip::RequestError;
use sip::syntax::{HeaderName, Method, Request, StatusCode, Uri};

use crate::phone::{BOB, Heard, Pair};

fn send(pair: &mut Pair, method: Method) {
    let request = Request::new(method, Uri::parse("sip:bob@192.0.2.2").unwrap());
    let (flow, now) = (pair.alice.flow(BOB), pair.now());
    pair.alice.endpoint.request(request, flow, now);
    pair.run_ms(10);
}

#[test]
fn a_request_is_completed_answered_and_its_response_told() {
    let mut pair = Pair::new(Link::default());
    send(&mut pair, Method::Register);
    assert_eq!(pair.bob.take(), [Heard::Request("REGISTER".into())]);
    let (tx, request) = pair.bob.request.take().unwrap();
    assert!(request.headers.from().unwrap().unwrap().tag().is_some());
    let now = pair.now();
    pair.bob
        .endpoint
        .respond(tx, request.respond(StatusCode::OK), now);
    pair.run_ms(60_000);
    assert_eq!(pair.alice.take(), [Heard::Response(Ok(200))]);
    assert!(
        pair.alice
            .answered
            .unwrap()
            .headers
            .to()
            .unwrap()
            .unwrap()
            .tag()
            .is_some()
    );
    assert_eq!(pair.bob.take_sent(), ["200 REGISTER"]);
}

#[test]
fn a_subscribe_is_answered_with_a_contact_and_a_notify_carries_one() {
    let mut pair = Pair::new(Link::default());
    send(&mut pair, Method::Subscribe);
    let (tx, request) = pair.bob.request.take().unwrap();
    assert!(request.headers.has(&HeaderName::Contact));
    let now = pair.now();
    pair.bob
        .endpoint
        .respond(tx, request.respond(StatusCode::OK), now);
    pair.run_ms(10);
    let answer = pair.alice.answered.unwrap();
    assert_eq!(
        answer.headers.get(&HeaderName::Contact),
        Some("<sip:192.0.2.2:5060>")
    );
}

#[test]
fn a_request_nobody_answers_times_out_after_32_seconds() {
    let mut pair = Pair::new(Link::default().losing(1.0));
    send(&mut pair, Method::Options);
    pair.run(Duration::from_millis(31_989));
    assert!(pair.alice.take().is_empty());
    pair.run_ms(1);
    assert_eq!(
        pair.alice.take(),
        [Heard::Response(Err(RequestError::Timeout))]
    );
    assert_eq!(pair.alice.take_sent().len(), 11);
}

#[test]
fn a_request_the_application_never_answers_is_forgotten() {
    let mut pair = Pair::new(Link::default());
    send(&mut pair, Method::Options);
    pair.run(Duration::from_secs(70));
    assert!(pair.bob.endpoint.poll_timeout().is_none());
    assert!(pair.bob.take_sent().is_empty());
}
