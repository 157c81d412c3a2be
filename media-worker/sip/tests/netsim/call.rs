//! A call rings, is answered and ends.

use bytes::Bytes;
use netsim::Link;
use sip::syntax::{Headers, Reason, StatusCode};

use crate::phone::{ANSWER, BOB, Heard, OFFER, Pair};

#[test]
fn a_call_rings_is_answered_and_ends_with_the_fewest_messages() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(10);
    assert_eq!(pair.bob.take(), [Heard::Invite]);
    let now = pair.now();
    pair.bob.endpoint.progress(
        pair.bob.id(),
        StatusCode::RINGING,
        None,
        Headers::new(),
        now,
    );
    pair.run_ms(3000);
    assert_eq!(pair.alice.take(), [Heard::Progress(180, None, 0)]);
    let now = pair.now();
    pair.bob.endpoint.accept(
        pair.bob.id(),
        Bytes::from_static(ANSWER),
        Headers::new(),
        now,
    );
    pair.run_ms(5000);
    assert_eq!(
        pair.alice.take(),
        [Heard::Answered(Some(Bytes::from_static(ANSWER)))]
    );
    assert_eq!(pair.bob.take(), [Heard::Confirmed(None)]);
    let now = pair.now();
    pair.alice
        .endpoint
        .end(pair.alice.id(), Some(Reason::sip(200, "bye")), now);
    pair.run_ms(100);
    assert!(
        matches!(&pair.bob.take()[..], [Heard::Ended(why)] if why.contains("Bye") && why.contains("cause: Some(200)"))
    );
    assert!(pair.alice.take().is_empty());
    assert_eq!(pair.alice.take_sent(), ["INVITE", "ACK", "BYE"]);
    assert_eq!(
        pair.bob.take_sent(),
        ["180 INVITE", "200 INVITE", "200 BYE"]
    );
    pair.run_ms(60_000);
    assert_eq!(
        pair.alice.endpoint.session_count() + pair.bob.endpoint.session_count(),
        0
    );
    assert!(
        pair.alice.endpoint.poll_timeout().is_none() && pair.bob.endpoint.poll_timeout().is_none()
    );
}

#[test]
fn an_invite_gets_its_100_after_200_ms() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(199);
    assert!(pair.bob.take_sent().is_empty());
    pair.run_ms(30_000);
    assert_eq!(pair.bob.take_sent(), ["100 INVITE"]);
    assert_eq!(pair.alice.take_sent(), ["INVITE"]);
}

#[test]
fn the_called_hangs_up_first() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    let now = pair.now();
    pair.bob.endpoint.end(pair.bob.id(), None, now);
    pair.run_ms(100);
    assert_eq!(
        pair.alice.take(),
        [Heard::Ended("Bye { reason: None }".into())]
    );
}

#[test]
fn a_busy_phone_refuses_and_the_refusal_is_acknowledged() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(10);
    let now = pair.now();
    pair.bob
        .endpoint
        .reject(pair.bob.id(), StatusCode::BUSY_HERE, Headers::new(), now);
    pair.run_ms(40_000);
    assert_eq!(pair.alice.take(), [Heard::Failed(486)]);
    assert_eq!(pair.alice.take_sent(), ["INVITE", "ACK"]);
    assert_eq!(pair.bob.take_sent(), ["486 INVITE"]);
}

#[test]
fn nobody_there_is_a_408_after_32_seconds() {
    let mut pair = Pair::new(Link::default().losing(1.0));
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(31_999);
    assert!(pair.alice.take().is_empty());
    pair.run_ms(1);
    assert_eq!(pair.alice.take(), [Heard::Failed(408)]);
    assert_eq!(pair.alice.take_sent().len(), 7);
}

#[test]
fn a_2xx_nobody_acknowledges_ends_the_session_after_32_seconds() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(10);
    pair.network.set_link(Link::default().losing(1.0));
    let now = pair.now();
    pair.bob.take();
    pair.bob.endpoint.accept(
        pair.bob.id(),
        Bytes::from_static(ANSWER),
        Headers::new(),
        now,
    );
    pair.run_ms(32_010);
    assert_eq!(pair.bob.take(), [Heard::Ended("AckTimeout".into())]);
    let sent = pair.bob.take_sent();
    assert_eq!(
        sent.iter().filter(|it| *it == "200 INVITE").count(),
        11,
        "{sent:?}"
    );
    assert_eq!(sent.iter().filter(|it| *it == "BYE").count(), 1, "{sent:?}");
}
