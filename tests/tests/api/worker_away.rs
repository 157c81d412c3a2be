//! The API server is away: a worker goes on with what it knows.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use crds::Handset;
use kube::Api;
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
    assert_eq!(worker.get("/readyz").0, "HTTP/1.1 200 OK");
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
async fn a_start_meanwhile_waits_and_says_so() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    office.api_gate().shut();
    let mut command = office.command();
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .find(|line| line.contains("waiting for the Kubernetes API server"))
        .unwrap();
    let metrics = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("metrics=")?.parse().ok())
        .unwrap();
    let (status, body) = switchboard_tests::worker::get(metrics, "/readyz");
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(body, "not ready: waiting for the Kubernetes API server\n");
    office.api_gate().open();
    wait_for("it to be ready", Duration::from_mins(1), || {
        let (status, _) = switchboard_tests::worker::get(metrics, "/readyz");
        (status == "HTTP/1.1 200 OK").then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
}
