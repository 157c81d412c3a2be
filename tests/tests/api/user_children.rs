//! A User alone is enough: all that he needs is made for him.

use crds::{Extension, Handset, NameRef, Secret, User, UserSettings, pin};
use kube::ResourceExt;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

const MARY: &str = "
apiVersion: switchboard.dev/v1alpha1
kind: User
metadata: {name: mary}
spec: {extension: '101'}
";

fn entry(secret: &Secret, key: &str) -> String {
    let bytes = &secret.data.as_ref().unwrap()[key].0;
    String::from_utf8(bytes.clone()).unwrap()
}

#[tokio::test]
async fn a_user_is_ready_once_the_worker_has_loaded_all_that_was_made_for_him() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    namespace.apply(MARY).await;
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
