//! The key that PINs are checked with is missed when it is gone, and nobody replaces it unasked.

use crds::{PhoneSystem, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use serde_json::json;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

const KEYS: &str = "office-keys";

#[tokio::test]
async fn lost_keys_are_missed_and_made_anew_only_when_the_old_ones_are_given_up() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    worker.run().await;
    kept(&namespace).await;
    let old = fingerprint(&namespace).await;

    let keys: Secret = namespace.comes(KEYS).await;
    namespace.delete::<Secret>(KEYS).await;
    let lost = namespace
        .condition::<PhoneSystem>("office", "KeysKept", "False", "KeysLost")
        .await;
    assert!(lost.message.contains("restore it"), "{}", lost.message);
    has_event(&namespace, "KeysLost").await;
    assert_eq!(namespace.get::<Secret>(KEYS).await, None);

    // Restored, it is the one of old.
    let mut restored = keys.clone();
    restored.metadata.resource_version = None;
    restored.metadata.uid = None;
    let created = namespace.api::<Secret>();
    let created = created.create(&PostParams::default(), &restored).await;
    created.expect("a Secret");
    kept(&namespace).await;
    assert_eq!(fingerprint(&namespace).await, old);

    // Given up, it is replaced.
    namespace.delete::<Secret>(KEYS).await;
    namespace
        .condition::<PhoneSystem>("office", "KeysKept", "False", "KeysLost")
        .await;
    let annotation = json!({"metadata": {"annotations": {"switchboard.dev/new-keys": old}}});
    let annotated = namespace.api::<PhoneSystem>();
    let annotated = annotated
        .patch("office", &PatchParams::default(), &Patch::Merge(annotation))
        .await;
    annotated.expect("a PhoneSystem");
    kept(&namespace).await;
    assert_ne!(fingerprint(&namespace).await, old);
    assert_ne!(namespace.comes::<Secret>(KEYS).await.data, keys.data);
}

async fn kept(namespace: &Namespace) {
    namespace
        .condition::<PhoneSystem>("office", "KeysKept", "True", "KeysKnown")
        .await;
}

async fn fingerprint(namespace: &Namespace) -> String {
    let system: PhoneSystem = namespace.comes("office").await;
    system.status.unwrap().pin_key.unwrap()
}

async fn has_event(namespace: &Namespace, reason: &str) {
    eventually("an Event about it", || async {
        let events = namespace.api::<Event>().list(&ListParams::default()).await;
        let mut events = events.expect("Events").items.into_iter();
        events
            .any(|event| event.reason.as_deref() == Some(reason))
            .then_some(())
    })
    .await;
}
