//! What users set by phone, where the API server does not take it.

use std::time::Duration;

use crds::report::{Report, UndoneSettings};
use crds::{PhoneSystem, Presence, UserSettings, UserSettingsSpec};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::rbac::v1::Role;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, Error};
use media_worker::report::ReportBoard;
use media_worker::source::Cluster;
use media_worker::state::State;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::cluster_office::ClusterOffice;
use switchboard_tests::office::{ANN, MARY};
use switchboard_tests::operator::served_office_with_mary;
use switchboard_tests::{eventually, wait_for};

#[tokio::test]
async fn settings_that_are_refused_hold_up_nobody_elses() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    let settings: Api<UserSettings> = Api::namespaced(server.client().await, office.namespace());
    let at_home = UserSettingsSpec {
        presence: Some(Presence::AtHome),
        ..UserSettingsSpec::default()
    };
    let earlier = State::open(&office.path("state")).unwrap();
    for person in [ANN, MARY] {
        office.hire(&person).await;
        // As the operator makes them.
        let made = UserSettings::new(person.name, UserSettingsSpec::default());
        let created = settings.create(&PostParams::default(), &made).await;
        created.unwrap();
        let chosen = UserSettings::new(person.name, at_home.clone());
        earlier.put_settings(person.name, chosen).unwrap();
    }
    drop(earlier);
    let roles: Api<Role> = Api::namespaced(server.client().await, office.namespace());
    let before = may_change(&roles, Some(vec!["mary".to_owned()])).await;
    refused(&office, "ann").await;

    let state = State::open(&office.path("state")).unwrap();
    let report = ReportBoard::new("pod-1");
    let config = office.worker_config().await;
    let cluster = Cluster::connect(config, office.scope(), state, report)
        .await
        .unwrap();
    presence_is(&settings, "mary", Presence::AtHome).await;
    let anns = settings.get("ann").await.unwrap();
    assert_eq!(anns.spec.presence, None, "hers is refused");

    may_change(&roles, before).await;
    presence_is(&settings, "ann", Presence::AtHome).await;
    drop(cluster);
}

/// Lets the worker change the settings of these users, or of all; of whom it could before.
async fn may_change(roles: &Api<Role>, users: Option<Vec<String>>) -> Option<Vec<String>> {
    let mut role = roles.get("office-worker").await.unwrap();
    let has = |list: &[String], name: &str| list.iter().any(|it| it == name);
    let rule = role.rules.iter_mut().flatten().find(|rule| {
        let resources = rule.resources.as_deref().unwrap_or_default();
        has(resources, "usersettings") && has(&rule.verbs, "patch")
    });
    let before = std::mem::replace(&mut rule.unwrap().resource_names, users);
    let params = PostParams::default();
    roles
        .replace("office-worker", &params, &role)
        .await
        .unwrap();
    before
}

/// Waits until the API server refuses the worker this user's settings.
async fn refused(office: &ClusterOffice, user: &str) {
    let client = Client::try_from(office.worker_config().await).unwrap();
    let settings: Api<UserSettings> = Api::namespaced(client, office.namespace());
    let params = PatchParams::apply("switchboard-worker").dry_run();
    let patch = Patch::Apply(UserSettings::new(user, UserSettingsSpec::default()));
    eventually("the right to be taken away", async || {
        let answer = settings.patch(user, &params, &patch).await;
        let refused = matches!(&answer, Err(Error::Api(status)) if status.code == 403);
        refused.then_some(())
    })
    .await;
}

async fn presence_is(settings: &Api<UserSettings>, user: &str, presence: Presence) {
    eventually("the presence that was set", async || {
        let stored = settings.get(user).await.unwrap().spec.presence;
        (stored == Some(presence)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_undone_and_the_operator_is_told() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    let earlier = State::open(&office.path("state")).unwrap();
    let spec = UserSettingsSpec {
        // Shorter than the definition allows.
        language: Some("x".to_owned()),
        ..UserSettingsSpec::default()
    };
    let chosen = UserSettings::new("mary", spec);
    earlier.put_settings("mary", chosen).unwrap();
    drop(earlier);
    let worker = office.worker();
    let undone = wait_for("the report to tell", Duration::from_mins(1), || {
        let report: Report = serde_json::from_str(&worker.get("/report?pod=pod-1").1).ok()?;
        report.undone.first().cloned()
    });
    assert_eq!(undone.user, "mary");
    assert!(undone.why.contains("spec.language"), "{}", undone.why);
    let kept = std::fs::read_dir(office.path("state/settings")).unwrap();
    assert_eq!(kept.count(), 0);
}

#[tokio::test]
async fn settings_that_were_undone_are_an_event_of_their_user() {
    let (namespace, worker, _operator) = served_office_with_mary().await;
    let now = Timestamp::now();
    let undone = |at, why: &str| UndoneSettings {
        user: "mary".to_owned(),
        at,
        why: why.to_owned(),
    };
    worker.says(|report| {
        // A worker that has nothing newer to tell goes on telling of it, whoever asks.
        let long_ago = now - SignedDuration::from_hours(2);
        report.undone.push(undone(long_ago, "mended since"));
    });
    // What is told next is not in the same report.
    worker.says(|report| report.calls = 1);
    eventually("the report to be heard", || async {
        let status = namespace.get::<PhoneSystem>("office").await?.status?;
        (status.calls == Some(1)).then_some(())
    })
    .await;
    worker.says(|report| {
        report
            .undone
            .push(undone(now, "denied by the policy of quiet"));
    });
    let event = namespace.event("SettingsUndone").await;
    let regarding = event.regarding.and_then(|it| it.name);
    assert_eq!(regarding.as_deref(), Some("mary"));
    let note = event.note.unwrap();
    assert!(note.contains("denied by the policy of quiet"), "{note}");
}
