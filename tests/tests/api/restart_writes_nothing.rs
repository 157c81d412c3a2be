//! An operator that starts over what is reconciled already changes nothing.

use crds::User;
use serde_json::{Value, json};
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

const USERS: usize = 30;

fn kinds() -> Vec<Value> {
    let ours = [
        "PhoneSystem",
        "User",
        "UserSettings",
        "Handset",
        "Extension",
    ];
    let ours = ours.map(|kind| json!({"apiVersion": "switchboard.dev/v1alpha1", "kind": kind}));
    let made = [
        ("v1", "Secret"),
        ("v1", "Pod"),
        ("v1", "Service"),
        ("v1", "ServiceAccount"),
        ("v1", "PersistentVolumeClaim"),
        ("events.k8s.io/v1", "Event"),
        ("policy/v1", "PodDisruptionBudget"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ];
    let made = made.map(|(version, kind)| json!({"apiVersion": version, "kind": kind}));
    ours.into_iter().chain(made).collect()
}

#[tokio::test]
async fn an_operator_restarted_over_reconciled_users_writes_nothing() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    worker.run().await;
    for n in 0..USERS {
        let user = format!(
            "{{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {{name: user-{n}}}, spec: {{extension: '{}'}}}}",
            100 + n
        );
        namespace.apply(&user).await;
    }
    for n in 0..USERS {
        namespace
            .condition::<User>(&format!("user-{n}"), "Ready", "True", "Loaded")
            .await;
    }
    namespace
        .condition::<crds::PhoneSystem>("office", "Ready", "True", "Loaded")
        .await;
    let before = settled(&namespace).await;
    drop(operator);

    let again = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    eventually("all to be reconciled", || async {
        let all = ["User", "UserSettings", "Handset", "Extension"];
        all.iter()
            .all(|kind| again.reconciles(kind) >= USERS as u64)
            .then_some(())
    })
    .await;
    let mut after = settled(&namespace).await;
    after.retain(|object| !before.contains(object));
    assert_eq!(after, [], "only these were written");
}

/// The versions of all objects, once none changes any more: an operator may still be at its last write.
async fn settled(namespace: &Namespace) -> Vec<(String, String, String)> {
    let (mut last, mut same) = (Vec::new(), 0);
    while same < 5 {
        let now = namespace.versions(&kinds()).await;
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}
