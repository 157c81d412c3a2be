//! What people are told of an object: by its conditions as long as it is so, and by Events once it has come to be so.

use crds::{CallRoute, Extension, Handset, Secret, Trunk, User};
use k8s_openapi::api::events::v1::Event;
use kube::api::{ListParams, Patch, PatchParams};
use operator::ours::Ours;
use serde_json::json;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{MARY, Namespace, Operator, office_with_mary};

#[tokio::test]
async fn a_weak_pin_that_is_rotated_in_is_told_as_long_as_it_holds_and_letters_are_an_error() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace.apply(MARY).await;
    namespace.comes::<Secret>("mary-pin").await;
    let valid = "everything in the manifest is in force";
    accepted::<User>(&namespace, "mary", valid).await;

    set_pin(&namespace, "12345").await;
    let run = "spec.pinSecretRef: the PIN in it is easily guessed: a PIN has 5 to 32 digits, and is neither the extension \
               nor a run such as 12345 nor one digit repeated; \
               write another PIN into the Secret, or leave pinSecretRef out and one is generated";
    accepted::<User>(&namespace, "mary", &format!("valid, but: {run}")).await;
    assert_eq!(namespace.event("WeakPin").await.note.as_deref(), Some(run));

    set_pin(&namespace, "abc").await;
    let refused = namespace
        .condition::<User>("mary", "Accepted", "False", "WeakPin")
        .await;
    let why = "spec.pinSecretRef: a PIN is digits and nothing else";
    assert!(refused.message.starts_with(why), "{}", refused.message);
    namespace
        .condition::<User>("mary", "Ready", "False", "WeakPin")
        .await;

    set_pin(&namespace, "97531").await;
    accepted::<User>(&namespace, "mary", valid).await;
}

async fn set_pin(namespace: &Namespace, pin: &str) {
    let patch = Patch::Merge(json!({"stringData": {"pin": pin}}));
    let secrets = namespace.api::<Secret>();
    let parameters = PatchParams::default();
    let patched = secrets.patch("mary-pin", &parameters, &patch).await;
    patched.expect("a Secret");
}

/// Returns once the object is accepted with this message.
async fn accepted<K: Ours>(namespace: &Namespace, name: &str, message: &str) {
    eventually(&format!("{name} to be accepted: {message}"), || async {
        let object: K = namespace.get(name).await?;
        let mut conditions = object.conditions().iter();
        let told = conditions
            .any(|it| it.type_ == "Accepted" && it.status == "True" && it.message == message);
        told.then_some(())
    })
    .await;
}

#[tokio::test]
async fn each_event_says_what_was_so_at_its_time() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    let mut told = Vec::new();
    for owner in ["alpha", "beta"] {
        namespace
            .apply(&format!(
                "{{apiVersion: switchboard.dev/v1alpha1, kind: Handset, metadata: {{name: desk}}, spec: {{ownerRef: {{name: {owner}}}}}}}"
            ))
            .await;
        let refused = namespace
            .condition::<Handset>("desk", "Accepted", "False", "NotFound")
            .await;
        assert!(refused.message.contains(owner), "{}", refused.message);
        told.push(refused.message);
    }
    eventually("an Event of each", || async {
        let warned = warnings(&namespace, "Handset").await.into_iter();
        let mut notes: Vec<String> = warned.filter_map(|it| it.note).collect();
        notes.sort();
        (notes == told).then_some(())
    })
    .await;
}

/// The Warnings about objects of this Kind.
async fn warnings(namespace: &Namespace, kind: &str) -> Vec<Event> {
    let events = namespace.api::<Event>().list(&ListParams::default()).await;
    let mut events = events.expect("Events").items;
    events.retain(|event| {
        let regarding = event.regarding.as_ref().and_then(|it| it.kind.as_deref());
        regarding == Some(kind) && event.type_.as_deref() == Some("Warning")
    });
    events
}

#[tokio::test]
async fn nobody_is_warned_of_what_goes_with_its_owner() {
    let (namespace, _worker, _operator) = office_with_mary().await;
    namespace
        .condition::<Handset>("mary", "Accepted", "True", "Valid")
        .await;
    namespace.delete::<User>("mary").await;
    // No garbage collector takes it away.
    namespace
        .condition::<Handset>("mary", "Accepted", "False", "NotFound")
        .await;
    // An object is looked at once at a time: after the second look the first has told all it had to.
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: Handset, metadata: {name: mary}, spec: {ownerRef: {name: mary}, keys: [{position: 1, extension: '102'}]}}")
        .await;
    namespace
        .condition::<Handset>("mary", "Accepted", "False", "NotFound")
        .await;
    let warned = warnings(&namespace, "Handset").await;
    assert!(warned.is_empty(), "{warned:?}");
}

#[tokio::test]
async fn what_a_worker_finds_wrong_with_a_trunk_is_an_event() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: Trunk, metadata: {name: gateway}, spec: {server: {host: 192.0.2.1}}}")
        .await;
    accepted::<Trunk>(
        &namespace,
        "gateway",
        "everything in the manifest is in force",
    )
    .await;
    let message = "the far side does not answer";
    let status = json!({
        "apiVersion": "switchboard.dev/v1alpha1",
        "kind": "Trunk",
        "status": {"conditions": [{
            "type": "Registered", "status": "False", "reason": "NoAnswer", "message": message,
            "lastTransitionTime": "2027-01-04T09:00:00Z",
        }]},
    });
    let worker = PatchParams::apply("worker");
    let trunks = namespace.api::<Trunk>();
    let status = Patch::Apply(status);
    let written = trunks.patch_status("gateway", &worker, &status).await;
    written.expect("a Trunk");
    let event = namespace.event("NoAnswer").await;
    let of = event.regarding.unwrap_or_default();
    assert_eq!(
        (
            of.name.as_deref(),
            event.type_.as_deref(),
            event.note.as_deref()
        ),
        (Some("gateway"), Some("Warning"), Some(message))
    );
}

#[tokio::test]
async fn what_is_not_in_force_or_only_in_part_says_why_where_it_is_listed() {
    let (namespace, worker, _operator) = office_with_mary().await;
    worker.run().await;
    namespace
        .apply(
            "
apiVersion: switchboard.dev/v1alpha1
kind: Extension
metadata: {name: '132'}
spec: {target: {user: {name: nobody}}}
---
apiVersion: switchboard.dev/v1alpha1
kind: CallRoute
metadata: {name: hers}
spec: {userRef: {name: mary}, attempts: [{rings: 3, destinations: [{handset: {name: gone}}]}]}
",
        )
        .await;
    namespace
        .condition::<Extension>("132", "Ready", "False", "NotFound")
        .await;
    namespace
        .condition::<CallRoute>("hers", "Ready", "True", "NotFound")
        .await;
}
