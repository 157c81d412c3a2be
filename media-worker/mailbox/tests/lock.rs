//! Two processes and one spool: the worker asks, the sidecar gives way.

use mailbox::{LockError, SpoolLock};
use std::time::Duration;

#[test]
fn one_has_the_spool_and_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let held = SpoolLock::take(folder.path(), Duration::ZERO).unwrap();
    let refused = SpoolLock::take(folder.path(), Duration::ZERO).unwrap_err();
    assert!(matches!(refused, LockError::InUse(_)));
    assert!(SpoolLock::take_if_free(folder.path()).unwrap().is_none());
    drop(held);
    assert!(SpoolLock::take_if_free(folder.path()).unwrap().is_some());
}

#[tokio::test]
async fn whoever_carries_learns_that_a_worker_waits_and_the_worker_gets_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    let carrying = SpoolLock::take_if_free(folder.path()).unwrap().unwrap();
    assert!(!carrying.is_wanted());
    let path = folder.path().to_owned();
    let worker = std::thread::spawn(move || SpoolLock::take(&path, Duration::from_mins(1)));
    carrying.wanted().await;
    drop(carrying);
    let held = worker.join().unwrap().unwrap();
    assert!(!held.is_wanted(), "a wish that is fulfilled is none");
}

#[tokio::test]
async fn a_free_spool_that_a_worker_waits_for_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let carrying = SpoolLock::take_if_free(folder.path()).unwrap().unwrap();
    let path = folder.path().to_owned();
    let worker = std::thread::spawn(move || SpoolLock::take(&path, Duration::from_mins(1)));
    carrying.wanted().await;
    drop(carrying);
    // Whether it waits still or has it already.
    assert!(SpoolLock::take_if_free(folder.path()).unwrap().is_none());
    worker.join().unwrap().unwrap();
}
