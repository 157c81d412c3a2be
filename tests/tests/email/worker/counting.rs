//! E-mails that are counted for who is about to log in.

use std::net::TcpListener;

use switchboard_tests::dovecot::{self, Dovecot};
use switchboard_tests::line::Line;
use switchboard_tests::office::{MARY, Office, PASSWORD, PIN, manifests_of};
use switchboard_tests::streams::{Streams, Voice};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

use super::{PATIENCE, secret};

#[test]
fn who_is_about_to_log_in_has_his_emails_counted() {
    let server = Dovecot::start(2, 1);
    let office = with_account(server.port());
    secret(
        &office,
        "imap",
        &quoted(dovecot::USERNAME),
        dovecot::PASSWORD,
        &server.authority(),
    );
    let worker = Worker::start(&office);
    log_in(&worker);
    wait_for("her e-mails to be counted", PATIENCE, || {
        (worker.metric("switchboard_mail_counts_total{result=\"ok\"}") >= 1.0).then_some(())
    });
    assert!(
        !worker.output().contains("sesame"),
        "no password in the log"
    );
}

#[test]
fn a_server_that_never_answers_delays_no_login() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let office = with_account(listener.local_addr().unwrap().port());
    secret(&office, "imap", "mary", "secret", "");
    let worker = Worker::start(&office);
    // It takes the connection and says nothing for as long as this lasts.
    for _ in 0..3 {
        log_in(&worker);
    }
    let counted = worker.metric("switchboard_mail_counts_total{result=\"ok\"}");
    assert!(counted < 1.0, "{counted} were counted");
    drop(listener);
}

fn with_account(port: u16) -> Office {
    let office = Office::of(&[]);
    let spec = format!(
        "voicemail: {{imap: {{host: localhost, port: {port}, credentialsSecretRef: {{name: imap}}}}}}"
    );
    let manifests = manifests_of("mary", MARY.extension, MARY.display_name, &spec);
    office.write("mary.yaml", &manifests);
    office
}

/// Mary logs in to her message center.
fn log_in(worker: &Worker) {
    let streams = Streams::start(1);
    let (stream, audio) = streams.open();
    let mut line = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    let dialog = line.call("*404", &audio).unwrap();
    streams.connect(stream, dialog.audio.unwrap(), Voice::Silence);
    let before = worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}");
    streams.press(stream, &format!("{PIN}#"));
    wait_for("the login", PATIENCE, || {
        (worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}") > before).then_some(())
    });
    line.hang_up(dialog).unwrap();
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}
