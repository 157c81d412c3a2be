//! Somebody tries PINs: a lock, and an Event that says so.

use std::time::Duration;

use crds::PhoneSystem;
use crds::report::{LockedLogin, Report};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::events::v1::Event;
use kube::api::ListParams;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::caller::Caller;
use switchboard_tests::cluster_office::ClusterOffice;
use switchboard_tests::eventually::eventually;
use switchboard_tests::office::MARY;
use switchboard_tests::operator::{Namespace, served_office_with_mary};
use switchboard_tests::wait_for;

#[tokio::test]
async fn a_worker_tells_the_operator_whose_logins_are_locked_and_from_where() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    let worker = office.worker();
    let call = Caller::log_in(worker.sip, "11111", "22222#33333#");
    let locked = wait_for("the lock in the report", Duration::from_mins(1), || {
        let report: Report = serde_json::from_str(&worker.get("/report?pod=pod-1").1).ok()?;
        report.locked.first().cloned()
    });
    assert_eq!(
        (&*locked.user, &*locked.side, locked.seconds),
        ("mary", "his own handset", 60)
    );
    drop(call);
}

#[tokio::test]
async fn a_locked_login_is_one_event_of_its_user() {
    let (namespace, worker, _operator) = served_office_with_mary().await;
    let now = Timestamp::now();
    worker.says(|report| {
        let locked = LockedLogin {
            user: "mary".to_owned(),
            side: "another handset".to_owned(),
            until: now + SignedDuration::from_mins(4),
            seconds: 240,
        };
        report.lock(locked, now);
    });
    let note = eventually("the Event", || async { notes(&namespace).await.pop() }).await;
    assert!(
        note.contains("from another handset") && note.contains("locked for 4 min"),
        "{note}"
    );
    // The reports go on to tell of it; that is no second Event. By the second one all Events of the first are written.
    for calls in [1, 2] {
        worker.says(|report| report.calls = calls);
        eventually("the next report", || async {
            let status = namespace.get::<PhoneSystem>("office").await?.status?;
            (status.calls == Some(calls)).then_some(())
        })
        .await;
    }
    assert_eq!(notes(&namespace).await.len(), 1);
}

/// What the Events about locked logins of Mary say.
async fn notes(namespace: &Namespace) -> Vec<String> {
    let events = namespace.api::<Event>();
    let all = events.list(&ListParams::default()).await.expect("a list");
    let of_mary = |event: &Event| {
        let regarding = event.regarding.as_ref();
        regarding.and_then(|it| it.name.as_deref()) == Some("mary")
            && event.reason.as_deref() == Some("LoginLocked")
    };
    let notes = all.items.into_iter().filter(of_mary);
    notes.filter_map(|event| event.note).collect()
}
