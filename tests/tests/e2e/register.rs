//! Phones register, or are refused without learning anything.

use std::time::Duration;
use switchboard_tests::office::{DOMAIN, JOHN, MARY, Office, PASSWORD};
use switchboard_tests::phone::{Phone, Setup};
use switchboard_tests::raw::{Digest, RawPhone};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

#[test]
fn a_phone_registers_over_udp() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    let _mary = Phone::of(&MARY, worker.sip);
    wait_for(
        "the registration to be counted",
        Duration::from_mins(1),
        || (worker.metric("switchboard_registrations") >= 1.0).then_some(()),
    );
}

#[test]
fn a_phone_registers_over_tcp_and_is_rung_over_it() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let setup = Setup {
        transport: "tcp",
        ..Setup::default()
    };
    let mut mary = Phone::set_up(&MARY, worker.sip, setup);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    mary.answer(None, None);
    john.expect_call("CONFIRMED");
    john.hang_up();
    mary.expect_call("DISCONNECTED");
}

#[test]
fn both_digest_algorithms_are_offered_and_taken() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    for algorithm in [Digest::Md5, Digest::Sha256] {
        let mut phone = RawPhone::new(worker.sip);
        let answer = phone.register(&MARY.handset(), PASSWORD, algorithm);
        assert_eq!(answer.status, 200, "{algorithm:?}: {answer:?}");
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    let wrong = RawPhone::new(worker.sip).register(&MARY.handset(), "guess", Digest::Md5);
    let unknown = RawPhone::new(worker.sip).register("nobody-desk", "guess", Digest::Md5);
    assert_eq!(wrong.status, unknown.status);
    assert_eq!(wrong.reason, unknown.reason);
    assert_eq!(wrong.header_names(), unknown.header_names());
    assert!((400..500).contains(&wrong.status), "{wrong:?}");
    let (_, page) = worker.get("/metrics");
    assert!(page.contains("switchboard_registrations 0"), "{page}");
}

#[test]
fn nobody_calls_subscribes_or_registers_without_credentials() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    let mut phone = RawPhone::new(worker.sip);
    for method in ["REGISTER", "INVITE", "SUBSCRIBE"] {
        let answer = phone.request_without_credentials(method, &format!("sip:101@{DOMAIN}"));
        assert_eq!(answer.status, 401, "{method}: {answer:?}");
    }
}
