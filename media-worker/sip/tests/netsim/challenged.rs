//! A far side that asks for credentials (RFC 3261 section 22): of calls, and within them.

use bytes::Bytes;
use netsim::Link;
use sip::digest::{Account, Authority, Ha1s, Outcome};
use sip::syntax::{HeaderName, Headers, Message, Method, Request, Response, StatusCode};

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
    asks(authority, pair, false)
}

fn asks(authority: &mut Authority, pair: &Pair, stale: bool) -> Headers {
    let mut headers = Headers::new();
    for challenge in authority.challenge(pair.now(), stale) {
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

/// A call that was challenged, and then answered.
fn talks(pair: &mut Pair) -> Authority {
    let authority = calls(pair, "right");
    let answer = Bytes::from_static(ANSWER);
    let (id, now) = (pair.bob.session.expect("it rings again"), pair.now());
    pair.bob.endpoint.accept(id, answer, Headers::new(), now);
    pair.run_ms(20);
    assert!(matches!(pair.alice.take()[..], [Heard::Answered(_)]));
    authority
}

/// Calls the nonce of each request of this method too old; none arrives at Bob's. How many requests there were.
fn is_asked_for_ever(pair: &mut Pair, authority: &mut Authority, method: &Method) -> usize {
    let (flow, now) = (pair.alice.flow(BOB), pair.now());
    pair.alice.drain(now);
    let before = sent(pair, method).len() - 1;
    for _ in 0..20 {
        let request = sent(pair, method).pop().expect("a request");
        let mut response = request.respond(StatusCode::UNAUTHORIZED);
        response.headers.extend(asks(authority, pair, true));
        let bytes = response.to_bytes();
        pair.alice.endpoint.handle_datagram(flow, &bytes, now);
        pair.alice.drain(now);
    }
    sent(pair, method).len() - before
}

/// The last ACK carries what the last INVITE was signed with: it can't be challenged itself.
fn assert_acknowledged_signed(pair: &Pair) {
    let invite = sent(pair, &Method::Invite).pop().expect("an INVITE");
    let ack = sent(pair, &Method::Ack).pop().expect("an ACK");
    let seq = |request: &Request| request.headers.cseq().unwrap().unwrap().seq;
    assert_eq!(seq(&ack), seq(&invite));
    let name = HeaderName::Authorization;
    assert!(invite.headers.has(&name));
    assert_eq!(ack.headers.get(&name), invite.headers.get(&name));
}

#[test]
fn the_acknowledgement_of_a_signed_call_and_of_its_changes_is_signed_as_they_are() {
    let mut pair = Pair::new(Link::default());
    talks(&mut pair);
    assert_acknowledged_signed(&pair);
    let (id, now) = (pair.alice.id(), pair.now());
    let offer = Bytes::from_static(OFFER);
    pair.alice.endpoint.reoffer(id, offer, now);
    pair.run_ms(20);
    let (id, now) = (pair.bob.id(), pair.now());
    let answer = Bytes::from_static(ANSWER);
    pair.bob.endpoint.answer_offer(id, answer, now);
    pair.run_ms(20);
    assert!(matches!(pair.alice.take()[..], [Heard::Answer(_)]));
    assert_eq!(sent(&pair, &Method::Invite).len(), 3);
    assert_acknowledged_signed(&pair);
}

#[test]
fn a_call_whose_nonces_are_always_too_old_fails() {
    let mut pair = Pair::new(Link::default());
    let mut authority = calls(&mut pair, "right");
    while let Some(id) = pair.bob.session.take() {
        assert!(sent(&pair, &Method::Invite).len() < 20);
        let (headers, now) = (asks(&mut authority, &pair, true), pair.now());
        pair.bob
            .endpoint
            .dismiss(id, StatusCode::UNAUTHORIZED, headers, now);
        pair.run_ms(20);
    }
    assert_eq!(pair.alice.take(), [Heard::Failed(401)]);
    assert_eq!(sent(&pair, &Method::Invite).len(), 4);
    assert_eq!(pair.alice.endpoint.session_count(), 0);
}

#[test]
fn a_change_whose_nonces_are_always_too_old_fails_and_the_call_goes_on() {
    let mut pair = Pair::new(Link::default());
    let mut authority = talks(&mut pair);
    let (id, now) = (pair.alice.id(), pair.now());
    let offer = Bytes::from_static(OFFER);
    pair.alice.endpoint.reoffer(id, offer, now);
    let tries = is_asked_for_ever(&mut pair, &mut authority, &Method::Invite);
    assert_eq!(tries, 4);
    assert_eq!(pair.alice.take(), [Heard::OfferFailed(401)]);
    assert_eq!(pair.alice.endpoint.session_count(), 1);
}

#[test]
fn a_goodbye_whose_nonces_are_always_too_old_ends_the_session() {
    let mut pair = Pair::new(Link::default());
    let mut authority = talks(&mut pair);
    let (id, now) = (pair.alice.id(), pair.now());
    pair.alice.endpoint.end(id, None, now);
    let tries = is_asked_for_ever(&mut pair, &mut authority, &Method::Bye);
    assert_eq!(tries, 4);
    assert_eq!(pair.alice.endpoint.session_count(), 0);
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

/// Alice has called, was challenged, and called again; her INVITE that nobody has answered yet.
fn rings_again(pair: &mut Pair) -> (Authority, Request) {
    let authority = calls(pair, "right");
    let invite = sent(pair, &Method::Invite).pop().expect("an INVITE");
    (authority, invite)
}

/// Gives Alice a response that Bob's phone did not make.
fn give(pair: &mut Pair, response: &Response) {
    let (flow, now) = (pair.alice.flow(BOB), pair.now());
    let bytes = response.to_bytes();
    pair.alice.endpoint.handle_datagram(flow, &bytes, now);
    pair.alice.drain(now);
}

fn answered_by(invite: &Request, fork: &str) -> Response {
    let mut response = invite.respond_tagged(StatusCode::OK, fork);
    let contact = format!("<sip:{fork}@192.0.2.2>");
    response.headers.push(HeaderName::Contact, contact);
    response.set_body("application/sdp", ANSWER);
    response
}

fn assert_right(authority: &mut Authority, request: &Request, pair: &Pair) {
    let outcome = authority.verify(request, known, pair.now());
    assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");
}

#[test]
fn who_answers_after_the_call_was_withdrawn_gets_a_signed_goodbye() {
    let mut pair = Pair::new(Link::default());
    let (mut authority, invite) = rings_again(&mut pair);
    assert_right(&mut authority, &invite, &pair);
    let (id, now) = (pair.alice.id(), pair.now());
    pair.alice.endpoint.end(id, None, now);
    pair.alice.drain(now);
    give(&mut pair, &answered_by(&invite, "late"));
    let byes = sent(&pair, &Method::Bye);
    assert_eq!(byes.len(), 1);
    assert_right(&mut authority, &byes[0], &pair);
}

#[test]
fn a_fork_too_many_gets_a_signed_goodbye_and_so_does_the_call_after_it() {
    let mut pair = Pair::new(Link::default());
    let (mut authority, invite) = rings_again(&mut pair);
    assert_right(&mut authority, &invite, &pair);
    give(&mut pair, &answered_by(&invite, "one"));
    give(&mut pair, &answered_by(&invite, "two"));
    let (id, now) = (pair.alice.id(), pair.now());
    pair.alice.endpoint.end(id, None, now);
    pair.alice.drain(now);
    give(&mut pair, &answered_by(&invite, "three"));
    let byes = sent(&pair, &Method::Bye);
    let to: Vec<_> = byes.iter().map(|bye| bye.uri.user().unwrap()).collect();
    assert_eq!(to, ["two", "one", "three"]);
    // A nonce counts its uses over all of them.
    for bye in &byes {
        assert_right(&mut authority, bye, &pair);
    }
}

#[test]
fn a_goodbye_to_a_late_answer_is_said_again_where_its_nonce_was_too_old() {
    let mut pair = Pair::new(Link::default());
    let (mut authority, invite) = rings_again(&mut pair);
    let (id, now) = (pair.alice.id(), pair.now());
    pair.alice.endpoint.end(id, None, now);
    pair.alice.drain(now);
    give(&mut pair, &answered_by(&invite, "late"));
    let tries = is_asked_for_ever(&mut pair, &mut authority, &Method::Bye);
    assert_eq!(tries, 4);
}
