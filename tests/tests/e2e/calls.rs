//! Extension to extension.

use std::time::Duration;

use switchboard_tests::office::PASSWORD;
use switchboard_tests::office::{ANN, JOHN, MARY, Office};
use switchboard_tests::phone::{Keys, Phone, Setup};
use switchboard_tests::raw::{Digest, RawPhone};
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

/// Two phones talk for a while; each must hear the other's tone, and little else.
fn talk(john: Setup, mary: Setup) {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut mary = Phone::set_up(&MARY, worker.sip, mary);
    let mut john = Phone::set_up(&JOHN, worker.sip, john);
    let (low, high) = (tone_file(&office, 440.0), tone_file(&office, 950.0));
    let (heard_by_john, heard_by_mary) = (office.path("john.wav"), office.path("mary.wav"));

    john.call(MARY.extension, Some(&low), Some(&heard_by_john));
    let incoming = mary.expect("incoming", |_| true);
    let message = incoming["message"].as_str().unwrap();
    assert!(
        message.contains("John Smith") && message.contains("sip:102@"),
        "{message}"
    );
    mary.answer(Some(&high), Some(&heard_by_mary));
    john.expect_call("CONFIRMED");
    wait_for(
        "two seconds of sound at both ends",
        Duration::from_mins(1),
        || {
            (Sound::read(&heard_by_john).seconds_of(950.0) > 2.0
                && Sound::read(&heard_by_mary).seconds_of(440.0) > 2.0)
                .then_some(())
        },
    );
    john.hang_up();
    mary.expect_call("DISCONNECTED");
    drop((john, mary));
    // Were his own tone in it as well, half of what either hears would be pure; a phone that is not run for a moment tears a tone.
    for (file, hz) in [(&heard_by_john, 950.0), (&heard_by_mary, 440.0)] {
        let sound = Sound::read(file);
        assert!(
            sound.purity(hz) > 0.8,
            "{}: {:.3} at {hz} Hz",
            file.display(),
            sound.purity(hz)
        );
        assert!(sound.clipped() == 0, "clipping in {}", file.display());
    }
}

#[test]
fn two_phones_hear_each_other() {
    talk(Setup::default(), Setup::default());
}

#[test]
fn a_g722_phone_and_a_pcmu_phone_hear_each_other() {
    talk(
        Setup {
            codec: Some("G722"),
            ..Setup::default()
        },
        Setup {
            codec: Some("PCMU"),
            ..Setup::default()
        },
    );
}

#[test]
fn a_busy_phone_sends_the_caller_to_voicemail() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    mary.refuse(486);
    // Busy counts as no answer (CR-4): the greeting answers, without waiting for more rings.
    john.expect_call("CONFIRMED");
    john.hang_up();
}

#[test]
fn a_caller_who_hangs_up_stops_the_ringing() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    mary.ring();
    john.expect_call("EARLY");
    john.hang_up();
    let ended = mary.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 487, "{ended}");
}

#[test]
fn the_first_handset_to_answer_wins_and_the_other_shows_no_missed_call() {
    let office = Office::of(&[MARY, JOHN]);
    office.write(
        "second.yaml",
        &ANN.manifests()
            .replace("ownerRef: {name: ann}", "ownerRef: {name: mary}"),
    );
    let worker = Worker::start(&office);
    let mut desk = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    let mut second = RawPhone::new(worker.sip);
    assert_eq!(
        second.register("ann-desk", PASSWORD, Digest::Sha256).status,
        200
    );
    john.call(MARY.extension, None, None);
    let invite = second.expect_request("INVITE");
    second.answer(&invite, 180);
    desk.expect("incoming", |_| true);
    desk.answer(None, None);
    john.expect_call("CONFIRMED");
    let cancel = second.expect_request("CANCEL");
    assert!(
        cancel.contains("Reason: SIP ;cause=200") || cancel.contains("Reason: SIP;cause=200"),
        "{cancel}"
    );
    assert!(cancel.contains("Call completed elsewhere"), "{cancel}");
    john.hang_up();
    desk.expect_call("DISCONNECTED");
}

#[test]
fn hold_is_passed_on_and_the_sound_comes_back() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    let tone = tone_file(&office, 440.0);
    let heard = office.path("mary.wav");
    john.call(MARY.extension, Some(&tone), None);
    mary.expect("incoming", |_| true);
    mary.answer(None, Some(&heard));
    john.expect_call("CONFIRMED");
    mary.expect("media", |event| event["status"] == 1);
    john.tell(&serde_json::json!({"cmd": "hold"}));
    // 3 = PJSUA_CALL_MEDIA_REMOTE_HOLD
    mary.expect("media", |event| event["status"] == 3);
    let before = Sound::read(&heard).seconds_of(440.0);
    john.tell(&serde_json::json!({"cmd": "unhold"}));
    mary.expect("media", |event| event["status"] == 1);
    wait_for("the tone after the hold", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(440.0) > before + 1.0).then_some(())
    });
    john.hang_up();
    mary.expect_call("DISCONNECTED");
}

#[test]
fn keys_pass_through_a_call() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    mary.answer(None, None);
    john.expect_call("CONFIRMED");
    mary.expect("media", |event| event["status"] == 1);
    for (digit, how) in [("5", Keys::Rfc4733), ("8", Keys::Info)] {
        john.press(digit, how);
        mary.expect("digit", |event| event["digit"] == digit);
    }
    john.hang_up();
    mary.expect_call("DISCONNECTED");
}

#[test]
fn an_unknown_number_is_announced_and_refused_with_404() {
    let office = Office::of(&[JOHN]);
    let worker = Worker::start(&office);
    let mut john = Phone::of(&JOHN, worker.sip);
    let heard = office.path("heard.wav");
    john.call("777", None, Some(&heard));
    let ended = john.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 404, "{ended}");
    drop(john);
    let sound = Sound::read(&heard);
    assert!(
        sound.speech_seconds() > 1.0,
        "{:.1} s of speech",
        sound.speech_seconds()
    );
}
