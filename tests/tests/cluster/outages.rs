//! A part of the cluster is away: calls and messages go on.

use std::time::Duration;

use switchboard_tests::cluster::{Alone, Part, Process, SYSTEM, Site};
use switchboard_tests::office::{ANN, JOHN, MARY, Office, PIN};
use switchboard_tests::phone::Phone;
use switchboard_tests::wait_for;

use crate::scenes::{Talk, counts, hear_message, hear_saved_message, leave_message};

#[test]
fn a_call_survives_a_restart_of_containerd() {
    let cluster = Alone::cluster();
    let site = Site::open("containerd", Office::of(&[MARY, JOHN]));
    let worker = site.pid(Process::Worker);
    let talk = Talk::begin(&site, &JOHN, &MARY);
    drop(cluster.without(Part::Containerd));
    talk.goes_on_for(3.0);
    assert_eq!(site.pid(Process::Worker), worker, "the same worker serves");
    talk.end();
}

#[test]
fn without_the_api_server_calls_go_on_begin_and_leave_messages_and_counts_follow_later() {
    let cluster = Alone::cluster();
    let site = Site::open("apiserver", Office::of(&[MARY, JOHN, ANN]));
    let mut ann = Phone::of(&ANN, site.sip);
    let talk = Talk::begin(&site, &JOHN, &MARY);
    let outage = cluster.without(Part::ApiServer);

    leave_message(&site, &mut ann, &JOHN);
    let mut talk = talk;
    talk.caller.expect_lamp(1, 0);
    talk.goes_on_for(3.0);
    talk.end();
    // Who registers meanwhile is let in, too.
    let mut mary = Phone::of(&MARY, site.sip);
    leave_message(&site, &mut ann, &MARY);
    mary.expect_lamp(1, 0);

    drop(outage);
    wait_for("the count to be shown", Duration::from_mins(2), || {
        (counts(&site) == (1, 0)).then_some(())
    });
}

#[test]
fn without_object_storage_messages_are_taken_heard_and_carried_there_later_once() {
    let cluster = Alone::cluster();
    let site = Site::open("storage", Office::of(&[MARY, JOHN]));
    let system = format!("phonesystem/{SYSTEM}");
    let mut mary = Phone::of(&MARY, site.sip);
    let mut john = Phone::of(&JOHN, site.sip);
    mary.expect_lamp(0, 0);
    let outage = cluster.without(Part::S3);

    leave_message(&site, &mut john, &MARY);
    mary.expect_lamp(1, 0);
    hear_message(&site, &mut mary, PIN);
    wait_for("the condition", Duration::from_mins(2), || {
        site.condition(&system, "StorageReady")
            .starts_with("False")
            .then_some(())
    });
    assert_eq!(site.messages().len(), 0, "nothing can have been stored");

    drop(outage);
    wait_for("the message to be carried", Duration::from_mins(2), || {
        (site.messages().len() == 1).then_some(())
    });
    wait_for("the condition", Duration::from_mins(2), || {
        site.condition(&system, "StorageReady")
            .starts_with("True")
            .then_some(())
    });
    hear_saved_message(&site, &mut mary, PIN);
    assert_eq!(site.messages().len(), 1, "it is stored once");
}
