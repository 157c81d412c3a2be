//! `media-worker mailbox check` and `export`, on a folder and on a bucket, beside a running worker.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use serde_json::Value;
use switchboard_tests::message::leave_message;
use switchboard_tests::office::{JOHN, MARY, Office};
use switchboard_tests::s3::{BUCKET, S3};
use switchboard_tests::wait_for;
use switchboard_tests::worker::{Worker, run, text};

use crate::messages;

fn mailbox(arguments: &[&str]) -> Output {
    run(&[&["mailbox"], arguments].concat())
}

#[test]
fn a_folder_is_checked_repaired_and_exported_beside_a_running_worker() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    leave_message(worker.sip, &JOHN, MARY.extension);
    let blobs = office.state().join("store/blobs");
    let index = blobs.join("mailboxes/mary/index");
    wait_for("the message to be stored", Duration::from_mins(1), || {
        index.exists().then_some(())
    });
    let state = office.state().display().to_string();
    let check = |more: &[&str]| mailbox(&[&["check", &state, "--settle", "1s"], more].concat());
    let good = check(&[]);
    assert!(good.status.success(), "{}", text(&good));

    std::fs::write(&index, "harmed").unwrap();
    std::fs::write(blobs.join("mailboxes/mary/notes.txt"), "somebody's").unwrap();
    let bad = check(&[]);
    assert_eq!(bad.status.code(), Some(1));
    let said = text(&bad);
    assert!(
        said.contains("mailboxes/mary/index: the index is missing"),
        "{said}"
    );
    assert!(
        said.contains("mailboxes/mary/notes.txt: is none of ours"),
        "{said}"
    );
    let repaired = check(&["--repair"]);
    let said = text(&repaired);
    assert_eq!(repaired.status.code(), Some(1), "the notes stay: {said}");
    assert!(said.contains("repaired: mailboxes/mary/index"), "{said}");
    std::fs::remove_file(blobs.join("mailboxes/mary/notes.txt")).unwrap();
    let good = check(&[]);
    assert!(good.status.success(), "{}", text(&good));

    // The worker goes on with what was repaired.
    leave_message(worker.sip, &JOHN, MARY.extension);
    wait_for("the second message", Duration::from_mins(1), || {
        let stored = worker.metric("switchboard_uploads_total{result=\"stored\"}");
        (stored >= 2.0).then_some(())
    });
    let folder = office.path("exported");
    let exported = mailbox(&["export", &state, "mary", &folder.display().to_string()]);
    assert!(exported.status.success(), "{}", text(&exported));
    let messages = exported_messages(&folder);
    assert_eq!(messages.len(), 2);
    for message in &messages {
        assert_eq!(message["from"]["user"], "john");
        let file = folder.join(message["file"].as_str().unwrap());
        let wav = media::wav::read(&std::fs::read(file).unwrap()).unwrap();
        let seconds = message["seconds"].as_f64().unwrap();
        assert!(
            (wav.duration().as_secs_f64() - seconds).abs() < 0.2,
            "{message}"
        );
        assert!(
            wav.samples.iter().any(|sample| sample.abs() > 1000),
            "silence"
        );
    }
    let again = mailbox(&["export", &state, "mary", &folder.display().to_string()]);
    assert!(text(&again).contains("is not empty"), "{}", text(&again));
    let nobody = mailbox(&[
        "export",
        &state,
        "nobody",
        &office.path("none").display().to_string(),
    ]);
    assert!(!nobody.status.success() && text(&nobody).contains("is it the right name"));
    drop(worker);
}

fn exported_messages(folder: &Path) -> Vec<Value> {
    let json = std::fs::read(folder.join("mailbox.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    json["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_bucket_is_checked_repaired_and_exported() {
    let service = S3::start();
    let folder = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(mailbox::S3Store::open(service.options("office/")).await);
    let mailboxes = messages::open(store, folder.path(), 1);
    messages::leave(&mailboxes, 3).await;
    assert!(mailboxes.carry_once().await);
    let at = format!("s3://{BUCKET}/office");
    let (endpoint, credentials) = (service.endpoint(), service.credentials());
    let credentials = credentials.display().to_string();
    let there = [
        "--s3-endpoint",
        &endpoint,
        "--s3-credentials-dir",
        &credentials,
    ];
    let check = |more: &[&str]| {
        let arguments = [&["check", &at, "--settle", "1s"], &there[..], more].concat();
        mailbox(&arguments)
    };
    let good = check(&[]);
    assert!(good.status.success(), "{}", text(&good));
    let mailbox_folder = service.objects().join("office/mailboxes/ada");
    std::fs::remove_file(mailbox_folder.join("index")).unwrap();
    let said = text(&check(&[]));
    assert!(
        said.contains("mailboxes/ada/index: the index is missing"),
        "{said}"
    );
    let repaired = check(&["--repair"]);
    assert!(repaired.status.success(), "{}", text(&repaired));
    let target = folder.path().join("exported");
    let target = target.display().to_string();
    let exported = mailbox(&[&["export"], &there[..], &[&at, "ada", &target]].concat());
    assert!(exported.status.success(), "{}", text(&exported));
    assert_eq!(exported_messages(Path::new(&target)).len(), 3);
}

#[test]
fn a_store_that_is_none_is_not_made_one() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().display().to_string();
    let output = mailbox(&["check", &state]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("--state"), "{}", text(&output));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
