//! Messages between colleagues: sent to two, forwarded with an introduction, answered.

use std::path::PathBuf;
use std::time::Duration;

use switchboard_tests::office::{ANN, JOHN, MARY, Office, PIN, Person};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

const MESSAGE: f64 = 700.0;
const INTRODUCTION: f64 = 450.0;
const ANSWER: f64 = 1300.0;

/// An office whose sales group is John and Ann.
fn office() -> Office {
    let office = Office::of(&[MARY, JOHN, ANN]);
    office.write(
        "sales.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: MessageAlias\nmetadata: {name: sales}\nspec:\n  \
         extension: \"500\"\n  members: [{name: john}, {name: ann}]\n",
    );
    office
}

/// Somebody in a call, with all that he hears.
struct Listener {
    phone: Phone,
    heard: PathBuf,
}

impl Listener {
    /// Calls a number and is answered.
    fn calls(office: &Office, phone: Phone, number: &str, file: &str) -> Self {
        let heard = office.path(file);
        let mut listener = Self { phone, heard };
        listener.phone.call(number, None, Some(&listener.heard));
        listener.phone.expect_call("CONFIRMED");
        listener
    }

    /// Calls his message center and logs in; `keys` are dialled ahead.
    fn logs_in(office: &Office, phone: Phone, file: &str, keys: &str) -> Self {
        let mut listener = Self::calls(office, phone, "*404", file);
        listener.presses(&format!("{PIN}#{keys}"));
        listener
    }

    fn presses(&mut self, keys: &str) {
        self.phone.press(keys, Keys::Rfc4733);
    }

    /// Waits for this tone to have sounded for some seconds.
    fn hears(&self, hz: f64) {
        self.hears_for(hz, 2.5);
    }

    fn hears_for(&self, hz: f64, seconds: f64) {
        wait_for("a tone", Duration::from_mins(1), || {
            (Sound::read(&self.heard).seconds_of(hz) > seconds).then_some(())
        });
    }

    /// Waits for the beep, and speaks for six seconds in a tone.
    fn speaks(&mut self, office: &Office, hz: f64) {
        self.speaks_for(office, hz, 6);
    }

    fn speaks_for(&mut self, office: &Office, hz: f64, seconds: u64) {
        wait_for("the beep", Duration::from_mins(1), || {
            (Sound::read(&self.heard).beeps() >= 1).then_some(())
        });
        self.phone.say(&tone_file(office, hz), seconds);
    }

    /// Hangs up, and has his phone back.
    fn hangs_up(mut self) -> Phone {
        self.phone.hang_up();
        self.phone.expect_call("DISCONNECTED");
        self.phone
    }
}

fn register(worker: &Worker, person: &Person) -> Phone {
    let mut phone = Phone::of(person, worker.sip);
    phone.expect_lamp(0, 0);
    phone
}

#[test]
fn a_message_is_sent_to_two_and_both_hear_it() {
    let office = office();
    let worker = Worker::start(&office);
    let mary = register(&worker, &MARY);
    let phones = [register(&worker, &JOHN), register(&worker, &ANN)];
    let keys = format!("3{}#{}##", JOHN.extension, ANN.extension);
    let mut mary = Listener::logs_in(&office, mary, "mary.wav", &keys);
    mary.speaks(&office, MESSAGE);
    mary.presses("#1");
    for (mut phone, file) in phones.into_iter().zip(["john.wav", "ann.wav"]) {
        phone.expect_lamp(1, 0);
        let listener = Listener::logs_in(&office, phone, file, "1");
        listener.hears(MESSAGE);
        listener.hangs_up();
    }
    assert!(Sound::read(&mary.heard).speech_seconds() > 2.0);
}

#[test]
fn a_message_is_forwarded_with_an_introduction_before_it_and_answered_to_who_forwarded_it() {
    let office = office();
    let worker = Worker::start(&office);
    let mut mary = register(&worker, &MARY);
    let john = register(&worker, &JOHN);
    let mut ann = register(&worker, &ANN);

    let mut john = Listener::calls(&office, john, &format!("3{}", MARY.extension), "john.wav");
    john.presses("#");
    john.speaks(&office, MESSAGE);
    john.hangs_up();
    mary.expect_lamp(1, 0);

    // Mary forwards it while she listens.
    let mut mary = Listener::logs_in(&office, mary, "mary.wav", "1");
    mary.hears(MESSAGE);
    mary.presses(&format!("*2{}##", ANN.extension));
    mary.speaks(&office, INTRODUCTION);
    mary.presses("#1");
    ann.expect_lamp(1, 0);
    let mut mary = mary.hangs_up();
    mary.expect_lamp(0, 1);

    // Ann hears Mary's words and then John's, and answers Mary.
    let mut ann = Listener::logs_in(&office, ann, "ann.wav", "1");
    ann.hears(MESSAGE);
    let sound = Sound::read(&ann.heard);
    let introduced = sound.first(INTRODUCTION).expect("an introduction");
    let message = sound.first(MESSAGE).expect("a message");
    assert!(introduced < message, "{introduced:?} {message:?}");
    ann.presses("*1");
    ann.speaks(&office, ANSWER);
    ann.hangs_up();
    mary.expect_lamp(1, 1);
    let mary = Listener::logs_in(&office, mary, "answer.wav", "1");
    mary.hears(ANSWER);
}

#[test]
fn whoever_calls_a_group_leaves_each_member_a_message() {
    let office = office();
    let worker = Worker::start(&office);
    let mary = register(&worker, &MARY);
    let phones = [register(&worker, &JOHN), register(&worker, &ANN)];
    let mut mary = Listener::calls(&office, mary, "500", "mary.wav");
    mary.presses("#");
    mary.speaks(&office, MESSAGE);
    mary.hangs_up();
    for (mut phone, file) in phones.into_iter().zip(["john.wav", "ann.wav"]) {
        phone.expect_lamp(1, 0);
        let listener = Listener::logs_in(&office, phone, file, "1");
        listener.hears(MESSAGE);
        listener.hangs_up();
    }
}

#[test]
fn a_message_that_is_deleted_on_one_phone_plays_on_at_the_other_and_stays_deleted() {
    let office = office();
    let worker = Worker::start(&office);
    let desk = register(&worker, &MARY);
    // Anybody's phone will do: her PIN opens her message center.
    let other = register(&worker, &ANN);
    let john = register(&worker, &JOHN);
    let mut john = Listener::calls(&office, john, &format!("3{}", MARY.extension), "john.wav");
    john.presses("#");
    // So long that it still plays when it is deleted.
    john.speaks_for(&office, MESSAGE, 9);
    john.hangs_up();

    let mut other = Listener::calls(&office, other, &format!("6{}", MARY.extension), "other.wav");
    let mut desk = Listener::logs_in(&office, desk, "desk.wav", "1");
    other.presses(&format!("{PIN}#1"));
    other.hears_for(MESSAGE, 0.5);
    desk.hears_for(MESSAGE, 0.5);
    other.presses("*3");
    desk.phone.expect_lamp(0, 0);
    desk.hears_for(MESSAGE, 5.0);
    // On to the next: heard, but no longer there to be saved.
    desk.presses("*6");
    desk.presses("2");
    let mut desk = desk.hangs_up();
    assert!(!desk.has("mwi", |event| {
        event["body"]
            .as_str()
            .is_some_and(|body| body.contains("0/1"))
    }));
}
