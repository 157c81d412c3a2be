//! A worker built otherwise is replaced in a moment without calls.

use crds::PhoneSystem;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::PostParams;
use serde_json::{Value, json};
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

const MORE_PROCESSORS: &str = "
apiVersion: switchboard.dev/v1alpha1
kind: PhoneSystem
metadata: {name: office}
spec:
  domain: office.example.com
  network:
    sip: {advertised: {addresses: [203.0.113.5]}}
    media: {advertised: [{slot: 0, addresses: [203.0.113.6], firstPort: 20000}]}
  workers: {resources: {requests: {cpu: '2'}}}
";

#[tokio::test]
async fn an_update_waits_for_the_last_call() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    let old = worker.run().await;
    namespace
        .condition::<PhoneSystem>("office", "Ready", "True", "Loaded")
        .await;
    has_a_call(&namespace, &worker).await;

    namespace.apply(MORE_PROCESSORS).await;
    namespace
        .condition::<PhoneSystem>("office", "Updating", "True", "WaitingForCalls")
        .await;
    let still: Pod = namespace.comes("office-worker-0").await;
    assert_eq!(still.uid(), old.uid());

    worker.says(|report| report.calls = 0);
    let new = worker.run().await;
    assert_ne!(new.uid(), old.uid());
    namespace
        .condition::<PhoneSystem>("office", "Updating", "False", "UpToDate")
        .await;
    namespace
        .condition::<PhoneSystem>("office", "Ready", "True", "Loaded")
        .await;
}

#[tokio::test]
async fn an_update_without_a_moment_without_calls_lets_the_last_ones_have_the_drain_time_out() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace
        .apply_office_with("workers: {drainTimeout: 2s}")
        .await;
    let old = worker.run().await;
    give_it_a_node(&namespace).await;
    has_a_call(&namespace, &worker).await;

    let update = MORE_PROCESSORS.replace("{resources:", "{drainTimeout: 2s, resources:");
    namespace.apply(&update).await;
    let going = eventually("it to be told to go", || async {
        let pod: Pod = namespace.get("office-worker-0").await?;
        pod.metadata.deletion_timestamp.is_some().then_some(pod)
    })
    .await;
    assert_eq!(going.uid(), old.uid());
    let grace = going.metadata.deletion_grace_period_seconds;
    assert_eq!(grace, Some(2 + 60), "no call shorter than 2 s is cut off");
    let updating = namespace
        .condition::<PhoneSystem>("office", "Updating", "True", "Replacing")
        .await;
    let said = updating.message;
    assert!(said.contains("no new ones are taken"), "{said}");
}

/// Has the worker say that there is a call, and returns once the status does.
async fn has_a_call(namespace: &Namespace, worker: &PlayedWorker) {
    worker.says(|report| report.calls = 1);
    eventually("the call in the status", || async {
        let status = namespace.get::<PhoneSystem>("office").await?.status?;
        (status.calls == Some(1)).then_some(())
    })
    .await;
}

/// Plays the scheduler: a Pod without a node goes at once.
async fn give_it_a_node(namespace: &Namespace) {
    let binding = json!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "office-worker-0"},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "node"},
    });
    let parameters = PostParams::default();
    let pods = namespace.api::<Pod>();
    let bound: Result<Value, _> = pods
        .create_subresource("binding", "office-worker-0", &parameters, &binding)
        .await;
    assert!(bound.is_ok(), "{bound:?}");
}

#[tokio::test]
async fn what_concerns_no_pod_restarts_nothing() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    let old = worker.run().await;
    namespace
        .apply(&MORE_PROCESSORS.replace(
            "workers: {resources: {requests: {cpu: '2'}}}",
            "timeZone: Europe/Berlin",
        ))
        .await;
    namespace
        .condition::<PhoneSystem>("office", "Ready", "True", "Loaded")
        .await;
    namespace
        .condition::<PhoneSystem>("office", "Updating", "False", "UpToDate")
        .await;
    let now: Pod = namespace.comes("office-worker-0").await;
    assert_eq!(now.uid(), old.uid());
}
