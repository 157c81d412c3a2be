//! `media-worker upload` beside workers that died.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mailbox::details::{CallDetail, CallResult, Direction, Party};
use mailbox::{MemoryStore, MessageId, S3Store, SpoolLock};
use switchboard_tests::gate::Gate;
use switchboard_tests::s3::{BUCKET, S3, files};
use switchboard_tests::{wait_for, worker};

use crate::messages::{assert_stored, leave, left_behind, open, speak};

#[tokio::test]
async fn what_a_worker_left_is_carried_once_it_is_gone() {
    let service = S3::start();
    let state = tempfile::tempdir().unwrap();
    let lock = SpoolLock::take(state.path(), Duration::ZERO).unwrap();
    let mailboxes = open(Arc::new(MemoryStore::new()), state.path(), 1);
    let mut promised = leave(&mailboxes, 3).await;
    let said_and_not_sent = speak(&mailboxes);
    mailboxes.spool().take(said_and_not_sent).await.unwrap();
    mailboxes.append_detail(call()).unwrap();
    let sidecar = Sidecar::start(&service, state.path());
    // It has begun when it has looked for the lock.
    wait_for("the sidecar to look", PATIENCE, || {
        state.path().join("wanted").exists().then_some(())
    });
    assert_eq!(files(&records(&service)), 0, "the worker lives");
    mailboxes.close().await;
    drop(lock);
    wait_for("the messages to be carried", PATIENCE, || {
        (files(&records(&service)) == 4).then_some(())
    });
    assert!(sidecar.terminate().success());
    assert_eq!(files(&service.objects().join("office/details")), 1);
    let names = std::fs::read_dir(records(&service)).unwrap();
    promised.extend(names.map(|name| {
        let name = name.unwrap().file_name().into_string().unwrap();
        MessageId::new(name).unwrap()
    }));
    assert_eq!(promised.len(), 4, "those that were promised are among them");
    assert_stored(bucket(&service).await, &promised).await;
}

#[tokio::test]
async fn a_sidecar_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    let service = S3::start();
    let state = tempfile::tempdir().unwrap();
    let promised = left_behind(state.path(), 60).await;
    // It takes more than a million bytes to carry them all.
    for bytes in [200_000, 300_000, 600_000] {
        let gate = Gate::before(service.address());
        gate.fall_silent_after(bytes);
        let mut sidecar = Sidecar::start_through(&gate, &service, state.path());
        wait_for("a part to be carried", PATIENCE, || {
            gate.is_silent().then_some(())
        });
        sidecar.kill();
        gate.shut();
    }
    let carried = files(&records(&service));
    assert!(
        (1..60).contains(&carried),
        "it was killed while it carried: {carried}"
    );
    let sidecar = Sidecar::start(&service, state.path());
    wait_for("all messages to be carried", PATIENCE, || {
        (files(&records(&service)) == promised.len()).then_some(())
    });
    // What is still to be done it does before it goes.
    assert!(sidecar.terminate().success());
    assert_stored(bucket(&service).await, &promised).await;
}

#[tokio::test]
async fn a_worker_that_starts_while_the_bucket_is_away_gets_the_spool_at_once() {
    let mut service = S3::start();
    let state = tempfile::tempdir().unwrap();
    let promised = left_behind(state.path(), 2).await;
    service.stop();
    let sidecar = Sidecar::start(&service, state.path());
    wait_for("the sidecar to have the spool", PATIENCE, || {
        let free = SpoolLock::take_if_free(state.path()).unwrap();
        free.is_none().then_some(())
    });
    let lock = SpoolLock::take(state.path(), Duration::from_mins(1)).unwrap();
    service.start_again();
    let store = bucket(&service).await;
    let mailboxes = open(store.clone(), state.path(), 2);
    assert!(mailboxes.carry_once().await);
    mailboxes.close().await;
    drop(lock);
    assert!(sidecar.terminate().success());
    assert_stored(store, &promised).await;
}

#[tokio::test]
async fn told_to_stop_it_tries_a_last_time_at_once() {
    let service = S3::start();
    let state = tempfile::tempdir().unwrap();
    let promised = left_behind(state.path(), 2).await;
    let sidecar = Sidecar::start_with(&service, state.path(), &["--after", "1h"]);
    wait_for("the sidecar to look", PATIENCE, || {
        state.path().join("wanted").exists().then_some(())
    });
    assert!(sidecar.terminate().success());
    assert_stored(bucket(&service).await, &promised).await;
}

fn call() -> CallDetail {
    CallDetail {
        call: "1@example.com".to_owned(),
        time: Timestamp::now(),
        direction: Direction::Internal,
        from: Party::default(),
        to: Party::default(),
        answered_by: None,
        duration: Duration::ZERO,
        route: None,
        result: CallResult::NoAnswer,
    }
}

/// The process; killed when dropped.
struct Sidecar(Child);

impl Sidecar {
    fn start(service: &S3, state: &Path) -> Self {
        Self::start_with(service, state, &["--after", "0s"])
    }

    fn start_through(gate: &Gate, service: &S3, state: &Path) -> Self {
        let endpoint = format!("http://{}", gate.address());
        Self::start_at(&endpoint, service, state, &["--after", "0s"])
    }

    fn start_with(service: &S3, state: &Path, options: &[&str]) -> Self {
        Self::start_at(&service.endpoint(), service, state, options)
    }

    fn start_at(endpoint: &str, service: &S3, state: &Path, options: &[&str]) -> Self {
        let child = Command::new(worker::binary())
            .arg("upload")
            .args(options)
            .env("SWITCHBOARD_STATE", state)
            .env("SWITCHBOARD_NAMESPACE", "default")
            .env("SWITCHBOARD_SYSTEM", "office")
            .env("SWITCHBOARD_SYSTEM_UID", "1")
            .env("SWITCHBOARD_S3_ENDPOINT", endpoint)
            .env("SWITCHBOARD_S3_BUCKET", BUCKET)
            .env("SWITCHBOARD_S3_PREFIX", "office/")
            .env("SWITCHBOARD_S3_CREDENTIALS_DIR", service.credentials())
            .stdin(Stdio::null())
            .spawn()
            .expect("media-worker starts");
        Self(child)
    }

    fn kill(&mut self) {
        self.0.kill().expect("the sidecar can be killed");
        self.0.wait().expect("the sidecar is reaped");
    }

    fn terminate(mut self) -> ExitStatus {
        let sent = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
        wait_for("the sidecar to stop", PATIENCE, || {
            self.0.try_wait().expect("the sidecar's status")
        })
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn records(service: &S3) -> PathBuf {
    service.objects().join("office/mailboxes/ada/messages")
}

async fn bucket(service: &S3) -> Arc<S3Store> {
    Arc::new(S3Store::open(service.options("office/")).await)
}

const PATIENCE: Duration = Duration::from_mins(1);
