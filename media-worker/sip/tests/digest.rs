//! Digest authentication as both sides see it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use std::time::{Duration, Instant};

use sip::digest::{Algorithm, Authority, Challenge, Denial, Ha1s, Outcome, Secret, answer};
use sip::syntax::{HeaderName, Method, Request, Uri};

const REALM: &str = "example.com";

#[allow(clippy::disallowed_methods, reason = "some instant to count from")]
fn start() -> Instant {
    Instant::now()
}

fn uri() -> Uri {
    Uri::parse("sip:example.com").unwrap()
}

fn lookup(user: &str) -> Option<Ha1s> {
    (user == "alice").then(|| Ha1s::of_password("alice", REALM, "secret"))
}

fn challenged(authority: &mut Authority, algorithm: Algorithm, now: Instant) -> Challenge {
    let challenges: Vec<_> = authority
        .challenge(now, false)
        .iter()
        .map(|value| Challenge::parse(value).unwrap())
        .collect();
    challenges
        .into_iter()
        .find(|challenge| challenge.algorithm == algorithm)
        .unwrap()
}

fn register(challenge: &Challenge, user: &str, password: &str, nc: u32) -> Request {
    let mut request = Request::new(Method::Register, uri());
    let value = answer(
        challenge,
        &Method::Register,
        &uri(),
        user,
        Secret::Password(password),
        "abc",
        nc,
    );
    request.headers.push(HeaderName::Authorization, value);
    request
}

fn ok() -> Outcome {
    Outcome::Ok {
        username: "alice".into(),
    }
}

#[test]
fn a_challenge_is_answered_with_either_algorithm() {
    let now = start();
    let mut authority = Authority::new(b"key", REALM, "worker-1", now);
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let challenge = challenged(&mut authority, algorithm, now);
        assert_eq!(
            authority.verify(&register(&challenge, "alice", "secret", 1), lookup, now),
            ok()
        );
        assert_eq!(
            authority.verify(&register(&challenge, "alice", "secret", 2), lookup, now),
            ok()
        );
    }
}

#[test]
fn the_stronger_algorithm_is_offered_first_and_chosen() {
    let now = start();
    let mut authority = Authority::new(b"key", REALM, "worker-1", now);
    let values = authority.challenge(now, true);
    let chosen = Challenge::first_of(values.iter().map(String::as_str)).unwrap();
    assert_eq!(
        (chosen.algorithm, chosen.stale, chosen.qop_auth),
        (Algorithm::Sha256, true, true)
    );
}

#[test]
fn an_unknown_user_is_answered_as_a_wrong_password() {
    let now = start();
    let mut authority = Authority::new(b"key", REALM, "worker-1", now);
    let challenge = challenged(&mut authority, Algorithm::Sha256, now);
    let wrong = authority.verify(&register(&challenge, "alice", "wrong", 1), lookup, now);
    let unknown = authority.verify(&register(&challenge, "mallory", "wrong", 1), lookup, now);
    assert_eq!(wrong, Outcome::Denied(Denial::Credentials));
    assert_eq!(unknown, wrong);
    let later = now + Duration::from_hours(1);
    assert_eq!(
        authority.verify(&register(&challenge, "mallory", "wrong", 1), lookup, later),
        wrong
    );
}

#[test]
fn a_count_used_before_is_stale_and_one_that_failed_is_not_used() {
    let now = start();
    let mut authority = Authority::new(b"key", REALM, "worker-1", now);
    let challenge = challenged(&mut authority, Algorithm::Md5, now);
    assert_eq!(
        authority.verify(&register(&challenge, "alice", "wrong", 1), lookup, now),
        Outcome::Denied(Denial::Credentials)
    );
    let request = register(&challenge, "alice", "secret", 1);
    assert_eq!(authority.verify(&request, lookup, now), ok());
    assert_eq!(
        authority.verify(&request, lookup, now),
        Outcome::Challenge { stale: true }
    );
}

#[test]
fn an_old_nonce_is_stale_only_for_who_knows_the_password() {
    let now = start();
    let mut authority =
        Authority::new(b"key", REALM, "worker-1", now).with_lifetime(Duration::from_mins(1));
    let challenge = challenged(&mut authority, Algorithm::Md5, now);
    let good = register(&challenge, "alice", "secret", 1);
    assert_eq!(
        authority.verify(&good, lookup, now + Duration::from_mins(1)),
        ok()
    );
    let late = now + Duration::from_secs(61);
    let again = register(&challenge, "alice", "secret", 2);
    assert_eq!(
        authority.verify(&again, lookup, late),
        Outcome::Challenge { stale: true }
    );
    let bad = register(&challenge, "alice", "wrong", 3);
    assert_eq!(
        authority.verify(&bad, lookup, late),
        Outcome::Denied(Denial::Credentials)
    );
}

