//! Calls that come in by a trunk.

use std::time::Duration;

use switchboard_tests::office::{DOMAIN, MARY, PIN};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::raw::RawPhone;
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

use super::{OLGA, by_address, company, connected, provider};

#[test]
fn a_call_comes_in_by_the_number_and_shows_who_calls() {
    let (far, near) = (provider(), company());
    let (carrier, worker) = connected(&far, &near);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut mary = Phone::of(&MARY, worker.sip);
    let heard = near.path("olga.wav");
    olga.call("5855550100", None, Some(&heard));
    let incoming = mary.expect("incoming", |_| true);
    let message = incoming["message"].as_str().unwrap();
    assert!(
        message.contains("Olga Outside") && message.contains("sip:+15855551234@"),
        "{message}"
    );
    mary.answer(Some(&tone_file(&near, 440.0)), None);
    olga.expect_call("CONFIRMED");
    wait_for("the tone outside", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(440.0) > 1.0).then_some(())
    });
    olga.hang_up();
    mary.expect_call("DISCONNECTED");
}

#[test]
fn from_outside_the_message_center_asks_for_extension_and_pin() {
    let (far, near) = (provider(), company());
    let (carrier, worker) = connected(&far, &near);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    olga.call("5855550102", None, None);
    olga.expect_call("CONFIRMED");
    olga.expect("media", |event| event["status"] == 1);
    olga.press(&format!("101#{PIN}#"), Keys::Rfc4733);
    wait_for("the login", Duration::from_mins(1), || {
        (worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}") >= 1.0).then_some(())
    });
    olga.hang_up();
}

#[test]
fn a_stranger_who_claims_to_be_the_provider_is_asked_for_a_password() {
    let near = company();
    let worker = Worker::start(&near);
    // The provider calls from elsewhere.
    let spec = "addresses: [\"192.0.2.0/24\"]\ninbound: {numbers: [{number: \"+15855550100\", target: {extension: {number: \"101\"}}}]}";
    let _providers = by_address(&near, &worker, [spec]);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut stranger = RawPhone::new(worker.sip);
    for number in ["+15855550100", "101", "911"] {
        let uri = format!("sip:{number}@{DOMAIN}");
        let answer = stranger.request_without_credentials("INVITE", &uri);
        assert_eq!(answer.status, 401, "{number}: {answer:?}");
    }
    assert!(!mary.has("incoming", |_| true));
}
