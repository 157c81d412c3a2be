//! The main story once more, with a phone of another make.

use std::time::Duration;

use switchboard_tests::baresip::Baresip;
use switchboard_tests::office::{JOHN, MARY, Office, PIN};
use switchboard_tests::sound::Sound;
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

#[test]
fn baresip_leaves_a_message_and_baresip_hears_it() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let (at_john, at_mary) = (office.path("john.wav"), office.path("mary.wav"));
    let mut john = Baresip::of(&JOHN, worker.sip, &office.path("john"), &at_john);
    let mut mary = Baresip::of(&MARY, worker.sip, &office.path("mary"), &at_mary);

    john.command("dial", &format!("3{}", MARY.extension));
    john.expect("CALL_ESTABLISHED");
    wait_for("the beep", Duration::from_secs(40), || {
        (Sound::read(&at_john).beeps() >= 1).then_some(())
    });
    // How long he speaks is part of the story, not a wait for a condition.
    std::thread::sleep(Duration::from_secs(4));
    john.command("hangup", "");
    wait_for("the message", Duration::from_secs(10), || {
        (worker.metric("switchboard_messages_total{result=\"delivered\"}") >= 1.0).then_some(())
    });

    mary.command("dial", "*404");
    mary.expect("CALL_ESTABLISHED");
    for key in format!("{PIN}#1").chars() {
        mary.command("sndcode", &key.to_string());
    }
    wait_for("John's tone", Duration::from_secs(40), || {
        (Sound::read(&at_mary).seconds_of(440.0) > 3.0).then_some(())
    });
    mary.command("hangup", "");
}

#[test]
fn two_baresips_talk() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let (at_john, at_mary) = (office.path("john.wav"), office.path("mary.wav"));
    let mut john = Baresip::of(&JOHN, worker.sip, &office.path("john"), &at_john);
    let mut mary = Baresip::of(&MARY, worker.sip, &office.path("mary"), &at_mary);
    john.command("dial", MARY.extension);
    mary.expect("CALL_INCOMING");
    mary.command("accept", "");
    john.expect("CALL_ESTABLISHED");
    wait_for("both tones", Duration::from_secs(20), || {
        (Sound::read(&at_john).seconds_of(440.0) > 1.0
            && Sound::read(&at_mary).seconds_of(440.0) > 1.0)
            .then_some(())
    });
    john.command("hangup", "");
    mary.expect("CALL_CLOSED");
}
