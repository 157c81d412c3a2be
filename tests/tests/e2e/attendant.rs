//! The auto attendant, from outside by a trunk and from inside: its recorded greeting, and where keys and silence lead.

use std::process::Command;
use std::time::Duration;

use switchboard_tests::caller::Caller;
use switchboard_tests::office::{JOHN, MARY, Office, PIN};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;
use switchboard_tests::worker::{Worker, binary};

use super::languages::{expect_words, recording};
use super::trunk::{OLGA, company, provider, registered, trunk};

/// What the attendant's greeting sounds like.
const GREETING: f64 = 620.0;

/// The company's number leads to the attendant; john is the operator, and his own calls end there too.
const ATTENDANT: &str = "\
apiVersion: switchboard.dev/v1alpha1
kind: AutoAttendant
metadata: {name: main}
spec:
  greeting: {file: attendant/open.wav}
---
apiVersion: switchboard.dev/v1alpha1
kind: Extension
metadata: {name: \"0\"}
spec: {target: {user: {name: john}}}
---
apiVersion: switchboard.dev/v1alpha1
kind: Extension
metadata: {name: \"150\"}
spec: {target: {autoAttendant: {name: main}}}
---
apiVersion: switchboard.dev/v1alpha1
kind: CallRoute
metadata: {name: john}
spec: {userRef: {name: john}, callers: [{internal: {}}], finally: {autoAttendant: {name: main}}}
";

const BY_NUMBER: &str = "\
account: {username: acme-desk, passwordSecretRef: {name: provider, key: password}}
inbound: {numbers: [{number: \"+15855550100\", target: {autoAttendant: {name: main}}}]}";

/// The company with its attendant, whose greeting the worker has.
fn with_attendant() -> (Office, Worker) {
    let office = company();
    let worker = Worker::start(&office);
    let put = Command::new(binary())
        .args(["files", "put"])
        .arg(office.state())
        .arg("attendant/open.wav")
        .arg(tone_file(&office, GREETING))
        .output();
    assert!(put.is_ok_and(|put| put.status.success()));
    office.write("attendant.yaml", ATTENDANT);
    wait_for("the recorded greeting", Duration::from_mins(1), || {
        let ready = "a shared recording is ready";
        (worker.output().contains(ready) || worker.log().contains(ready)).then_some(())
    });
    (office, worker)
}

#[test]
fn a_caller_from_outside_dials_an_extension_and_both_hear_each_other() {
    let far = provider();
    let carrier = Worker::start(&far);
    let (near, worker) = with_attendant();
    trunk(&near, "provider", carrier.sip.port(), BY_NUMBER);
    registered(&worker);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut mary = Phone::of(&MARY, worker.sip);
    let (by_olga, by_mary) = (near.path("olga.wav"), near.path("mary.wav"));
    olga.call("5855550100", Some(&tone_file(&near, 440.0)), Some(&by_olga));
    olga.expect_call("CONFIRMED");
    wait_for("the greeting", Duration::from_mins(1), || {
        (Sound::read(&by_olga).seconds_of(GREETING) > 0.5).then_some(())
    });
    olga.press("101", Keys::Rfc4733);
    let incoming = mary.expect("incoming", |_| true);
    let message = incoming["message"].as_str().unwrap();
    assert!(
        message.contains("Olga Outside") && message.contains("sip:+15855551234@"),
        "{message}"
    );
    mary.answer(Some(&tone_file(&near, 950.0)), Some(&by_mary));
    wait_for("sound at both ends", Duration::from_mins(1), || {
        (Sound::read(&by_olga).seconds_of(950.0) > 1.0
            && Sound::read(&by_mary).seconds_of(440.0) > 1.0)
            .then_some(())
    });
    mary.hang_up();
    olga.expect_call("DISCONNECTED");
}

#[test]
fn a_caller_from_outside_hears_his_messages_comes_back_and_reaches_the_operator_by_silence() {
    let far = provider();
    let carrier = Worker::start(&far);
    let (near, worker) = with_attendant();
    trunk(&near, "provider", carrier.sip.port(), BY_NUMBER);
    registered(&worker);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    let heard = near.path("olga.wav");
    olga.call("5855550100", None, Some(&heard));
    olga.expect_call("CONFIRMED");
    let greetings = || Sound::read(&heard).seconds_of(GREETING);
    wait_for("the greeting", Duration::from_mins(1), || {
        (greetings() > 0.5).then_some(())
    });
    olga.press("*404", Keys::Rfc4733);
    olga.press(&format!("101#{PIN}#"), Keys::Rfc4733);
    wait_for("the login", Duration::from_mins(1), || {
        (worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}") >= 1.0).then_some(())
    });
    let before = greetings();
    olga.press("#", Keys::Rfc4733);
    wait_for("the greeting again", Duration::from_mins(1), || {
        (greetings() > before + 0.5).then_some(())
    });
    john.expect("incoming", |_| true);
    john.answer(Some(&tone_file(&near, 950.0)), None);
    wait_for("the operator", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(950.0) > 1.0).then_some(())
    });
    olga.hang_up();
    john.expect_call("DISCONNECTED");
}

#[test]
fn a_caller_who_goes_round_for_ever_is_hung_up_on() {
    let (_office, worker) = with_attendant();
    let mary = Caller::from(worker.sip, &MARY, "150", "102#");
    // John has no phone: his route leads back at once.
    let said = "transferred again and again";
    wait_for("the log to say so", Duration::from_mins(2), || {
        mary.press("102#");
        (worker.output().contains(said) || worker.log().contains(said)).then_some(())
    });
    wait_for("the end of the call", Duration::from_mins(1), || {
        let calls = worker.metric("switchboard_calls_active{direction=\"in\"}");
        (calls < 0.5).then_some(())
    });
}

#[test]
fn a_route_that_ends_at_the_attendant_leads_there_and_on() {
    let (office, worker) = with_attendant();
    let mut mary = Phone::of(&MARY, worker.sip);
    let heard = office.path("mary.wav");
    mary.call("102", None, Some(&heard));
    mary.expect_call("CONFIRMED");
    wait_for("the greeting", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(GREETING) > 0.5).then_some(())
    });
    mary.press(&format!("6101{PIN}#"), Keys::Rfc4733);
    wait_for("the login", Duration::from_mins(1), || {
        (worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}") >= 1.0).then_some(())
    });
    mary.hang_up();
    mary.expect_call("DISCONNECTED");
}

#[test]
fn whoever_the_attendant_has_answered_hears_that_the_other_is_busy() {
    let office = company();
    office.write("attendant.yaml", ATTENDANT);
    office.write(
        "busy.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: CallRoute\nmetadata: {name: mary}\n\
         spec: {userRef: {name: mary}, finally: {busy: {}}}\n",
    );
    let worker = Worker::start(&office);
    let mut john = Phone::of(&JOHN, worker.sip);
    // His own phone tells him, as long as he is not answered.
    john.call(MARY.extension, None, None);
    let ended = john.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 486, "{ended}");
    let heard = office.path("john.wav");
    john.call("150", None, Some(&heard));
    john.expect_call("CONFIRMED");
    john.press(MARY.extension, Keys::Rfc4733);
    expect_words(&heard, &recording("en", "announce-busy"));
    john.expect_call("DISCONNECTED");
    wait_for("the count of calls", Duration::from_mins(1), || {
        let busy = "switchboard_calls_total{direction=\"in\",result=\"busy\"}";
        (worker.metric(busy) > 1.5).then_some(())
    });
}
