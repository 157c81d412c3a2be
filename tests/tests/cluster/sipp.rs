//! Calls message by message through the load balancer, with sipp at both ends.

use switchboard_tests::cluster::{Shared, Site};
use switchboard_tests::office::{JOHN, MARY, Office};
use switchboard_tests::sipp::{Sipp, Transport};

#[test]
fn a_call_is_answered_and_ended_by_udp_and_by_tcp() {
    let _cluster = Shared::cluster();
    let site = Site::open("sipp", Office::of(&[MARY, JOHN]));
    for transport in [Transport::Udp, Transport::Tcp] {
        let mary = Sipp::waiting("answer", &MARY, site.sip);
        Sipp::calling_by(transport, "call", &JOHN, MARY.extension, site.sip).succeeds();
        mary.succeeds();
    }
}
