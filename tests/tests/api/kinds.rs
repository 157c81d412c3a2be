//! Every Kind is told whether it is valid, also those that this version does nothing for.

use crds::{DistributionList, MessageAlias};
use k8s_openapi::api::events::v1::Event;
use kube::api::ListParams;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator};

#[tokio::test]
async fn a_kind_without_behaviour_is_accepted_and_says_so() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply(
            "
apiVersion: switchboard.dev/v1alpha1
kind: DistributionList
metadata: {name: sales}
spec: {address: sales@example.com}
",
        )
        .await;
    namespace
        .condition::<DistributionList>("sales", "Accepted", "True", "Valid")
        .await;
    let ready = namespace
        .condition::<DistributionList>("sales", "Ready", "False", "NotAvailableYet")
        .await;
    assert!(
        ready.message.contains("DistributionList"),
        "{}",
        ready.message
    );
}

#[tokio::test]
async fn a_message_alias_is_told_who_is_missing_and_what_it_waits_for() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    let alias = |members| {
        format!(
            "
apiVersion: switchboard.dev/v1alpha1
kind: User
metadata: {{name: mary}}
spec: {{extension: '101'}}
---
apiVersion: switchboard.dev/v1alpha1
kind: MessageAlias
metadata: {{name: sales}}
spec: {{extension: '500', members: {members}}}
"
        )
    };
    namespace
        .apply(&alias("[{name: mary}, {name: john}]"))
        .await;
    let missing = namespace
        .condition::<MessageAlias>("sales", "Accepted", "False", "NotFound")
        .await;
    assert!(
        missing.message.contains("there is no User john"),
        "{}",
        missing.message
    );
    namespace.apply(&alias("[{name: mary}]")).await;
    namespace
        .condition::<MessageAlias>("sales", "Accepted", "True", "Valid")
        .await;
    namespace
        .condition::<MessageAlias>("sales", "Ready", "False", "NoWorker")
        .await;
}

#[tokio::test]
async fn what_is_wrong_is_told_as_an_event_too_and_once() {
    let namespace = Namespace::new().await;
    let operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply(
            "{apiVersion: switchboard.dev/v1alpha1, kind: Handset, metadata: {name: desk}, spec: {ownerRef: {name: nobody}}}",
        )
        .await;
    let refused = namespace
        .condition::<crds::Handset>("desk", "Accepted", "False", "NotFound")
        .await;
    let warnings = || async {
        let all = namespace
            .api::<Event>()
            .list(&ListParams::default())
            .await
            .unwrap();
        let of_desk = all.items.into_iter().filter(|event| {
            let regarding = event.regarding.as_ref().and_then(|it| it.name.as_deref());
            regarding == Some("desk") && event.type_.as_deref() == Some("Warning")
        });
        of_desk.collect::<Vec<_>>()
    };
    let first = eventually("a warning", || async { warnings().await.pop() }).await;
    assert_eq!(first.note, Some(refused.message));
    assert_eq!(first.reason.as_deref(), Some("NotFound"));

    // Whatever makes the operator look again is no news.
    let seen = operator.reconciles("Handset");
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: Handset, metadata: {name: desk}, spec: {ownerRef: {name: nobody}, keys: [{position: 1, extension: '101'}]}}")
        .await;
    eventually("another reconcile", || async {
        (operator.reconciles("Handset") > seen).then_some(())
    })
    .await;
    namespace
        .condition::<crds::Handset>("desk", "Accepted", "False", "NotFound")
        .await;
    let now = warnings().await;
    assert!(now.len() == 1 && now[0].series.is_none(), "{now:?}");
}
