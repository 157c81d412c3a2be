//! What overflows is answered 503 with Retry-After, and counted.

use netsim::Link;
use sip::syntax::{HeaderName, Headers, Method, Request, StatusCode, Uri};
use sip::{Bounds, EndpointConfig, Rejected};

use crate::phone::{BOB, Heard, OFFER, Pair, Phone};

fn bounded(bounds: Bounds) -> Pair {
    let mut pair = Pair::new(Link::default());
    pair.bob = Phone::with(
        BOB,
        EndpointConfig {
            bounds,
            ..EndpointConfig::default()
        },
    );
    pair
}

fn option(pair: &mut Pair) {
    let request = Request::new(Method::Options, Uri::parse("sip:bob@192.0.2.2").unwrap());
    let (flow, now) = (pair.alice.flow(BOB), pair.now());
    pair.alice.endpoint.request(request, flow, now);
    pair.run_ms(10);
}

fn respond(pair: &mut Pair) {
    let (tx, request) = pair.bob.request.take().unwrap();
    let now = pair.now();
    pair.bob
        .endpoint
        .respond(tx, request.respond(StatusCode::OK), now);
    pair.run_ms(10);
}

#[test]
fn one_session_too_many_is_503() {
    let mut pair = bounded(Bounds {
        sessions: 1,
        ..Bounds::default()
    });
    for _ in 0..2 {
        pair.alice.call(BOB, Some(OFFER), pair.network.now());
        pair.run_ms(10);
    }
    assert_eq!(pair.alice.take(), [Heard::Failed(503)]);
    assert!(pair.bob.sent[0].headers().has(&HeaderName::RetryAfter));
    assert_eq!(
        pair.bob
            .endpoint
            .drain_counters()
            .rejected(Rejected::Sessions),
        1
    );
}

#[test]
fn answered_transactions_give_way_and_unanswered_ones_do_not() {
    let mut pair = bounded(Bounds {
        server_transactions: 2,
        ..Bounds::default()
    });
    for _ in 0..5 {
        option(&mut pair);
        respond(&mut pair);
    }
    assert_eq!(pair.alice.take(), vec![Heard::Response(Ok(200)); 5]);
    for _ in 0..3 {
        option(&mut pair);
    }
    assert_eq!(pair.alice.take(), [Heard::Response(Ok(503))]);
    assert_eq!(
        pair.bob
            .endpoint
            .drain_counters()
            .rejected(Rejected::Transactions),
        1
    );
}

#[test]
fn one_peer_holds_so_many_bytes_of_unanswered_requests() {
    let mut pair = bounded(Bounds {
        bytes_per_peer: 2000,
        ..Bounds::default()
    });
    for _ in 0..3 {
        option(&mut pair);
    }
    assert_eq!(pair.alice.take(), [Heard::Response(Ok(503))]);
    respond(&mut pair);
    option(&mut pair);
    assert_eq!(
        pair.bob
            .endpoint
            .drain_counters()
            .rejected(Rejected::PeerBytes),
        1
    );
}

#[test]
fn a_call_of_ours_too_many_fails_at_once() {
    let mut pair = bounded(Bounds::default());
    pair.alice = Phone::with(
        crate::phone::ALICE,
        EndpointConfig {
            bounds: Bounds {
                sessions: 0,
                ..Bounds::default()
            },
            ..EndpointConfig::default()
        },
    );
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    assert_eq!(pair.alice.take(), [Heard::Failed(503)]);
    let now = pair.now();
    pair.alice.endpoint.progress(
        pair.alice.id(),
        StatusCode::RINGING,
        None,
        Headers::new(),
        now,
    );
}
