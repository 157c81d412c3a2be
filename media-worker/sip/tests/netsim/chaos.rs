//! Applications that do anything at any time, over a bad network, and peers that send anything: nothing panics, and
//! when all calls are ended nothing is left.

use std::time::{Duration, Instant};

use bytes::Bytes;
use netsim::Link;
use proptest::prelude::*;
use sip::syntax::{HeaderName, Headers, Method, StatusCode};

use crate::phone::{ALICE, ANSWER, BOB, OFFER, Pair, Phone};

/// What an application may do to its session; the number chooses.
fn act(phone: &mut Phone, choice: u8, now: Instant) {
    let Some(session) = phone.session else { return };
    let endpoint = &mut phone.endpoint;
    let sdp = || Bytes::from_static(ANSWER);
    match choice {
        0 => endpoint.progress(session, StatusCode::RINGING, None, Headers::new(), now),
        1 => endpoint.progress(
            session,
            StatusCode::SESSION_PROGRESS,
            Some(sdp()),
            Headers::new(),
            now,
        ),
        2 | 3 => endpoint.accept(session, sdp(), Headers::new(), now),
        4 => endpoint.reject(session, StatusCode::BUSY_HERE, Headers::new(), now),
        5 => endpoint.reoffer(session, sdp(), now),
        6 | 7 => endpoint.answer_offer(session, sdp(), now),
        8 => endpoint.refuse_offer(session, StatusCode::NOT_ACCEPTABLE_HERE, now),
        9 => endpoint.ack_with(session, sdp(), now),
        10 => {
            endpoint.request_within(session, Method::Info, Headers::new(), Bytes::new(), now);
        }
        11 => {
            if let Some((tx, request)) = phone.request.take() {
                endpoint.respond(tx, request.respond(StatusCode::OK), now);
            }
        }
        _ => endpoint.end(session, None, now),
    }
}

fn headers(choice: u8) -> Headers {
    if choice.is_multiple_of(2) {
        Headers::new()
    } else {
        Headers::new().with(HeaderName::Require, "100rel")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_the_applications_do_nothing_is_left_over(
        seed in 0u64..1000,
        steps in prop::collection::vec((any::<bool>(), 0u8..16, 0u64..3000), 1..60),
    ) {
        let link = Link::default().losing(0.15).duplicating(0.1).jittery(Duration::from_millis(80));
        let mut pair = Pair::seeded(seed, link);
        let mut calls = Vec::new();
        for (is_alice, choice, pause) in steps {
            let now = pair.now();
            if choice > 13 {
                let offer = (pause % 3 > 0).then_some(OFFER);
                calls.push(pair.alice.call_with(BOB, offer, headers(choice), now));
            } else {
                act(if is_alice { &mut pair.alice } else { &mut pair.bob }, choice, now);
            }
            pair.run_ms(pause);
        }
        let now = pair.now();
        for call in calls {
            pair.alice.endpoint.end(call, None, now);
        }
        // What Bob never answered is refused after ten minutes; sessions nobody ended expire after thirty.
        pair.run(Duration::from_secs(2200));
        prop_assert_eq!((pair.alice.endpoint.session_count(), pair.bob.endpoint.session_count()), (0, 0));
        prop_assert!(pair.alice.endpoint.poll_timeout().is_none() && pair.bob.endpoint.poll_timeout().is_none());
    }

    #[test]
    fn whatever_a_peer_sends_nothing_panics(
        mutations in prop::collection::vec((0usize..12, any::<prop::sample::Index>(), any::<u8>()), 0..40),
    ) {
        let mut pair = Pair::new(Link::default());
        pair.talk();
        let now = pair.now();
        let bob = pair.bob.id();
        pair.bob.endpoint.reoffer(bob, Bytes::from_static(OFFER), now);
        pair.alice.endpoint.request_within(pair.alice.id(), Method::Info, Headers::new(), Bytes::new(), now);
        pair.alice.call_with(BOB, Some(OFFER), headers(1), now);
        pair.alice.drain(now);
        let originals: Vec<Bytes> = pair.alice.sent.iter().chain(&pair.bob.sent).map(sip::syntax::Message::to_bytes).collect();
        let flow = pair.bob.flow(ALICE);
        for (which, at, octet) in mutations {
            let mut bytes = originals[which % originals.len()].to_vec();
            let at = at.index(bytes.len());
            bytes[at] = octet;
            pair.bob.endpoint.handle_datagram(flow, &Bytes::from(bytes), now);
            while pair.bob.endpoint.poll_output().is_some() {}
        }
    }
}
