//! Calls over networks that lose, delay, reorder and duplicate.

use std::time::Duration;

use bytes::Bytes;
use netsim::Link;
use sip::syntax::{Headers, StatusCode};

use crate::phone::{ALICE, ANSWER, BOB, Heard, OFFER, Pair};

/// One call with ringing and hang-up; whether every step arrived.
fn whole_call(seed: u64, link: Link) -> Result<(), String> {
    let mut pair = Pair::seeded(seed, link);
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    let Some(session) = pair.run_until_it_rings() else {
        return Err("never rang".into());
    };
    let now = pair.now();
    pair.bob
        .endpoint
        .progress(session, StatusCode::RINGING, None, Headers::new(), now);
    pair.run_ms(2000);
    let now = pair.now();
    pair.bob
        .endpoint
        .accept(session, Bytes::from_static(ANSWER), Headers::new(), now);
    pair.run_ms(31_000);
    let (alice, bob) = (pair.alice.take(), pair.bob.take());
    let answers = alice
        .iter()
        .filter(|it| matches!(it, Heard::Answered(_)))
        .count();
    let invites = bob.iter().filter(|it| **it == Heard::Invite).count();
    let confirmed = bob
        .iter()
        .filter(|it| **it == Heard::Confirmed(None))
        .count();
    if (answers, invites, confirmed) != (1, 1, 1) {
        return Err(format!("{alice:?} {bob:?}"));
    }
    let now = pair.now();
    pair.alice.endpoint.end(pair.alice.id(), None, now);
    pair.run_ms(120_000);
    if pair.bob.take() != [Heard::Ended("Bye { reason: None }".into())] {
        return Err("no BYE".into());
    }
    let left = pair
        .alice
        .endpoint
        .poll_timeout()
        .or(pair.bob.endpoint.poll_timeout());
    if left.is_some() || pair.alice.endpoint.session_count() + pair.bob.endpoint.session_count() > 0
    {
        return Err("something is left over".into());
    }
    Ok(())
}

#[test]
fn thirty_percent_loss_both_ways_still_completes_calls() {
    for seed in 0..40 {
        whole_call(seed, Link::delayed(Duration::from_millis(20)).losing(0.3)).unwrap();
    }
}

#[test]
fn duplicated_and_reordered_messages_change_nothing() {
    for seed in 0..40 {
        let link = Link::default()
            .jittery(Duration::from_millis(300))
            .duplicating(0.5);
        whole_call(seed, link).unwrap();
    }
}

#[test]
fn all_of_it_at_once() {
    for seed in 0..40 {
        let link = Link::default()
            .jittery(Duration::from_millis(200))
            .duplicating(0.3)
            .losing(0.2);
        whole_call(seed, link).unwrap();
    }
}

#[test]
fn a_lost_ack_makes_the_2xx_come_again_and_be_acknowledged_again() {
    let mut pair = Pair::new(Link::default());
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(10);
    let now = pair.now();
    pair.network
        .set_link_between(ip(ALICE), ip(BOB), Link::default().losing(1.0));
    pair.bob.endpoint.accept(
        pair.bob.id(),
        Bytes::from_static(ANSWER),
        Headers::new(),
        now,
    );
    pair.run_ms(1000);
    pair.network
        .set_link_between(ip(ALICE), ip(BOB), Link::default());
    pair.run_ms(5000);
    assert_eq!(pair.alice.take_sent(), ["INVITE", "ACK", "ACK", "ACK"]);
    assert_eq!(pair.bob.take(), [Heard::Invite, Heard::Confirmed(None)]);
    assert_eq!(pair.alice.take().len(), 1);
}

fn ip(address: &str) -> std::net::IpAddr {
    address.parse::<std::net::SocketAddr>().unwrap().ip()
}
