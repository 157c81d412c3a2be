//! `media-worker mailbox check`, `export` and `copy`, on a folder and on a bucket, beside a running worker.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use mailbox::store::list_all;
use mailbox::{FolderStore, Owner, S3Store, SpoolLock, owner};
use serde_json::Value;
use switchboard_tests::message::leave_message;
use switchboard_tests::office::{JOHN, MARY, Office};
use switchboard_tests::s3::{BUCKET, S3};
use switchboard_tests::wait_for;
use switchboard_tests::worker::{Worker, run, run_in, text};

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
    assert_only_for_the_owner(&folder);
    let nowhere = office.path("none");
    let nobody = mailbox(&[
        "export",
        &state,
        MARY.extension,
        &nowhere.display().to_string(),
    ]);
    assert!(!nobody.status.success() && text(&nobody).contains("the User's name"));
    assert!(!nowhere.exists(), "there is nothing to write");
    drop(worker);
}

fn assert_only_for_the_owner(path: &Path) {
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    for inside in std::fs::read_dir(path).into_iter().flatten() {
        assert_only_for_the_owner(&inside.unwrap().path());
    }
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
    let store = Arc::new(S3Store::open(service.options("office/")).await);
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

/// A worker's volume with three messages from before it had a bucket.
async fn volume() -> tempfile::TempDir {
    let state = tempfile::tempdir().unwrap();
    let store = FolderStore::open(state.path().join("store")).unwrap();
    let mailboxes = messages::open(Arc::new(store), state.path(), 1);
    messages::leave(&mailboxes, 3).await;
    assert!(mailboxes.carry_once().await);
    mailboxes.close().await;
    state
}

#[tokio::test]
async fn a_recording_that_a_worker_will_remove_is_noted_and_is_no_fault() {
    let state = volume().await;
    let folder = state.path().display().to_string();
    let check = || mailbox(&["check", &folder, "--settle", "1ms"]);
    let stray = |day: &str| {
        let audio = state.path().join("store/blobs/audio").join(day);
        std::fs::create_dir_all(&audio).unwrap();
        std::fs::write(audio.join(format!("{day}-replaced")), "sound").unwrap();
    };
    stray(&jiff::Timestamp::now().strftime("%Y%m%d").to_string());
    let healthy = check();
    let said = text(&healthy);
    assert!(healthy.status.success(), "{said}");
    assert!(said.contains("note: audio/"), "{said}");
    assert!(said.contains("nothing wrong"), "{said}");
    stray("20200101");
    let forgotten = check();
    let said = text(&forgotten);
    assert_eq!(forgotten.status.code(), Some(1), "{said}");
    assert!(said.starts_with("audio/20200101/"), "{said}");
}

#[tokio::test]
async fn what_a_volume_has_is_carried_into_the_bucket_that_its_worker_got_later() {
    let (service, state) = (S3::start(), volume().await);
    let (endpoint, credentials) = (service.endpoint(), service.credentials());
    let (folder, credentials) = (
        state.path().display().to_string(),
        credentials.display().to_string(),
    );
    let without_bucket = [
        ("SWITCHBOARD_STATE", &*folder),
        ("SWITCHBOARD_NAMESPACE", "telephony"),
        ("SWITCHBOARD_SYSTEM", "office"),
        ("SWITCHBOARD_SYSTEM_UID", "uid-1"),
    ];
    let bucket = [
        ("SWITCHBOARD_S3_BUCKET", BUCKET),
        ("SWITCHBOARD_S3_PREFIX", "office/"),
        ("SWITCHBOARD_S3_ENDPOINT", &*endpoint),
        ("SWITCHBOARD_S3_CREDENTIALS_DIR", &*credentials),
    ];
    let with_bucket = [&without_bucket[..], &bucket].concat();
    let used = run_in(
        &without_bucket,
        &["mailbox", "copy", &folder, "s3://other/x", "--remove"],
    );
    assert_eq!(used.status.code(), Some(1));
    assert!(text(&used).contains("the worker of this Pod uses"));
    let same = run_in(&without_bucket, &["mailbox", "copy", &folder, "here"]);
    assert!(text(&same).contains("are the same"), "{}", text(&same));

    // The worker of the Pod has its volume open meanwhile.
    let _worker = SpoolLock::take_if_free(state.path()).unwrap().unwrap();
    let carry = ["mailbox", "copy", &folder, "here", "--remove"];
    let carried = run_in(&with_bucket, &carry);
    let said = text(&carried);
    assert!(carried.status.success(), "{said}");
    assert!(said.contains("copied to here: messages 3"), "{said}");
    assert_eq!(FolderStore::mailboxes_in(state.path().join("store")), 0);
    let store = S3Store::open(service.options("office/")).await;
    let owner = owner::of(&store).await.unwrap().unwrap();
    assert_eq!((&*owner.uid, &*owner.name), ("uid-1", "telephony/office"));
    let heard = messages::open(Arc::new(store), &state.path().join("other"), 2);
    assert_eq!(heard.mailbox(&messages::ada()).counts().await.new, 3);
    let again = run_in(&with_bucket, &carry);
    assert!(again.status.success(), "{}", text(&again));
}

#[tokio::test]
async fn a_store_is_not_copied_to_where_another_system_or_nobody_keeps_its_own() {
    let (service, state) = (S3::start(), volume().await);
    let (endpoint, credentials) = (service.endpoint(), service.credentials());
    let credentials = credentials.display().to_string();
    let folder = state.path().display().to_string();
    let copy = |to: &str, more: &[&str]| {
        let there = [
            "--s3-endpoint",
            &endpoint,
            "--s3-credentials-dir",
            &credentials,
        ];
        mailbox(&[&["copy"], &there[..], &[&*folder, to], more].concat())
    };
    let branch = Owner {
        uid: "uid-2".to_owned(),
        name: "branch/office".to_owned(),
    };
    let store = S3Store::open(service.options("branch/")).await;
    owner::claim(&store, &branch, None).await.unwrap();
    let (theirs, nobodys) = (
        format!("s3://{BUCKET}/branch"),
        format!("s3://{BUCKET}/new"),
    );
    let refused = copy(&theirs, &["--system-uid", "uid-1"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused).contains("branch/office"),
        "{}",
        text(&refused)
    );
    let refused = copy(&nobodys, &[]);
    assert!(
        text(&refused).contains("--system-uid"),
        "{}",
        text(&refused)
    );
    let in_use = SpoolLock::take_if_free(state.path()).unwrap();
    let refused = copy(&nobodys, &["--system-uid", "uid-1", "--remove"]);
    assert!(
        text(&refused).contains("stop it first"),
        "{}",
        text(&refused)
    );
    drop(in_use);
    let keys = list_all(&store, "").await.unwrap();
    assert_eq!(keys, ["owner"], "nothing was written");
    let done = copy(&nobodys, &["--system-uid", "uid-1"]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(FolderStore::mailboxes_in(state.path().join("store")), 1);
}
