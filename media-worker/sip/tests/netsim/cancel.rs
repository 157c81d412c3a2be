//! CANCEL and what it may cross (RFC 3261 9).

use std::time::Duration;

use bytes::Bytes;
use netsim::Link;
use sip::syntax::{Headers, Reason, StatusCode};

use crate::phone::{ANSWER, BOB, Heard, OFFER, Pair};

fn elsewhere() -> Reason {
    Reason::sip(200, "Call completed elsewhere")
}

#[test]
fn a_ringing_call_is_cancelled_with_its_reason() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(10);
    let now = pair.now();
    pair.bob.endpoint.progress(
        pair.bob.id(),
        StatusCode::RINGING,
        None,
        Headers::new(),
        now,
    );
    pair.run_ms(1000);
    pair.alice.take();
    pair.bob.take();
    let now = pair.now();
    pair.alice
        .endpoint
        .end(pair.alice.id(), Some(elsewhere()), now);
    pair.run_ms(60_000);
    let reason = "SIP;cause=200;text=\"Call completed elsewhere\"".to_owned();
    assert_eq!(pair.bob.take(), [Heard::Cancelled(Some(reason))]);
    assert!(pair.alice.take().is_empty());
    assert_eq!(pair.alice.take_sent(), ["INVITE", "CANCEL", "ACK"]);
    assert_eq!(
        pair.bob.take_sent(),
        ["180 INVITE", "200 CANCEL", "487 INVITE"]
    );
    assert_eq!(
        pair.alice.endpoint.session_count() + pair.bob.endpoint.session_count(),
        0
    );
}

#[test]
fn a_cancel_waits_for_a_provisional_response() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    let now = pair.now();
    pair.alice
        .endpoint
        .end(pair.alice.id(), Some(elsewhere()), now);
    pair.run_ms(150);
    assert_eq!(pair.alice.take_sent(), ["INVITE"]);
    pair.run_ms(10_000);
    assert_eq!(pair.alice.take_sent(), ["CANCEL", "ACK"]);
    assert_eq!(
        pair.bob.take_sent(),
        ["100 INVITE", "200 CANCEL", "487 INVITE"]
    );
}

#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut pair = Pair::new(Link::delayed(Duration::from_millis(50)));
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(60);
    let now = pair.now();
    pair.bob.endpoint.progress(
        pair.bob.id(),
        StatusCode::RINGING,
        None,
        Headers::new(),
        now,
    );
    pair.run_ms(100);
    pair.bob.take();
    let now = pair.now();
    pair.alice
        .endpoint
        .end(pair.alice.id(), Some(elsewhere()), now);
    pair.bob.endpoint.accept(
        pair.bob.id(),
        Bytes::from_static(ANSWER),
        Headers::new(),
        now,
    );
    pair.run_ms(60_000);
    assert_eq!(
        pair.bob.take(),
        [
            Heard::Confirmed(None),
            Heard::Ended("Bye { reason: None }".into())
        ]
    );
    assert_eq!(pair.alice.take_sent(), ["INVITE", "CANCEL", "ACK", "BYE"]);
    assert_eq!(
        pair.bob.take_sent(),
        ["180 INVITE", "200 INVITE", "200 CANCEL", "200 BYE"]
    );
    assert_eq!(
        pair.alice.endpoint.session_count() + pair.bob.endpoint.session_count(),
        0
    );
}

#[test]
fn bye_in_an_early_dialog_ends_the_call_as_cancel_does() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(10);
    let now = pair.now();
    pair.bob.endpoint.progress(
        pair.bob.id(),
        StatusCode::RINGING,
        None,
        Headers::new(),
        now,
    );
    pair.run_ms(10);
    pair.bob.take();
    let now = pair.now();
    let bye = sip::syntax::Method::Bye;
    pair.alice
        .endpoint
        .request_within(pair.alice.id(), bye, Headers::new(), Bytes::new(), now);
    pair.run_ms(1000);
    assert_eq!(pair.bob.take(), [Heard::Cancelled(None)]);
    assert_eq!(
        pair.bob.take_sent(),
        ["180 INVITE", "200 BYE", "487 INVITE"]
    );
    assert!(pair.alice.take().contains(&Heard::Failed(487)));
}

#[test]
fn an_incoming_call_that_the_application_ends_is_refused() {
    for (reason, status) in [
        (None, 480),
        (Some(Reason::sip(486, "busy")), 486),
        (Some(elsewhere()), 480),
    ] {
        let mut pair = Pair::new(Link::default());
        pair.alice.call(BOB, Some(OFFER), pair.network.now());
        pair.run_ms(10);
        let now = pair.now();
        pair.bob.endpoint.end(pair.bob.id(), reason, now);
        pair.run_ms(10);
        assert_eq!(pair.alice.take(), [Heard::Failed(status)]);
    }
}
