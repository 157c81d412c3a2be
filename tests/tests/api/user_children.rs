//! A User alone is enough: all that he needs is made for him.

use crds::{Extension, Handset, NameRef, PhoneSystem, Secret, User, UserSettings, pin};
use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use serde_json::json;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{MARY, Namespace, Operator, PlayedWorker, office_with_mary};

fn entry(secret: &Secret, key: &str) -> String {
    let bytes = &secret.data.as_ref().unwrap()[key].0;
    String::from_utf8(bytes.clone()).unwrap()
}

#[tokio::test]
async fn a_user_is_ready_once_the_worker_has_loaded_all_that_was_made_for_him() {
    let (namespace, worker, _operator) = office_with_mary().await;
    namespace
        .condition::<User>("mary", "Ready", "False", "NoWorker")
        .await;
    worker.run().await;
    namespace
        .condition::<User>("mary", "Ready", "True", "Loaded")
        .await;
    namespace
        .condition::<User>("mary", "Accepted", "True", "Valid")
        .await;
    namespace
        .condition::<Handset>("mary", "Ready", "True", "Loaded")
        .await;
    namespace
        .condition::<Extension>("101", "Ready", "True", "Loaded")
        .await;
    namespace
        .condition::<UserSettings>("mary", "Accepted", "True", "Valid")
        .await;

    let mary: User = namespace.comes("mary").await;
    assert_eq!(
        mary.status.unwrap().presence,
        Some(crds::Presence::InOffice)
    );
    let extension: Extension = namespace.comes("101").await;
    assert_eq!(extension.spec.target.user, Some(NameRef::new("mary")));
    assert_eq!(
        extension.status.unwrap().target.as_deref(),
        Some("user mary")
    );
    let number: Secret = namespace.comes("mary-pin").await;
    assert_eq!(pin::check(&entry(&number, "pin"), Some("101")), Ok(()));
    let portal: Secret = namespace.comes("mary-portal").await;
    let sip: Secret = namespace.comes("mary-sip").await;
    assert!(entry(&sip, "password").len() >= 20);
    for (secret, purpose) in [(&number, "pin"), (&portal, "portal"), (&sip, "sip")] {
        assert_eq!(secret.labels()["switchboard.dev/use"], purpose);
        assert_eq!(secret.owner_references().len(), 1);
    }
}

#[tokio::test]
async fn what_exists_under_the_name_is_used_and_never_overwritten() {
    let namespace = Namespace::new().await;
    namespace
        .apply(
            "
apiVersion: v1
kind: Secret
metadata: {name: mary-pin, labels: {switchboard.dev/use: pin}}
stringData: {pin: '24680'}
---
apiVersion: switchboard.dev/v1alpha1
kind: UserSettings
metadata: {name: mary}
spec: {presence: AtHome}
---
apiVersion: switchboard.dev/v1alpha1
kind: Handset
metadata: {name: mary-desk}
spec: {ownerRef: {name: mary}}
",
        )
        .await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply(MARY).await;
    namespace.comes::<Secret>("mary-portal").await;
    namespace.comes::<Secret>("mary-desk-sip").await;
    namespace
        .condition::<User>("mary", "Accepted", "True", "Valid")
        .await;
    let pin: Secret = namespace.comes("mary-pin").await;
    assert_eq!(entry(&pin, "pin"), "24680");
    let mary: User = namespace.comes("mary").await;
    assert_eq!(mary.status.unwrap().presence, Some(crds::Presence::AtHome));
    assert!(
        namespace.get::<Handset>("mary").await.is_none(),
        "she has a handset of her own"
    );
}

#[tokio::test]
async fn presence_follows_what_the_user_chooses_unless_the_manifest_binds_it() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply(MARY).await;
    namespace.comes::<UserSettings>("mary").await;
    let is = |wanted: crds::Presence| {
        let namespace = namespace.clone();
        eventually("the presence", move || {
            let namespace = namespace.clone();
            async move {
                let mary: User = namespace.get("mary").await?;
                (mary.status?.presence == Some(wanted)).then_some(())
            }
        })
    };
    is(crds::Presence::InOffice).await;
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: UserSettings, metadata: {name: mary}, spec: {presence: AtHome}}")
        .await;
    is(crds::Presence::AtHome).await;
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {name: mary}, spec: {extension: '101', presence: Away}}")
        .await;
    is(crds::Presence::Away).await;
}

#[tokio::test]
async fn nobody_is_ready_without_a_phone_system() {
    let (namespace, worker, _operator) = office_with_mary().await;
    worker.run().await;
    namespace
        .condition::<User>("mary", "Ready", "True", "Loaded")
        .await;
    namespace.delete::<PhoneSystem>("office").await;
    namespace
        .condition::<User>("mary", "Ready", "False", "NoPhoneSystem")
        .await;
    namespace
        .condition::<Extension>("101", "Ready", "False", "NoPhoneSystem")
        .await;
}

