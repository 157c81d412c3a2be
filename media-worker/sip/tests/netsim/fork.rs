//! An INVITE of ours that a proxy forked (RFC 3261 12.1.2, 13.2.2.4).

use bytes::Bytes;
use netsim::Link;
use sip::syntax::{HeaderName, Message, Request, Response, StatusCode};

use crate::phone::{ANSWER, BOB, Heard, OFFER, Pair, summary};

/// A call whose INVITE has left, and a response from a fork.
fn called() -> (Pair, Request) {
    let mut pair = Pair::new(Link::default().losing(1.0));
    pair.alice.call(BOB, Some(OFFER), pair.network.now());
    let Message::Request(invite) = pair.alice.sent.remove(0) else {
        panic!()
    };
    (pair, invite)
}

fn from_fork(invite: &Request, status: StatusCode, fork: &str) -> Response {
    let mut response = invite.respond_tagged(status, fork);
    response
        .headers
        .push(HeaderName::Contact, format!("<sip:{fork}@192.0.2.2>"));
    if status.is_success() {
        response.set_body("application/sdp", ANSWER);
    }
    response
}

fn give(pair: &mut Pair, response: &Response) -> Vec<String> {
    let (flow, now) = (pair.alice.flow(BOB), pair.now());
    pair.alice
        .endpoint
        .handle_datagram(flow, &response.to_bytes(), now);
    pair.alice.drain(now);
    let sent = std::mem::take(&mut pair.alice.sent);
    let uri = |message: &Message| match message {
        Message::Request(request) => request.uri.user().unwrap_or_default().into_owned(),
        Message::Response(_) => String::new(),
    };
    sent.iter()
        .map(|message| format!("{} {}", summary(message), uri(message)))
        .collect()
}

#[test]
fn every_fork_is_an_early_dialog_of_its_own() {
    let (mut pair, invite) = called();
    for fork in ["one", "two", "one"] {
        give(&mut pair, &from_fork(&invite, StatusCode::RINGING, fork));
    }
    let expected = [0, 1, 0].map(|branch| Heard::Progress(180, None, branch));
    assert_eq!(pair.alice.take(), expected);
}

#[test]
fn the_first_2xx_is_the_call_and_all_others_are_acknowledged_and_ended() {
    let (mut pair, invite) = called();
    let one = from_fork(&invite, StatusCode::OK, "one");
    let two = from_fork(&invite, StatusCode::OK, "two");
    assert_eq!(give(&mut pair, &one), ["ACK one"]);
    assert_eq!(give(&mut pair, &two), ["ACK two", "BYE two"]);
    assert_eq!(give(&mut pair, &two), ["ACK two"]);
    assert_eq!(give(&mut pair, &one), ["ACK one"]);
    assert_eq!(
        pair.alice.take(),
        [Heard::Answered(Some(Bytes::from_static(ANSWER)))]
    );
}

#[test]
fn a_fork_that_answers_after_the_session_has_ended_is_ended_too() {
    let (mut pair, invite) = called();
    give(&mut pair, &from_fork(&invite, StatusCode::OK, "one"));
    let now = pair.now();
    pair.alice.endpoint.end(pair.alice.id(), None, now);
    pair.alice.drain(now);
    pair.alice.take_sent();
    assert_eq!(
        give(&mut pair, &from_fork(&invite, StatusCode::OK, "two")),
        ["ACK two", "BYE two"]
    );
}

#[test]
fn more_early_dialogs_than_the_bound_are_ignored() {
    let (mut pair, invite) = called();
    for fork in 0..100 {
        give(
            &mut pair,
            &from_fork(&invite, StatusCode::RINGING, &format!("f{fork}")),
        );
    }
    assert_eq!(pair.alice.take().len(), 12);
}

#[test]
fn requests_follow_the_recorded_route_loose_and_strict() {
    for (route, uri, first) in [
        (
            "<sip:p2;lr>, <sip:p1;lr>",
            "sip:one@192.0.2.2",
            "<sip:p1;lr>",
        ),
        ("<sip:p2;lr>, <sip:p1>", "sip:p1", "<sip:p2;lr>"),
    ] {
        let (mut pair, invite) = called();
        let mut ok = from_fork(&invite, StatusCode::OK, "one");
        ok.headers.push(HeaderName::RecordRoute, route);
        let (flow, now) = (pair.alice.flow(BOB), pair.now());
        pair.alice
            .endpoint
            .handle_datagram(flow, &ok.to_bytes(), now);
        pair.alice.drain(now);
        let Message::Request(ack) = pair.alice.sent.remove(0) else {
            panic!()
        };
        assert_eq!(ack.uri.to_string(), uri);
        let routes: Vec<String> = ack
            .headers
            .routes()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            (routes.len(), routes.first().map(String::as_str)),
            (2, Some(first))
        );
        if uri == "sip:p1" {
            assert_eq!(routes[1], "<sip:one@192.0.2.2>");
        }
    }
}
