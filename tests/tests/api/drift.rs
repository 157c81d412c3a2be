//! What others change or delete comes back.

use std::fmt::Debug;

use crds::{Extension, NameRef, Secret};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Pod, ResourceQuota, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::Role;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Resource, ResourceExt};
use serde_json::json;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator};

#[tokio::test]
async fn a_deleted_service_comes_back_and_a_changed_one_is_put_right() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    let first: Service = namespace.comes("office-sip").await;
    namespace.delete::<Service>("office-sip").await;
    eventually("another Service", || async {
        let now: Service = namespace.get("office-sip").await?;
        (now.uid() != first.uid()).then_some(())
    })
    .await;
    let services = namespace.api::<Service>();
    let change = Patch::Merge(json!({"spec": {"externalTrafficPolicy": "Cluster"}}));
    services
        .patch("office-sip", &PatchParams::default(), &change)
        .await
        .unwrap();
    eventually("the policy to be Local again", || async {
        let spec = namespace.get::<Service>("office-sip").await?.spec?;
        (spec.external_traffic_policy? == "Local").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_worker_gets_no_rights_that_somebody_adds() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    let before: Role = namespace.comes("office-worker").await;
    let everything = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]}]);
    let change = Patch::Merge(json!({"rules": everything}));
    let roles = namespace.api::<Role>();
    roles
        .patch("office-worker", &PatchParams::default(), &change)
        .await
        .unwrap();
    eventually("the rules to be as before", || async {
        let now: Role = namespace.get("office-worker").await?;
        (now.rules == before.rules).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_users_own_extension_leads_to_him_again() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {name: mary}, spec: {extension: '101'}}")
        .await;
    namespace.comes::<Extension>("101").await;
    let extensions = namespace.api::<Extension>();
    let change = Patch::Merge(json!({"spec": {"target": {"user": {"name": "john"}}}}));
    extensions
        .patch("101", &PatchParams::default(), &change)
        .await
        .unwrap();
    eventually("the Extension to lead to mary", || async {
        let now: Extension = namespace.get("101").await?;
        (now.spec.target.user == Some(NameRef::new("mary"))).then_some(())
    })
    .await;
    namespace.delete::<Extension>("101").await;
    namespace.comes::<Extension>("101").await;
}

#[tokio::test]
async fn a_dead_worker_is_replaced() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    let first: Pod = namespace.comes("office-worker-0").await;
    let pods = namespace.api::<Pod>();
    let evicted = Patch::Merge(json!({"status": {"phase": "Failed", "reason": "Evicted"}}));
    pods.patch_status("office-worker-0", &PatchParams::default(), &evicted)
        .await
        .unwrap();
    eventually("another Pod", || async {
        let now: Pod = namespace.get("office-worker-0").await?;
        (now.uid() != first.uid()).then_some(())
    })
    .await;
    let _ = pods
        .delete("office-worker-0", &DeleteParams::default())
        .await;
}

#[tokio::test]
async fn what_somebody_adds_to_a_selector_or_a_rule_is_taken_away() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    let service: Service = namespace.comes("office-sip").await;
    let policy: NetworkPolicy = namespace.comes("office-worker").await;
    let nowhere = Patch::Merge(json!({"spec": {"selector": {"nowhere": "x"}}}));
    let services = namespace.api::<Service>();
    services
        .patch("office-sip", &PatchParams::default(), &nowhere)
        .await
        .unwrap();
    let selector = service.spec.unwrap().selector;
    eventually("the selector to be as before", || async {
        let spec = namespace.get::<Service>("office-sip").await?.spec?;
        (spec.selector == selector).then_some(())
    })
    .await;

    let mut narrowed = json!({"spec": policy.spec.as_ref().unwrap()});
    narrowed["spec"]["ingress"][0]["from"] = json!([{"podSelector": {}}]);
    let policies = namespace.api::<NetworkPolicy>();
    policies
        .patch(
            "office-worker",
            &PatchParams::default(),
            &Patch::Merge(narrowed),
        )
        .await
        .unwrap();
    eventually("phones to be let in again", || async {
        let now: NetworkPolicy = namespace.get("office-worker").await?;
        (now.spec == policy.spec).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_has_lost_its_labels_gets_them_back_and_is_no_other() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    let component = "app.kubernetes.io/component";
    gets_label_back::<Service>(&namespace, "office-media-0", component).await;
    gets_label_back::<Pod>(&namespace, "office-worker-0", component).await;
    gets_label_back::<Secret>(&namespace, "office-credentials-0", "switchboard.dev/use").await;
    gets_label_back::<Secret>(&namespace, "office-keys", "switchboard.dev/use").await;
}

#[tokio::test]
async fn labels_come_back_where_another_would_be_refused_for_a_port_or_a_quota() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    // Below 30086 no Service gets a port by chance.
    namespace
        .apply("{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {name: office}, spec: {domain: office.example.com, network: {mode: NodePort, media: {firstPort: 30010, ports: 2}}}}")
        .await;
    let component = "app.kubernetes.io/component";
    gets_label_back::<Service>(&namespace, "office-media-0", component).await;
    namespace.comes::<Service>("office-sip").await;
    allow_no_more_services(&namespace).await;
    gets_label_back::<Service>(&namespace, "office-sip", component).await;
}

/// A quota that is used up, as its controller would count it; returns once the API server goes by it.
async fn allow_no_more_services(namespace: &Namespace) {
    namespace
        .apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {services: '0'}}}")
        .await;
    let none = json!({"services": "0"});
    let counted = Patch::Merge(json!({"status": {"hard": none, "used": none}}));
    let quotas = namespace.api::<ResourceQuota>();
    let parameters = PatchParams::default();
    let counted = quotas.patch_status("none", &parameters, &counted).await;
    assert!(counted.is_ok(), "{counted:?}");
    let any = json!({"metadata": {"name": "any"}, "spec": {"ports": [{"port": 1}]}});
    let Ok(any) = serde_json::from_value::<Service>(any) else {
        unreachable!("it is a Service");
    };
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let services = namespace.api::<Service>();
    eventually("the quota to count", || async {
        let refused = services.create(&dry_run, &any).await.err()?;
        refused.to_string().contains("exceeded quota").then_some(())
    })
    .await;
}

async fn gets_label_back<K>(namespace: &Namespace, name: &str, label: &str)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + serde::de::DeserializeOwned,
{
    let before: K = namespace.comes(name).await;
    let without = Patch::Merge(json!({"metadata": {"labels": {label: null}}}));
    let objects = namespace.api::<K>();
    let patched = objects.patch(name, &PatchParams::default(), &without).await;
    let patched = patched.map(|it| it.labels().contains_key(label));
    assert!(patched.is_ok_and(|has| !has), "{name} has it still");
    eventually(&format!("the labels of {name}"), || async {
        let now: K = namespace.get(name).await?;
        (now.uid() == before.uid() && now.labels() == before.labels()).then_some(())
    })
    .await;
}
