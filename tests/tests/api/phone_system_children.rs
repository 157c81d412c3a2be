//! A `PhoneSystem` becomes all that a worker needs, and is told how it goes.

use crds::credentials::{SHARD_ENTRY, Shard, shard_name, shard_of};
use crds::{PhoneSystem, Secret, User};
use k8s_openapi::api::core::{
    self,
    v1::{PersistentVolumeClaim, Pod, Service, ServiceAccount},
};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

#[tokio::test]
async fn everything_a_worker_needs_is_made_and_the_system_is_ready_with_it() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    worker.run().await;
    namespace
        .condition::<PhoneSystem>("office", "Ready", "True", "Loaded")
        .await;
    namespace.comes::<Service>("office-sip").await;
    namespace.comes::<Service>("office-media-0").await;
    namespace
        .comes::<PersistentVolumeClaim>("office-spool-0")
        .await;
    namespace.comes::<ServiceAccount>("office-worker").await;
    namespace.comes::<Role>("office-worker").await;
    namespace.comes::<RoleBinding>("office-worker").await;
    namespace
        .comes::<PodDisruptionBudget>("office-worker")
        .await;
    namespace.comes::<NetworkPolicy>("office-worker").await;
    let keys: Secret = namespace.comes("office-keys").await;
    let keys = keys.data.unwrap();
    assert_eq!((keys["pin"].0.len(), keys["nonce"].0.len()), (32, 32));
    for number in 0..16 {
        namespace
            .comes::<Secret>(&shard_name("office", number))
            .await;
    }
    for (condition, status, reason) in [
        ("Accepted", "True", "Valid"),
        ("Scaled", "True", "AsAsked"),
        ("MediaAddressKnown", "True", "AddressKnown"),
        ("MediaReachable", "Unknown", "NoCallYet"),
        ("Updating", "False", "UpToDate"),
    ] {
        namespace
            .condition::<PhoneSystem>("office", condition, status, reason)
            .await;
    }
    let office: PhoneSystem = namespace.comes("office").await;
    let status = office.status.unwrap();
    assert_eq!(status.addresses, ["203.0.113.5"]);
    assert_eq!(status.media[0].addresses, ["203.0.113.6"]);
    assert_eq!(status.workers_ready, Some(1));
}

#[tokio::test]
async fn a_worker_that_serves_and_cannot_be_asked_is_not_said_to_be_starting() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    // The operator asks where nobody answers.
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    worker.run().await;
    let ready = eventually("what keeps the operator from asking", || async {
        let status = namespace.get::<PhoneSystem>("office").await?.status?;
        let mut conditions = status.conditions.into_iter();
        let ready = conditions.find(|it| it.type_ == "Ready")?;
        let asked = "the operator can't ask it at http://127.0.0.1:1/report";
        ready.message.contains(asked).then_some(ready)
    })
    .await;
    assert_eq!((&*ready.status, &*ready.reason), ("False", "NoWorker"));
    assert!(ready.message.contains("let TCP"), "{}", ready.message);
}

#[tokio::test]
async fn a_rotated_pin_is_compiled_for_the_workers_at_once() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {name: mary}, spec: {extension: '101'}}")
        .await;
    let credentials = || async {
        let shard: Secret = namespace
            .get(&shard_name("office", shard_of("mary")))
            .await?;
        let shard: Shard = serde_json::from_slice(&shard.data?[SHARD_ENTRY].0).ok()?;
        shard.users.get("mary").cloned()
    };
    let first = eventually("her PIN in the shard", credentials).await;
    assert!(first.initial);
    let pin = Patch::Merge(json!({"stringData": {"pin": "97531"}}));
    let secrets = namespace.api::<Secret>();
    secrets
        .patch("mary-pin", &PatchParams::default(), &pin)
        .await
        .unwrap();
    eventually("another verifier", || async {
        let now = credentials().await?;
        (now.pin_verifier != first.pin_verifier).then_some(())
    })
    .await;
}

#[tokio::test]
async fn addresses_are_learnt_from_the_load_balancer() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {name: office}, spec: {domain: office.example.com}}")
        .await;
    namespace
        .condition::<PhoneSystem>("office", "MediaAddressKnown", "False", "WaitingForAddress")
        .await;
    let services = namespace.api::<Service>();
    for (service, ip) in [
        ("office-sip", "203.0.113.1"),
        ("office-media-0", "203.0.113.2"),
    ] {
        namespace.comes::<Service>(service).await;
        let given = json!({"status": {"loadBalancer": {"ingress": [{"ip": ip}]}}});
        let patch = Patch::Merge(given);
        services
            .patch_status(service, &PatchParams::default(), &patch)
            .await
            .unwrap();
    }
    namespace
        .condition::<PhoneSystem>("office", "MediaAddressKnown", "True", "AddressKnown")
        .await;
    eventually("both addresses", || async {
        let status = namespace.get::<PhoneSystem>("office").await?.status?;
        let media = status.media.first()?;
        let known = (&*status.addresses, &*media.addresses, media.first_port);
        let given = (
            &["203.0.113.1".to_owned()][..],
            &["203.0.113.2".to_owned()][..],
            Some(20_000),
        );
        (known == given).then_some(())
    })
    .await;
}

