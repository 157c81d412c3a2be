//! Servers that are away or refuse a mail: what is told of it, and what comes of the mail.

use std::time::Duration;

use crds::report::{Finding, Report};
use switchboard_tests::exim::{Exim, PASSWORD};
use switchboard_tests::message::leave_message;
use switchboard_tests::office::{JOHN, MARY, Office};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

use super::{BOB, PATIENCE, hire, mail_by, mail_through, new_messages, office, sent};
use crate::played::{Played, takes};

#[test]
fn a_server_that_is_away_or_refuses_the_login_gets_the_mail_when_all_is_well() {
    let mut exim = Exim::start();
    exim.stop();
    let office = office(&exim);
    hire(
        &office,
        "mary",
        MARY.extension,
        "mary@example.com",
        "Notify",
    );
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, MARY.extension);
    let told = |reason: &str| told(&worker, reason);
    assert!(told("MailServerAway").message.contains("spec.mail.smtp"));
    mail_by(&office, &exim, "forgotten");
    exim.start_again();
    assert!(told("MailLoginRefused").message.contains("Secret"));
    assert!(exim.mails().is_empty());
    mail_by(&office, &exim, PASSWORD);
    exim.expect_mails(1);
    assert!(told("MailTaken").ok);
}

#[test]
fn a_server_that_refuses_the_sender_is_asked_more_and_more_rarely() {
    let server = Played::start(|line| {
        if line.starts_with("MAIL") {
            return Some("550 not a sender of ours");
        }
        takes(line)
    });
    let office = office_of(&server);
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, MARY.extension);
    let rests = wait_for("the server to be asked again", PATIENCE, || {
        Some(server.rests()).filter(|rests| rests.len() >= 3)
    });
    let least = [2, 4, 8].map(Duration::from_secs);
    for (rest, least) in rests.iter().zip(least) {
        assert!(*rest >= least, "{rests:?}");
    }
    assert!(!told(&worker, "MailSenderRefused").ok);
    server.answers(takes);
    assert!(told(&worker, "MailTaken").ok);
    assert!(report(&worker).refused_mails.is_empty());
}

#[test]
fn a_mail_that_is_not_relayed_waits_and_holds_up_no_other() {
    let server = Played::start(|line| {
        if line.starts_with("RCPT") && line.contains("bob@") {
            return Some("554 5.7.1 <bob@example.org>: Relay access denied");
        }
        takes(line)
    });
    let office = office_of(&server);
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, BOB);
    let refused = told(&worker, "MailSenderRefused");
    assert!(
        refused.message.contains("Relay access denied"),
        "{refused:?}"
    );
    assert!(!refused.message.contains("bob@"), "{refused:?}");
    leave_message(worker.sip, &JOHN, MARY.extension);
    wait_for("hers to be taken", PATIENCE, || {
        (sent(&worker) >= 1.0).then_some(())
    });
    assert!(worker.metric("switchboard_mails_waiting") >= 1.0);
    assert!(report(&worker).refused_mails.is_empty());
    server.answers(takes);
    wait_for("his to be taken", PATIENCE, || {
        (sent(&worker) >= 2.0).then_some(())
    });
    assert!(told(&worker, "MailTaken").ok);
}

#[test]
fn after_a_mail_that_is_not_relayed_the_next_goes_over_the_same_connection() {
    let server = Played::start(|_| None);
    let office = office_of(&server);
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, BOB);
    assert!(!told(&worker, "MailServerAway").ok);
    leave_message(worker.sip, &JOHN, MARY.extension);
    wait_for("both to wait", PATIENCE, || {
        (worker.metric("switchboard_mails_waiting") >= 2.0).then_some(())
    });
    // Exim's words, which bear no enhanced status code.
    server.answers(|line| {
        if line.starts_with("RCPT") && line.contains("bob@") {
            return Some("550 relay not permitted");
        }
        takes(line)
    });
    wait_for("hers to be taken", PATIENCE, || {
        (sent(&worker) >= 1.0).then_some(())
    });
    let told = server.told();
    let connection = |to: &str| {
        let first = told
            .iter()
            .find(|(_, line)| line.starts_with("RCPT") && line.contains(to));
        first.map(|(connection, _)| *connection)
    };
    assert!(connection("bob@").is_some(), "{told:?}");
    assert_eq!(connection("bob@"), connection("mary@"), "{told:?}");
    assert!(report(&worker).refused_mails.is_empty());
    assert!(worker.metric("switchboard_mails_waiting") >= 1.0);
}

#[test]
fn a_server_that_hangs_up_at_the_letter_is_told_of() {
    let server = Played::start(|line| match line {
        "DATA" => None,
        _ => takes(line),
    });
    let office = office_of(&server);
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, MARY.extension);
    assert!(!told(&worker, "MailServerAway").ok);
    server.answers(takes);
    wait_for("it to be taken", PATIENCE, || {
        (sent(&worker) >= 1.0).then_some(())
    });
    assert!(told(&worker, "MailTaken").ok);
}

#[test]
fn a_mail_that_is_refused_for_good_is_told_and_not_tried_again() {
    let exim = Exim::start();
    let office = office(&exim);
    hire(
        &office,
        "mary",
        MARY.extension,
        "nobody@example.com",
        "AttachAndDelete",
    );
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, MARY.extension);
    let refused = wait_for("the operator to be told", PATIENCE, || {
        report(&worker).refused_mails.into_iter().next()
    });
    assert_eq!((&*refused.user, &*refused.reason), ("mary", "MailRefused"));
    assert!(
        refused.message.contains("nobody of that name"),
        "{}",
        refused.message
    );
    assert!(
        !worker.output().contains("nobody@example.com"),
        "no address in the log"
    );
    assert!(worker.metric("switchboard_mails_total{result=\"refused\"}") >= 1.0);
    wait_for("the outbox to be empty", PATIENCE, || {
        (worker.metric("switchboard_mails_waiting") < 1.0).then_some(())
    });
    assert_eq!(worker.stop(), Some(0));
    assert_eq!(new_messages(&office, &["mary"]), [1], "not deleted");
}

/// An office whose mail goes to a server that is played; Mary and Bob want theirs.
fn office_of(server: &Played) -> Office {
    let office = Office::of(&[JOHN]);
    mail_through(&office, server.port(), "tls: 'Off'");
    let mary = "mary@example.com";
    hire(&office, "mary", MARY.extension, mary, "Notify");
    hire(&office, "bob", BOB, "bob@example.org", "Notify");
    office
}

/// Waits until the operator would be told this of the mail server.
fn told(worker: &Worker, reason: &str) -> Finding {
    wait_for("the operator to be told", PATIENCE, || {
        report(worker).mail.filter(|mail| mail.reason == reason)
    })
}

fn report(worker: &Worker) -> Report {
    let (_, body) = worker.get("/report");
    serde_json::from_str(&body).unwrap()
}
