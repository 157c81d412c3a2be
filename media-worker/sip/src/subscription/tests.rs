use std::net::SocketAddr;

use super::*;
use crate::syntax::{Limits, Message, parse};
use crate::transport::Protocol;

const CONTENT: &str = "application/simple-message-summary";

fn flow() -> Flow {
    let remote = SocketAddr::from(([198, 51, 100, 7], 5060));
    Flow {
        protocol: Protocol::Udp,
        local: SocketAddr::from(([192, 0, 2, 1], 5060)),
        remote,
        connection: 0,
    }
}

fn subscribe(cseq: u32, to_tag: Option<&SubscriptionKey>, lines: &str) -> Request {
    let tag = to_tag
        .map(|key| format!(";tag={}", key.0))
        .unwrap_or_default();
    let contact = if lines.contains("Contact") {
        ""
    } else {
        "Contact: <sip:anna@10.0.0.1>\r\n"
    };
    let text = format!(
        "SUBSCRIBE sip:anna@office.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{cseq}\r\n\
         From: <sip:anna@office.example>;tag=1\r\nTo: <sip:anna@office.example>{tag}\r\nCall-ID: a\r\n\
         CSeq: {cseq} SUBSCRIBE\r\nMax-Forwards: 70\r\n{contact}{lines}\r\n"
    );
    match parse(&Bytes::from(text), &Limits::default()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!(),
    }
}

#[allow(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn subscribed() -> (Subscriptions, SubscriptionKey, Instant) {
    let now = Instant::now();
    let mut subscriptions = Subscriptions::new("message-summary", 2, [7; 32]);
    let request = subscribe(1, None, "Event: message-summary\r\nExpires: 600\r\n");
    let (response, key) = subscriptions
        .subscribe(&request, flow(), now, &ExpiryPolicy::default())
        .unwrap();
    assert_eq!(response.headers.get(&HeaderName::Expires), Some("600"));
    assert_eq!(response.headers.to().unwrap().unwrap().tag(), Some(&*key.0));
    (subscriptions, key, now)
}

fn state(notify: &Notify) -> &str {
    notify
        .request
        .headers
        .get(&HeaderName::SubscriptionState)
        .unwrap()
}

#[test]
fn a_notify_goes_within_the_dialog_and_says_how_long_it_lives() {
    let (mut subscriptions, key, now) = subscribed();
    let notify = subscriptions
        .notify(&key, CONTENT, "x".into(), now + Duration::from_secs(100))
        .unwrap();
    assert_eq!(state(&notify), "active;expires=500");
    assert_eq!(notify.request.uri.to_string(), "sip:anna@10.0.0.1");
    assert_eq!(
        notify.request.headers.from().unwrap().unwrap().tag(),
        Some(&*key.0)
    );
    assert_eq!(
        notify.request.headers.to().unwrap().unwrap().tag(),
        Some("1")
    );
    assert_eq!(notify.request.headers.cseq().unwrap().unwrap().seq, 1);
}

#[test]
fn another_event_is_489() {
    let (mut subscriptions, _, now) = subscribed();
    for lines in ["Event: presence\r\n", ""] {
        let refusal = subscriptions.subscribe(
            &subscribe(2, None, lines),
            flow(),
            now,
            &ExpiryPolicy::default(),
        );
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.status, StatusCode::BAD_EVENT);
        assert_eq!(
            refusal.headers.get(&HeaderName::AllowEvents),
            Some("message-summary")
        );
    }
}

#[test]
fn a_refresh_prolongs_and_expires_0_ends_with_a_last_notify() {
    let (mut subscriptions, key, now) = subscribed();
    let later = now + Duration::from_secs(500);
    let refresh = subscribe(2, Some(&key), "Event: message-summary\r\nExpires: 600\r\n");
    subscriptions
        .subscribe(&refresh, flow(), later, &ExpiryPolicy::default())
        .unwrap();
    assert_eq!(
        subscriptions.next_expiry(),
        Some(later + Duration::from_mins(10))
    );
    let stale = subscriptions
        .subscribe(&refresh, flow(), later, &ExpiryPolicy::default())
        .unwrap_err();
    assert_eq!(stale.status, StatusCode::SERVER_INTERNAL_ERROR);
    let end = subscribe(3, Some(&key), "Event: message-summary\r\nExpires: 0\r\n");
    subscriptions
        .subscribe(&end, flow(), later, &ExpiryPolicy::default())
        .unwrap();
    let notify = subscriptions
        .notify(&key, CONTENT, "x".into(), later)
        .unwrap();
    assert_eq!(state(&notify), "terminated;reason=timeout");
    assert!(subscriptions.is_empty());
    let gone = subscribe(4, Some(&key), "Event: message-summary\r\n");
    let refusal = subscriptions
        .subscribe(&gone, flow(), later, &ExpiryPolicy::default())
        .unwrap_err();
    assert_eq!(refusal.status, StatusCode::CALL_DOES_NOT_EXIST);
}

