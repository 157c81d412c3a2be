//! How a trunk stands: by which transport, with which password, and whether the far side is there.

use std::time::Duration;

use switchboard_tests::certificate::CertificateFiles;
use switchboard_tests::office::MARY;
use switchboard_tests::phone::Phone;
use switchboard_tests::sipp::Sipp;
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

use super::{OLGA, REGISTERING, by_address, company, provider, registered, trunk, trunk_over};

#[test]
fn a_trunk_over_tcp_registers_and_calls_both_ways() {
    let (far, near) = (provider(), company());
    let carrier = Worker::start(&far);
    let worker = Worker::start(&near);
    trunk_over(&near, "provider", (carrier.sip.port(), "Tcp"), REGISTERING);
    registered(&worker);
    both_ways(&carrier, &worker);
}

#[test]
fn a_trunk_over_tls_registers_where_the_certificate_is_trusted_and_calls_both_ways() {
    let (far, near) = (provider(), company());
    let files = CertificateFiles::make(&far.path("."));
    let carrier = Worker::start_with_tls(&far, &files.certificate, &files.key);
    let port = carrier.tls.unwrap().port();
    let stranger = Worker::start(&near);
    trunk_over(&near, "provider", (port, "Tls"), REGISTERING);
    wait_for(
        "the refusal of an unknown certificate",
        Duration::from_mins(1),
        || (stranger.metric("switchboard_trunks{registration=\"no_answer\"}") > 0.0).then_some(()),
    );
    drop(stranger);
    let worker = Worker::start_trusting(&near, &files.certificate);
    registered(&worker);
    both_ways(&carrier, &worker);
}

/// Calls out and in, as far as the ringing.
fn both_ways(carrier: &Worker, worker: &Worker) {
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    olga.expect("incoming", |_| true);
    mary.hang_up();
    olga.expect_call("DISCONNECTED");
    mary.expect_call("DISCONNECTED");
    olga.call("5855550100", None, None);
    mary.expect("incoming", |_| true);
    mary.answer(None, None);
    olga.expect_call("CONFIRMED");
    mary.hang_up();
    olga.expect_call("DISCONNECTED");
}

#[test]
fn sipp_as_the_provider_asks_for_the_password_of_registration_and_call() {
    let near = company();
    let worker = Worker::start(&near);
    // First the phone, which takes its time: later sipp would be asked whether it is there, which it takes for a call.
    let mut mary = Phone::of(&MARY, worker.sip);
    let (provider, port) = Sipp::serving("provider", worker.sip, 2);
    let spec = "\
account: {username: acme, passwordSecretRef: {name: provider, key: password}}
outbound: {}";
    trunk(&near, "provider", port, spec);
    registered(&worker);
    mary.call("95551234", None, None);
    mary.expect_call("CONFIRMED");
    mary.hang_up();
    mary.expect_call("DISCONNECTED");
    provider.succeeds();
}

#[test]
fn a_far_side_that_no_longer_answers_is_told_of_until_it_answers_again() {
    let near = company();
    let worker = Worker::start(&near);
    let [mut provider] = by_address(&near, &worker, ["outbound: {}"]);
    let standing = |name| worker.metric(&format!("switchboard_trunks{{registration=\"{name}\"}}"));
    let question = provider.expect_request("OPTIONS");
    provider.answer(&question, 405);
    wait_for("silence to be noticed", Duration::from_mins(3), || {
        (standing("no_answer") > 0.0).then_some(())
    });
    wait_for("the answer to be noticed", Duration::from_mins(2), || {
        while let Some(text) = provider.receive(Duration::from_millis(10)) {
            if text.starts_with("OPTIONS ") {
                provider.answer(&text, 200);
            }
        }
        (standing("not_needed") > 0.0 && standing("no_answer") < 1.0).then_some(())
    });
}
