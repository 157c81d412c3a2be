//! A Secret says by its label what it may be used for.

use crds::{Handset, PhoneSystem, Secret, User};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker, office_with_mary};

#[tokio::test]
async fn a_secret_without_the_label_is_not_used_and_the_command_that_adds_it_is_told() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply(
            "
apiVersion: v1
kind: Secret
metadata: {name: code}
stringData: {pin: '24680'}
---
apiVersion: switchboard.dev/v1alpha1
kind: User
metadata: {name: mary}
spec: {extension: '101', pinSecretRef: {name: code, key: pin}}
",
        )
        .await;
    let refused = namespace
        .condition::<User>("mary", "Accepted", "False", "SecretNotLabelled")
        .await;
    let command = format!(
        "kubectl -n {} label --overwrite secret code switchboard.dev/use=pin",
        namespace.name
    );
    assert!(refused.message.contains(&command), "{}", refused.message);

    namespace
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: code, labels: {switchboard.dev/use: imap}}, stringData: {pin: '24680'}}")
        .await;
    namespace
        .condition::<User>("mary", "Accepted", "False", "SecretNotLabelled")
        .await;
    namespace
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: code, labels: {switchboard.dev/use: pin}}, stringData: {pin: '24680'}}")
        .await;
    namespace
        .condition::<User>("mary", "Accepted", "True", "Valid")
        .await;
}

#[tokio::test]
async fn a_secret_of_the_name_that_would_be_generated_needs_the_label_too() {
    let namespace = Namespace::new().await;
    namespace
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: mary-pin}, stringData: {pin: '24680'}}")
        .await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {name: mary}, spec: {extension: '101'}}")
        .await;
    namespace
        .condition::<User>("mary", "Accepted", "False", "SecretNotLabelled")
        .await;
    let secret: Secret = namespace.comes("mary-pin").await;
    assert!(secret.labels().is_empty());
}

#[tokio::test]
async fn a_handset_whose_secret_loses_its_label_is_ready_no_longer() {
    let (namespace, worker, _operator) = office_with_mary().await;
    worker.run().await;
    namespace
        .condition::<Handset>("mary", "Ready", "True", "Loaded")
        .await;
    let unlabelled = Patch::Merge(json!({"metadata": {"labels": {"switchboard.dev/use": null}}}));
    let secrets = namespace.api::<Secret>();
    secrets
        .patch("mary-sip", &PatchParams::default(), &unlabelled)
        .await
        .unwrap();
    namespace
        .condition::<Handset>("mary", "Ready", "False", "SecretNotLabelled")
        .await;
}

#[tokio::test]
async fn no_worker_starts_with_a_secret_that_may_not_be_mounted() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace
        .apply(
            "
apiVersion: v1
kind: Secret
metadata: {name: bank}
stringData: {accessKeyId: a, secretAccessKey: b}
---
apiVersion: switchboard.dev/v1alpha1
kind: PhoneSystem
metadata: {name: office}
spec:
  domain: office.example.com
  storage: {s3: {bucket: voicemail, credentialsSecretRef: {name: bank}}}
",
        )
        .await;
    namespace
        .condition::<PhoneSystem>("office", "Accepted", "False", "SecretNotLabelled")
        .await;
    namespace
        .condition::<PhoneSystem>("office", "Ready", "False", "SecretNotLabelled")
        .await;
    assert!(namespace.get::<Pod>("office-worker-0").await.is_none());
    namespace
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: bank, labels: {switchboard.dev/use: s3}}, stringData: {accessKeyId: a, secretAccessKey: b}}")
        .await;
    namespace.comes::<Pod>("office-worker-0").await;
}

const WITH_SECRETS: &str = "
apiVersion: switchboard.dev/v1alpha1
kind: PhoneSystem
metadata: {name: office}
spec:
  domain: office.example.com
  network:
    sip: {advertised: {addresses: [203.0.113.5]}}
    media: {advertised: [{slot: 0, addresses: [203.0.113.6], firstPort: 20000}]}
  storage: {s3: {bucket: voicemail, credentialsSecretRef: {name: bank}}}
  mail: {smtp: {host: mail.example.com, from: voicemail@example.com, credentialsSecretRef: {name: post}}}
";

#[tokio::test]
async fn a_missing_secret_keeps_no_worker_from_starting() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply(WITH_SECRETS).await;
    namespace
        .condition::<PhoneSystem>("office", "Accepted", "False", "SecretMissing")
        .await;
    namespace.comes::<Pod>("office-worker-0").await;
}

#[tokio::test]
async fn an_update_waits_for_the_label_of_a_mounted_secret_and_says_so() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    let bank = |label: &str| {
        format!(
            "{{apiVersion: v1, kind: Secret, metadata: {{name: bank, labels: {{{label}}}}}, stringData: {{accessKeyId: a, secretAccessKey: b}}}}"
        )
    };
    namespace.apply(&bank("switchboard.dev/use: s3")).await;
    namespace
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: post, labels: {switchboard.dev/use: smtp}}, stringData: {username: a, password: b}}")
        .await;
    namespace.apply(WITH_SECRETS).await;
    let old = worker.run().await;
    namespace
        .condition::<PhoneSystem>("office", "Ready", "True", "Loaded")
        .await;

    namespace.apply(&bank("")).await;
    namespace
        .condition::<PhoneSystem>("office", "Accepted", "False", "SecretNotLabelled")
        .await;
    // The worker that runs is as the manifest asks, until the manifest asks for something else.
    namespace
        .condition::<PhoneSystem>("office", "Updating", "False", "UpToDate")
        .await;
    let more = format!("{WITH_SECRETS}  workers: {{resources: {{requests: {{cpu: '2'}}}}}}\n");
    namespace.apply(&more).await;
    namespace
        .condition::<PhoneSystem>("office", "Updating", "False", "HeldBack")
        .await;
    let still: Pod = namespace.comes("office-worker-0").await;
    assert_eq!(still.uid(), old.uid());

    namespace.apply(&bank("switchboard.dev/use: s3")).await;
    let new = worker.run().await;
    assert_ne!(new.uid(), old.uid());
}
