//! `media-worker files`, on a folder beside a running worker and on a bucket.

use std::path::Path;

use media::pcm::Pcm;
use switchboard_tests::office::{MARY, Office};
use switchboard_tests::s3::{BUCKET, S3};
use switchboard_tests::worker::{Worker, run, run_in, text};

/// A WAV file of two seconds.
fn recording(folder: &Path) -> String {
    let pcm = Pcm {
        samples: vec![100; 16_000],
        rate: 8_000,
    };
    let file = folder.join("open.wav");
    std::fs::write(&file, media::wav::write(&pcm).expect("a WAV file")).expect("a file");
    file.display().to_string()
}

/// Adds, names and removes a file of the store that these arguments name.
fn goes_through_its_life(folder: &Path, store: &[&str]) {
    let files = |command: &str, more: &[&str]| run(&[&["files", command], store, more].concat());
    let file = recording(folder);
    let put = files("put", &["attendant/open.wav", &file]);
    assert!(put.status.success(), "{}", text(&put));
    assert_eq!(text(&put), "attendant/open.wav: 2.0 s\n");
    let again = files("put", &["attendant/night.wav", &file]);
    assert!(again.status.success(), "{}", text(&again));
    assert_eq!(
        text(&files("list", &[])),
        "attendant/night.wav\nattendant/open.wav\n"
    );
    let check = [&["mailbox", "check"], store, &["--settle", "1s"]].concat();
    let check = run(&check);
    assert!(check.status.success(), "{}", text(&check));
    let removed = files("remove", &["attendant/night.wav"]);
    assert!(removed.status.success(), "{}", text(&removed));
    let gone = files("remove", &["attendant/night.wav"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone).contains("files list"), "{}", text(&gone));
    assert_eq!(text(&files("list", &[])), "attendant/open.wav\n");
}

#[test]
fn a_file_is_added_named_and_removed_beside_a_running_worker() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    let state = office.state().display().to_string();
    goes_through_its_life(&office.path("."), &[&state]);
    drop(worker);
}

#[test]
fn a_file_is_added_named_and_removed_in_a_bucket() {
    let service = S3::start();
    let folder = tempfile::tempdir().unwrap();
    let at = format!("s3://{BUCKET}/office");
    let (endpoint, credentials) = (service.endpoint(), service.credentials());
    let credentials = credentials.display().to_string();
    let store = [
        "--s3-endpoint",
        &endpoint,
        "--s3-credentials-dir",
        &credentials,
        &at,
    ];
    goes_through_its_life(folder.path(), &store);
    let stored = service.objects().join("office/files/attendant/open.wav");
    assert!(stored.is_file(), "{}", stored.display());
}

#[test]
fn in_a_workers_pod_a_file_is_added_to_what_that_worker_uses() {
    let service = S3::start();
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let put = ["files", "put", "here", "attendant/open.wav", &file];
    let (endpoint, credentials) = (service.endpoint(), service.credentials());
    let credentials = credentials.display().to_string();
    let state = folder.path().display().to_string();
    let with_bucket = [
        ("SWITCHBOARD_STATE", &*state),
        ("SWITCHBOARD_S3_BUCKET", BUCKET),
        ("SWITCHBOARD_S3_PREFIX", "telephony/office/"),
        ("SWITCHBOARD_S3_ENDPOINT", &*endpoint),
        ("SWITCHBOARD_S3_CREDENTIALS_DIR", &*credentials),
    ];
    let added = run_in(&with_bucket, &put);
    assert!(added.status.success(), "{}", text(&added));
    let stored = "telephony/office/files/attendant/open.wav";
    assert!(service.objects().join(stored).is_file());

    std::fs::create_dir(folder.path().join("store")).unwrap();
    let without_bucket = [("SWITCHBOARD_STATE", &*state)];
    let added = run_in(&without_bucket, &put);
    assert!(added.status.success(), "{}", text(&added));
    let listed = run_in(&without_bucket, &["files", "list", "here"]);
    assert_eq!(text(&listed), "attendant/open.wav\n");

    let nowhere = run(&put);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere).contains("no worker's Pod"));
}

#[test]
fn what_callers_could_not_hear_is_refused_with_the_reason() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    let state = office.state().display().to_string();
    let noise = office.path("noise.wav");
    std::fs::write(&noise, "no recording").unwrap();
    let noise = noise.display().to_string();
    for (name, why) in [
        (
            "attendant/open.wav",
            "noise.wav can't be played: it is neither a WAV nor a FLAC file\n",
        ),
        ("attendant/open.mp3", "write for example attendant/open.wav"),
        ("../open.wav", "write for example attendant/open.wav"),
    ] {
        let refused = run(&["files", "put", &state, name, &noise]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert!(text(&refused).contains(why), "{}", text(&refused));
    }
    assert_eq!(text(&run(&["files", "list", &state])), "");
    drop(worker);
}
