use std::net::SocketAddr;

use bytes::Bytes;

use super::*;
use crate::syntax::{Limits, Message, parse};
use crate::transport::Protocol;

const POLICY: ExpiryPolicy = ExpiryPolicy {
    min: Duration::from_mins(1),
    default: Duration::from_hours(1),
    max: Duration::from_hours(2),
};

fn flow(port: u16) -> Flow {
    let remote = SocketAddr::from(([198, 51, 100, 7], port));
    Flow {
        protocol: Protocol::Udp,
        local: SocketAddr::from(([192, 0, 2, 1], 5060)),
        remote,
        connection: 0,
    }
}

/// A REGISTER with these lines, call "a" unless they name another.
fn register(cseq: u32, lines: &str) -> Request {
    let call_id = if lines.contains("Call-ID") {
        ""
    } else {
        "Call-ID: a\r\n"
    };
    let text = format!(
        "REGISTER sip:office.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{cseq}\r\n\
         From: <sip:anna@office.example>;tag=1\r\nTo: <sip:anna@office.example>\r\n{call_id}\
         CSeq: {cseq} REGISTER\r\nMax-Forwards: 70\r\n{lines}\r\n"
    );
    match parse(&Bytes::from(text), &Limits::default()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!(),
    }
}

#[allow(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn start() -> Instant {
    Instant::now()
}

fn uris(bindings: &Bindings, now: Instant) -> Vec<String> {
    bindings
        .contacts(now)
        .map(|contact| contact.uri.to_string())
        .collect()
}

#[test]
fn contacts_are_added_refreshed_and_removed() {
    let (now, mut bindings) = (start(), Bindings::new(5));
    let change = bindings.apply(
        &register(
            1,
            "Contact: <sip:a@10.0.0.1>;expires=600, <sip:b@10.0.0.2>;q=0.5\r\n",
        ),
        flow(1),
        now,
        &POLICY,
    );
    assert_eq!(change.unwrap().added.len(), 2);
    assert_eq!(uris(&bindings, now), ["sip:a@10.0.0.1", "sip:b@10.0.0.2"]);
    let change = bindings
        .apply(
            &register(2, "Contact: <sip:a@10.0.0.1>\r\nExpires: 900\r\n"),
            flow(2),
            now,
            &POLICY,
        )
        .unwrap();
    assert_eq!((change.refreshed.len(), change.added.len()), (1, 0));
    assert_eq!(
        bindings.contacts(now).next().unwrap().flow,
        flow(2),
        "the latest flow is used"
    );
    let change = bindings
        .apply(
            &register(3, "Contact: <sip:a@10.0.0.1>;expires=0\r\n"),
            flow(2),
            now,
            &POLICY,
        )
        .unwrap();
    assert_eq!(change.removed.len(), 1);
    assert_eq!(uris(&bindings, now), ["sip:b@10.0.0.2"]);
}

#[test]
fn too_short_an_expiry_is_423_and_changes_nothing() {
    let (now, mut bindings) = (start(), Bindings::new(5));
    let lines = "Contact: <sip:a@10.0.0.1>;expires=600, <sip:b@10.0.0.2>;expires=59\r\n";
    let refusal = bindings
        .apply(&register(1, lines), flow(1), now, &POLICY)
        .unwrap_err();
    assert_eq!(refusal.status, StatusCode::INTERVAL_TOO_BRIEF);
    assert_eq!(refusal.headers.get(&HeaderName::MinExpires), Some("60"));
    assert!(bindings.is_empty());
}

#[test]
fn expiry_is_cut_to_the_longest_and_told_in_the_200() {
    let (now, mut bindings) = (start(), Bindings::new(5));
    let request = register(1, "Contact: <sip:a@10.0.0.1>\r\nExpires: 99999\r\n");
    bindings.apply(&request, flow(1), now, &POLICY).unwrap();
    let response = ok(&request, &bindings, now + Duration::from_millis(500));
    assert_eq!(
        response.headers.get(&HeaderName::Contact),
        Some("<sip:a@10.0.0.1>;expires=7200")
    );
    assert_eq!(bindings.next_expiry(), Some(now + POLICY.max));
    assert!(uris(&bindings, now + POLICY.max).is_empty());
    assert_eq!(bindings.expire(now + POLICY.max).len(), 1);
}

