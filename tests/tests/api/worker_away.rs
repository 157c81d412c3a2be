//! The API server is away: a worker goes on with what it knows.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use crds::user_settings::GreetingSlot;
use crds::{Handset, Presence, UserSettings, UserSettingsSpec};
use kube::Api;
use kube::api::{Patch, PatchParams};
use media_worker::report::ReportBoard;
use media_worker::source::{Cluster, Source};
use media_worker::state::State;
use serde_json::json;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::cluster_office::ClusterOffice;
use switchboard_tests::line::Line;
use switchboard_tests::office::{JOHN, MARY, PASSWORD};
use switchboard_tests::wire::Audio;
use switchboard_tests::{eventually, wait_for};

#[tokio::test]
async fn calls_and_registrations_go_on_and_statuses_are_written_later() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    office.hire(&MARY).await;
    let worker = office.worker();
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    office.api_gate().shut();
    mary.register(60).unwrap();
    let call = mary.call("*404", &Audio::nowhere(1)).unwrap();
    assert_eq!(worker.get("/readyz").0, "HTTP/1.0 200 OK");
    mary.hang_up(call).unwrap();
    office.hire(&JOHN).await;
    office.api_gate().open();
    let handsets: Api<Handset> = Api::namespaced(server.client().await, office.namespace());
    eventually("the status of meanwhile", async || {
        let status = handsets.get("mary-desk").await.unwrap().status?;
        (!status.contacts.is_empty()).then_some(())
    })
    .await;
    let mut john = Line::new(worker.sip, &JOHN.handset(), PASSWORD);
    wait_for("what was applied meanwhile", Duration::from_mins(1), || {
        john.forget();
        john.register(60).ok()
    });
}

#[tokio::test]
async fn what_a_user_sets_meanwhile_holds_at_once_and_is_written_later() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    office.hire(&MARY).await;
    let state = State::open(&office.path("state")).unwrap();
    let source = source(&office, state).await;
    office.api_gate().shut();
    source
        .update_settings("mary", |settings| {
            settings.presence = Some(Presence::AtHome);
        })
        .await
        .unwrap();
    let snapshot = source.snapshots().borrow().clone();
    let mary = snapshot.directory.user("mary").unwrap();
    assert_eq!(mary.presence, Presence::AtHome);
    office.api_gate().open();
    let written = presence_is(&office, server, Presence::AtHome).await;
    let managers = written.metadata.managed_fields.unwrap();
    assert_eq!(managers[0].manager.as_deref(), Some("switchboard-worker"));
    // Once the watch shows it, nothing is kept here, and what others set counts again.
    let api: Api<UserSettings> = Api::namespaced(server.client().await, office.namespace());
    let merge = Patch::Merge(json!({"spec": {"presence": "Busy"}}));
    let params = PatchParams::default();
    let mut snapshots = source.snapshots();
    api.patch("mary", &params, &merge).await.unwrap();
    let busy = snapshots.wait_for(|snapshot| {
        snapshot.directory.user("mary").map(|mary| mary.presence) == Some(Presence::Busy)
    });
    tokio::time::timeout(Duration::from_mins(1), busy)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn announce_only_is_switched_off_by_phone_whoever_has_switched_it_on() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    office.hire(&MARY).await;
    // As her settings come back from a backup.
    let spec = UserSettingsSpec {
        announce_only: vec![GreetingSlot::Default, GreetingSlot::Away],
        ..UserSettingsSpec::default()
    };
    let api: Api<UserSettings> = Api::namespaced(server.client().await, office.namespace());
    let params = PatchParams::apply("kubectl");
    let restored = Patch::Apply(UserSettings::new("mary", spec));
    api.patch("mary", &params, &restored).await.unwrap();
    let state = State::open(&office.path("state")).unwrap();
    let source = source(&office, state).await;
    for left in [vec![GreetingSlot::Away], vec![]] {
        let chosen = left.clone();
        source
            .update_settings("mary", move |settings| settings.announce_only = chosen)
            .await
            .unwrap();
        eventually("what she has chosen", async || {
            let stored = api.get("mary").await.unwrap().spec.announce_only;
            (stored == left).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn what_an_earlier_process_could_not_write_is_written_at_the_start() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    office.hire(&MARY).await;
    let earlier = State::open(&office.path("state")).unwrap();
    let spec = UserSettingsSpec {
        presence: Some(Presence::OnVacation),
        ..UserSettingsSpec::default()
    };
    earlier
        .put_settings("mary", UserSettings::new("mary", spec))
        .unwrap();
    drop(earlier);
    let _worker = office.worker();
    presence_is(&office, server, Presence::OnVacation).await;
}

/// The directory of the office's worker, which keeps what users set in this state folder.
async fn source(office: &ClusterOffice, state: State) -> Source {
    let report = ReportBoard::new("pod-1");
    let config = office.worker_config().await;
    let cluster = Cluster::connect(config, office.scope(), state, report).await;
    Source::Cluster(cluster.unwrap())
}

/// Waits until Mary's settings at the API server say so.
async fn presence_is(
    office: &ClusterOffice,
    server: &ApiServer,
    presence: Presence,
) -> UserSettings {
    let api: Api<UserSettings> = Api::namespaced(server.client().await, office.namespace());
    eventually("her presence", async || {
        let settings = api.get_opt("mary").await.unwrap()?;
        (settings.spec.presence == Some(presence)).then_some(settings)
    })
    .await
}

#[tokio::test]
async fn a_start_meanwhile_waits_and_says_so() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    office.api_gate().shut();
    let mut command = office.command();
    let mut worker = Ended(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(worker.0.stdout.take().unwrap()).lines();
    let said = lines
        .by_ref()
        .map_while(Result::ok)
        .find(|line| line.contains("waiting for the Kubernetes API server"))
        .unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    let metrics = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("metrics=")?.parse().ok())
        .unwrap();
    let (status, body) = switchboard_tests::http::get(metrics, "/readyz");
    assert_eq!(status, "HTTP/1.0 503 Service Unavailable");
    assert_eq!(body, "not ready: waiting for the Kubernetes API server\n");
    office.api_gate().open();
    wait_for("it to be ready", Duration::from_mins(1), || {
        let (status, _) = switchboard_tests::http::get(metrics, "/readyz");
        (status == "HTTP/1.0 200 OK").then_some(())
    });
}

/// A process that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
