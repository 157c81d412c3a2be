//! A worker built otherwise is replaced in a moment without calls.

use crds::PhoneSystem;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
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
    worker.says(|report| report.calls = 1);
    eventually("the call in the status", || async {
        let status = namespace.get::<PhoneSystem>("office").await?.status?;
        (status.calls == Some(1)).then_some(())
    })
    .await;

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