#[test]
fn a_lower_cseq_of_the_same_call_id_is_refused_but_not_of_another() {
    let (now, mut bindings) = (start(), Bindings::new(5));
    bindings
        .apply(
            &register(5, "Contact: <sip:a@10.0.0.1>\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap();
    for seq in [4, 5] {
        let refusal = bindings.apply(
            &register(seq, "Contact: <sip:a@10.0.0.1>;expires=0\r\n"),
            flow(1),
            now,
            &POLICY,
        );
        assert_eq!(
            refusal.unwrap_err().status,
            StatusCode::SERVER_INTERNAL_ERROR
        );
    }
    assert_eq!(uris(&bindings, now).len(), 1);
    let other = register(1, "Call-ID: b\r\nContact: <sip:a@10.0.0.1>;expires=0\r\n");
    assert_eq!(
        bindings
            .apply(&other, flow(1), now, &POLICY)
            .unwrap()
            .removed
            .len(),
        1
    );
}

#[test]
fn a_star_removes_all_and_only_with_expires_0() {
    let (now, mut bindings) = (start(), Bindings::new(5));
    bindings
        .apply(
            &register(1, "Contact: <sip:a@10.0.0.1>, <sip:b@10.0.0.2>\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap();
    let refusal = bindings
        .apply(
            &register(2, "Contact: *\r\nExpires: 60\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap_err();
    assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
    let refusal = bindings
        .apply(
            &register(1, "Contact: *\r\nExpires: 0\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap_err();
    assert_eq!(refusal.status, StatusCode::SERVER_INTERNAL_ERROR);
    let change = bindings
        .apply(
            &register(3, "Contact: *\r\nExpires: 0\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap();
    assert_eq!(change.removed.len(), 2);
    assert!(bindings.is_empty());
}

#[test]
fn a_register_without_contact_asks_only() {
    let (now, mut bindings) = (start(), Bindings::new(5));
    bindings
        .apply(
            &register(1, "Contact: <sip:a@10.0.0.1>\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap();
    assert_eq!(
        bindings
            .apply(&register(2, ""), flow(9), now, &POLICY)
            .unwrap(),
        Change::default()
    );
    assert_eq!(uris(&bindings, now), ["sip:a@10.0.0.1"]);
}

#[test]
fn beyond_the_limit_the_contact_that_expires_first_goes() {
    let (now, mut bindings) = (start(), Bindings::new(2));
    bindings
        .apply(
            &register(1, "Contact: <sip:a@10.0.0.1>;expires=600\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap();
    bindings
        .apply(
            &register(2, "Contact: <sip:b@10.0.0.1>;expires=300\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap();
    let change = bindings
        .apply(
            &register(3, "Contact: <sip:c@10.0.0.1>;expires=300\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap();
    assert_eq!(
        change.removed.first().unwrap().uri.to_string(),
        "sip:b@10.0.0.1"
    );
    let lines = "Contact: <sip:d@h>, <sip:e@h>, <sip:f@h>\r\n";
    let refusal = bindings
        .apply(&register(4, lines), flow(1), now, &POLICY)
        .unwrap_err();
    assert_eq!(refusal.status, StatusCode::FORBIDDEN);
}

#[test]
fn the_same_instance_and_reg_id_replace_their_former_address() {
    let (now, mut bindings) = (start(), Bindings::new(5));
    let contact =
        |host| format!("Contact: <sip:a@{host}>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n");
    bindings
        .apply(&register(1, &contact("10.0.0.1")), flow(1), now, &POLICY)
        .unwrap();
    let change = bindings
        .apply(&register(2, &contact("10.0.0.9")), flow(2), now, &POLICY)
        .unwrap();
    assert_eq!(change.refreshed.len(), 1);
    assert_eq!(uris(&bindings, now), ["sip:a@10.0.0.9"]);
}

#[test]
fn a_restored_contact_is_as_before() {
    let (now, mut bindings) = (start(), Bindings::new(5));
    bindings
        .apply(
            &register(1, "Contact: <sip:a@10.0.0.1>;q=0.25\r\n"),
            flow(1),
            now,
            &POLICY,
        )
        .unwrap();
    let mut again = Bindings::new(5);
    bindings
        .contacts(now)
        .cloned()
        .for_each(|contact| again.restore(contact));
    assert_eq!(
        again.contacts(now).collect::<Vec<_>>(),
        bindings.contacts(now).collect::<Vec<_>>()
    );
    assert_eq!(again.drop_flow(flow(1)).len(), 1);
}

#[test]
fn a_restored_contact_is_not_put_over_one_that_has_registered_since() {
    let (now, mut before) = (start(), Bindings::new(5));
    let contact = "Contact: <sip:a@10.0.0.1>\r\n";
    before
        .apply(&register(1, contact), flow(1), now, &POLICY)
        .unwrap();
    let journalled = before.contacts(now).next().unwrap().clone();
    let mut after = Bindings::new(5);
    after
        .apply(&register(2, contact), flow(2), now, &POLICY)
        .unwrap();
    after.restore(journalled);
    let flows: Vec<Flow> = after.contacts(now).map(|contact| contact.flow).collect();
    assert_eq!(flows, [flow(2)]);
}
