//! Calls message by message, with sipp at both ends.

use std::time::{Duration, Instant};

use switchboard_tests::office::{DOMAIN, JOHN, MARY, Office, PASSWORD};
use switchboard_tests::raw::{Digest, RawPhone};
use switchboard_tests::sipp::Sipp;
use switchboard_tests::wire::{self, Audio};
use switchboard_tests::worker::Worker;

#[test]
fn a_call_is_answered_and_ended() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mary = Sipp::waiting("answer", &MARY, worker.sip);
    Sipp::calling("call", &JOHN, MARY.extension, worker.sip).succeeds();
    mary.succeeds();
}

#[test]
fn a_withdrawn_call_is_withdrawn_from_the_ringing_phone() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mary = Sipp::waiting("cancelled", &MARY, worker.sip);
    Sipp::calling("cancel", &JOHN, MARY.extension, worker.sip).succeeds();
    mary.succeeds();
}

#[test]
fn the_caller_of_a_busy_phone_is_answered_by_voicemail() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mary = Sipp::waiting("busy", &MARY, worker.sip);
    Sipp::calling("call", &JOHN, MARY.extension, worker.sip).succeeds();
    mary.succeeds();
}

#[test]
fn an_answer_comes_again_until_it_is_acknowledged() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut john = RawPhone::new(worker.sip);
    assert_eq!(
        john.register(&JOHN.handset(), PASSWORD, Digest::Sha256)
            .status,
        200
    );
    let uri = format!("sip:3{}@{DOMAIN}", MARY.extension);
    let headers = format!(
        "Contact: <sip:john@{}>\r\nContent-Type: application/sdp\r\n",
        john.address()
    );
    let first = john.request(
        "INVITE",
        &uri,
        &uri,
        &headers,
        &Audio::nowhere(1).sdp(),
        Some(Digest::Sha256),
    );
    assert_eq!(first.status, 200, "{first:?}");
    // RFC 3261 section 13.3.1.4: after 500 ms, then after twice as long, or later on a busy machine.
    for _ in 0..2 {
        let again = next_answer(&john).expect("the answer comes again");
        assert_eq!(again, first.text);
    }
}

/// The next response; requests, the lamp's for one, are passed over.
fn next_answer(phone: &RawPhone) -> Option<String> {
    let end = Instant::now() + Duration::from_mins(1);
    std::iter::from_fn(|| {
        phone.receive(
            end.saturating_duration_since(Instant::now())
                .max(Duration::from_millis(1)),
        )
    })
    .find(|message| wire::status(message).is_some())
}
