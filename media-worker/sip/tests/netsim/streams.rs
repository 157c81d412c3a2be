//! Over TCP: nothing is retransmitted but 2xx, and a lost connection is told.

use std::time::Instant;

use bytes::Bytes;
use netsim::Link;
use sip::syntax::{Headers, Method, NameAddr, Request, Uri};
use sip::transport::{Flow, Protocol};
use sip::{Event, Invite, Output, RequestError, SessionEvent};

use crate::phone::{ALICE, ANSWER, BOB, OFFER, Pair, Phone};

fn stream(from: &str, to: &str) -> Flow {
    let (local, remote) = (from.parse().unwrap(), to.parse().unwrap());
    Flow {
        protocol: Protocol::Tcp,
        local,
        remote,
        connection: 9,
    }
}

/// Hands everything over until nobody has anything to say; the events of both.
fn settle(alice: &mut Phone, bob: &mut Phone, now: Instant) -> (Vec<Event>, Vec<Event>) {
    let mut events = (Vec::new(), Vec::new());
    loop {
        let (to_bob, more_a) = outputs(alice);
        let (to_alice, more_b) = outputs(bob);
        events.0.extend(more_a);
        events.1.extend(more_b);
        if to_bob.is_empty() && to_alice.is_empty() {
            return events;
        }
        for bytes in &to_bob {
            bob.endpoint.handle_datagram(stream(BOB, ALICE), bytes, now);
        }
        for bytes in &to_alice {
            alice
                .endpoint
                .handle_datagram(stream(ALICE, BOB), bytes, now);
        }
    }
}

fn outputs(phone: &mut Phone) -> (Vec<Bytes>, Vec<Event>) {
    let (mut sent, mut events) = (Vec::new(), Vec::new());
    while let Some(output) = phone.endpoint.poll_output() {
        match output {
            Output::Send { bytes, .. } => sent.push(bytes),
            Output::Event(event) => events.push(*event),
            Output::Close(_) => {}
        }
    }
    (sent, events)
}

fn talking() -> (Pair, Instant) {
    let mut pair = Pair::new(Link::default());
    let now = pair.now();
    let target = Uri::parse("sip:bob@192.0.2.2").unwrap();
    let invite = Invite {
        target: target.clone(),
        flow: stream(ALICE, BOB),
        from: NameAddr::new(target.clone()),
        to: NameAddr::new(target),
        route: Vec::new(),
        headers: Headers::new(),
        offer: Some(Bytes::from_static(OFFER)),
        account: None,
    };
    pair.alice.endpoint.invite(invite, now);
    let (_, events) = settle(&mut pair.alice, &mut pair.bob, now);
    let [Event::Invite { session, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    pair.bob
        .endpoint
        .accept(*session, Bytes::from_static(ANSWER), Headers::new(), now);
    let (events, _) = settle(&mut pair.alice, &mut pair.bob, now);
    assert!(matches!(
        &events[..],
        [Event::Session {
            event: SessionEvent::Answered { .. },
            ..
        }]
    ));
    (pair, now)
}

#[test]
fn a_lost_connection_ends_its_sessions() {
    let (mut pair, now) = talking();
    pair.bob.endpoint.flow_closed(stream(BOB, ALICE), now);
    let (_, events) = outputs(&mut pair.bob);
    assert!(matches!(
        &events[..],
        [Event::Session {
            event: SessionEvent::Ended {
                reason: sip::EndReason::FlowLost
            },
            ..
        }]
    ));
    assert_eq!(pair.bob.endpoint.session_count(), 0);
}

#[test]
fn a_lost_connection_fails_its_requests_and_calls() {
    let mut pair = Pair::new(Link::default());
    let now = pair.now();
    let flow = stream(ALICE, BOB);
    let uri = Uri::parse("sip:bob@192.0.2.2").unwrap();
    pair.alice
        .endpoint
        .request(Request::new(Method::Options, uri), flow, now);
    pair.alice.endpoint.flow_closed(flow, now);
    let (_, events) = outputs(&mut pair.alice);
    assert!(matches!(
        &events[..],
        [Event::Response {
            result: Err(RequestError::Transport),
            ..
        }]
    ));
    assert!(pair.alice.endpoint.poll_timeout().is_none());
}

#[test]
fn what_is_no_sip_closes_the_connection() {
    let mut pair = Pair::new(Link::default());
    let now = pair.now();
    let flow = stream(BOB, ALICE);
    pair.bob
        .endpoint
        .handle_datagram(flow, &Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n"), now);
    let closes = std::iter::from_fn(|| pair.bob.endpoint.poll_output());
    assert!(
        closes
            .into_iter()
            .any(|output| matches!(output, Output::Close(it) if it == flow))
    );
}
