//! Whoever may write our Kinds gets at nothing else by them.

use crds::credentials::shard_name;
use crds::{PhoneSystem, Secret, User};
use k8s_openapi::api::rbac::v1::Role;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::operator::{Namespace, Operator};

#[tokio::test]
async fn a_system_whose_keys_would_be_somebody_elses_secret_gets_no_worker() {
    let namespace = Namespace::new().await;
    namespace
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: bank-keys}, stringData: {pin: a, nonce: b}}")
        .await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {name: bank}, spec: {domain: bank.example.com}}")
        .await;
    let refused = namespace
        .condition::<PhoneSystem>("bank", "Ready", "False", "ApplyFailed")
        .await;
    let whose = "Secret bank-keys exists already and belongs to something else";
    assert!(refused.message.contains(whose), "{}", refused.message);
    let keys: Secret = namespace.comes("bank-keys").await;
    assert!(keys.labels().is_empty() && keys.owner_references().is_empty());
    assert!(namespace.get::<Role>("bank-worker").await.is_none());
    assert!(
        namespace
            .get::<Secret>(&shard_name("bank", 0))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn an_operator_of_one_namespace_leaves_others_alone() {
    let (ours, theirs) = (Namespace::new().await, Namespace::new().await);
    theirs
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: code, labels: {switchboard.dev/use: pin}}, stringData: {pin: '24680'}}")
        .await;
    let _operator = Operator::start(ours.client.clone(), &ours.name, 1);
    let mary = "{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {name: mary}, spec: {extension: '101', pinSecretRef: {name: code, key: pin}}}";
    theirs.apply(mary).await;
    ours.apply(mary).await;
    ours.apply_office().await;
    let refused = ours
        .condition::<User>("mary", "Accepted", "False", "SecretMissing")
        .await;
    assert!(
        refused.message.contains("there is no Secret code"),
        "{}",
        refused.message
    );
    let untouched: User = theirs.comes("mary").await;
    assert!(untouched.status.is_none());
}

#[tokio::test]
async fn a_workers_account_reads_no_foreign_secret_and_writes_no_user() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {name: mary}, spec: {extension: '101'}}")
        .await;
    namespace.comes::<Secret>("mary-pin").await;
    namespace.comes::<Secret>(&shard_name("office", 0)).await;
    let name = format!("system:serviceaccount:{}:office-worker", namespace.name);
    let worker = ApiServer::shared().client_as(&name, &[]).await;
    let secrets: Api<Secret> = Api::namespaced(worker.clone(), &namespace.name);
    secrets.get(&shard_name("office", 0)).await.unwrap();
    let refused = secrets.get("mary-pin").await.unwrap_err().to_string();
    assert!(refused.contains("forbidden"), "{refused}");
    assert!(secrets.list(&ListParams::default()).await.is_err());
    let users: Api<User> = Api::namespaced(worker, &namespace.name);
    users.get("mary").await.unwrap();
    let extension = Patch::Merge(json!({"spec": {"extension": "911"}}));
    let refused = users
        .patch("mary", &PatchParams::default(), &extension)
        .await;
    assert!(refused.unwrap_err().to_string().contains("forbidden"));
    let messages = json!({"apiVersion": "switchboard.dev/v1alpha1", "kind": "User",
        "status": {"messages": {"new": 1, "saved": 0}}});
    let by = PatchParams::apply("worker");
    users
        .patch_status("mary", &by, &Patch::Apply(messages))
        .await
        .unwrap();
}
