//! Dashboards and alerts ask for figures that a live worker and its operator have.

use std::fs;
use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use crds::Kind;
use operator::metrics::Metrics;
use serde_json::Value;
use switchboard_tests::chart;
use switchboard_tests::office::{JOHN, MARY, Office, PASSWORD, PIN};
use switchboard_tests::prometheus::{Prometheus, serve_page};
use switchboard_tests::raw::{Digest, RawPhone};
use switchboard_tests::wait_for;
use switchboard_tests::worker::{Worker, binary};

use super::alerts::{alerts, selectors};

#[test]
fn every_query_gives_series_from_a_live_worker_and_operator() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let operator = serve_page(operators_page());
    let targets = [("worker", worker.metrics), ("operator", operator)];
    let prometheus = Prometheus::start(&targets);
    use_everything(&worker);

    let mut queries: Vec<String> = panels().iter().flat_map(queries_of).collect();
    for alert in alerts() {
        queries.extend(selectors(alert["expr"].as_str().unwrap()));
    }
    assert!(queries.len() > 40, "{}", queries.len());
    let mut empty = queries.clone();
    wait_for_all(&prometheus, &mut empty);
    assert!(empty.is_empty(), "no series: {empty:#?}");
}

#[test]
fn every_panel_has_a_title_a_description_and_a_unit() {
    for panel in panels() {
        let title = panel["title"].as_str().unwrap();
        let description = panel["description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.'), "{title}: {description}");
        let unit = &panel["fieldConfig"]["defaults"]["unit"];
        assert!(unit.is_string(), "{title}: unit");
    }
}

#[test]
fn the_chart_brings_each_dashboard_where_grafana_finds_it() {
    let objects = chart::objects(&["--set=monitoring.dashboards.enabled=true"]);
    for name in ["calls", "media", "messages", "operator", "registrations"] {
        let map = chart::find(&objects, "ConfigMap", &format!("switchboard-{name}"));
        assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
        let text = map["data"][format!("switchboard-{name}.json")].as_str();
        let dashboard: Value = serde_json::from_str(text.unwrap()).unwrap();
        assert_eq!(dashboard["uid"], format!("switchboard-{name}"));
    }
}

/// What an operator shows that leads, and has reconciled a User and failed at one.
fn operators_page() -> String {
    let metrics = Metrics::new().unwrap();
    metrics.leads(true);
    metrics.reconciled(Kind::User, Duration::from_millis(2), true);
    metrics.reconciled(Kind::User, Duration::from_millis(2), false);
    metrics.compiled("telephony", Duration::from_millis(1));
    metrics.page().unwrap()
}

/// Does with a worker what makes each of its figures appear.
fn use_everything(worker: &Worker) {
    let phone = || RawPhone::new(worker.sip);
    let registered = phone().register(&MARY.handset(), PASSWORD, Digest::Sha256);
    assert_eq!(registered.status, 200);
    phone().register(&MARY.handset(), "wrong", Digest::Sha256);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .send_to(b"no SIP at all\r\n\r\n", worker.sip)
        .unwrap();
    let leave = ["--leave-tone", "620", "--keys", "#"];
    probe(
        worker,
        &format!("3{}", MARY.extension),
        &JOHN.handset(),
        &leave,
    );
    let login = format!("{PIN}#");
    let listen = ["--expect", "speech", "--afterwards", &login];
    probe(worker, "*404", &MARY.handset(), &listen);
}

fn probe(worker: &Worker, number: &str, handset: &str, arguments: &[&str]) {
    let run = Command::new(binary())
        .arg("probe")
        .arg(format!("sip:{number}@{}", worker.sip))
        .args(["--as", handset, "--password", PASSWORD])
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}");
}

/// Takes from `empty` what gives series, until nothing is left or it has taken too long.
fn wait_for_all(prometheus: &Prometheus, empty: &mut Vec<String>) {
    let bound = Duration::from_secs(30);
    let end = std::time::Instant::now() + bound;
    wait_for("all queries to give series", 2 * bound, || {
        empty.retain(|query| prometheus.series(query) == 0);
        (empty.is_empty() || std::time::Instant::now() > end).then_some(())
    });
}

/// The panels of all dashboards.
fn panels() -> Vec<Value> {
    let files = fs::read_dir(chart::folder().join("files/dashboards")).unwrap();
    files
        .flat_map(|file| {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let dashboard: Value = serde_json::from_str(&text).unwrap();
            dashboard["panels"].as_array().unwrap().clone()
        })
        .collect()
}

/// A panel's queries as Grafana asks them.
fn queries_of(panel: &Value) -> Vec<String> {
    let targets = panel["targets"].as_array().unwrap().iter();
    targets
        .map(|target| {
            let query = target["expr"].as_str().unwrap();
            query
                .replace("$namespace", "telephony")
                .replace("$__rate_interval", "1m")
        })
        .collect()
}
