//! `deletionPolicy: Delete`: mailboxes go with their owners, and nothing holds an object for ever.

use crds::{PhoneSystem, User};
use k8s_openapi::api::core::{
    self,
    v1::{PersistentVolumeClaim, Pod, Service},
};
use k8s_openapi::api::events::v1::Event;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use mailbox::{BlobStore, OwnedStore, Owner, S3Store};
use operator::metrics::Metrics;
use operator::ours::Ours;
use serde_json::json;
use std::sync::Arc;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, options};
use switchboard_tests::s3::{ACCESS_KEY, BUCKET, S3, SECRET_KEY};

const FINALIZER: &str = "switchboard.dev/mailboxes";
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";
const MARY: &str = "{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {name: mary}, spec: {extension: '101'}}";

fn office(policy: &str, endpoint: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Secret
metadata: {{name: s3, labels: {{switchboard.dev/use: s3}}}}
stringData: {{accessKeyId: {ACCESS_KEY}, secretAccessKey: {SECRET_KEY}}}
---
apiVersion: switchboard.dev/v1alpha1
kind: PhoneSystem
metadata: {{name: office}}
spec:
  domain: office.example.com
  workers: {{replicas: 0}}
  deletionPolicy: {policy}
  storage: {{s3: {{endpoint: '{endpoint}', bucket: {BUCKET}, credentialsSecretRef: {{name: s3}}}}}}
"
    )
}

/// A namespace with this office and Mary in it, both held by its operator, which has these options too.
async fn holding(office: &str, options: &[&str]) -> (Namespace, Operator) {
    let namespace = Namespace::new().await;
    let operator = Operator::start_with(namespace.client.clone(), &namespace.name, 1, options);
    namespace.apply(office).await;
    namespace.apply(MARY).await;
    held::<User>(&namespace, "mary").await;
    held::<PhoneSystem>(&namespace, "office").await;
    (namespace, operator)
}

/// Returns once the object is held.
async fn held<K: Ours>(namespace: &Namespace, name: &str) {
    eventually(&format!("{name} to be held"), || async {
        let object: K = namespace.get(name).await?;
        let mut finalizers = object.finalizers().iter();
        finalizers.any(|it| it == FINALIZER).then_some(())
    })
    .await;
}

/// Returns once nothing holds the object.
async fn free<K: Ours>(namespace: &Namespace, name: &str) {
    eventually(&format!("{name} to be free"), || async {
        let object: K = namespace.get(name).await?;
        object.finalizers().is_empty().then_some(())
    })
    .await;
}

/// Mary is deleted, and once she is gone an Event of this reason tells of it.
async fn told_when_mary_goes(namespace: &Namespace, reason: &str) -> Event {
    namespace.delete::<User>("mary").await;
    namespace.goes::<User>("mary").await;
    namespace.event(reason).await
}

/// Returns once there is a worker's Pod that stays when it is deleted, as the kubelet's grace does to one that has a node.
async fn worker_that_stays(namespace: &Namespace) {
    namespace.comes::<Pod>("office-worker-0").await;
    let grace = Patch::Merge(json!({"metadata": {"finalizers": ["example.com/grace"]}}));
    let (pods, parameters) = (namespace.api::<Pod>(), PatchParams::default());
    let patched = pods.patch("office-worker-0", &parameters, &grace).await;
    assert!(patched.is_ok(), "{patched:?}");
}

/// Has the namespace deleted. Nobody clears it: there is no controller of namespaces.
async fn end(namespace: &Namespace) {
    let namespaces: Api<core::v1::Namespace> = Api::all(namespace.client.clone());
    let parameters = DeleteParams::default();
    let deleted = namespaces.delete(&namespace.name, &parameters).await;
    assert!(deleted.is_ok(), "{deleted:?}");
}

