//! The operator's Pods die, and there may be two of them.

use std::time::Duration;

use switchboard_tests::cluster::{Process, Shared, Site};
use switchboard_tests::office::{ANN, JOHN, MARY, Office};
use switchboard_tests::wait_for;

#[test]
fn an_operator_killed_in_the_midst_of_its_work_finishes_it_when_it_is_back() {
    let _cluster = Shared::cluster();
    let site = Site::open("midst", Office::of(&[MARY]));
    let people = Office::of_many(PEOPLE);
    let folder = people.manifests().join("people.yaml");
    site.kubectl(&["apply", "--filename", &folder.to_string_lossy()]);
    wait_for("the work to have begun", Duration::from_mins(1), || {
        (names(&site, "extensions").len() > 1).then_some(())
    });
    site.kill(Process::Operator);
    site.until_everybody_is_ready();

    let everybody = PEOPLE + 1;
    for kind in ["extensions", "usersettings", "handsets"] {
        assert_eq!(names(&site, kind).len(), everybody, "{kind}");
    }
}

#[test]
fn of_two_operators_one_leads_and_the_other_takes_over() {
    let _cluster = Shared::cluster();
    let site = Site::open("leader", Office::of(&[MARY, JOHN]));
    site.helm_with("upgrade", &["operator.replicas=2"]);
    let first = leader(&site);
    assert!(!first.is_empty(), "somebody leads");

    let pod = format!("pod/{first}");
    site.kubectl(&["delete", &pod, "--grace-period=0", "--force"]);
    let second = wait_for("another to lead", Duration::from_mins(1), || {
        Some(leader(&site)).filter(|holder| !holder.is_empty() && *holder != first)
    });
    site.office.write("ann.yaml", &ANN.manifests());
    site.apply();
    site.until_everybody_is_ready();
    assert_eq!(leader(&site), second, "and goes on leading");
}

fn names(site: &Site, kind: &str) -> Vec<String> {
    let said = site.kubectl(&["get", kind, "--output", "name"]);
    said.lines().map(str::to_owned).collect()
}

/// The Pod that holds the operators' Lease.
fn leader(site: &Site) -> String {
    let holder = "jsonpath={.items[0].spec.holderIdentity}";
    site.kubectl(&["get", "leases", "--output", holder])
}

/// Enough that the operator is at work when it is killed.
const PEOPLE: usize = 40;
