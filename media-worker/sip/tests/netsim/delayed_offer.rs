//! INVITEs without an offer (RFC 3261 13.2.1): the 2xx offers, the ACK answers.

use bytes::Bytes;
use netsim::Link;
use sip::syntax::{Headers, Method};

use crate::phone::{ANSWER, BOB, Heard, OFFER, Pair};

#[test]
fn the_ack_carries_the_answer() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, None, pair.network.now());
    pair.run_ms(10);
    let now = pair.now();
    pair.bob.endpoint.accept(
        pair.bob.id(),
        Bytes::from_static(OFFER),
        Headers::new(),
        now,
    );
    pair.run_ms(100);
    assert_eq!(
        pair.alice.take(),
        [Heard::Answered(Some(Bytes::from_static(OFFER)))]
    );
    let now = pair.now();
    pair.alice
        .endpoint
        .ack_with(pair.alice.id(), Bytes::from_static(ANSWER), now);
    pair.run_ms(100);
    assert_eq!(
        pair.bob.take(),
        [
            Heard::Invite,
            Heard::Confirmed(Some(Bytes::from_static(ANSWER)))
        ]
    );
}

#[test]
fn a_call_ended_before_its_answer_is_acknowledged_and_ended() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, None, pair.network.now());
    pair.run_ms(10);
    let now = pair.now();
    pair.bob.endpoint.accept(
        pair.bob.id(),
        Bytes::from_static(OFFER),
        Headers::new(),
        now,
    );
    pair.run_ms(100);
    let now = pair.now();
    pair.alice.endpoint.end(pair.alice.id(), None, now);
    pair.run_ms(100);
    assert_eq!(pair.alice.take_sent(), ["INVITE", "ACK", "BYE"]);
}

#[test]
fn an_empty_reinvite_asks_for_our_offer() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    let now = pair.now();
    let contact = Headers::new();
    pair.alice
        .endpoint
        .request_within(pair.alice.id(), Method::Invite, contact, Bytes::new(), now);
    pair.run_ms(10);
    assert_eq!(pair.bob.take(), [Heard::Offer(None)]);
    let now = pair.now();
    pair.bob
        .endpoint
        .answer_offer(pair.bob.id(), Bytes::from_static(OFFER), now);
    pair.run_ms(10);
    assert_eq!(pair.alice.take(), [Heard::Response(Ok(200))]);
}