#[tokio::test]
async fn mailboxes_go_with_their_user_and_the_rest_with_the_system() {
    let s3 = S3::start();
    let office = office("Delete", &s3.endpoint());
    let (namespace, _operator) = holding(&office, &[]).await;
    let office: PhoneSystem = namespace.get("office").await.unwrap();
    let mary: User = namespace.get("mary").await.unwrap();
    let owner = Owner {
        uid: office.uid().unwrap(),
        name: format!("{}/office", namespace.name),
    };
    let prefix = format!("{}/office/", namespace.name);
    let bucket = Arc::new(S3Store::open(s3.options(&prefix)).await);
    let store = OwnedStore::new(bucket.clone(), owner, None);
    let hers = format!("mailboxes/{}/index", mary.uid().unwrap());
    for key in [&hers, "mailboxes/another/index"] {
        let put = store
            .put(key, "x".into(), mailbox::store::Condition::Always)
            .await;
        put.unwrap();
    }

    namespace.delete::<User>("mary").await;
    namespace.goes::<User>("mary").await;
    assert!(bucket.get(&hers).await.unwrap().is_none());
    let note = namespace.event("MailboxDeleted").await.note.unwrap();
    assert!(note.contains(&mary.uid().unwrap()), "{note}");
    assert!(
        bucket
            .get("mailboxes/another/index")
            .await
            .unwrap()
            .is_some()
    );

    namespace.delete::<PhoneSystem>("office").await;
    namespace.goes::<PhoneSystem>("office").await;
    assert_eq!(
        bucket.list("", None, 10).await.unwrap(),
        Vec::<String>::new()
    );
    let everything = format!("s3://{BUCKET}/{prefix}");
    eventually("the Event that everything is deleted", || async {
        let events = namespace.api::<Event>().list(&ListParams::default()).await;
        let mut notes = events.ok()?.items.into_iter().filter_map(|it| it.note);
        notes.any(|it| it.contains(&everything)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deletion_is_given_up_when_storage_stays_away() {
    let options = ["--deletion-patience", "1s"];
    let (namespace, _operator) = holding(&office("Delete", NOWHERE), &options).await;
    let told = told_when_mary_goes(&namespace, "DeletionGivenUp").await;
    let note = told.note.unwrap();
    assert!(note.contains("stay in storage"), "{note}");
}

#[tokio::test]
async fn a_deletion_says_that_it_waits_for_the_worker_and_is_given_up_when_that_does_not_end() {
    let office = office("Delete", NOWHERE).replace("replicas: 0", "replicas: 1");
    let (namespace, operator) = holding(&office, &[]).await;
    worker_that_stays(&namespace).await;
    namespace.delete::<PhoneSystem>("office").await;
    let waits = namespace.event("DeletionWaits").await.note.unwrap();
    let remedy = "kubectl delete pod office-worker-0 --force";
    assert!(waits.contains(remedy), "{waits}");
    held::<PhoneSystem>(&namespace, "office").await;

    operator.stop().await;
    let options = ["--deletion-patience", "1s"];
    let client = namespace.client.clone();
    let _operator = Operator::start_with(client, &namespace.name, 1, &options);
    let given_up = namespace.event("DeletionGivenUp").await.note.unwrap();
    assert!(given_up.contains(remedy), "{given_up}");
    namespace.goes::<PhoneSystem>("office").await;
}

#[tokio::test]
async fn without_object_storage_it_is_said_that_the_mailbox_stays() {
    let office = "{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {name: office}, \
                  spec: {domain: office.example.com, workers: {replicas: 0}, deletionPolicy: Delete}}";
    let (namespace, _operator) = holding(office, &[]).await;
    let told = told_when_mary_goes(&namespace, "MailboxStays").await;
    let regarding = told.regarding.and_then(|it| it.name);
    assert_eq!(regarding.as_deref(), Some("mary"));
}

#[tokio::test]
async fn retain_holds_nothing_and_keeps_the_spool() {
    let (namespace, _operator) = holding(&office("Delete", NOWHERE), &[]).await;
    namespace.apply(&office("Retain", NOWHERE)).await;
    free::<PhoneSystem>(&namespace, "office").await;
    free::<User>(&namespace, "mary").await;
    let spool: PersistentVolumeClaim = namespace.comes("office-spool-0").await;
    assert!(
        spool.owner_references().is_empty(),
        "it outlives the system"
    );
}

#[tokio::test]
async fn a_finalizer_that_came_with_a_manifest_holds_nobody_for_ever() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply(&office("Retain", NOWHERE)).await;
    let with_finalizer = format!("name: mary, finalizers: [{FINALIZER}]");
    namespace
        .apply(&MARY.replace("name: mary", &with_finalizer))
        .await;
    free::<User>(&namespace, "mary").await;
}

#[tokio::test]
async fn an_operator_that_goes_with_its_namespace_lets_all_objects_go() {
    let (namespace, operator) = holding(&office("Delete", NOWHERE), &[]).await;
    operator.stop().await;
    let farewell = || async {
        let options = Arc::new(options(&namespace.name, &[]));
        let metrics = Metrics::new().unwrap();
        operator::deletion::farewell(&namespace.client, &options, &metrics).await;
    };

    // Merely restarted, it leaves them as they are.
    farewell().await;
    held::<User>(&namespace, "mary").await;

    end(&namespace).await;
    farewell().await;
    let mary: User = namespace.get("mary").await.unwrap();
    let office: PhoneSystem = namespace.get("office").await.unwrap();
    assert_eq!(mary.finalizers(), office.finalizers());
    assert!(mary.finalizers().is_empty(), "{:?}", mary.finalizers());
}

#[tokio::test]
async fn objects_of_a_watched_namespace_that_goes_are_let_go_while_its_worker_is_going() {
    let office = office("Delete", NOWHERE).replace("replicas: 0", "replicas: 1");
    let (namespace, operator) = holding(&office, &[]).await;
    worker_that_stays(&namespace).await;

    end(&namespace).await;
    namespace.delete::<Pod>("office-worker-0").await;
    free::<User>(&namespace, "mary").await;
    free::<PhoneSystem>(&namespace, "office").await;

    // Whoever is not deleted yet is not held anew.
    let before = operator.reconciles("User");
    namespace
        .apply(&MARY.replace("'101'", "'101', presence: Away"))
        .await;
    eventually("her presence", || async {
        let status = namespace.get::<User>("mary").await?.status?;
        let is_away = status.presence == Some(crds::Presence::Away);
        (is_away && operator.reconciles("User") > before).then_some(())
    })
    .await;
    free::<User>(&namespace, "mary").await;
}

#[tokio::test]
async fn objects_of_a_watched_namespace_are_let_go_when_it_takes_nothing_new() {
    let (namespace, _operator) = holding(&office("Delete", NOWHERE), &[]).await;
    namespace.comes::<Service>("office-sip").await;
    end(&namespace).await;
    namespace.delete::<Service>("office-sip").await;
    free::<User>(&namespace, "mary").await;
    free::<PhoneSystem>(&namespace, "office").await;
}
