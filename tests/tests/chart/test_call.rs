//! What `helm test` does, done to a worker without a cluster: the chart's own objects and command lines.

use std::process::Command;

use serde_json::Value;
use switchboard_tests::chart::{find, objects};
use switchboard_tests::office::{MARY, Office};
use switchboard_tests::worker::{Worker, binary};

#[test]
fn the_test_calls_a_user_of_its_own_and_finds_its_message() {
    let objects = objects(&[]);
    let office = Office::of(&[MARY]);
    for (kind, name) in [
        ("User", "switchboard-test"),
        ("Secret", "switchboard-test-pin"),
        ("Secret", "switchboard-test-sip"),
    ] {
        let object = find(&objects, kind, name);
        office.write(&format!("{kind}-{name}.yaml"), &object.to_string());
    }
    let worker = Worker::start(&office);
    let pod = find(&objects, "Pod", "switchboard-test");
    for container in ["initContainers", "containers"] {
        let container = &pod["spec"][container][0];
        run(container, &objects, &worker);
    }
    let delivered = "switchboard_messages_total{result=\"delivered\"}";
    assert!((worker.metric(delivered) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn the_test_is_gone_when_it_is_over_and_says_what_it_heard() {
    let objects = objects(&[]);
    let tests = objects
        .iter()
        .filter(|object| object["metadata"]["annotations"]["helm.sh/hook"] == "test");
    let mut count = 0;
    for object in tests {
        let annotations = &object["metadata"]["annotations"];
        let policy = annotations["helm.sh/hook-delete-policy"].as_str().unwrap();
        assert!(policy.starts_with("before-hook-creation,hook-succeeded"));
        count += 1;
    }
    assert_eq!(count, 4, "User, two Secrets, Pod");
    let pod = find(&objects, "Pod", "switchboard-test");
    let output = &pod["metadata"]["annotations"]["helm.sh/hook-output-log-policy"];
    assert_eq!(output, "hook-succeeded,hook-failed");
}

#[test]
fn no_caller_who_dials_by_name_comes_upon_the_tests_user() {
    let objects = objects(&[]);
    let user = find(&objects, "User", "switchboard-test");
    let name = user["spec"]["displayName"].as_str().unwrap();
    let mut letters = prompts::plain_letters(name);
    assert!(!letters.any(|it| it.is_ascii_alphanumeric()), "{name}");
}

/// Runs a container's command line at this worker instead of the SIP Service.
fn run(container: &Value, objects: &[Value], worker: &Worker) {
    let service = "office-sip.telephony:5060";
    let mut command = Command::new(binary());
    let mut arguments: Vec<String> = container["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|argument| argument.as_str().unwrap().to_owned())
        .collect();
    assert!(arguments[1].ends_with(service), "{arguments:?}");
    arguments[1] = arguments[1].replace(service, &worker.sip.to_string());
    for variable in container["env"].as_array().unwrap() {
        let (name, value) = resolved(variable, objects);
        for argument in &mut arguments {
            *argument = argument.replace(&format!("$({name})"), &value);
        }
        command.env(name, value);
    }
    let ran = command.args(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{arguments:?}:\n{said}");
}

/// A variable that is an entry of a Secret.
fn resolved(variable: &Value, objects: &[Value]) -> (String, String) {
    let entry = &variable["valueFrom"]["secretKeyRef"];
    let secret = find(objects, "Secret", entry["name"].as_str().unwrap());
    let value = &secret["stringData"][entry["key"].as_str().unwrap()];
    let name = variable["name"].as_str().unwrap();
    (name.to_owned(), value.as_str().unwrap().to_owned())
}