#[tokio::test]
async fn only_the_oldest_system_of_a_namespace_acts() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace.comes::<Pod>("office-worker-0").await;
    // Of two made in the same second, the first by name is in force.
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {name: second}, spec: {domain: b.example.com, workers: {replicas: 2}}}")
        .await;
    let refused = namespace
        .condition::<PhoneSystem>("second", "Accepted", "False", "NotOldest")
        .await;
    assert!(
        refused.message.contains("the PhoneSystem office is older"),
        "{}",
        refused.message
    );
    assert!(namespace.get::<Pod>("second-worker-0").await.is_none());
}

#[tokio::test]
async fn several_workers_are_asked_for_and_one_serves() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {name: office}, spec: {domain: office.example.com, workers: {replicas: 3}}}")
        .await;
    namespace
        .condition::<PhoneSystem>("office", "Scaled", "False", "SharingNotYetAvailable")
        .await;
    namespace.comes::<Pod>("office-worker-0").await;
    assert!(namespace.get::<Pod>("office-worker-1").await.is_none());
}

#[tokio::test]
async fn without_a_system_users_are_told_to_create_one() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {name: mary}, spec: {extension: '101'}}")
        .await;
    namespace
        .condition::<User>("mary", "Ready", "False", "NoPhoneSystem")
        .await;
    namespace
        .condition::<User>("mary", "Accepted", "True", "Valid")
        .await;
}

#[tokio::test]
async fn a_worker_that_its_namespace_does_not_allow_is_told_of_with_the_command_that_does() {
    let namespace = Namespace::new().await;
    enforce(&namespace, "restricted").await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {name: office}, spec: {domain: office.example.com, network: {mode: HostNetwork}}}")
        .await;
    let ready = namespace
        .condition::<PhoneSystem>("office", "Ready", "False", "ApplyFailed")
        .await;
    let command = format!(
        "kubectl label namespace {} pod-security.kubernetes.io/enforce=privileged --overwrite",
        namespace.name
    );
    for part in ["violates PodSecurity", "hostNetwork=true", &command] {
        assert!(ready.message.contains(part), "{}", ready.message);
    }
    let scaled = namespace
        .condition::<PhoneSystem>("office", "Scaled", "False", "NoWorker")
        .await;
    assert!(scaled.message.contains("there is none"));
    let updating = namespace
        .condition::<PhoneSystem>("office", "Updating", "False", "UpToDate")
        .await;
    assert!(updating.message.contains("is being started"));
    namespace.event("ApplyFailed").await;

    enforce(&namespace, "privileged").await;
    namespace.comes::<Pod>("office-worker-0").await;
    namespace
        .condition::<PhoneSystem>("office", "Scaled", "True", "AsAsked")
        .await;
}

/// Gives the namespace this level of Pod Security; returns once the API server goes by it.
async fn enforce(namespace: &Namespace, level: &str) {
    let labels = json!({"pod-security.kubernetes.io/enforce": level});
    let labelled = Patch::Merge(json!({"metadata": {"labels": labels}}));
    let namespaces: Api<core::v1::Namespace> = Api::all(namespace.client.clone());
    let parameters = PatchParams::default();
    let patched = namespaces
        .patch(&namespace.name, &parameters, &labelled)
        .await;
    assert!(patched.is_ok(), "{patched:?}");
    namespace
        .apply("{apiVersion: v1, kind: ServiceAccount, metadata: {name: any}}")
        .await;
    let any = json!({"metadata": {"name": "any"}, "spec": {
        "serviceAccountName": "any",
        "hostNetwork": true,
        "containers": [{"name": "any", "image": "any"}],
    }});
    let Ok(any) = serde_json::from_value::<Pod>(any) else {
        unreachable!("it is a Pod");
    };
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    eventually("the level to count", || async {
        let refused = namespace.api::<Pod>().create(&dry_run, &any).await.err();
        let refused = refused.is_some_and(|it| it.to_string().contains("violates PodSecurity"));
        (refused == (level == "restricted")).then_some(())
    })
    .await;
}
