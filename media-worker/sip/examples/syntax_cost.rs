//! What reading and writing SIP costs on this machine: `cargo run --release -p switchboard-sip --example syntax_cost`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement takes the time and may fail loudly"
)]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use sip::digest::{Authority, Challenge, Ha1s, Outcome, Secret, answer};
use sip::syntax::{HeaderName, Limits, Message, Request, StatusCode, parse};

const ROUNDS: u32 = 200_000;

fn main() {
    let invite = invite();
    cost(
        &format!("parse an INVITE of {} octets", invite.len()),
        || {
            let _ = black_box(parse(&invite, &Limits::default()));
        },
    );
    let Ok(Message::Request(request)) = parse(&invite, &Limits::default()) else {
        return;
    };
    cost("write the same", || {
        black_box(request.to_bytes());
    });
    cost("answer it with 180", || {
        black_box(
            request
                .respond_tagged(StatusCode::RINGING, "a6c85cf")
                .to_bytes(),
        );
    });
    register_cost();
}

/// Both REGISTERs and both responses of one refresh, server side.
fn register_cost() {
    let start = Instant::now();
    let mut authority = Authority::new(b"key", "example.com", "worker-1", start);
    let known = Ha1s::of_password("alice", "example.com", "secret");
    let bare = request(
        "REGISTER sip:example.com SIP/2.0",
        "REGISTER",
        "Contact: <sip:alice@192.0.2.4:5060>\r\nExpires: 3600\r\n",
        "",
    );
    let values = authority.challenge(start, false);
    let challenge = Challenge::first_of(values.iter().map(String::as_str)).unwrap();
    let mut nc = 0;
    cost(
        "challenge and accept a REGISTER (its answer's hashing included)",
        || {
            let Ok(Message::Request(first)) = parse(&bare, &Limits::default()) else {
                return;
            };
            assert_eq!(
                authority.verify(&first, |_| Some(known.clone()), start),
                Outcome::Challenge { stale: false }
            );
            let mut refusal = first.respond_tagged(StatusCode::UNAUTHORIZED, "a6c85cf");
            for value in authority.challenge(start, false) {
                refusal.headers.push(HeaderName::WwwAuthenticate, value);
            }
            black_box(refusal.to_bytes());
            nc += 1;
            let mut second: Request = first;
            let secret = Secret::Password("secret");
            let value = answer(
                &challenge,
                &second.method,
                &second.uri,
                "alice",
                secret,
                "0a4f113b",
                nc,
            );
            second.headers.push(HeaderName::Authorization, value);
            let Ok(Message::Request(second)) = parse(&second.to_bytes(), &Limits::default()) else {
                return;
            };
            let outcome = authority.verify(&second, |_| Some(known.clone()), start);
            assert!(matches!(outcome, Outcome::Ok { .. }));
            black_box(second.respond_tagged(StatusCode::OK, "a6c85cf").to_bytes());
        },
    );
}

fn invite() -> Bytes {
    let body = "v=0\r\no=- 3896 3896 IN IP4 192.0.2.4\r\ns=pjmedia\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";
    let others = "Contact: <sip:alice@192.0.2.4:5060;ob>\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, NOTIFY\r\n\
        Supported: replaces, 100rel, timer, norefersub\r\nSession-Expires: 1800\r\nMin-SE: 90\r\n\
        User-Agent: PJSUA v2.15.1 Linux\r\nContent-Type: application/sdp\r\n";
    request("INVITE sip:102@example.com SIP/2.0", "INVITE", others, body)
}

fn request(line: &str, method: &str, others: &str, body: &str) -> Bytes {
    let text = format!(
        "{line}\r\nVia: SIP/2.0/UDP 192.0.2.4:5060;rport;branch=z9hG4bKPj3a7a0d4a\r\nMax-Forwards: 70\r\n\
         From: \"Alice\" <sip:alice@example.com>;tag=0c3d4bf1\r\nTo: <sip:102@example.com>\r\n\
         Call-ID: 5b1f6f4e-6f7e-4bcb-a2c3-1b7e2f9b6c11\r\nCSeq: 23871 {method}\r\n{others}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    text.into()
}

fn cost(what: &str, mut work: impl FnMut()) {
    for _ in 0..ROUNDS / 10 {
        work();
    }
    let start = cpu_nanoseconds();
    for _ in 0..ROUNDS {
        work();
    }
    let each = (cpu_nanoseconds() - start) / f64::from(ROUNDS);
    println!("{what}: {:.2} µs of CPU, {:.0} k/s", each / 1e3, 1e6 / each);
}

/// What this process has used so far: other work on the machine does not count.
fn cpu_nanoseconds() -> f64 {
    let schedule = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    schedule.split(' ').next().unwrap().parse().unwrap()
}
