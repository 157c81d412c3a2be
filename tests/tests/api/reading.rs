//! What `kubectl` shows of our objects.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crds::User;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use switchboard_tests::api_server::{ApiServer, apply, documents, kubernetes_binary};
use switchboard_tests::{root, wait_for};

#[tokio::test]
async fn get_switchboard_shows_every_object_of_ours() {
    let server = ApiServer::shared();
    let (client, namespace) = (server.client().await, server.namespace().await);
    let text = fs::read_to_string(root().join("crds/examples/every-kind.yaml")).unwrap();
    let mut applied = BTreeSet::new();
    for document in documents(&text) {
        let object = apply(&client, &namespace, &document).await.unwrap();
        let kind = document["kind"].as_str().unwrap().to_lowercase();
        applied.insert(format!(
            "{kind}.switchboard.dev/{}",
            object.metadata.name.unwrap()
        ));
    }
    let shown = kubectl(&["get", "switchboard", "-n", &namespace]);
    let shown = shown
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let shown: BTreeSet<_> = shown
        .filter(|name| name.contains('/'))
        .map(str::to_owned)
        .collect();
    assert_eq!(shown, applied);
}

#[tokio::test]
async fn get_users_answers_who_where_and_how_many_messages() {
    let server = ApiServer::shared();
    let (client, namespace) = (server.client().await, server.namespace().await);
    let mary = json!({
        "apiVersion": "switchboard.dev/v1alpha1", "kind": "User", "metadata": {"name": "mary"},
        "spec": {"extension": "101", "displayName": "Mary Miller"},
    });
    apply(&client, &namespace, &mary).await.unwrap();
    let users: Api<User> = Api::namespaced(client, &namespace);
    let status = json!({"status": {
        "presence": "AtHome",
        "messages": {"new": 2, "saved": 5},
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "Loaded", "message": "",
            "lastTransitionTime": "2027-01-04T09:00:00Z",
        }],
    }});
    let (params, merge) = (PatchParams::default(), Patch::Merge(status));
    users.patch_status("mary", &params, &merge).await.unwrap();
    let shown = kubectl(&["get", "users", "-n", &namespace]);
    let lines: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        [
            "NAME",
            "EXTENSION",
            "DISPLAY",
            "NAME",
            "PRESENCE",
            "NEW",
            "ACCEPTED",
            "READY",
            "REASON",
            "AGE"
        ]
    );
    assert_eq!(
        lines[1][..7],
        ["mary", "101", "Mary", "Miller", "AtHome", "2", "True"]
    );
}

#[test]
fn explain_tells_what_each_field_means_and_its_default() {
    let explained = wait_for(
        "kubectl explain to know our Kinds",
        Duration::from_mins(1),
        || {
            let output = run(&["explain", "user.spec.voicemail"]);
            output
                .status
                .success()
                .then(|| String::from_utf8(output.stdout).unwrap())
        },
    );
    let words: Vec<&str> = explained.split_whitespace().collect();
    let words = words.join(" ");
    for told in [
        "How many messages the mailbox holds",
        "The longest message. Default: 5m.",
        "Voicemail to e-mail",
    ] {
        assert!(words.contains(told), "{told:?} is not in:\n{explained}");
    }
}

fn kubectl(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn run(arguments: &[&str]) -> std::process::Output {
    let server = ApiServer::shared();
    Command::new(kubernetes_binary("kubectl"))
        .arg("--kubeconfig")
        .arg(server.kubeconfig())
        .arg("--cache-dir")
        .arg(server.kubeconfig().with_file_name("kubectl-cache"))
        .args(arguments)
        .output()
        .expect("kubectl runs")
}
