//! Offers within a session, and offers that cross (RFC 3261 14).

use std::time::Duration;

use bytes::Bytes;
use netsim::Link;
use sip::syntax::StatusCode;

use crate::phone::{Heard, Pair, Phone};

const HOLD: &[u8] = b"v=0\r\na=sendonly\r\n";
const OTHER: &[u8] = b"v=0\r\na=recvonly\r\n";

fn answer_any(phone: &mut Phone, heard: &[Heard], now: std::time::Instant) {
    if heard.iter().any(|it| matches!(it, Heard::Offer(_))) {
        phone
            .endpoint
            .answer_offer(phone.id(), Bytes::from_static(OTHER), now);
    }
}

#[test]
fn a_reoffer_is_answered() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    let now = pair.now();
    pair.bob
        .endpoint
        .reoffer(pair.bob.id(), Bytes::from_static(HOLD), now);
    pair.run_ms(10);
    assert_eq!(
        pair.alice.take(),
        [Heard::Offer(Some(Bytes::from_static(HOLD)))]
    );
    let now = pair.now();
    pair.alice
        .endpoint
        .answer_offer(pair.alice.id(), Bytes::from_static(OTHER), now);
    pair.run_ms(5000);
    assert_eq!(pair.bob.take(), [Heard::Answer(Bytes::from_static(OTHER))]);
    assert_eq!(pair.bob.take_sent(), ["INVITE", "ACK"]);
    assert_eq!(pair.alice.take_sent(), ["200 INVITE"]);
}

#[test]
fn a_refused_reoffer_leaves_the_session_as_it_was() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    let now = pair.now();
    pair.alice
        .endpoint
        .reoffer(pair.alice.id(), Bytes::from_static(HOLD), now);
    pair.run_ms(10);
    let now = pair.now();
    pair.bob
        .endpoint
        .refuse_offer(pair.bob.id(), StatusCode::NOT_ACCEPTABLE_HERE, now);
    pair.run_ms(1000);
    assert_eq!(pair.alice.take(), [Heard::OfferFailed(488)]);
    assert_eq!(
        (
            pair.alice.endpoint.session_count(),
            pair.bob.endpoint.session_count()
        ),
        (1, 1)
    );
}

#[test]
fn offers_that_cross_are_both_refused_and_both_made_again() {
    for seed in 0..20 {
        let mut pair = Pair::seeded(seed, Link::delayed(Duration::from_millis(20)));
        pair.talk();
        let now = pair.now();
        pair.alice
            .endpoint
            .reoffer(pair.alice.id(), Bytes::from_static(HOLD), now);
        pair.bob
            .endpoint
            .reoffer(pair.bob.id(), Bytes::from_static(HOLD), now);
        let (mut answers, mut alice_sent) = ((0, 0), Vec::new());
        for _ in 0..1000 {
            pair.run_ms(10);
            let (alice, bob) = (pair.alice.take(), pair.bob.take());
            let count = |heard: &[Heard]| {
                heard
                    .iter()
                    .filter(|it| matches!(it, Heard::Answer(_)))
                    .count()
            };
            answers = (answers.0 + count(&alice), answers.1 + count(&bob));
            let now = pair.now();
            answer_any(&mut pair.alice, &alice, now);
            answer_any(&mut pair.bob, &bob, now);
            alice_sent.extend(pair.alice.take_sent());
        }
        assert_eq!(answers, (1, 1), "seed {seed}");
        assert!(alice_sent.contains(&"491 INVITE".to_owned()));
    }
}

#[test]
fn a_second_offer_before_the_first_is_answered_is_made_after_it() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    let now = pair.now();
    pair.alice
        .endpoint
        .reoffer(pair.alice.id(), Bytes::from_static(HOLD), now);
    pair.alice
        .endpoint
        .reoffer(pair.alice.id(), Bytes::from_static(OTHER), now);
    pair.run_ms(10);
    assert_eq!(
        pair.bob.take(),
        [Heard::Offer(Some(Bytes::from_static(HOLD)))]
    );
    let now = pair.now();
    pair.bob
        .endpoint
        .answer_offer(pair.bob.id(), Bytes::from_static(HOLD), now);
    pair.run_ms(10);
    assert_eq!(
        pair.bob.take(),
        [Heard::Offer(Some(Bytes::from_static(OTHER)))]
    );
}

#[test]
fn a_bye_while_an_offer_is_open_answers_it_487() {
    let mut pair = Pair::new(Link::default());
    pair.talk();
    let now = pair.now();
    pair.alice
        .endpoint
        .reoffer(pair.alice.id(), Bytes::from_static(HOLD), now);
    pair.run_ms(10);
    let now = pair.now();
    pair.alice.endpoint.end(pair.alice.id(), None, now);
    pair.run_ms(60_000);
    assert_eq!(pair.bob.take_sent(), ["200 BYE", "487 INVITE"]);
    assert_eq!(
        pair.alice.endpoint.session_count() + pair.bob.endpoint.session_count(),
        0
    );
}

#[test]
fn byes_that_cross_are_both_answered_200() {
    let mut pair = Pair::new(Link::delayed(Duration::from_millis(20)));
    pair.talk();
    let now = pair.now();
    pair.alice.endpoint.end(pair.alice.id(), None, now);
    pair.bob.endpoint.end(pair.bob.id(), None, now);
    pair.run_ms(60_000);
    assert_eq!(pair.alice.take_sent(), ["BYE", "200 BYE"]);
    assert_eq!(pair.bob.take_sent(), ["BYE", "200 BYE"]);
    assert_eq!(
        pair.alice.endpoint.session_count() + pair.bob.endpoint.session_count(),
        0
    );
}
