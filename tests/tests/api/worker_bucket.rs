//! A worker in a Pod keeps its messages in a bucket, and tells the operator how that goes.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crds::User;
use crds::conditions::Reason;
use crds::report::{Finding, Report};
use kube::Api;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::cluster_office::ClusterOffice;
use switchboard_tests::gate::Gate;
use switchboard_tests::line::Line;
use switchboard_tests::message::leave_message;
use switchboard_tests::office::{ANN, JOHN, MARY, PASSWORD};
use switchboard_tests::raw::{Digest, RawPhone};
use switchboard_tests::s3::{BUCKET, S3, files};
use switchboard_tests::wire::Audio;
use switchboard_tests::worker::Worker;
use switchboard_tests::{eventually, wait_for};

#[tokio::test]
async fn a_message_left_while_the_bucket_is_away_shows_at_once_and_arrives_when_it_is_back() {
    let server = ApiServer::shared();
    let mut service = S3::start();
    let office = ClusterOffice::open(server).await;
    office.hire(&MARY).await;
    office.hire(&JOHN).await;
    let worker = start(&office, &service, "1");
    wait_for("the bucket to be written", PATIENCE, || {
        told(&worker, Reason::Writable)
    });
    service.stop();

    leave_message(worker.sip, &MARY, JOHN.extension);
    let users: Api<User> = Api::namespaced(server.client().await, office.namespace());
    let john = eventually("his message to show", async || {
        let john = users.get("john").await.unwrap();
        let messages = john.status.as_ref()?.messages.as_ref()?;
        (messages.new == 1).then_some(john)
    })
    .await;
    let away = wait_for("the worker to tell", PATIENCE, || {
        told(&worker, Reason::StorageAway)
    });
    assert!(
        away.message.contains("spec.storage.s3.endpoint"),
        "{}",
        away.message
    );

    service.start_again();
    let mailbox = mailbox(&service, &john);
    wait_for("the message to arrive", PATIENCE, || {
        (files(&mailbox.join("messages")) == 1).then_some(())
    });
    wait_for("the worker to tell", PATIENCE, || {
        told(&worker, Reason::Writable)
    });
    wait_for("the message to be counted", PATIENCE, || {
        let stored = worker.metric("switchboard_uploads_total{result=\"stored\"}");
        (stored >= 1.0).then_some(())
    });
    assert_eq!(worker.stop(), Some(0));
}

#[tokio::test]
async fn another_system_writes_nothing_and_its_operator_is_told_whose_the_bucket_is() {
    let service = S3::start();
    let office = ClusterOffice::open(ApiServer::shared()).await;
    let first = start(&office, &service, "1");
    wait_for("the first to have the bucket", PATIENCE, || {
        told(&first, Reason::Writable)
    });
    first.kill();
    let there = files(&service.objects().join("office"));
    let second = start(&office, &service, "2");
    let taken = wait_for("the second to be told", PATIENCE, || {
        told(&second, Reason::PrefixTaken)
    });
    assert!(taken.message.contains("(UID 1)"), "{}", taken.message);
    assert_eq!(files(&service.objects().join("office")), there);
}

#[tokio::test]
async fn right_after_a_start_phones_are_rung_while_the_bucket_says_nothing() {
    let service = S3::start();
    let endpoint = service.endpoint();
    let address = endpoint.strip_prefix("http://").unwrap().parse().unwrap();
    let gate = Gate::before(address);
    let office = ClusterOffice::open(ApiServer::shared()).await;
    for person in [&ANN, &MARY, &JOHN] {
        office.hire(person).await;
    }
    let launch = |sip: &str| {
        let mut command = command(&office, &service, "1");
        command
            .env(
                "SWITCHBOARD_S3_ENDPOINT",
                format!("http://{}", gate.address()),
            )
            .env("SWITCHBOARD_SIP", sip);
        Worker::launch(&mut command, &office.path("worker.log"))
    };
    let worker = launch("127.0.0.1:0");
    let sip = worker.sip;
    let [_ann, mut mary] = [&ANN, &MARY].map(|person| {
        let mut phone = RawPhone::new(sip);
        let registered = phone.register(&person.handset(), PASSWORD, Digest::Sha256);
        assert_eq!(registered.status, 200);
        phone
    });
    wait_for("both to be on the disk", PATIENCE, || {
        let kept = std::fs::read_to_string(office.path("state/contacts")).ok()?;
        (kept.contains("ann-desk") && kept.contains("mary-desk")).then_some(())
    });
    worker.kill();
    gate.fall_silent();

    let _worker = launch(&sip.to_string());
    let ringing = std::thread::spawn(move || {
        let invite = mary.expect_call_to(&MARY.handset());
        mary.answer(&invite, 486);
    });
    // What becomes of it after Mary has refused is another story.
    let _ = Line::new(sip, &JOHN.handset(), PASSWORD).call(MARY.extension, &Audio::nowhere(1));
    assert!(ringing.join().is_ok(), "Mary's phone was not rung");
}

/// A worker of the system with that UID, with its messages under `office/`.
fn start(office: &ClusterOffice, service: &S3, uid: &str) -> Worker {
    let mut command = command(office, service, uid);
    Worker::launch(&mut command, &office.path("worker.log"))
}

fn command(office: &ClusterOffice, service: &S3, uid: &str) -> Command {
    let mut command = office.command();
    command
        .env("SWITCHBOARD_SYSTEM_UID", uid)
        .env("SWITCHBOARD_S3_ENDPOINT", service.endpoint())
        .env("SWITCHBOARD_S3_BUCKET", BUCKET)
        .env("SWITCHBOARD_S3_PREFIX", "office/")
        .env("SWITCHBOARD_S3_CREDENTIALS_DIR", service.credentials());
    command
}

/// What the worker's report says of storage, once it has this reason.
fn told(worker: &Worker, reason: Reason) -> Option<Finding> {
    let (_, body) = worker.get("/report?pod=pod-1");
    let report: Report = serde_json::from_str(&body).unwrap();
    report
        .storage
        .filter(|storage| storage.reason == reason.as_str())
}

fn mailbox(service: &S3, user: &User) -> PathBuf {
    let uid = user.metadata.uid.as_deref().unwrap();
    service.objects().join("office/mailboxes").join(uid)
}

const PATIENCE: Duration = Duration::from_mins(1);
