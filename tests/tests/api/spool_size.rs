//! The spool's volume grows where its class allows that; otherwise the status says what to do.

use crds::PhoneSystem;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

const CLAIM: &str = "office-spool-0";

#[tokio::test]
async fn a_volume_grows_where_its_class_allows_it() {
    let namespace = Namespace::new().await;
    class(&namespace, "growing", true).await;
    let _running = office(&namespace, "growing").await;

    namespace.apply(&sized("growing", "10Gi")).await;
    told(&namespace, "False", "Growing").await;
    let claim: PersistentVolumeClaim = namespace.comes(CLAIM).await;
    assert_eq!(requested(&claim), "10Gi");
    claim_is(&namespace, "10Gi").await;
    told(&namespace, "True", "SizeAsAsked").await;

    namespace.apply(&sized("growing", "5Gi")).await;
    let message = told(&namespace, "False", "SizeFixed").await;
    assert!(message.contains("size: 10Gi"), "{message}");
    let claim: PersistentVolumeClaim = namespace.comes(CLAIM).await;
    assert_eq!(requested(&claim), "10Gi");
}

#[tokio::test]
async fn a_volume_that_may_not_grow_is_told_of_and_keeps_its_size() {
    let namespace = Namespace::new().await;
    class(&namespace, "fixed", false).await;
    let _running = office(&namespace, "fixed").await;
    namespace.apply(&sized("fixed", "10Gi")).await;
    let message = told(&namespace, "False", "SizeFixed").await;
    assert!(message.contains("allowVolumeExpansion"), "{message}");
    let claim: PersistentVolumeClaim = namespace.comes(CLAIM).await;
    assert_eq!(requested(&claim), "5Gi");
    // All else goes on.
    namespace
        .condition::<PhoneSystem>("office", "Ready", "True", "Loaded")
        .await;
}

/// A system whose worker runs, with a bound claim of 5Gi.
async fn office(namespace: &Namespace, class: &str) -> (PlayedWorker, Operator) {
    let worker = PlayedWorker::start(namespace).await;
    let operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply(&sized(class, "5Gi")).await;
    worker.run().await;
    let _: PersistentVolumeClaim = namespace.comes(CLAIM).await;
    claim_is(namespace, "5Gi").await;
    told(namespace, "True", "SizeAsAsked").await;
    (worker, operator)
}

fn sized(class: &str, size: &str) -> String {
    format!(
        "{{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {{name: office}}, spec: {{domain: office.example.com, \
         workers: {{spool: {{size: {size}, storageClassName: {class}}}}}, \
         network: {{sip: {{advertised: {{addresses: [203.0.113.5]}}}}, media: {{advertised: [{{slot: 0, addresses: [203.0.113.6]}}]}}}}}}}}"
    )
}

async fn class(namespace: &Namespace, name: &str, grows: bool) {
    let class = json!({
        "metadata": {"name": name}, "provisioner": "test.example.com", "allowVolumeExpansion": grows,
    });
    let class: StorageClass = serde_json::from_value(class).unwrap();
    let classes: Api<StorageClass> = Api::all(namespace.client.clone());
    let made = classes.create(&PostParams::default(), &class).await;
    made.expect("a class");
}

/// Plays the storage: the claim is bound to a volume of this size.
async fn claim_is(namespace: &Namespace, size: &str) {
    let patch = |value: Value| Patch::Merge(value);
    let claims = namespace.api::<PersistentVolumeClaim>();
    let params = PatchParams::default();
    let volume = patch(json!({"spec": {"volumeName": "volume"}}));
    claims
        .patch(CLAIM, &params, &volume)
        .await
        .expect("a claim");
    let bound = patch(json!({"status": {"phase": "Bound", "capacity": {"storage": size}}}));
    let bound = claims.patch_status(CLAIM, &params, &bound).await;
    bound.expect("a claim");
}

async fn told(namespace: &Namespace, status: &str, reason: &str) -> String {
    let condition = namespace
        .condition::<PhoneSystem>("office", "SpoolSized", status, reason)
        .await;
    condition.message
}

fn requested(claim: &PersistentVolumeClaim) -> String {
    let resources = claim.spec.as_ref().unwrap().resources.as_ref().unwrap();
    resources.requests.as_ref().unwrap()["storage"].0.clone()
}
