//! A far side that asks for credentials (RFC 3261 section 22): of calls, and within them.

use bytes::Bytes;
use netsim::Link;
use sip::digest::{Account, Authority, Ha1s, Outcome};
use sip::syntax::{HeaderName, Headers, Message, Method, Request, StatusCode};

use crate::phone::{ALICE, ANSWER, BOB, Heard, OFFER, Pair};

fn account(password: &str) -> Account {
    Account {
        username: "alice".into(),
        password: password.into(),
    }
}

/// Who checks Bob's callers.
fn authority(pair: &Pair) -> Authority {
    Authority::new(b"key", "provider", "bob", pair.now())
}

fn known(username: &str) -> Option<Ha1s> {
    (username == "alice").then(|| Ha1s::of_password(username, "provider", "right"))
}

fn challenges(authority: &mut Authority, pair: &Pair) -> Headers {
    let mut headers = Headers::new();
    for challenge in authority.challenge(pair.now(), false) {
        headers.push(HeaderName::WwwAuthenticate, challenge);
    }
    headers
}

/// The requests of this method that Alice has sent.
fn sent(pair: &Pair, method: &Method) -> Vec<Request> {
    let requests = pair.alice.sent.iter().filter_map(|message| match message {
        Message::Request(request) if request.method == *method => Some(request.clone()),
        Message::Request(_) | Message::Response(_) => None,
    });
    requests.collect()
}

fn calls(pair: &mut Pair, password: &str) -> Authority {
    let mut authority = authority(pair);
    let now = pair.now();
    pair.alice.call_as(account(password), BOB, OFFER, now);
    pair.run_ms(10);
    let headers = challenges(&mut authority, pair);
    let (id, now) = (pair.bob.id(), pair.now());
    pair.bob
        .endpoint
        .dismiss(id, StatusCode::UNAUTHORIZED, headers, now);
    pair.bob.session = None;
    pair.run_ms(20);
    authority
}

#[test]
fn a_challenged_call_is_made_again_signed_and_so_is_all_that_follows() {
    let mut pair = Pair::new(Link::default());
    let mut authority = calls(&mut pair, "right");
    let invites = sent(&pair, &Method::Invite);
    let [first, second] = &invites[..] else {
        panic!("{invites:?}");
    };
    assert_eq!(first.headers.call_id(), second.headers.call_id());
    assert_eq!(first.headers.from(), second.headers.from());
    assert_eq!(second.headers.get(&HeaderName::CSeq), Some("2 INVITE"));
    let now = pair.now();
    let outcome = authority.verify(second, known, now);
    assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");

    let answer = Bytes::from_static(ANSWER);
    let id = pair.bob.session.expect("it rings again");
    pair.bob.endpoint.accept(id, answer, Headers::new(), now);
    pair.run_ms(20);
    assert!(matches!(pair.alice.take()[..], [Heard::Answered(_)]));

    let (id, now) = (pair.alice.id(), pair.now());
    pair.alice.endpoint.end(id, None, now);
    pair.run_ms(20);
    let byes = sent(&pair, &Method::Bye);
    assert_eq!(byes.len(), 1);
    // A nonce counts its uses: the same answer again would be a replay.
    let outcome = authority.verify(&byes[0], known, pair.now());
    assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");
}

#[test]
fn a_wrong_password_fails_the_call_after_one_try() {
    let mut pair = Pair::new(Link::default());
    let mut authority = calls(&mut pair, "wrong");
    let headers = challenges(&mut authority, &pair);
    let (id, now) = (pair.bob.session.expect("it rings again"), pair.now());
    pair.bob
        .endpoint
        .dismiss(id, StatusCode::UNAUTHORIZED, headers, now);
    pair.run_ms(1000);
    assert_eq!(pair.alice.take(), [Heard::Failed(401)]);
    assert_eq!(sent(&pair, &Method::Invite).len(), 2);
    assert_eq!(pair.alice.endpoint.session_count(), 0);
}

#[test]
fn without_an_account_a_challenge_is_a_refusal() {
    let mut pair = Pair::new(Link::default());
    let now = pair.now();
    pair.alice.call(BOB, Some(OFFER), now);
    pair.run_ms(10);
    let mut authority = authority(&pair);
    let headers = challenges(&mut authority, &pair);
    let (id, now) = (pair.bob.id(), pair.now());
    pair.bob
        .endpoint
        .dismiss(id, StatusCode::UNAUTHORIZED, headers, now);
    pair.run_ms(20);
    assert_eq!(pair.alice.take(), [Heard::Failed(401)]);
    assert_eq!(pair.alice.address.to_string(), ALICE);
}

#[test]
fn a_challenged_goodbye_is_said_again_once() {
    let mut pair = Pair::new(Link::default());
    let mut authority = calls(&mut pair, "right");
    let answer = Bytes::from_static(ANSWER);
    let (id, now) = (pair.bob.session.expect("it rings again"), pair.now());
    pair.bob.endpoint.accept(id, answer, Headers::new(), now);
    pair.run_ms(20);
    // Whoever forgot the call does not know it: the goodbye is answered by a stranger who asks who says it.
    let (id, now) = (pair.alice.id(), pair.now());
    pair.alice.endpoint.end(id, None, now);
    pair.alice.drain(now);
    let bye = sent(&pair, &Method::Bye).remove(0);
    let mut stranger = bye.respond(StatusCode::UNAUTHORIZED);
    stranger.headers.extend(challenges(&mut authority, &pair));
    let flow = pair.alice.flow(BOB);
    for _ in 0..2 {
        let bytes = stranger.to_bytes();
        pair.alice.endpoint.handle_datagram(flow, &bytes, now);
        pair.alice.drain(now);
    }
    let byes = sent(&pair, &Method::Bye);
    assert_eq!(byes.len(), 2, "{byes:?}");
    assert_ne!(
        byes[0].headers.get(&HeaderName::CSeq),
        byes[1].headers.get(&HeaderName::CSeq)
    );
}
