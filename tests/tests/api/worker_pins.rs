//! A PIN chosen by phone, and how an administrator takes it back.

use std::time::Duration;

use crds::UserSettings;
use crds::report::Report;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::caller::Caller;
use switchboard_tests::cluster_office::ClusterOffice;
use switchboard_tests::office::{MARY, PIN};
use switchboard_tests::worker::Worker;
use switchboard_tests::{eventually, wait_for};

const CHOSEN: &str = "86420";

#[tokio::test]
async fn a_pin_chosen_by_phone_is_written_and_another_in_the_secret_goes_before_it() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    office.hire(&MARY).await;
    let settings: Api<UserSettings> = Api::namespaced(server.client().await, office.namespace());
    let worker = office.worker();
    choose(&worker, PIN);
    let written = eventually("the verifier", async || {
        let stored = settings.get_opt("mary").await.unwrap()?;
        stored.spec.pin_verifier
    })
    .await;
    assert!(written.starts_with("hmac-sha256:") && !written.contains(CHOSEN));
    assert!(!is_right(&worker, PIN) && is_right(&worker, CHOSEN));
    // The operator has compiled another PIN from the Secret.
    let before = loaded(&worker);
    office.set_pin(&MARY, "97531").await;
    wait_for("the Secret to be loaded", Duration::from_mins(1), || {
        (loaded(&worker) != before).then_some(())
    });
    assert!(!is_right(&worker, CHOSEN) && is_right(&worker, "97531"));
    // She chooses again, and the administrator removes what she has chosen.
    choose(&worker, "97531");
    assert!(is_right(&worker, CHOSEN));
    wait_for(
        "what she chose to come back",
        Duration::from_mins(1),
        || {
            let kept = std::fs::read_dir(office.path("state/settings")).unwrap();
            (kept.count() == 0).then_some(())
        },
    );
    let before = loaded(&worker);
    let removed = Patch::Merge(json!({"spec": {"pinVerifier": null}}));
    let params = PatchParams::default();
    settings.patch("mary", &params, &removed).await.unwrap();
    wait_for("the removal to be loaded", Duration::from_mins(1), || {
        (loaded(&worker) != before).then_some(())
    });
    assert!(!is_right(&worker, CHOSEN) && is_right(&worker, "97531"));
}

/// Which objects and credentials the worker goes by.
fn loaded(worker: &Worker) -> impl PartialEq + use<> {
    let report: Report = serde_json::from_str(&worker.get("/report?pod=pod-1").1).unwrap();
    (report.loaded, report.credentials)
}

/// Mary logs in with this PIN and chooses the other one.
fn choose(worker: &Worker, pin: &str) {
    let changed = || worker.output().matches("the PIN has been changed").count();
    let before = changed();
    let call = Caller::log_in(worker.sip, pin, &format!("45{CHOSEN}#{CHOSEN}#"));
    wait_for("the PIN to be changed", Duration::from_mins(1), || {
        (changed() > before).then_some(())
    });
    call.hang_up();
}

/// Whether this PIN lets Mary in.
fn is_right(worker: &Worker, pin: &str) -> bool {
    let logins = |result| {
        worker.metric(&format!(
            "switchboard_mailbox_logins_total{{result=\"{result}\"}}"
        ))
    };
    let (right, wrong) = (logins("ok"), logins("wrong_pin"));
    let call = Caller::log_in(worker.sip, pin, "");
    let answer = wait_for("an answer", Duration::from_mins(1), || {
        if logins("ok") > right {
            return Some(true);
        }
        (logins("wrong_pin") > wrong).then_some(false)
    });
    call.hang_up();
    answer
}
