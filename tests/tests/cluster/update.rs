//! A worker is replaced when its last call has ended.

use std::time::{Duration, Instant};

use switchboard_tests::cluster::{SYSTEM, Shared, Site};
use switchboard_tests::counted::CountedCall;
use switchboard_tests::line::Line;
use switchboard_tests::office::{JOHN, MARY, Office, PASSWORD};
use switchboard_tests::wait_for;

use crate::scenes::Talk;

#[test]
fn an_update_with_a_call_on_the_line_waits_for_its_end() {
    let _cluster = Shared::cluster();
    let site = Site::open("update", Office::of(&[MARY, JOHN]));
    let pod = || site.field(&format!("pod/{SYSTEM}-worker-0"), ".metadata.uid");
    let (before, call) = (pod(), CountedCall::begin(site.sip, &JOHN, &MARY));

    // Nothing but a new Pod can have other resources.
    site.kubectl(&[
        "patch",
        "phonesystem",
        SYSTEM,
        "--type=merge",
        "--patch",
        r#"{"spec":{"workers":{"resources":{"requests":{"cpu":"11m"}}}}}"#,
    ]);
    wait_for("the update to be announced", Duration::from_mins(1), || {
        let updating = site.condition(&format!("phonesystem/{SYSTEM}"), "Updating");
        (updating == "True WaitingForCalls").then_some(())
    });
    call.goes_on_for(40);
    assert_eq!(pod(), before, "the call keeps its worker");
    // They may be missing one by one or in a row: so few in all are no gap that is heard.
    call.lost_at_most(3);
    call.hang_up();
    let ended = Instant::now();
    until_another_serves(&site, &before);
    eprintln!("another worker served {:?} after the call", ended.elapsed());
}

#[test]
fn an_evicted_worker_lets_its_call_end_and_another_takes_its_place() {
    let _cluster = Shared::cluster();
    let site = Site::open("eviction", Office::of(&[MARY, JOHN]));
    let name = format!("{SYSTEM}-worker-0");
    let pod = || site.field(&format!("pod/{name}"), ".metadata.uid");
    let (before, talk) = (pod(), Talk::begin(&site, &JOHN, &MARY));
    // What `kubectl drain` asks for, when a node is to be emptied.
    let eviction = site.office.path("eviction.json");
    let text = format!(
        r#"{{"apiVersion":"policy/v1","kind":"Eviction","metadata":{{"name":"{name}","namespace":"{}"}}}}"#,
        site.namespace
    );
    std::fs::write(&eviction, text).unwrap();
    let path = format!("/api/v1/namespaces/{}/pods/{name}/eviction", site.namespace);
    let eviction = eviction.to_string_lossy();
    wait_for("the eviction", Duration::from_mins(1), || {
        site.try_kubectl(&["create", "--raw", &path, "--filename", &eviction])
            .ok()
    });
    talk.goes_on_for(3.0);
    assert_eq!(pod(), before, "the call keeps its worker");
    talk.end();
    until_another_serves(&site, &before);
}

/// Waits until another worker than that Pod serves phones.
fn until_another_serves(site: &Site, before: &str) {
    let mut line = Line::new(site.sip, &JOHN.handset(), PASSWORD).patient(Duration::from_secs(1));
    let pod = format!("pod/{SYSTEM}-worker-0");
    wait_for("the new worker to serve", Duration::from_mins(2), || {
        let served = line.register(300).is_ok();
        let other = site.field(&pod, ".metadata.uid");
        (served && !other.is_empty() && other != before).then_some(())
    });
}