#[tokio::test]
async fn whoever_was_ready_under_an_earlier_phone_system_is_not_so_under_the_next() {
    let (namespace, worker, operator) = office_with_mary().await;
    worker.run().await;
    let ready = namespace
        .condition::<User>("mary", "Ready", "True", "Loaded")
        .await;
    operator.stop().await;

    namespace.delete::<PhoneSystem>("office").await;
    // There is no garbage collector that takes away what was made for it.
    let made = ListParams::default().labels("app.kubernetes.io/instance=office");
    let parameters = DeleteParams::default();
    let (pods, secrets) = (namespace.api::<Pod>(), namespace.api::<Secret>());
    pods.delete_collection(&parameters, &made).await.unwrap();
    secrets.delete_collection(&parameters, &made).await.unwrap();
    namespace.goes::<Pod>("office-worker-0").await;
    eventually("one that is made in a later second", || async {
        namespace.apply_office().await;
        let office: PhoneSystem = namespace.comes("office").await;
        if office.metadata.creation_timestamp?.0 > ready.last_transition_time.0 {
            return Some(());
        }
        namespace.delete::<PhoneSystem>("office").await;
        None
    })
    .await;

    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace
        .condition::<User>("mary", "Ready", "False", "NoWorker")
        .await;
    worker.run().await;
    namespace
        .condition::<User>("mary", "Ready", "True", "Loaded")
        .await;
}

#[tokio::test]
async fn a_phone_without_a_password_is_told_so_and_keeps_its_user_from_nothing() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    namespace
        .apply(
            "
apiVersion: v1
kind: Secret
metadata: {name: empty, labels: {switchboard.dev/use: sip}}
stringData: {password: ''}
---
apiVersion: switchboard.dev/v1alpha1
kind: Handset
metadata: {name: mary-desk}
spec: {ownerRef: {name: mary}}
---
apiVersion: switchboard.dev/v1alpha1
kind: Handset
metadata: {name: mary-cellar}
spec: {ownerRef: {name: mary}, passwordSecretRef: {name: empty, key: password}}
",
        )
        .await;
    // She has not been Ready before.
    namespace.apply(MARY).await;
    namespace
        .condition::<Handset>("mary-cellar", "Accepted", "False", "SecretMissing")
        .await;
    worker.run().await;
    namespace
        .condition::<User>("mary", "Ready", "True", "Loaded")
        .await;
    namespace
        .condition::<Handset>("mary-cellar", "Ready", "False", "SecretMissing")
        .await;
}

#[tokio::test]
async fn what_the_api_server_refuses_to_make_for_a_user_he_is_told() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    allow_no_secrets(&namespace).await;
    namespace.apply(MARY).await;
    let hers = namespace
        .condition::<User>("mary", "Ready", "False", "ApplyFailed")
        .await;
    assert!(hers.message.contains("exceeded quota"), "{}", hers.message);
    // What is not refused is made all the same, and her handset is told of its own Secret.
    namespace.comes::<UserSettings>("mary").await;
    let of_handset = namespace
        .condition::<Handset>("mary", "Ready", "False", "ApplyFailed")
        .await;
    let message = of_handset.message;
    assert!(message.contains("mary-sip"), "{message}");
    eventually("an Event of the User", || async {
        let events = namespace.api::<Event>().list(&ListParams::default()).await;
        let about_her = |event: Event| {
            let is_user = event.regarding?.kind.as_deref() == Some("User");
            (is_user && event.reason.as_deref() == Some("ApplyFailed")).then_some(())
        };
        events.ok()?.items.into_iter().find_map(about_her)
    })
    .await;

    namespace.delete::<ResourceQuota>("none").await;
    namespace.comes::<Secret>("mary-pin").await;
    namespace
        .condition::<User>("mary", "Ready", "False", "NoPhoneSystem")
        .await;
}

/// A quota that allows no Secret, as its controller would count it; returns once the API server goes by it.
async fn allow_no_secrets(namespace: &Namespace) {
    let quota = "{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {count/secrets: '0'}}}";
    namespace.apply(quota).await;
    let none = json!({"count/secrets": "0"});
    let counted = Patch::Merge(json!({"status": {"hard": none, "used": none}}));
    let quotas = namespace.api::<ResourceQuota>();
    let parameters = PatchParams::default();
    let counted = quotas.patch_status("none", &parameters, &counted).await;
    assert!(counted.is_ok(), "{counted:?}");
    let any = Secret {
        metadata: ObjectMeta {
            name: Some("any".to_owned()),
            ..ObjectMeta::default()
        },
        ..Secret::default()
    };
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    eventually("the quota to count", || async {
        let refused = namespace
            .api::<Secret>()
            .create(&dry_run, &any)
            .await
            .err()?;
        refused.to_string().contains("exceeded quota").then_some(())
    })
    .await;
}