#[test]
fn an_expired_subscription_ends_with_a_last_notify() {
    let (mut subscriptions, key, now) = subscribed();
    assert!(
        subscriptions
            .expire(now + Duration::from_secs(599))
            .is_empty()
    );
    assert_eq!(
        subscriptions.expire(now + Duration::from_mins(10)),
        std::slice::from_ref(&key)
    );
    let notify = subscriptions
        .notify(&key, CONTENT, Bytes::new(), now)
        .unwrap();
    assert_eq!(state(&notify), "terminated;reason=timeout");
}

#[test]
fn notifies_do_not_overtake_each_other() {
    let (mut subscriptions, key, now) = subscribed();
    assert!(
        subscriptions
            .notify(&key, CONTENT, "1".into(), now)
            .is_some()
    );
    assert!(
        subscriptions
            .notify(&key, CONTENT, "2".into(), now)
            .is_none()
    );
    assert_eq!(
        subscriptions.outcome(&key, &Ok(Response::new(StatusCode::OK))),
        Outcome::NotifyAgain
    );
    assert!(
        subscriptions
            .notify(&key, CONTENT, "2".into(), now)
            .is_some()
    );
    assert_eq!(
        subscriptions.outcome(&key, &Ok(Response::new(StatusCode::OK))),
        Outcome::Kept
    );
}

#[test]
fn a_dead_subscriber_is_forgotten_and_a_busy_one_is_not() {
    for (result, outcome) in [
        (
            Ok(Response::new(StatusCode::CALL_DOES_NOT_EXIST)),
            Outcome::Removed,
        ),
        (Err(RequestError::Timeout), Outcome::Removed),
        (
            Ok(Response::new(StatusCode::SERVER_INTERNAL_ERROR)),
            Outcome::Kept,
        ),
    ] {
        let (mut subscriptions, key, now) = subscribed();
        subscriptions.notify(&key, CONTENT, "1".into(), now);
        assert_eq!(subscriptions.outcome(&key, &result), outcome, "{result:?}");
    }
}

#[test]
fn the_same_phone_replaces_its_subscription_and_too_many_phones_are_503() {
    let (mut subscriptions, key, now) = subscribed();
    let policy = ExpiryPolicy::default();
    let again = subscribe(1, None, "Event: message-summary\r\n");
    let (_, second) = subscriptions
        .subscribe(&again, flow(), now, &policy)
        .unwrap();
    assert_eq!(subscriptions.keys(), [second]);
    assert!(!subscriptions.knows(&key.0));
    let other = |n| {
        subscribe(
            1,
            None,
            &format!("Contact: <sip:anna@10.0.0.{n}>\r\nEvent: message-summary\r\n"),
        )
    };
    subscriptions
        .subscribe(&other(2), flow(), now, &policy)
        .unwrap();
    let refusal = subscriptions
        .subscribe(&other(3), flow(), now, &policy)
        .unwrap_err();
    assert_eq!(refusal.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refusal.headers.has(&HeaderName::RetryAfter));
}

#[test]
fn a_subscription_that_was_kept_goes_on_in_another_process() {
    let (mut before, key, now) = subscribed();
    before.notify(&key, CONTENT, Bytes::new(), now).unwrap();
    let kept = before.kept(&key).unwrap();
    let mut after = Subscriptions::new("message-summary", 2, [8; 32]);
    assert_eq!(after.restore(kept.clone(), 1000), Some(key.clone()));
    let notify = after.notify(&key, CONTENT, Bytes::new(), now).unwrap();
    assert_eq!(state(&notify), "active;expires=600");
    assert_eq!(notify.request.headers.cseq().unwrap().unwrap().seq, 1001);
    assert_eq!(notify.request.headers.call_id().unwrap(), Some("a"));
    assert_eq!(notify.flow, flow());
    // The phone refreshes it as if nothing had been.
    let refresh = subscribe(2, Some(&key), "Event: message-summary\r\nExpires: 300\r\n");
    let policy = ExpiryPolicy::default();
    let (response, same) = after.subscribe(&refresh, flow(), now, &policy).unwrap();
    assert_eq!((response.status, same), (StatusCode::OK, key.clone()));
    // What was ended is not kept, and what makes no sense is not taken up.
    before.terminate(&key, Termination::Timeout);
    assert_eq!(before.kept(&key), None);
    let mut damaged = kept;
    damaged.dialog.remote_target = "nonsense".to_owned();
    assert_eq!(after.restore(damaged, 1), None);
}
