//! Calls are traced for whom the system names, and for nobody else.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use switchboard_tests::caller::Caller;
use switchboard_tests::collector::{Collector, Span};
use switchboard_tests::office::{ANN, JOHN, MARY, Office, PIN};
use switchboard_tests::phone::Phone;
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

/// Mary's calls are traced.
fn office(collector: SocketAddr) -> Office {
    let office = Office::of(&[MARY, JOHN, ANN]);
    let file = office.manifests().join("phonesystem.yaml");
    let system = std::fs::read_to_string(file).unwrap();
    let traces =
        format!("  traces: {{endpoint: \"http://{collector}\", users: [{{name: mary}}]}}\n");
    office.write("phonesystem.yaml", &(system + &traces));
    office
}

#[test]
fn a_call_of_who_is_named_is_traced_from_ringing_to_its_end() {
    let collector = Collector::start();
    let office = office(collector.address);
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    let mut ann = Phone::of(&ANN, worker.sip);
    // Nobody has asked about Ann.
    talk(&mut john, &mut ann, ANN.extension);
    talk(&mut john, &mut mary, MARY.extension);
    // What is not sent yet is sent at the end.
    assert_eq!(worker.stop(), Some(0));

    let spans = collector.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let call = one(&spans, "call");
    assert_eq!(call.parent, "", "{names:?}");
    assert_eq!(call.attribute("from"), Some("102"));
    assert_eq!(call.attribute("to"), Some("101"));
    assert_eq!(call.attribute("result"), Some("answered"));
    assert_eq!(call.attribute("by"), Some("mary-desk"));
    for part in ["ring", "talk"] {
        let part = one(&spans, part);
        assert_eq!((&part.trace, &part.parent), (&call.trace, &call.id));
    }
    assert_eq!(one(&spans, "ring").attribute("handset"), Some("mary-desk"));
    assert_eq!(one(&spans, "ring").attribute("outcome"), Some("answered"));
}

#[test]
fn the_way_through_the_menus_is_in_the_trace_and_the_pin_is_not() {
    let collector = Collector::start();
    let worker = Worker::start(&office(collector.address));
    let call = Caller::log_in(worker.sip, PIN, "4#");
    wait_for("the login", Duration::from_mins(1), || {
        (worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}") >= 1.0).then_some(())
    });
    call.hang_up();
    wait_for("the call's trace", Duration::from_mins(1), || {
        let spans = collector.spans();
        spans.iter().any(|span| span.name == "call").then_some(())
    });
    assert_eq!(worker.stop(), Some(0));
    let spans = collector.spans();
    let center = one(&spans, "message center");
    let call = one(&spans, "call");
    assert_eq!(center.parent, call.id);
    assert_eq!(call.attribute("by"), None, "no phone has answered");
    assert!(!format!("{spans:?}").contains(PIN));
}

#[test]
fn a_collector_that_does_not_answer_holds_up_neither_calls_nor_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let worker = Worker::start(&office(silent.local_addr().unwrap()));
    for _ in 0..3 {
        let call = Caller::log_in(worker.sip, PIN, "");
        call.hang_up();
    }
    let log = worker.log();
    assert_eq!(worker.stop(), Some(0));
    assert!(!log.contains("panicked"), "{log}");
}

fn talk(caller: &mut Phone, called: &mut Phone, number: &str) {
    caller.call(number, None, None);
    called.expect("incoming", |_| true);
    called.answer(None, None);
    caller.expect_call("CONFIRMED");
    caller.hang_up();
    caller.expect_call("DISCONNECTED");
}

fn one<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut named = spans.iter().filter(|span| span.name == name);
    let Some(span) = named.next() else {
        panic!("no span {name} among {spans:?}");
    };
    assert!(named.next().is_none(), "two spans {name}: {spans:?}");
    span
}
