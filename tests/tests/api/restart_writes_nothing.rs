//! An operator that starts over what is reconciled already changes nothing.

use std::time::Duration;

use crds::User;
use serde_json::{Value, json};
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

const USERS: usize = 30;

/// All but the `PhoneSystem`, whose status follows what its worker reports and may be written once more at a restart.
fn kinds() -> Vec<Value> {
    let ours = ["User", "UserSettings", "Handset", "Extension"];
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
    let before = settled(&namespace, &operator).await;
    drop(operator);

    let again = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    eventually("all to be reconciled", || async {
        let all = ["User", "UserSettings", "Handset", "Extension"];
        all.iter()
            .all(|kind| again.reconciles(kind) >= USERS as u64)
            .then_some(())
    })
    .await;
    let mut after = settled(&namespace, &again).await;
    after.retain(|object| !before.contains(object));
    assert_eq!(after, [], "only these were written");
}

/// The versions of all objects, once none changes and nothing is reconciled any more: what an operator gathers for a
/// moment it still writes.
async fn settled(namespace: &Namespace, operator: &Operator) -> Vec<(String, String, String)> {
    let (mut last, mut same) = ((Vec::new(), 0), 0);
    while same < QUIET_LOOKS {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let versions = namespace.versions(&kinds()).await;
        let reconciles = RECONCILED
            .iter()
            .map(|kind| operator.reconciles(kind))
            .sum();
        let now: (_, u64) = (versions, reconciles);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last.0
}

const RECONCILED: [&str; 5] = [
    "PhoneSystem",
    "User",
    "UserSettings",
    "Handset",
    "Extension",
];
const QUIET_LOOKS: u32 = 15;
/// An absence takes its time: longer, in all, than anything is gathered for.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
