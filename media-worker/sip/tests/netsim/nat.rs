//! Phones behind NATs: responses and requests find the way back (RFC 3581).

use bytes::Bytes;
use netsim::{Link, Nat};
use sip::syntax::{HeaderName, Headers};

use crate::phone::{ALICE, ANSWER, BOB, Heard, OFFER, Pair};

fn behind_nat() -> Pair {
    let mut pair = Pair::new(Link::default());
    let inside = ALICE.parse::<std::net::SocketAddr>().unwrap().ip();
    pair.network
        .add_nat(Nat::new("203.0.113.9".parse().unwrap(), [inside]));
    pair
}

#[test]
fn a_call_from_behind_a_nat_works_in_both_directions() {
    let mut pair = behind_nat();
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
fn the_source_is_noted_in_via() {
    let mut pair = behind_nat();
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(10);
    let now = pair.now();
    pair.bob.endpoint.accept(
        pair.bob.id(),
        Bytes::from_static(ANSWER),
        Headers::new(),
        now,
    );
    pair.run_ms(10);
    let via = pair.bob.sent[0].headers().get(&HeaderName::Via).unwrap();
    assert!(
        via.contains("received=203.0.113.9") && via.contains("rport=40000"),
        "{via}"
    );
}
