//! The main story once more, with a phone of another make: what baresip says, PJSIP hears.

use std::time::Duration;

use switchboard_tests::baresip::Baresip;
use switchboard_tests::office::{JOHN, MARY, Office, PIN};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::sound::Sound;
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
    // How long he speaks is part of the story, not a wait for a condition.
    std::thread::sleep(Duration::from_secs(6));
    john.command("hangup", "");
    mary.expect_lamp(1, 0);

    let heard = office.path("mary.wav");
    mary.call("*404", None, Some(&heard));
    mary.expect_call("CONFIRMED");
    mary.press(&format!("{PIN}#1"), Keys::Rfc4733);
    wait_for("John's tone", Duration::from_secs(40), || {
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
    wait_for("baresip's tone", Duration::from_secs(20), || {
        (Sound::read(&heard).seconds_of(440.0) > 2.0).then_some(())
    });
    mary.hang_up();
    john.expect("CALL_CLOSED");
}