#[test]
fn a_nonce_of_another_issuer_or_key_is_stale() {
    let now = start();
    let mut authority = Authority::new(b"key", REALM, "worker-1", now);
    for (key, issuer) in [(&b"key"[..], "worker-2"), (b"yek", "worker-1")] {
        let challenge = challenged(
            &mut Authority::new(key, REALM, issuer, now),
            Algorithm::Md5,
            now,
        );
        let request = register(&challenge, "alice", "secret", 1);
        assert_eq!(
            authority.verify(&request, lookup, now),
            Outcome::Challenge { stale: true }
        );
    }
}

#[test]
fn the_windows_are_bounded_and_what_falls_out_is_stale() {
    let now = start();
    let mut authority = Authority::new(b"key", REALM, "worker-1", now).with_windows(2);
    let challenges: Vec<_> = (0..3)
        .map(|_| challenged(&mut authority, Algorithm::Md5, now))
        .collect();
    for challenge in &challenges {
        assert_eq!(
            authority.verify(&register(challenge, "alice", "secret", 1), lookup, now),
            ok()
        );
    }
    let replay = register(&challenges[0], "alice", "secret", 1);
    assert_eq!(
        authority.verify(&replay, lookup, now),
        Outcome::Challenge { stale: true }
    );
    assert_eq!(
        authority.verify(&register(&challenges[2], "alice", "secret", 2), lookup, now),
        ok()
    );
}

#[test]
fn credentials_hold_for_their_uri_and_method_only() {
    let now = start();
    let mut authority = Authority::new(b"key", REALM, "worker-1", now);
    let challenge = challenged(&mut authority, Algorithm::Md5, now);
    let mut elsewhere = register(&challenge, "alice", "secret", 1);
    elsewhere.uri = Uri::parse("sip:bob@example.com").unwrap();
    assert_eq!(
        authority.verify(&elsewhere, lookup, now),
        Outcome::Denied(Denial::Uri)
    );
    let mut invite = register(&challenge, "alice", "secret", 1);
    invite.method = Method::Invite;
    assert_eq!(
        authority.verify(&invite, lookup, now),
        Outcome::Denied(Denial::Credentials)
    );
    let mut same = register(&challenge, "alice", "secret", 1);
    same.uri = Uri::parse("sip:EXAMPLE.com").unwrap();
    assert_eq!(authority.verify(&same, lookup, now), ok());
}

#[test]
fn what_we_do_not_speak_is_challenged_and_garbage_denied() {
    let now = start();
    let mut authority = Authority::new(b"key", REALM, "worker-1", now);
    let fields =
        r#"username="alice", realm="example.com", nonce="n", uri="sip:example.com", response="00""#;
    let full = format!("{fields}, cnonce=\"c\", nc=00000001");
    for (value, outcome) in [
        ("Basic YWxpY2U6c2VjcmV0".to_owned(), Outcome::Challenge { stale: false }),
        (format!("Digest {fields}"), Outcome::Challenge { stale: false }),
        (format!("Digest {full}, qop=auth-int"), Outcome::Challenge { stale: false }),
        (format!("Digest {full}, qop=auth, algorithm=MD5-sess"), Outcome::Challenge { stale: false }),
        ("Digest realm=\"elsewhere\", qop=auth, username=\"a\", nonce=\"n\", uri=\"sip:a\", cnonce=\"c\", \
          nc=00000001, response=\"00\"".to_owned(), Outcome::Challenge { stale: false }),
        (format!("Digest {full}, qop=auth"), Outcome::Denied(Denial::Credentials)),
        (format!("Digest {fields}, cnonce=\"c\", nc=1, qop=auth"), Outcome::Denied(Denial::Malformed)),
        (format!("Digest {fields}, qop=auth"), Outcome::Denied(Denial::Malformed)),
        ("Digest username=\"alice".to_owned(), Outcome::Denied(Denial::Malformed)),
    ] {
        let mut request = Request::new(Method::Register, uri());
        request.headers.push(HeaderName::Authorization, value.clone());
        assert_eq!(authority.verify(&request, lookup, now), outcome, "{value}");
    }
}

#[test]
fn a_challenge_without_qop_is_answered_the_old_way() {
    let challenge = Challenge::parse(r#"Digest realm="a", nonce="b", opaque="o\"q""#).unwrap();
    let value = answer(
        &challenge,
        &Method::Invite,
        &uri(),
        "u",
        Secret::Password("p"),
        "unused",
        1,
    );
    assert!(
        !value.contains("cnonce") && !value.contains("qop"),
        "{value}"
    );
    assert!(value.ends_with(r#"opaque="o\"q""#), "{value}");
}
