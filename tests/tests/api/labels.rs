//! A Secret says by its label what it may be used for.

use crds::{PhoneSystem, Secret, User};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use switchboard_tests::operator::{Namespace, Operator};

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
