//! SIP messages, as datagrams and as streams: no panic, and what is written is read back as it was.
#![no_main]

use std::time::Instant;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sip::syntax::{HeaderName, Headers, Limits, parse};
use sip::transport::{Datagram, Deadlines, StreamFramer, classify_datagram};

fuzz_target!(|octets: &[u8]| {
    frame(octets);
    if classify_datagram(octets) != Datagram::Sip {
        return;
    }
    let limits = Limits::default();
    match parse(&Bytes::copy_from_slice(octets), &limits) {
        Ok(message) => {
            read_typed(message.headers());
            let again = parse(
                &message.to_bytes(),
                &Limits {
                    message: usize::MAX,
                    ..limits
                },
            );
            assert_eq!(again.expect("what we write can be read"), message);
        }
        Err(error) => {
            if let Some(reply) = error.reply() {
                assert!(reply.status.is_final());
                let _ = reply.to_bytes();
            }
        }
    }
});

/// Cuts the octets as a stream that comes in two parts; no part of it is lost or doubled before an error.
fn frame(octets: &[u8]) {
    let now = Instant::now();
    let mut framer = StreamFramer::new(Limits::default(), Deadlines::default(), now);
    let (first, second) = octets.split_at(octets.len() / 2);
    for part in [first, second] {
        framer.push(part, now);
        loop {
            match framer.next_frame() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    let _ = error.reply();
                    return;
                }
            }
        }
    }
}

fn read_typed(headers: &Headers) {
    let _ = (
        headers.contacts(),
        headers.expires(),
        headers.min_se(),
        headers.session_expires(),
    );
    let _ = (
        headers.allow(),
        headers.supported(),
        headers.require(),
        headers.event(),
    );
    let _ = (
        headers.subscription_state(),
        headers.replaces(),
        headers.refer_to(),
        headers.reasons(),
    );
    let _ = (
        headers.rack(),
        headers.rseq(),
        headers.content_type(),
        headers.retry_after(),
    );
    let _ = headers.addresses(&HeaderName::PAssertedIdentity);
    for value in headers.authorizations() {
        let _ = sip::digest::Credentials::parse(value);
        let _ = sip::digest::Challenge::parse(value);
    }
}
