//! The chart's life: install, test, upgrade, uninstall.

use switchboard_tests::cluster::{Alone, SYSTEM, Site, helm, kubectl};
use switchboard_tests::office::{JOHN, MARY, Office};
use switchboard_tests::phone::Phone;

#[test]
fn helm_test_makes_a_real_call_and_leaves_nothing_behind() {
    let _cluster = Alone::cluster();
    let site = Site::open("helm-test", Office::of(&[MARY, JOHN]));
    let before = site.kubectl(&["get", "users,secrets,pods", "--output", "name"]);
    helm(&[
        "test",
        "switchboard",
        "--namespace",
        &site.namespace,
        "--timeout",
        "120s",
    ]);
    let after = site.kubectl(&["get", "users,secrets,pods", "--output", "name"]);
    assert_eq!(before, after);
}

#[test]
fn an_upgrade_leaves_the_workers_alone_and_an_uninstall_what_users_have() {
    // The definitions are the whole cluster's: a release that brings them is alone.
    let _cluster = Alone::cluster();
    let site = Site::open("chart", Office::of(&[MARY, JOHN]));
    let mut mary = Phone::of(&MARY, site.sip);
    let worker = || site.field(&format!("pod/{SYSTEM}-worker-0"), ".metadata.uid");
    let before = worker();

    let definitions = ["crds.install=true", "operator.podLabels.team=telephony"];
    site.helm_with("upgrade", &definitions);
    site.until_everybody_is_ready();
    assert_eq!(worker(), before, "no worker was restarted");

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
