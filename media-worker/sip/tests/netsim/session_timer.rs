//! Session timers (RFC 4028).

use std::time::Duration;

use netsim::Link;
use sip::EndpointConfig;
use sip::syntax::{HeaderName, Headers, Message};

use crate::phone::{ALICE, BOB, Heard, OFFER, Pair, Phone};

fn short(seconds: u64) -> EndpointConfig {
    EndpointConfig {
        session_expires: Duration::from_secs(seconds),
        ..EndpointConfig::default()
    }
}

#[test]
fn the_called_refreshes_by_update_and_the_session_lives_on() {
    let mut pair = Pair::new(Link::default());
    pair.alice = Phone::with(ALICE, short(100));
    pair.bob = Phone::with(BOB, short(100));
    pair.talk();
    pair.run(Duration::from_secs(1000));
    assert!(pair.alice.take().is_empty() && pair.bob.take().is_empty());
    let refreshes = pair.bob.take_sent();
    assert!(
        refreshes.iter().all(|it| it == "UPDATE") && (18..=21).contains(&refreshes.len()),
        "{refreshes:?}"
    );
}

#[test]
fn a_session_whose_far_side_is_gone_expires() {
    let mut pair = Pair::new(Link::default());
    pair.alice = Phone::with(ALICE, short(100));
    pair.bob = Phone::with(BOB, short(100));
    pair.talk();
    pair.network.set_link(Link::default().losing(1.0));
    pair.run(Duration::from_secs(101));
    assert_eq!(pair.alice.take(), [Heard::Ended("SessionExpired".into())]);
    assert_eq!(pair.bob.take(), [Heard::Ended("Timeout".into())]);
    pair.run(Duration::from_mins(1));
    assert_eq!(
        pair.alice.endpoint.session_count() + pair.bob.endpoint.session_count(),
        0
    );
}

#[test]
fn too_small_an_interval_is_422_and_tried_again_with_the_one_asked_for() {
    let mut pair = Pair::new(Link::default());
    pair.alice = Phone::with(ALICE, short(100));
    pair.bob = Phone::with(
        BOB,
        EndpointConfig {
            min_se: Duration::from_mins(5),
            ..short(1800)
        },
    );
    pair.bob.answers_with = Some(OFFER);
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    pair.run_ms(1000);
    assert!(matches!(pair.alice.take()[..], [Heard::Answered(_)]));
    let sent = std::mem::take(&mut pair.alice.sent);
    let asked: Vec<_> = sent
        .iter()
        .filter_map(|it| it.headers().get(&HeaderName::SessionExpires))
        .collect();
    assert_eq!(asked, ["100", "300"]);
    let answer = pair.alice.answered.as_ref().unwrap();
    assert_eq!(
        answer.headers.get(&HeaderName::SessionExpires),
        Some("300;refresher=uas")
    );
}

#[test]
fn the_refresher_that_the_caller_wishes_is_granted() {
    let mut pair = Pair::new(Link::default());
    pair.bob.answers_with = Some(OFFER);
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    // The INVITE that is on its way asks for nothing in particular: rewrite it as it leaves.
    let wish = Headers::new().with(HeaderName::SessionExpires, "600;refresher=uac");
    let mut invite = match pair.alice.sent.remove(0) {
        Message::Request(request) => request,
        Message::Response(_) => panic!(),
    };
    invite.headers.remove(&HeaderName::SessionExpires);
    invite.headers.extend(wish);
    let flow = pair.bob.flow(ALICE);
    let now = pair.now();
    pair.bob
        .endpoint
        .handle_datagram(flow, &invite.to_bytes(), now);
    pair.bob.drain(now);
    let ok = pair
        .bob
        .sent
        .iter()
        .find(|it| matches!(it, Message::Response(_)))
        .unwrap();
    assert_eq!(
        ok.headers().get(&HeaderName::SessionExpires),
        Some("600;refresher=uac")
    );
    assert_eq!(ok.headers().get(&HeaderName::Require), Some("timer"));
}
