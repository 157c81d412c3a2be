//! Session descriptions: no panic, what is written is read back as it was, and answers fit their offers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::sdp::{Capabilities, Session, Version, agree, answer, offer};

fuzz_target!(|octets: &[u8]| {
    let Ok(session) = Session::parse(octets) else {
        return;
    };
    let written = session.to_bytes();
    // What is not understood may be cleaned in writing; from then on it must stay.
    if let Ok(cleaned) = Session::parse(&written) {
        let again = Session::parse(&cleaned.to_bytes()).expect("what we write can be read");
        assert_eq!(again, cleaned);
    }
    let capabilities = Capabilities::telephony([192, 0, 2, 1].into(), 30_000, 1);
    let version = Version {
        session: 1,
        version: 1,
    };
    if let Ok((answer, agreed)) = answer(&session, &capabilities, version) {
        assert_eq!(answer.media.len(), session.media.len());
        assert!(answer.media[agreed.index].port != 0);
        Session::parse(&answer.to_bytes()).expect("what we write can be read");
    }
    let _ = agree(&offer(&capabilities, version), &session);
});
