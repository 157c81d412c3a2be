//! The chart's life: install, test, upgrade, uninstall.

use std::path::PathBuf;
use std::process::Command;

use switchboard_tests::cluster::{Alone, SYSTEM, Setup, Site, helm, kubectl};
use switchboard_tests::office::{JOHN, MARY, Office, PIN};
use switchboard_tests::phone::Phone;
use switchboard_tests::root;

use crate::scenes::{hear_message, leave_message};

#[test]
fn helm_test_makes_a_real_call_and_leaves_nothing_behind() {
    let _cluster = Alone::cluster();
    let site = Site::open("helm-test", Office::of(&[MARY, JOHN]));
    let before = site.kubectl(&["get", "users,secrets,pods", "--output", "name"]);
    site.helm_test();
    let after = site.kubectl(&["get", "users,secrets,pods", "--output", "name"]);
    assert_eq!(before, after);
}

#[test]
fn an_upgrade_leaves_the_workers_alone_and_an_uninstall_what_users_have() {
    // The definitions are the whole cluster's: a release that brings them is alone.
    let _cluster = Alone::cluster();
    let mut site = Site::empty("chart", Office::of(&[MARY, JOHN]));
    let before = chart_before(&site.office);
    site.helm_of(&before, "install", &[]);
    site.start(Setup::default());
    let mut mary = Phone::of(&MARY, site.sip);
    let mut john = Phone::of(&JOHN, site.sip);
    leave_message(&site, &mut john, &MARY);
    mary.expect_lamp(1, 0);
    let worker = || site.field(&format!("pod/{SYSTEM}-worker-0"), ".metadata.uid");
    let before = worker();

    let definitions = ["crds.install=true", "operator.podLabels.team=telephony"];
    site.helm_with("upgrade", &definitions);
    site.until_everybody_is_ready();
    assert_eq!(worker(), before, "no worker was restarted");
    hear_message(&site, &mut mary, PIN);

    helm(&[
        "uninstall",
        "switchboard",
        "--namespace",
        &site.namespace,
        "--wait",
    ]);
    let kept = kubectl(&["get", "customresourcedefinitions", "--output", "name"]);
    assert!(kept.contains("users.switchboard.dev"), "{kept}");
    assert_eq!(worker(), before, "phones still ring without an operator");
    site.kubectl(&[
        "get",
        "user/mary",
        "secret/mary-pin",
        "persistentvolumeclaim/office-spool-0",
        &format!("phonesystem/{SYSTEM}"),
    ]);
    mary.call(JOHN.extension, None, None);
    mary.expect_call("CONFIRMED");

    site.helm_with("install", &[]);
    site.until_everybody_is_ready();
    assert_eq!(worker(), before, "the next operator finds its own again");
}

/// The chart as the commit before this one has it; where there is no history, as it is now.
fn chart_before(office: &Office) -> PathBuf {
    let folder = office.path("before");
    std::fs::create_dir(&folder).unwrap();
    let unpack = "if git rev-parse --quiet --verify HEAD~1 >/dev/null 2>&1\n\
                  then git archive HEAD~1 charts/switchboard\n\
                  else tar --create charts/switchboard\n\
                  fi | tar --extract --directory \"$0\"";
    let unpacked = Command::new("bash")
        .args(["-o", "pipefail", "-c", unpack])
        .arg(&folder)
        .current_dir(root())
        .status()
        .unwrap();
    assert!(unpacked.success(), "the chart can be copied");
    folder.join("charts/switchboard")
}
