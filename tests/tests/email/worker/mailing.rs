//! Messages that are mailed: to whom, what is in the mail, and that it comes once.

use std::time::Duration;

use data_encoding::BASE64;
use switchboard_tests::exim::Exim;
use switchboard_tests::line::Line;
use switchboard_tests::message::leave_message;
use switchboard_tests::office::{JOHN, MARY, PASSWORD, PIN};
use switchboard_tests::streams::{Streams, Voice};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

use super::{BOB, PATIENCE, hire, new_messages, office, sent};

#[test]
fn messages_are_mailed_as_each_owner_wants_it() {
    let exim = Exim::start();
    let office = office(&exim);
    let people = [
        ("ann", "Off"),
        ("bob", "Notify"),
        ("cid", "Attach"),
        ("dan", "AttachAndDelete"),
    ];
    for (number, (name, mode)) in (201..).zip(people) {
        hire(
            &office,
            name,
            &number.to_string(),
            &format!("{name}@example.com"),
            mode,
        );
    }
    let worker = Worker::start(&office);
    for number in 201..205 {
        leave_message(worker.sip, &JOHN, &number.to_string());
    }
    let mails = exim.expect_mails(3);
    wait_for("the outbox to be empty", PATIENCE, || {
        (sent(&worker) >= 3.0 && worker.metric("switchboard_mails_waiting") < 1.0).then_some(())
    });
    for name in ["bob", "cid", "dan"] {
        let mail = to(&mails, &format!("{name}@example.com"));
        assert!(
            mail.contains("From: Voicemail <voicemail@example.com>"),
            "{mail}"
        );
        assert!(
            mail.contains("Subject: Voicemail from John Smith (102) (0:0"),
            "{mail}"
        );
        assert!(
            mail.contains("text/plain") && mail.contains("text/html"),
            "{mail}"
        );
        assert!(mail.contains(&format!("Hello {name} Miller,")), "{mail}");
    }
    assert_eq!(attached(to(&mails, "bob@example.com")), None);
    for name in ["cid", "dan"] {
        let wav = attached(to(&mails, &format!("{name}@example.com"))).unwrap();
        let heard = media::wav::read(&wav).unwrap();
        assert!(
            heard.duration() >= Duration::from_millis(1500),
            "{:?}",
            heard.duration()
        );
        assert!(
            heard.samples.iter().any(|sample| sample.abs() > 1000),
            "silence"
        );
    }
    assert_eq!(worker.stop(), Some(0));
    assert_eq!(
        new_messages(&office, &["ann", "bob", "cid", "dan"]),
        [1, 1, 1, 0]
    );
}

fn to<'m>(mails: &'m [String], address: &str) -> &'m str {
    let to = format!("for {address}");
    let mail = mails.iter().find(|mail| mail.contains(&to));
    mail.unwrap_or_else(|| panic!("no mail to {address} among {mails:#?}"))
}

/// The file that is attached to a mail.
fn attached(mail: &str) -> Option<Vec<u8>> {
    let (_, part) = mail.split_once("Content-Type: audio/wav")?;
    let (_, body) = part.split_once("\n\n")?;
    let (body, _) = body.split_once("\n--")?;
    let digits: String = body.split_whitespace().collect();
    Some(BASE64.decode(digits.as_bytes()).unwrap())
}

#[test]
fn the_mail_about_a_forwarded_message_names_who_left_it_and_who_forwarded_it() {
    let exim = Exim::start();
    let office = office(&exim);
    hire(
        &office,
        "mary",
        MARY.extension,
        "mary@example.com",
        "Notify",
    );
    hire(&office, "bob", BOB, "bob@example.com", "Notify");
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, MARY.extension);
    exim.expect_mails(1);
    forward_to_bob(&worker);
    let mails = exim.expect_mails(2);
    // A long line may be broken.
    let mail = to(&mails, "bob@example.com").replace("=\n", "");
    for told in [
        "Subject: Voicemail from John Smith (102)",
        "mary Miller (101) forwarded you a voicemail on ",
        "It was left by John Smith (102) on ",
    ] {
        assert!(mail.contains(told), "{told} is not in {mail}");
    }
}

/// Mary forwards her new message.
fn forward_to_bob(worker: &Worker) {
    let streams = Streams::start(1);
    let (stream, audio) = streams.open();
    streams.listen(stream);
    let mut line = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    let dialog = line.call("*404", &audio).unwrap();
    streams.connect(stream, dialog.audio.unwrap(), Voice::Silence);
    streams.press(stream, &format!("{PIN}#1*2{BOB}##"));
    wait_for("the beep", PATIENCE, || {
        (streams.heard(stream).beeps() > 0).then_some(())
    });
    streams.say(stream, Voice::Tone);
    let sent = streams.of(stream).sent;
    wait_for("two seconds to be said", PATIENCE, || {
        (streams.of(stream).sent >= sent + 100).then_some(())
    });
    line.hang_up(dialog).unwrap();
}

#[test]
fn a_mail_that_is_put_off_arrives_once_though_the_worker_is_killed_meanwhile() {
    let exim = Exim::start();
    let office = office(&exim);
    hire(
        &office,
        "mary",
        MARY.extension,
        "mary@example.com",
        "Attach",
    );
    exim.take_nothing_now(true);
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, MARY.extension);
    wait_for("the server to put it off", PATIENCE, || {
        (exim.put_off() >= 1).then_some(())
    });
    worker.kill();
    let worker = Worker::start(&office);
    exim.take_nothing_now(false);
    exim.expect_mails(1);
    wait_for("the errand to be done", PATIENCE, || {
        (sent(&worker) >= 1.0).then_some(())
    });
    worker.kill();
    // One that has nothing to do any more does nothing: the next mail is the next message's.
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, MARY.extension);
    let mails = exim.expect_mails(2);
    assert_eq!(mails.len(), 2);
    assert_ne!(message_id(&mails[0]), message_id(&mails[1]));
    assert!(sent(&worker) <= 1.0);
}

fn message_id(mail: &str) -> &str {
    let id = mail.lines().find(|line| line.starts_with("Message-ID:"));
    id.unwrap_or_else(|| panic!("no Message-ID in {mail}"))
}
