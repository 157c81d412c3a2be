//! The stories once more, with a phone of another make: what baresip says, PJSIP hears, and the other way round.

use std::time::Duration;

use switchboard_tests::baresip::Baresip;
use switchboard_tests::office::{ANN, JOHN, MARY, Office, PIN};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

#[test]
fn baresip_leaves_a_message_and_its_owner_hears_it() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut john = Baresip::of(&JOHN, worker.sip, &office.path("john"));
    let mut mary = Phone::of(&MARY, worker.sip);
    john.command("dial", &format!("3{}", MARY.extension));
    john.expect("CALL_ESTABLISHED");
    john.command("sndcode", "#");
    until("the beep", || john.heard().beeps() >= 1);
    john.go_on_for(SPEAKING);
    john.command("hangup", "");
    mary.expect_lamp(1, 0);

    let heard = office.path("mary.wav");
    mary.call("*404", None, Some(&heard));
    mary.expect_call("CONFIRMED");
    mary.press(&format!("{PIN}#1"), Keys::Rfc4733);
    wait_for("John's tone", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(440.0) > 3.0).then_some(())
    });
    mary.hang_up();
}

#[test]
fn baresip_answers_a_call_and_is_heard() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut john = Baresip::of(&JOHN, worker.sip, &office.path("john"));
    let mut mary = Phone::of(&MARY, worker.sip);
    let heard = office.path("mary.wav");
    mary.call(JOHN.extension, None, Some(&heard));
    john.expect("CALL_INCOMING");
    john.command("accept", "");
    mary.expect_call("CONFIRMED");
    wait_for("baresip's tone", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(440.0) > 2.0).then_some(())
    });
    mary.hang_up();
    john.expect("CALL_CLOSED");
}

#[test]
fn the_owner_at_a_baresip_hears_answers_deletes_and_sends() {
    let office = Office::of(&[MARY, JOHN, ANN]);
    let worker = Worker::start(&office);
    let mut mary = Baresip::of(&MARY, worker.sip, &office.path("mary"));
    let mut john = Phone::of(&JOHN, worker.sip);
    let mut ann = Phone::of(&ANN, worker.sip);
    let heard = office.path("john.wav");
    john.call(&format!("3{}", MARY.extension), None, Some(&heard));
    john.expect_call("CONFIRMED");
    until("the beep", || Sound::read(&heard).beeps() >= 1);
    john.say(&tone_file(&office, 700.0), SPEAKING);
    john.hang_up();
    john.expect_call("DISCONNECTED");

    mary.command("dial", "*404");
    mary.expect("CALL_ESTABLISHED");
    mary.press(&format!("{PIN}#1"));
    until("John's message", || mary.heard().seconds_of(700.0) > 2.5);
    // At a finger's pace two keys may not belong together: she waits for its end, from where on one is enough.
    until("the choices after it", || {
        let sound = mary.heard();
        let last = sound.since(sound.duration().saturating_sub(Duration::from_secs(1)));
        last.seconds_of(700.0) < 0.1 && last.speech_seconds() > 0.5
    });
    // She answers him and deletes his message, the only one: then she is back in the main menu.
    mary.press("1");
    until("the beep", || mary.heard().beeps() >= 1);
    mary.go_on_for(SPEAKING);
    mary.press("#1");
    john.expect_lamp(1, 0);
    mary.press("*3");
    // She sends a message to Ann and John.
    mary.press(&format!("3{}#{}##", ANN.extension, JOHN.extension));
    until("the beep", || mary.heard().beeps() >= 2);
    mary.go_on_for(SPEAKING);
    mary.press("#1");
    ann.expect_lamp(1, 0);
    john.expect_lamp(2, 0);
    mary.command("hangup", "");

    let heard = office.path("ann.wav");
    ann.call("*404", None, Some(&heard));
    ann.expect_call("CONFIRMED");
    ann.press(&format!("{PIN}#1"), Keys::Rfc4733);
    until("Mary's message", || {
        Sound::read(&heard).seconds_of(440.0) > 2.5
    });
    ann.hang_up();
}

#[test]
fn the_owner_at_a_baresip_records_a_greeting_and_goes_away() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut mary = Baresip::of(&MARY, worker.sip, &office.path("mary"));
    let mut john = Phone::of(&JOHN, worker.sip);
    mary.command("dial", "*404");
    mary.expect("CALL_ESTABLISHED");
    // Settings, greetings, the one for away, record.
    mary.press(&format!("{PIN}#4361"));
    until("the beep", || mary.heard().beeps() >= 1);
    mary.go_on_for(SPEAKING);
    mary.press("#1");
    // Back to the settings, presence, away.
    mary.press("##16");
    let settings = office.state().join("settings/mary.yaml");
    until("the presence", || {
        std::fs::read_to_string(&settings).is_ok_and(|text| text.contains("presence: Away"))
    });
    mary.command("hangup", "");

    let heard = office.path("john.wav");
    john.call(&format!("3{}", MARY.extension), None, Some(&heard));
    john.expect_call("CONFIRMED");
    until("the greeting and the beep", || {
        let sound = Sound::read(&heard);
        sound.seconds_of(440.0) > 2.5 && sound.beeps() >= 1
    });
    john.hang_up();
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, Duration::from_mins(1), || is_so().then_some(()));
}

/// For so many seconds somebody speaks.
const SPEAKING: u64 = 6;
