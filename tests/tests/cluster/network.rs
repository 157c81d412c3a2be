//! How phones get in, where there are no load balancers.

use switchboard_tests::cluster::{SYSTEM, Setup, Shared, Site};
use switchboard_tests::office::{JOHN, MARY, Office, PIN};
use switchboard_tests::phone::Phone;

use crate::scenes::{Talk, hear_message, leave_message};

#[test]
fn in_the_nodes_network_phones_call_and_are_heard() {
    let _cluster = Shared::cluster();
    let site = Site::with("host-network", Office::of(&[MARY, JOHN]), at("HostNetwork"));
    assert_eq!(site.sip.to_string(), "10.77.0.1:5060");
    phones_call_and_are_heard(&site);
    // To Pods the node has another address, from which it would answer by itself: what calls is a socket that takes answers of
    // the address it has called.
    site.helm_with("upgrade", &["test.host=10.77.0.1"]);
    site.helm_test();
}

#[test]
fn at_ports_of_the_node_phones_call_and_are_heard() {
    let _cluster = Shared::cluster();
    let site = Site::with("node-port", Office::of(&[MARY, JOHN]), at("NodePort"));
    assert!(site.sip.port() >= 30_000, "{}", site.sip);
    phones_call_and_are_heard(&site);
}

fn at(network: &'static str) -> Setup {
    Setup {
        network,
        ..Setup::default()
    }
}

fn phones_call_and_are_heard(site: &Site) {
    let talk = Talk::begin(site, &JOHN, &MARY);
    let reachable = format!("phonesystem/{SYSTEM}");
    talk.goes_on_for(2.0);
    talk.end();
    let mut mary = Phone::of(&MARY, site.sip);
    let mut john = Phone::of(&JOHN, site.sip);
    leave_message(site, &mut john, &MARY);
    mary.expect_lamp(1, 0);
    hear_message(site, &mut mary, PIN);
    assert_eq!(site.condition(&reachable, "MediaReachable"), "True Heard");
}
