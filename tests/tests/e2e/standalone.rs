//! The standalone worker as its owner meets it: manifests, restarts, the command line.

use std::process::Command;
use std::time::Duration;

use switchboard_tests::office::{JOHN, MARY, Office, PASSWORD};
use switchboard_tests::phone::Phone;
use switchboard_tests::raw::{Digest, RawPhone};
use switchboard_tests::wait_for;
use switchboard_tests::worker::{Worker, binary};

#[test]
fn a_user_added_to_the_folder_can_register_at_once() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    office.write("john.yaml", &JOHN.manifests());
    wait_for(
        "John's phone to be accepted",
        Duration::from_mins(1),
        || {
            let answer =
                RawPhone::new(worker.sip).register(&JOHN.handset(), PASSWORD, Digest::Sha256);
            (answer.status == 200).then_some(())
        },
    );
}

#[test]
fn a_file_that_breaks_is_named_and_what_worked_goes_on() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    office.write(
        "people.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: User\nmetadata: {name: mary\n",
    );
    wait_for(
        "the broken file to be named",
        Duration::from_mins(1),
        || {
            (worker.output() + &worker.log())
                .contains("people.yaml")
                .then_some(())
        },
    );
    let answer = RawPhone::new(worker.sip).register(&MARY.handset(), PASSWORD, Digest::Sha256);
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn a_folder_that_cannot_be_read_stops_the_start_with_exit_code_2() {
    let office = Office::of(&[MARY]);
    office.write("broken.yaml", "kind: [");
    let run = Command::new(binary())
        .args(["standalone", &office.manifests().display().to_string()])
        .args(["--state", &office.state().display().to_string()])
        .args([
            "--sip",
            "127.0.0.1:0",
            "--media",
            "0-0",
            "--metrics",
            "127.0.0.1:0",
        ])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2));
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(said.contains("broken.yaml"), "{said}");
}

#[test]
fn a_port_in_use_is_named_with_a_remedy() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    let other = Office::of(&[MARY]);
    let run = Command::new(binary())
        .args(["standalone", &other.manifests().display().to_string()])
        .args(["--state", &other.state().display().to_string()])
        .args([
            "--sip",
            &worker.sip.to_string(),
            "--media",
            "0-0",
            "--metrics",
            "127.0.0.1:0",
        ])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(
        said.contains(&worker.sip.to_string()) && said.contains("--sip"),
        "{said}"
    );
}

#[test]
fn check_names_file_object_field_and_remedy() {
    let office = Office::of(&[MARY, JOHN]);
    let good = Command::new(binary())
        .arg("check")
        .arg(office.manifests())
        .output()
        .unwrap();
    assert_eq!(
        good.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&good.stdout)
    );
    office.write("same.yaml", &JOHN.manifests().replace("john", "jim"));
    let bad = Command::new(binary())
        .arg("check")
        .arg(office.manifests())
        .output()
        .unwrap();
    assert_eq!(bad.status.code(), Some(1));
    let said = String::from_utf8_lossy(&bad.stdout);
    assert!(
        said.contains(".yaml:") && said.contains("jim") && said.contains("spec.extension"),
        "{said}"
    );
}

#[test]
fn a_stop_ends_calls_and_exits_with_0() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    mary.answer(None, None);
    john.expect_call("CONFIRMED");
    assert_eq!(worker.stop(), Some(0));
    john.expect_call("DISCONNECTED");
    mary.expect_call("DISCONNECTED");
}

#[test]
fn health_and_readiness_are_served() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    assert_eq!(worker.get("/healthz").0, "HTTP/1.0 200 OK");
    assert_eq!(worker.get("/readyz").0, "HTTP/1.0 200 OK");
}

#[test]
fn the_demo_company_has_no_problems_and_can_be_rung_by_the_probe() {
    let office = Office::of(&[]);
    let worker = Worker::demo(&office);
    assert!(worker.output().contains("101"), "{}", worker.output());
    let probe = Command::new(binary())
        .args([
            "probe",
            &format!("sip:3101@{}", worker.sip),
            "--as",
            "john-desk",
            "--password",
            "john-desk-demo",
        ])
        .arg("--leave-message")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&probe.stdout);
    assert_eq!(
        probe.status.code(),
        Some(0),
        "{said}\n{}",
        String::from_utf8_lossy(&probe.stderr)
    );
    assert!(
        said.contains("answer") && said.contains("speech") && said.contains("beep"),
        "{said}"
    );
    wait_for("the message", Duration::from_mins(1), || {
        (worker.metric("switchboard_messages_total{result=\"delivered\"}") >= 1.0).then_some(())
    });
}
