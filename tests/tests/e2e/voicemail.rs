//! The main job: a phone rings, nobody answers, the message is safe.

use std::time::Duration;

use switchboard_tests::line::Line;
use switchboard_tests::office::{JOHN, MARY, Office, PASSWORD, PIN};
use switchboard_tests::phone::{Keys, Phone, Setup};
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::streams::{Streams, Voice};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

/// Rings Mary once (6 s) instead of four times, so that the tests need not wait.
const ONE_RING: &str = "apiVersion: switchboard.dev/v1alpha1\nkind: CallRoute\nmetadata: {name: mary-default}\nspec:\n  \
    userRef: {name: mary}\n  attempts:\n  - destinations: [{handset: {name: mary-desk}}]\n    rings: 1\n  \
    finally: {voicemail: {userRef: {name: mary}}}\n";

fn office() -> Office {
    let office = Office::of(&[MARY, JOHN]);
    office.write("route.yaml", ONE_RING);
    office
}

/// John leaves a message of some seconds of a 700 Hz tone, in the voicemail that has answered him.
fn speak(john: &mut Phone, office: &Office, heard: &std::path::Path) {
    wait_for("the greeting", Duration::from_mins(1), || {
        (Sound::read(heard).speech_seconds() > 0.5).then_some(())
    });
    john.press("#", Keys::Rfc4733);
    wait_for("the beep", Duration::from_mins(1), || {
        (Sound::read(heard).beeps() >= 1).then_some(())
    });
    john.say(&tone_file(office, 700.0), 6);
}

#[test]
fn nobody_answers_a_message_is_left_the_lamp_lights_and_the_owner_hears_it() {
    let office = office();
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    mary.expect_lamp(0, 0);

    let heard = office.path("john.wav");
    john.call(MARY.extension, None, Some(&heard));
    mary.expect("incoming", |_| true);
    john.expect_call("CONFIRMED");
    speak(&mut john, &office, &heard);
    john.hang_up();
    mary.expect_lamp(1, 0);

    let heard = office.path("mary.wav");
    mary.call("*404", None, Some(&heard));
    mary.expect_call("CONFIRMED");
    mary.press(&format!("{PIN}#1"), Keys::Rfc4733);
    wait_for("the message", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(700.0) > 3.0).then_some(())
    });
    mary.press("*3", Keys::Rfc4733);
    mary.expect_lamp(0, 0);
    mary.hang_up();
    mary.expect_call("DISCONNECTED");
    drop((john, mary));
    let sound = Sound::read(&heard);
    assert!(sound.speech_seconds() > 2.0, "the menus were spoken");
    assert_eq!(sound.clipped(), 0);
}

#[test]
fn a_message_heard_is_saved_and_counts_survive_a_restart() {
    let office = office();
    let worker = Worker::start(&office);
    let sip = worker.sip.to_string();
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    let heard = office.path("john.wav");
    john.call(&format!("3{}", MARY.extension), None, Some(&heard));
    john.expect_call("CONFIRMED");
    speak(&mut john, &office, &heard);
    john.press("#", Keys::Rfc4733);
    john.press("1", Keys::Rfc4733);
    mary.expect_lamp(1, 0);
    // He is told that it is sent, and hung up on.
    john.expect_call("DISCONNECTED");

    assert_eq!(worker.stop(), Some(0));
    let worker = Worker::start_at(&office, &sip);
    // The phone has not registered again: the lamp and calls must work all the same.
    mary.expect_lamp(1, 0);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    john.hang_up();
    mary.expect_call("DISCONNECTED");

    let heard = office.path("mary.wav");
    mary.call("*404", None, Some(&heard));
    mary.expect_call("CONFIRMED");
    mary.press(&format!("{PIN}#1"), Keys::Rfc4733);
    wait_for("the message", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(700.0) > 3.0).then_some(())
    });
    // On to the next message: this one has been heard, and is saved.
    mary.press("*6", Keys::Rfc4733);
    mary.expect_lamp(0, 1);
    mary.hang_up();
    drop(worker);
}

#[test]
fn a_wrong_pin_three_times_ends_the_call_and_locks_that_side() {
    let office = office();
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("*404", None, None);
    mary.expect_call("CONFIRMED");
    mary.press("11111#22222#33333#", Keys::Rfc4733);
    mary.expect_call("DISCONNECTED");
    // The right PIN does not help now.
    mary.call("*404", None, None);
    mary.expect_call("CONFIRMED");
    mary.press(&format!("{PIN}#"), Keys::Rfc4733);
    mary.expect_call("DISCONNECTED");
    assert!(worker.metric("switchboard_mailbox_logins_total{result=\"wrong_pin\"}") >= 3.0);
}

#[test]
fn keys_are_understood_as_tones_where_a_phone_has_no_events() {
    let office = office();
    let worker = Worker::start(&office);
    let streams = Streams::start(1);
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    let (stream, audio) = streams.open();
    let dialog = mary.call("*404", &audio.without_events()).unwrap();
    let far = dialog.audio.expect("an answer with audio");
    assert!(!far.events, "events were agreed on that nobody offered");
    streams.connect(stream, far, Voice::Silence);
    streams.press_tones(stream, &format!("{PIN}#"));
    wait_for("the login", Duration::from_mins(1), || {
        (worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}") >= 1.0).then_some(())
    });
    mary.hang_up(dialog).unwrap();
}

#[test]
fn keys_are_understood_as_events_and_as_info() {
    for how in [Keys::Rfc4733, Keys::Info] {
        let office = office();
        let worker = Worker::start(&office);
        let mut mary = Phone::set_up(&MARY, worker.sip, Setup::default());
        mary.call("*404", None, None);
        mary.expect_call("CONFIRMED");
        mary.expect("media", |event| event["status"] == 1);
        mary.press(&format!("{PIN}#"), how);
        wait_for("the login", Duration::from_mins(1), || {
            (worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}") >= 1.0).then_some(())
        });
    }
}

#[test]
fn a_caller_whose_phone_vanishes_is_hung_up_on_and_his_message_is_kept() {
    let office = office();
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.expect_lamp(0, 0);
    let streams = Streams::start(1);
    let mut john = Line::new(worker.sip, &JOHN.handset(), PASSWORD);
    let (stream, audio) = streams.open();
    let directly = format!("3{}", MARY.extension);
    let dialog = john.call(&directly, &audio).expect("an answer");
    streams.listen(stream);
    streams.connect(stream, dialog.audio.expect("audio"), Voice::Silence);
    streams.press(stream, "#");
    wait_for("the beep", Duration::from_mins(1), || {
        (streams.heard(stream).beeps() >= 1).then_some(())
    });
    streams.say(stream, Voice::Tone);
    streams.go_on_for(stream, 3);
    drop(streams);

    let request = john.await_request(Duration::from_mins(2)).expect("a BYE");
    assert!(request.starts_with("BYE "), "{request}");
    assert!(request.contains("No media from your phone"), "{request}");
    mary.expect_lamp(1, 0);
}
