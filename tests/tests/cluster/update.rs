//! An update waits for an idle moment.

use std::time::{Duration, Instant};

use switchboard_tests::cluster::{SYSTEM, Shared, Site};
use switchboard_tests::line::Line;
use switchboard_tests::office::{JOHN, MARY, Office, PASSWORD};
use switchboard_tests::wait_for;

use crate::scenes::{Talk, VOICE};

#[test]
fn an_update_with_a_call_on_the_line_waits_for_its_end_and_is_done_within_ten_seconds_of_it() {
    let _cluster = Shared::cluster();
    let site = Site::open("update", Office::of(&[MARY, JOHN]));
    let pod = || site.field(&format!("pod/{SYSTEM}-worker-0"), ".metadata.uid");
    let (before, talk) = (pod(), Talk::begin(&site, &JOHN, &MARY));

    // Nothing but a new Pod can have other resources.
    site.kubectl(&[
        "patch",
        "phonesystem",
        SYSTEM,
        "--type=merge",
        "--patch",
        r#"{"spec":{"workers":{"resources":{"requests":{"cpu":"11m"}}}}}"#,
    ]);
    wait_for(
        "the update to be announced",
        Duration::from_secs(20),
        || {
            let updating = site.condition(&format!("phonesystem/{SYSTEM}"), "Updating");
            (updating == "True WaitingForCalls").then_some(())
        },
    );
    talk.goes_on_for(10.0);
    assert_eq!(pod(), before, "the call keeps its worker");

    let sound = talk.end();
    let ended = Instant::now();
    let mut line = Line::new(site.sip, &JOHN.handset(), PASSWORD).patient(Duration::from_secs(1));
    wait_for("the new worker to serve", Duration::from_secs(30), || {
        let served = line.register(300).is_ok();
        let other = pod();
        (served && !other.is_empty() && other != before).then_some(())
    });
    let took = ended.elapsed();
    assert!(took < Duration::from_secs(10), "it took {took:?}");
    // Three packets of 20 ms can touch three of the pieces that are listened to, of 40 ms each.
    let gap = sound.longest_gap(VOICE);
    assert!(
        gap <= Duration::from_millis(120),
        "nothing was heard for {gap:?}"
    );
}
