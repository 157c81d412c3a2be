//! A worker that is told to go lets its calls end.

use std::time::Duration;

use serde_json::json;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::cluster_office::{ClusterOffice, object};
use switchboard_tests::line::{Failure, Line};
use switchboard_tests::office::{DOMAIN, JOHN, MARY, PASSWORD};
use switchboard_tests::raw::{Digest, RawPhone};
use switchboard_tests::wait_for;
use switchboard_tests::wire::Audio;
use switchboard_tests::worker::Worker;

#[tokio::test]
async fn a_draining_worker_stays_ready_refuses_new_calls_and_goes_with_the_last_one() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    office.hire(&JOHN).await;
    let worker = office.worker();
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    let mut john = Line::new(worker.sip, &JOHN.handset(), PASSWORD);
    mary.register(60).unwrap();
    let call = mary.call("*404", &Audio::nowhere(1)).unwrap();
    worker.terminate();
    wait_for("it to say that it drains", Duration::from_mins(1), || {
        worker
            .get("/report?pod=pod-1")
            .1
            .contains("\"draining\":true")
            .then_some(())
    });
    assert_eq!(worker.get("/readyz").0, "HTTP/1.0 200 OK");
    let refused = john.call("*404", &Audio::nowhere(2));
    assert_eq!(refused.err(), Some(Failure::Refused(503)));
    john.register(60).unwrap();
    assert_eq!(when_to_try_again(&worker), "5");
    mary.hang_up(call).unwrap();
    assert_eq!(worker.exit_code(), Some(0));
}

/// What a caller is told who calls while the worker drains.
fn when_to_try_again(worker: &Worker) -> String {
    let mut phone = RawPhone::new(worker.sip);
    let registered = phone.register(&JOHN.handset(), PASSWORD, Digest::Sha256);
    assert_eq!(registered.status, 200);
    let to = format!("sip:*404@{DOMAIN}");
    let headers = format!(
        "Contact: <sip:john@{}>\r\nContent-Type: application/sdp\r\n",
        phone.address()
    );
    let offer = Audio::nowhere(3).sdp();
    let refused = phone.request("INVITE", &to, &to, &headers, &offer, Some(Digest::Sha256));
    assert_eq!(refused.status, 503);
    refused.header("Retry-After").concat()
}

#[tokio::test]
async fn a_second_signal_hurries_and_the_caller_is_told() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    let worker = office.worker();
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    mary.register(60).unwrap();
    mary.call("*404", &Audio::nowhere(1)).unwrap();
    worker.terminate();
    wait_for("it to say that it drains", Duration::from_mins(1), || {
        worker
            .get("/report?pod=pod-1")
            .1
            .contains("\"draining\":true")
            .then_some(())
    });
    worker.terminate();
    let told = loop {
        let told = mary.await_request(Duration::from_mins(1)).unwrap();
        // Her lamp may be told first, as soon as her mailbox was read.
        if !told.starts_with("NOTIFY ") {
            break told;
        }
    };
    assert!(told.starts_with("BYE "), "{told}");
    assert_eq!(worker.exit_code(), Some(0));
}

#[tokio::test]
async fn a_draining_worker_still_calls_for_help() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    office.hire(&JOHN).await;
    let worker = office.worker();
    let mut provider = RawPhone::new(worker.sip);
    let server = json!({"host": "127.0.0.1", "port": provider.address().port()});
    let trunk = json!({"server": server, "outbound": {}});
    office.apply(&object("Trunk", "provider", &trunk)).await;
    wait_for("the trunk", Duration::from_mins(1), || {
        (worker.metric("switchboard_trunks{registration=\"not_needed\"}") > 0.0).then_some(())
    });
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    let mut john = Line::new(worker.sip, &JOHN.handset(), PASSWORD);
    mary.register(60).unwrap();
    let call = mary.call("*404", &Audio::nowhere(1)).unwrap();
    worker.terminate();
    wait_for("it to say that it drains", Duration::from_mins(1), || {
        let report = worker.get("/report?pod=pod-1").1;
        report.contains("\"draining\":true").then_some(())
    });
    let answering = std::thread::spawn(move || {
        let invite = provider.expect_call_to("911");
        provider.answer(&invite, 486);
    });
    let ended = john.call("911", &Audio::nowhere(2));
    assert_eq!(ended.err(), Some(Failure::Refused(486)));
    answering.join().unwrap();
    mary.hang_up(call).unwrap();
    assert_eq!(worker.exit_code(), Some(0));
}
