//! Messages left by phone, mailed by a worker (spec MB-7), and e-mails counted for who logs in (MB-8).

use std::fmt::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use crds::report::{Finding, Report};
use data_encoding::BASE64;
use mailbox::disk::RealDisk;
use mailbox::{FolderStore, MailboxId, Mailboxes, MailboxesOptions};
use switchboard_tests::dovecot::{self, Dovecot};
use switchboard_tests::exim::{Exim, PASSWORD, USERNAME};
use switchboard_tests::line::Line;
use switchboard_tests::message::leave_message;
use switchboard_tests::office::{self, JOHN, MARY, Office, PIN, manifests_of};
use switchboard_tests::streams::{Streams, Voice};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

use crate::played::{Played, takes};

/// An office whose mail goes to that server.
fn office(exim: &Exim) -> Office {
    let office = Office::of(&[JOHN]);
    mail_by(&office, exim, PASSWORD);
    office
}

/// Its mail goes to that server, logged in to with that password.
fn mail_by(office: &Office, exim: &Exim, password: &str) {
    mail_through(office, exim.plain(), "credentialsSecretRef: {name: smtp}");
    secret(office, "smtp", USERNAME, password, &exim.authority());
}

/// Its mail goes to that port; `more` is more of the server's spec.
fn mail_through(office: &Office, port: u16, more: &str) {
    office.write(
        "phonesystem.yaml",
        &format!(
            "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {{name: office}}\nspec:\n  \
             domain: office.example.com\n  timeZone: America/New_York\n  limits: {{callsPerUser: 1000}}\n  \
             mail: {{smtp: {{host: localhost, port: {port}, from: 'Voicemail <voicemail@example.com>', {more}}}}}\n"
        ),
    );
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

fn secret(office: &Office, name: &str, username: &str, password: &str, authority: &str) {
    let mut yaml = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, labels: {{switchboard.dev/use: {name}}}}}\nstringData:\n  \
         username: {username}\n  password: '{password}'\n  ca.crt: |\n"
    );
    for line in authority.lines() {
        let _ = writeln!(yaml, "    {line}");
    }
    office.write(&format!("{name}.yaml"), &yaml);
}

/// Somebody with an address and a mode.
fn hire(office: &Office, name: &str, extension: &str, address: &str, mode: &str) {
    let spec = format!("email: {address}\n  voicemail: {{email: {{mode: '{mode}'}}}}");
    let manifests = manifests_of(name, extension, &format!("{name} Miller"), &spec);
    office.write(&format!("{name}.yaml"), &manifests);
}

/// How many messages are new in these mailboxes, as the store of a worker that has ended has them.
fn new_messages(office: &Office, users: &[&str]) -> Vec<u32> {
    let spool = tempfile::TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Arc::new(FolderStore::open(office.state().join("store")).unwrap());
        let disk = Arc::new(RealDisk::open(spool.path()).unwrap());
        let options = MailboxesOptions::new([7; 32]);
        let (mailboxes, _delivered) = Mailboxes::open(store, disk, options).unwrap();
        let mut counts = Vec::new();
        for user in users {
            let mailbox = mailboxes.mailbox(&MailboxId::new(*user).unwrap());
            counts.push(mailbox.counts().await.new);
        }
        counts
    })
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

fn message_id(mail: &str) -> &str {
    let id = mail.lines().find(|line| line.starts_with("Message-ID:"));
    id.unwrap_or_else(|| panic!("no Message-ID in {mail}"))
}

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
        let (_, body) = worker.get("/report");
        let report: Report = serde_json::from_str(&body).unwrap();
        report.refused_mails.into_iter().next()
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

/// Mary logs in to her message center.
fn log_in(worker: &Worker) {
    let streams = Streams::start(1);
    let (stream, audio) = streams.open();
    let mut line = Line::new(worker.sip, &MARY.handset(), office::PASSWORD);
    let dialog = line.call("*404", &audio).unwrap();
    streams.connect(stream, dialog.audio.unwrap(), Voice::Silence);
    streams.press(stream, &format!("{PIN}#"));
    let before = worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}");
    wait_for("the login", PATIENCE, || {
        (worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}") > before).then_some(())
    });
    line.hang_up(dialog).unwrap();
}

/// Mary forwards her new message.
fn forward_to_bob(worker: &Worker) {
    let streams = Streams::start(1);
    let (stream, audio) = streams.open();
    streams.listen(stream);
    let mut line = Line::new(worker.sip, &MARY.handset(), office::PASSWORD);
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

fn with_account(port: u16) -> Office {
    let office = Office::of(&[]);
    let spec = format!(
        "voicemail: {{imap: {{host: localhost, port: {port}, credentialsSecretRef: {{name: imap}}}}}}"
    );
    let manifests = manifests_of("mary", MARY.extension, MARY.display_name, &spec);
    office.write("mary.yaml", &manifests);
    office
}

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

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

fn sent(worker: &Worker) -> f64 {
    worker.metric("switchboard_mails_total{result=\"sent\"}")
}

/// Bob's extension.
const BOB: &str = "202";
/// A letter that was put off is tried again after half a minute.
const PATIENCE: Duration = Duration::from_mins(2);
