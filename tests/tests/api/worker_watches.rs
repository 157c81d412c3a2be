//! A worker whose directory comes from the API server.

use std::pin::pin;
use std::time::Duration;

use crds::{Handset, User, report::Report};
use futures::StreamExt;
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::{Api, Error, ResourceExt};
use serde_json::json;
use switchboard_tests::api_server::{ApiServer, apply_as};
use switchboard_tests::cluster_office::{ClusterOffice, account, object, system};
use switchboard_tests::line::{Failure, Line};
use switchboard_tests::office::{JOHN, MARY, PASSWORD};
use switchboard_tests::worker::Worker;
use switchboard_tests::{eventually, wait_for};

#[tokio::test]
async fn a_user_who_is_applied_can_register_at_once() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    let worker = office.worker();
    assert_eq!(worker.get("/readyz").0, "HTTP/1.0 200 OK");
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    assert_eq!(mary.register(60), Err(Failure::Refused(401)));
    office.hire(&MARY).await;
    wait_for("her phone to be accepted", Duration::from_mins(1), || {
        mary.forget();
        mary.register(60).ok()
    });
}

#[tokio::test]
async fn the_report_names_each_generation_and_each_shard_that_is_loaded() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    office.hire(&MARY).await;
    let worker = office.worker();
    let first = report(&worker, "");
    assert_eq!(first.pod_uid, "pod-1");
    let users: Api<User> = Api::namespaced(server.client().await, office.namespace());
    let mary = users.get("mary").await.unwrap().metadata;
    let uid = mary.uid.unwrap();
    assert_eq!(first.generation(&uid), mary.generation);
    assert!(!first.credentials.is_empty());
    office
        .apply(&object("User", "mary", &json!({"extension": "199"})))
        .await;
    // The question waits for the answer: no polling.
    let after = |last: &Report| {
        let question = format!("&after={}&keeps=loaded", last.revision);
        report(&worker, &question)
    };
    let mut next = after(&first);
    while next.generation(&uid) != Some(mary.generation.unwrap() + 1) {
        next = after(&next);
    }
    assert!(next.revision > first.revision);
    let mut phone = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    phone.register(60).unwrap();
    while next.registrations == 0 {
        next = after(&next);
    }
    assert_eq!(next.loaded, None, "a phone changes nothing of it");
}

#[tokio::test]
async fn a_registration_shows_with_handset_and_user_and_a_refresh_writes_nothing() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    office.hire(&MARY).await;
    let worker = office.worker();
    let client = server.client().await;
    let handsets: Api<Handset> = Api::namespaced(client.clone(), office.namespace());
    let users: Api<User> = Api::namespaced(client, office.namespace());
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    mary.register(60).unwrap();
    let shown = eventually("the contact", async || {
        let handset = handsets.get("mary-desk").await.unwrap();
        let status = handset.status.clone()?;
        (!status.contacts.is_empty()).then_some(handset)
    })
    .await;
    let status = shown.status.unwrap();
    assert_eq!(status.user_ref.unwrap().name, "mary");
    assert_eq!(status.contacts[0].worker, "office-worker-0");
    assert!(status.contacts[0].uri.contains(&mary.address().to_string()));
    let user = eventually("her handset and messages", async || {
        let status = users.get("mary").await.unwrap().status?;
        let registered = status.handsets.first()?.registered;
        (registered && status.messages.is_some()).then_some(status)
    })
    .await;
    assert_eq!(user.handsets[0].name, "mary-desk");
    assert_eq!(user.messages.unwrap().new, 0);

    let before = handsets.get("mary-desk").await.unwrap();
    for _ in 0..3 {
        mary.register(60).unwrap();
    }
    // What is written after the refreshes comes after what they would have written.
    mary.register(0).unwrap();
    let only_hers = WatchParams::default().fields("metadata.name=mary-desk");
    let version = before.resource_version().unwrap();
    let mut changes = pin!(handsets.watch(&only_hers, &version).await.unwrap());
    let mut writes = 0;
    while let Some(change) = changes.next().await {
        let WatchEvent::Modified(handset) = change.unwrap() else {
            panic!("the Handset was not only changed")
        };
        writes += 1;
        if handset.status.unwrap().contacts.is_empty() {
            break;
        }
    }
    assert_eq!(writes, 1, "each refresh was written");
}

#[tokio::test]
async fn a_rotated_password_counts_at_once_and_the_old_one_no_more() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    let worker = office.worker();
    let mut old = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    old.register(60).unwrap();
    office.set_password(&MARY, "another one").await;
    wait_for("the new password", Duration::from_mins(1), || {
        let mut new = Line::new(worker.sip, &MARY.handset(), "another one");
        new.register(60).ok()
    });
    old.forget();
    assert_eq!(old.register(60), Err(Failure::Refused(401)));
}

#[tokio::test]
async fn the_advertised_address_is_told_to_phones_as_soon_as_it_is_known() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    let worker = office.worker();
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    let port = worker.sip.port();
    office
        .apply(&system(&json!({"network": {"sip": {"udp": port}}})))
        .await;
    office
        .apply_status(
            "PhoneSystem",
            "office",
            &json!({
                "addresses": ["203.0.113.5"],
                "media": [{"slot": 0, "addresses": ["203.0.113.6"], "firstPort": 30_000}],
            }),
        )
        .await;
    mary.register(60).unwrap();
    // Calls from one address use its pairs up, and each rests before it is used again.
    let (contact, audio) = wait_for("the new address", Duration::from_mins(1), || {
        let (contact, audio) = mary.offered_by("*404")?;
        contact.contains("203.0.113.5").then_some((contact, audio))
    });
    assert!(
        contact.contains(&format!("203.0.113.5:{port}")),
        "{contact}"
    );
    assert_eq!(audio.ip().to_string(), "203.0.113.6");
    // The system chose the ports: the lowest is told as the first, the others as far above it as they are.
    let output = worker.output();
    let bound = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("media    UDP "));
    let bound: Vec<u16> = bound
        .unwrap()
        .split(", ")
        .map(|port| port.parse().unwrap())
        .collect();
    let told = |port: &u16| 30_000 + (port - bound[0]) == audio.port();
    assert!(bound.iter().any(told), "{audio} of {bound:?}");
}

#[tokio::test]
async fn the_account_of_a_worker_writes_no_user_and_reads_no_other_secret() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    office.hire(&JOHN).await;
    let client = server.client_as(&account(office.namespace()), &[]).await;
    let changed = object("User", "john", &json!({"extension": "666"}));
    let written = apply_as("thief", &client, office.namespace(), &changed).await;
    assert!(is_forbidden(written.err()));
    let secrets: Api<crds::Secret> = Api::namespaced(client, office.namespace());
    assert!(is_forbidden(secrets.get("john-sip").await.err()));
    assert!(is_forbidden(
        secrets.list(&ListParams::default()).await.err()
    ));
    assert!(secrets.get("office-keys").await.is_ok());
}

fn is_forbidden(error: Option<Error>) -> bool {
    matches!(error, Some(Error::Api(status)) if status.code == 403)
}

fn report(worker: &Worker, query: &str) -> Report {
    let (_, body) = worker.get(&format!("/report?pod=pod-1{query}"));
    serde_json::from_str(&body).unwrap()
}
