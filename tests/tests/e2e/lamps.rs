//! A lamp that shows another's mailbox (spec MB-3), and the key that opens it (spec VM-3).

use std::time::Duration;

use switchboard_tests::caller::Caller;
use switchboard_tests::line::Line;
use switchboard_tests::office::{
    ANN, DOMAIN, JOHN, MARY, Office, PASSWORD, PIN, Person, manifests_of,
};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::raw::{Digest, RawPhone};
use switchboard_tests::sound::Sound;
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

/// Mary lets John watch her mailbox, and nobody else.
fn office() -> Office {
    let office = Office::of(&[JOHN, ANN]);
    let watched = "voicemail: {monitoredBy: [{name: john}]}";
    office.write("mary.yaml", &manifests_of("mary", "101", "Mary", watched));
    office
}

/// What a SUBSCRIBE of this person's phone for Mary's lamp is answered with.
fn subscribe(worker: &Worker, person: &Person, password: &str, to: &str) -> (RawPhone, u16) {
    let mut phone = RawPhone::new(worker.sip);
    // So that the phone knows its name and password: it registers first.
    phone.register(&person.handset(), password, Digest::Sha256);
    let headers = format!(
        "Contact: <sip:{}@{}>\r\nEvent: message-summary\r\nExpires: 300\r\nAccept: application/simple-message-summary\r\n",
        person.handset(),
        phone.address()
    );
    let to = format!("sip:{to}@{DOMAIN}");
    let answer = phone.request("SUBSCRIBE", &to, &to, &headers, "", Some(Digest::Sha256));
    let status = answer.status;
    (phone, status)
}

#[test]
fn only_who_is_listed_may_watch_anothers_mailbox() {
    let office = office();
    let worker = Worker::start(&office);
    for to in ["mary", "101"] {
        let (_, john) = subscribe(&worker, &JOHN, PASSWORD, to);
        assert_eq!(john, 200, "{to}");
        // As if there were no such mailbox.
        let (_, ann) = subscribe(&worker, &ANN, PASSWORD, to);
        assert_eq!(ann, 404, "{to}");
    }
    let (_, own) = subscribe(&worker, &ANN, PASSWORD, "ann");
    assert_eq!(own, 200, "her own");
    let (_, stranger) = subscribe(&worker, &JOHN, "a wrong password", "mary");
    assert_eq!(stranger, 401);
}

#[test]
fn whoever_is_listed_later_may_watch_from_then_on() {
    let office = office();
    let worker = Worker::start(&office);
    assert_eq!(subscribe(&worker, &ANN, PASSWORD, "mary").1, 404);
    list_ann_instead(&office);
    wait_for("Ann to be let in", Duration::from_mins(1), || {
        (subscribe(&worker, &ANN, PASSWORD, "mary").1 == 200).then_some(())
    });
    assert_eq!(subscribe(&worker, &JOHN, PASSWORD, "mary").1, 404);
}

#[test]
fn the_lamp_of_a_watcher_follows_each_action() {
    let office = office();
    let worker = Worker::start(&office);
    let mut key = Key::watching(&worker);
    key.shows(0, 0);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.expect_lamp(0, 0);
    leave_a_message(&worker);
    key.shows(1, 0);
    mary.expect_lamp(1, 0);
    // She hears it, and goes on: it is saved.
    let heard = office.path("mary.wav");
    mary.call("*404", None, Some(&heard));
    mary.expect_call("CONFIRMED");
    mary.press(&format!("{PIN}#1"), Keys::Rfc4733);
    wait_for("the message", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(700.0) > 1.0).then_some(())
    });
    mary.press("*6", Keys::Rfc4733);
    key.shows(0, 1);
    mary.expect_lamp(0, 1);
    // And deletes it.
    mary.press("2*3", Keys::Rfc4733);
    key.shows(0, 0);
    mary.expect_lamp(0, 0);
}

#[test]
fn the_key_that_watches_anothers_mailbox_opens_it_by_the_pin_alone() {
    let office = office();
    let worker = Worker::start(&office);
    let mut key = Key::watching(&worker);
    leave_a_message(&worker);
    let account = key.shows(1, 0);
    assert_eq!(account, format!("sip:6101@{DOMAIN}"));
    let john = Caller::from(worker.sip, &JOHN, "6101", &format!("{PIN}#1"));
    wait_for("Mary's message", Duration::from_mins(1), || {
        (john.heard().seconds_of(700.0) > 1.0).then_some(())
    });
    john.hang_up();
}

