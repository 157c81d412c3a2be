//! Reliable provisional responses (RFC 3262).

use std::time::Duration;

use bytes::Bytes;
use netsim::Link;
use sip::syntax::{HeaderName, Headers, StatusCode};

use crate::phone::{ANSWER, BOB, Heard, OFFER, Pair};

fn requiring(pair: &mut Pair) {
    let headers = Headers::new().with(HeaderName::Require, "100rel");
    pair.alice
        .call_with(BOB, Some(OFFER), headers, pair.network.now());
    pair.run_until_it_rings().unwrap();
    pair.bob.take();
}

#[test]
fn a_required_provisional_response_is_acknowledged() {
    let mut pair = Pair::new(Link::default());
    requiring(&mut pair);
    let now = pair.now();
    pair.bob.endpoint.progress(
        pair.bob.id(),
        StatusCode::RINGING,
        None,
        Headers::new(),
        now,
    );
    pair.run_ms(5000);
    assert_eq!(pair.alice.take(), [Heard::Progress(180, None, 0)]);
    assert_eq!(pair.alice.take_sent(), ["INVITE", "PRACK"]);
    assert_eq!(
        pair.bob.take_sent(),
        ["100 INVITE", "180 INVITE", "200 PRACK"]
    );
}

#[test]
fn provisional_responses_arrive_once_and_in_order_over_a_bad_network() {
    for seed in 0..30 {
        let link = Link::default()
            .losing(0.3)
            .duplicating(0.2)
            .jittery(Duration::from_millis(100));
        let mut pair = Pair::seeded(seed, link);
        requiring(&mut pair);
        let now = pair.now();
        let early = Some(Bytes::from_static(ANSWER));
        let bob = pair.bob.id();
        pair.bob
            .endpoint
            .progress(bob, StatusCode::RINGING, None, Headers::new(), now);
        pair.bob.endpoint.progress(
            bob,
            StatusCode::SESSION_PROGRESS,
            early.clone(),
            Headers::new(),
            now,
        );
        pair.bob
            .endpoint
            .accept(bob, Bytes::from_static(ANSWER), Headers::new(), now);
        pair.run_ms(60_000);
        let expected = [
            Heard::Progress(180, None, 0),
            Heard::Progress(183, early.clone(), 0),
            Heard::Answered(early),
        ];
        assert_eq!(pair.alice.take(), expected, "seed {seed}");
        assert_eq!(pair.bob.take(), [Heard::Confirmed(None)], "seed {seed}");
    }
}

#[test]
fn a_2xx_waits_for_the_prack_of_a_described_response() {
    let mut pair = Pair::new(Link::default());
    requiring(&mut pair);
    let now = pair.now();
    let bob = pair.bob.id();
    let sdp = Bytes::from_static(ANSWER);
    pair.bob.endpoint.progress(
        bob,
        StatusCode::SESSION_PROGRESS,
        Some(sdp.clone()),
        Headers::new(),
        now,
    );
    pair.bob.endpoint.accept(bob, sdp, Headers::new(), now);
    pair.run_ms(1000);
    assert_eq!(
        pair.bob.take_sent(),
        ["100 INVITE", "183 INVITE", "200 PRACK", "200 INVITE"]
    );
}

#[test]
fn a_response_nobody_acknowledges_fails_the_call() {
    let mut pair = Pair::new(Link::default());
    requiring(&mut pair);
    pair.network.set_link(Link::default().losing(1.0));
    let now = pair.now();
    pair.bob.endpoint.progress(
        pair.bob.id(),
        StatusCode::RINGING,
        None,
        Headers::new(),
        now,
    );
    pair.run_ms(32_100);
    assert_eq!(pair.bob.take(), [Heard::Ended("Unanswered".into())]);
    let sent = pair.bob.take_sent();
    assert_eq!(
        sent.iter().filter(|it| *it == "180 INVITE").count(),
        7,
        "{sent:?}"
    );
    assert!(sent.contains(&"504 INVITE".to_owned()));
}
