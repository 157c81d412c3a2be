//! What an `AutoAttendant`'s status says: the operator whether it is in force, the worker which hours it is and what can't be heard.

use crds::AutoAttendant;
use crds::auto_attendant::AutoAttendantStatus;
use jiff::{Timestamp, ToSpan};
use kube::Api;
use serde_json::json;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::cluster_office::{ClusterOffice, object};
use switchboard_tests::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

#[tokio::test]
async fn an_attendant_is_told_what_leads_nowhere_and_is_ready_once_it_is_loaded() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    worker.run().await;
    let attendant = |no_key| {
        format!(
            "{{apiVersion: switchboard.dev/v1alpha1, kind: AutoAttendant, metadata: {{name: main}}, spec: {{noKey: {no_key}}}}}"
        )
    };
    namespace
        .apply(&attendant("{voicemail: {name: nobody}}"))
        .await;
    let refused = namespace
        .condition::<AutoAttendant>("main", "Accepted", "False", "NotFound")
        .await;
    assert!(
        refused.message.contains("spec.noKey.voicemail.name")
            && refused.message.contains("there is no User nobody")
            && refused.message.contains("or create it"),
        "{}",
        refused.message
    );
    namespace
        .apply(&attendant("{autoAttendant: {name: main}}"))
        .await;
    namespace
        .condition::<AutoAttendant>("main", "Accepted", "True", "Valid")
        .await;
    namespace
        .condition::<AutoAttendant>("main", "Ready", "True", "Loaded")
        .await;
}

#[tokio::test]
async fn the_worker_shows_the_hours_and_the_recording_that_is_missing() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    let _worker = office.worker();
    let attendants: Api<AutoAttendant> = Api::namespaced(server.client().await, office.namespace());
    let shown = async |what: &str, fits: &dyn Fn(&AutoAttendantStatus) -> bool| {
        eventually(what, async || {
            let status = attendants.get("main").await.unwrap().status;
            let status = status.unwrap_or_default();
            fits(&status).then_some(status)
        })
        .await
    };
    // The clocks of this zone show noon or so.
    let now = eventually("a minute that is well under way", async || {
        let now = Timestamp::now();
        (now.as_second() % 60 >= 20).then_some(now)
    })
    .await;
    let hour = i64::from(now.to_zoned(jiff::tz::TimeZone::UTC).hour());
    let ahead = 12 - hour;
    let zone = format!(
        "Etc/GMT{}{}",
        if ahead < 0 { "+" } else { "-" },
        ahead.abs()
    );
    let then = now + 1.minute();
    let soon = then.in_tz(&zone).unwrap();
    let soon = soon.strftime("%H:%M").to_string();
    let schedules = json!([{"name": "soon", "from": soon, "to": "24:00"}]);
    let spec = json!({
        "timeZone": zone,
        "greeting": {"file": "attendant/open.wav"},
        "schedules": schedules,
    });
    office.apply(&object("AutoAttendant", "main", &spec)).await;
    let first = shown("the missing recording", &|status| {
        !status.conditions.is_empty()
    })
    .await;
    let [told] = first.conditions.as_slice() else {
        panic!("{first:?}");
    };
    assert_eq!(
        (&*told.type_, &*told.status, &*told.reason),
        ("RecordingsReady", "False", "FileMissing")
    );
    assert!(
        told.message.contains("attendant/open.wav"),
        "{}",
        told.message
    );
    eventually("the next minute", async || {
        (Timestamp::now().as_second() / 60 >= then.as_second() / 60).then_some(())
    })
    .await;
    let then = shown("the schedule when its hour comes", &|status| {
        status.schedule.as_deref() == Some("soon")
    })
    .await;
    assert_eq!(then.conditions, first.conditions);

    office
        .apply(&object("AutoAttendant", "main", &json!({})))
        .await;
    shown("a status without hours and recordings", &|status| {
        status.schedule.is_none() && status.conditions.is_empty()
    })
    .await;
}
