use super::*;

const CONTACT: &str = "sip:line-1@192.0.2.1:5060";

#[allow(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn origin() -> Instant {
    Instant::now()
}

fn contact() -> Uri {
    Uri::parse(CONTACT).unwrap()
}

fn registration(now: Instant) -> Registration {
    let order = Order {
        registrar: Uri::parse("sip:provider.example").unwrap(),
        address: Uri::parse("sip:acme@provider.example").unwrap(),
        account: Account {
            username: "acme".into(),
            password: "secret".into(),
        },
        expiry: Duration::from_mins(10),
    };
    Registration::new(order, "call-1", "c0ffee", now)
}

fn answer(registration: &mut Registration, response: Response, now: Instant) {
    registration.answered(&Ok(response), &contact(), now, u32::MAX);
}

fn challenge(more: &str) -> Response {
    Response::new(StatusCode::UNAUTHORIZED).with_header(
        HeaderName::WwwAuthenticate,
        format!(r#"Digest realm="provider", nonce="n", qop="auth"{more}"#),
    )
}

fn ok(expires: &str) -> Response {
    Response::new(StatusCode::OK)
        .with_header(HeaderName::Contact, "<sip:other@192.0.2.9>;expires=7")
        .with_header(
            HeaderName::Contact,
            format!("<{CONTACT}>;expires={expires}"),
        )
}

#[test]
fn a_challenge_is_answered_at_once_and_what_is_granted_is_refreshed_before_it_expires() {
    let now = origin();
    let mut registration = registration(now);
    let first = registration.request(&contact());
    assert!(!first.headers.has(&HeaderName::Authorization));
    assert_eq!(first.headers.get(&HeaderName::Expires), Some("600"));
    assert_eq!(registration.due(), None);
    answer(&mut registration, challenge(""), now);
    assert_eq!(registration.due(), Some(now));
    let second = registration.request(&contact());
    assert!(second.headers.has(&HeaderName::Authorization));
    assert_eq!(second.headers.call_id(), first.headers.call_id());
    assert_eq!(second.headers.get(&HeaderName::CSeq), Some("2 REGISTER"));
    answer(&mut registration, ok("120"), now);
    assert_eq!(registration.standing(), Standing::Registered);
    // Nine tenths of 120 s, since the dice show their most.
    assert_eq!(registration.due(), Some(now + Duration::from_secs(108)));
    let refresh = registration.request(&contact());
    let signed = refresh.headers.get(&HeaderName::Authorization).unwrap();
    assert!(signed.contains("nc=00000002"), "{signed}");
}

#[test]
fn an_interval_that_is_too_brief_is_raised() {
    let now = origin();
    let mut registration = registration(now);
    registration.request(&contact());
    let brief = Response::new(StatusCode::INTERVAL_TOO_BRIEF);
    let brief = brief.with_header(HeaderName::MinExpires, "3600");
    answer(&mut registration, brief, now);
    assert_eq!(registration.due(), Some(now));
    let again = registration.request(&contact());
    assert_eq!(again.headers.get(&HeaderName::Expires), Some("3600"));
}

#[test]
fn a_wrong_password_is_refused_and_tried_again_ever_more_slowly() {
    let mut now = origin();
    let mut registration = registration(now);
    let mut delays = Vec::new();
    for _ in 0..10 {
        registration.request(&contact());
        answer(&mut registration, challenge(""), now);
        registration.request(&contact());
        answer(&mut registration, challenge(""), now);
        let refused = Standing::Refused(StatusCode::UNAUTHORIZED);
        assert_eq!(registration.standing(), refused);
        let due = registration.due().unwrap();
        delays.push((due - now).as_secs());
        now = due;
    }
    assert_eq!(delays, [4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
}

#[test]
fn no_two_clients_come_back_together() {
    let now = origin();
    let delay = |random| {
        let mut registration = registration(now);
        registration.request(&contact());
        registration.answered(&Err(RequestError::Timeout), &contact(), now, random);
        assert_eq!(registration.standing(), Standing::NoAnswer);
        registration.due().unwrap() - now
    };
    assert_eq!(delay(0), Duration::from_secs(2));
    assert_eq!(delay(u32::MAX), Duration::from_secs(4));
    assert!(delay(u32::MAX / 2) > delay(0) && delay(u32::MAX / 2) < delay(u32::MAX));
}

#[test]
fn a_server_that_asks_for_time_gets_it_within_bounds() {
    let now = origin();
    for (asked, waits) in [("60", 60), ("86400", 300), ("1", 4)] {
        let mut registration = registration(now);
        registration.request(&contact());
        let busy = Response::new(StatusCode::SERVICE_UNAVAILABLE);
        let busy = busy.with_header(HeaderName::RetryAfter, asked);
        answer(&mut registration, busy, now);
        assert_eq!(registration.due(), Some(now + Duration::from_secs(waits)));
    }
}

#[test]
fn a_server_that_only_asks_is_not_answered_for_ever() {
    let now = origin();
    let mut registration = registration(now);
    let mut requests = 0;
    while registration.due() == Some(now) {
        requests += 1;
        assert!(requests < 20);
        registration.request(&contact());
        answer(&mut registration, challenge(", stale=true"), now);
    }
    assert_eq!(requests, 4);
}

#[test]
fn a_grant_of_nothing_is_not_refreshed_without_a_pause() {
    let now = origin();
    let mut registration = registration(now);
    registration.request(&contact());
    answer(&mut registration, ok("0"), now);
    assert_eq!(registration.due(), Some(now + SOONEST));
}

#[test]
fn a_new_flow_is_told_at_once_and_a_failure_is_given_its_time_on_it() {
    let now = origin();
    let mut registration = registration(now);
    registration.request(&contact());
    assert_eq!(registration.due(), None);
    registration.flow_changed(now);
    assert_eq!(registration.due(), Some(now));
    registration.request(&contact());
    answer(&mut registration, ok("600"), now);
    registration.flow_changed(now);
    assert_eq!(registration.due(), Some(now));
    registration.request(&contact());
    registration.answered(&Err(RequestError::Timeout), &contact(), now, u32::MAX);
    registration.flow_changed(now);
    assert_eq!(registration.due(), Some(now + Duration::from_secs(4)));
}

#[test]
fn a_removal_is_signed_and_asks_for_no_time() {
    let now = origin();
    let mut registration = registration(now);
    registration.request(&contact());
    answer(&mut registration, challenge(""), now);
    let removal = registration.removal(&contact());
    assert_eq!(removal.headers.get(&HeaderName::Expires), Some("0"));
    assert!(removal.headers.has(&HeaderName::Authorization));
}