#[test]
fn a_lamp_that_watches_anothers_mailbox_is_right_after_a_crash() {
    let office = office();
    let worker = Worker::start(&office);
    let sip = worker.sip.to_string();
    let mut key = Key::watching(&worker);
    key.shows(0, 0);
    leave_a_message(&worker);
    key.shows(1, 0);
    lamp_is_kept(&office);
    worker.kill();
    let worker = Worker::start_at(&office, &sip);
    // The phone has not subscribed again.
    key.shows(1, 0);
    leave_a_message(&worker);
    key.shows(2, 0);
}

#[test]
fn the_lamp_of_who_is_taken_off_the_list_goes_out_at_once() {
    let office = office();
    let worker = Worker::start(&office);
    let mut key = Key::watching(&worker);
    leave_a_message(&worker);
    key.shows(1, 0);
    list_ann_instead(&office);
    key.goes_out();
}

#[test]
fn who_is_taken_off_the_list_while_the_worker_is_down_watches_no_more() {
    let office = office();
    let worker = Worker::start(&office);
    let sip = worker.sip.to_string();
    let mut key = Key::watching(&worker);
    leave_a_message(&worker);
    key.shows(1, 0);
    lamp_is_kept(&office);
    worker.kill();
    list_ann_instead(&office);
    let _worker = Worker::start_at(&office, &sip);
    key.goes_out();
}

/// Mary lets Ann watch her mailbox, and John no longer.
fn list_ann_instead(office: &Office) {
    let watched = "voicemail: {monitoredBy: [{name: ann}]}";
    office.write("mary.yaml", &manifests_of("mary", "101", "Mary", watched));
}

/// Waits until the subscription would outlive the worker.
fn lamp_is_kept(office: &Office) {
    let journal = office.state().join("contacts");
    wait_for("the lamp on the disk", Duration::from_mins(1), || {
        let kept = std::fs::read_to_string(&journal).ok()?;
        kept.contains("mailbox_of").then_some(())
    });
}

/// John's key, which watches Mary's mailbox.
struct Key(RawPhone);

impl Key {
    fn watching(worker: &Worker) -> Self {
        let (phone, status) = subscribe(worker, &JOHN, PASSWORD, "mary");
        assert_eq!(status, 200);
        Self(phone)
    }

    /// Waits until the lamp shows so many messages; what the key dials then.
    fn shows(&mut self, new: u32, saved: u32) -> String {
        let counts = format!("Voice-Message: {new}/{saved}");
        loop {
            // Fails when none comes.
            let notify = self.0.expect_request("NOTIFY");
            self.0.answer(&notify, 200);
            // John's own messages are told without a subscription.
            if notify.contains("active;expires=") && notify.contains(&counts) {
                return account(&notify);
            }
        }
    }

    /// Waits until the worker ends the subscription; the lamp is dark then.
    fn goes_out(&mut self) {
        loop {
            let notify = self.0.expect_request("NOTIFY");
            self.0.answer(&notify, 200);
            if notify.contains("terminated;reason=rejected") {
                assert!(notify.contains("Messages-Waiting: no"), "{notify}");
                return;
            }
        }
    }
}

/// What a key dials that shows this.
fn account(notify: &str) -> String {
    let mut lines = notify.lines();
    let account = lines.find_map(|line| line.strip_prefix("Message-Account: "));
    account.unwrap_or_default().to_owned()
}

/// John leaves Mary a message of some seconds of 700 Hz.
fn leave_a_message(worker: &Worker) {
    let john = Caller::from(worker.sip, &JOHN, "3101", "#");
    wait_for("the beep", Duration::from_mins(1), || {
        (john.heard().beeps() >= 1).then_some(())
    });
    john.go_on_for(3);
    john.hang_up();
}

#[test]
fn a_phone_is_told_of_its_registration_before_its_lamp() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    // From the second on the home knows the mailbox, and has nothing to wait for.
    for _ in 0..10 {
        let mut phone = Line::new(worker.sip, &MARY.handset(), PASSWORD);
        // It takes no notice of what comes before the answer.
        phone.register(60).expect("the phone registers");
        let told = phone.await_request(Duration::from_mins(1));
        let told = told.expect("what its lamp is to show");
        assert!(told.contains("Messages-Waiting: no"), "{told}");
        assert_eq!(account(&told), format!("sip:*404@{DOMAIN}"));
    }
}
