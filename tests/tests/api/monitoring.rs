//! The Kinds of the Prometheus operator, at an API server that knows them.

use crds::PhoneSystem;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use serde_json::json;
use switchboard_tests::api_server::{ApiServer, apply};
use switchboard_tests::chart::objects;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator};

const KINDS: [(&str, &str); 3] = [
    ("PodMonitor", "podmonitors"),
    ("ServiceMonitor", "servicemonitors"),
    ("PrometheusRule", "prometheusrules"),
];

#[tokio::test]
async fn workers_are_monitored_where_the_kind_exists_and_the_charts_switches_apply() {
    let server = ApiServer::start();
    let namespace = Namespace {
        name: server.namespace().await,
        client: server.client().await,
    };
    for (kind, plural) in KINDS {
        define(&namespace, kind, plural).await;
    }
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 9090);
    namespace.apply_office().await;
    let system: PhoneSystem = namespace.comes("office").await;
    let monitor = eventually("the PodMonitor", || async {
        of_kind(&namespace, "PodMonitor")
            .get_opt("office-worker")
            .await
            .unwrap()
    })
    .await;
    let endpoint = &monitor.data["spec"]["podMetricsEndpoints"][0];
    assert_eq!(endpoint, &json!({"port": "metrics", "path": "/metrics"}));
    assert_eq!(
        monitor.metadata.owner_references.unwrap()[0].uid,
        system.metadata.uid.unwrap()
    );

    let mut applied = Vec::new();
    let switches = ["podMonitor", "serviceMonitor", "prometheusRule"];
    let switches = switches.map(|it| format!("--set=monitoring.{it}.enabled=true"));
    for mut object in objects(&switches.each_ref().map(String::as_str)) {
        if object["apiVersion"] == "monitoring.coreos.com/v1" {
            object["metadata"]["namespace"] = json!(namespace.name);
            apply(&namespace.client, &namespace.name, &object)
                .await
                .unwrap_or_else(|error| panic!("{error}: {object}"));
            applied.push(object["kind"].as_str().unwrap().to_owned());
        }
    }
    applied.sort();
    applied.dedup();
    assert_eq!(applied, ["PodMonitor", "PrometheusRule", "ServiceMonitor"]);
}

/// A definition of this name that takes anything.
async fn define(namespace: &Namespace, kind: &str, plural: &str) {
    let name = format!("{plural}.monitoring.coreos.com");
    let definition = json!({
        "metadata": {"name": name},
        "spec": {
            "group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }}}],
        },
    });
    let definition: CustomResourceDefinition = serde_json::from_value(definition).unwrap();
    let definitions: Api<CustomResourceDefinition> = Api::all(namespace.client.clone());
    let made = definitions
        .create(&PostParams::default(), &definition)
        .await;
    made.expect("a definition");
    let established = await_condition(definitions, &name, is_crd_established()).await;
    established.expect("a watch of definitions");
}

fn of_kind(namespace: &Namespace, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("monitoring.coreos.com", "v1", kind);
    let resource = ApiResource::from_gvk(&kind);
    Api::namespaced_with(namespace.client.clone(), &namespace.name, &resource)
}
