//! The Helm chart before a real API server: what it makes is taken, and what it grants is enough for the operator.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use crds::{PhoneSystem, User, UserSettings};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{
    Namespace, Node, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use operator::context::Context;
use operator::leader::{Candidate, LEASE};
use operator::metrics::Metrics;
use operator::options::Options;
use serde_json::{Value, json};
use switchboard_tests::api_server::{ApiServer, apply, resource_of};
use switchboard_tests::chart::{self, find};

#[tokio::test]
async fn the_api_server_takes_every_object_of_the_chart() {
    let server = ApiServer::shared();
    let client = server.client().await;
    for name in ["telephony", "sales", "support"] {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        namespaces
            .create(&PostParams::default(), &namespace)
            .await
            .unwrap();
        // There is no controller that makes it, and Pods are refused without.
        let account =
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
        apply(&client, name, &account).await.unwrap();
    }
    let files = std::fs::read_dir(chart::folder().join("ci")).unwrap();
    for file in files.map(|file| file.unwrap().path()) {
        for object in chart::objects(&["--values", file.to_str().unwrap()]) {
            // Their Kinds are the Prometheus operator's, which this API server does not know.
            let version = object["apiVersion"].as_str().unwrap_or_default();
            if version.starts_with("monitoring.coreos.com/") {
                continue;
            }
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
            let taken = dry_run(&client, namespace, &object).await;
            assert!(taken.is_ok(), "{}: {taken:?}: {object}", file.display());
        }
    }
}

#[tokio::test]
async fn the_operator_needs_no_right_that_the_chart_does_not_grant() {
    let server = ApiServer::shared();
    let (client, namespace) = (server.client().await, server.namespace().await);
    let objects = chart::objects(&["--namespace", &namespace]);
    for object in objects.iter().filter(|object| is_a_right(object)) {
        let inside = object["metadata"]["namespace"].as_str().unwrap_or_default();
        apply(&client, inside, object).await.unwrap();
    }
    let account = account_of(server, &namespace).await;
    until_granted(&account, &namespace).await;
    let namespaces: Api<Namespace> = Api::all(account.clone());
    assert!(namespaces.get(&namespace).await.is_ok(), "its own");
    assert!(namespaces.get("default").await.is_err(), "and no other");
    let operator = start(account, &namespace, &objects);

    for object in [
        json!({"kind": "PhoneSystem", "metadata": {"name": "office"}, "spec": {"domain": "office.example.com"}}),
        json!({"kind": "User", "metadata": {"name": "mary"}, "spec": {"extension": "101"}}),
        // Its Secret is missing, and an Event says so.
        json!({"kind": "User", "metadata": {"name": "john"}, "spec": {"extension": "102", "pinSecretRef": {"name": "none", "key": "pin"}}}),
    ] {
        let mut object = object;
        object["apiVersion"] = "switchboard.dev/v1alpha1".into();
        apply(&client, &namespace, &object).await.unwrap();
    }
    let made = Made {
        client: &client,
        namespace: &namespace,
    };
    made.until::<Lease>(LEASE).await;
    made.until::<PersistentVolumeClaim>("office-spool-0").await;
    made.until::<Service>("office-sip").await;
    made.until::<Service>("office-media-0").await;
    made.until::<ServiceAccount>("office-worker").await;
    made.until::<Role>("office-worker").await;
    made.until::<RoleBinding>("office-worker").await;
    made.until::<PodDisruptionBudget>("office-worker").await;
    made.until::<NetworkPolicy>("office-worker").await;
    made.until::<Pod>("office-worker-0").await;
    made.until::<Secret>("office-keys").await;
    made.until::<Secret>("office-credentials-15").await;
    made.until::<Secret>("mary-pin").await;
    made.until::<UserSettings>("mary").await;
    made.until_status::<PhoneSystem>("office").await;
    made.until_status::<User>("john").await;
    made.until_an_event().await;
    operator.abort();
}

/// `kubectl apply --dry-run=server`, with unknown fields refused.
async fn dry_run(client: &Client, namespace: &str, object: &Value) -> Result<(), kube::Error> {
    let resource = resource_of(object);
    let api: Api<DynamicObject> = if namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource)
    };
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let strict = PatchParams::apply("helm").validation_strict().dry_run();
    api.patch(name, &strict, &Patch::Apply(object)).await?;
    Ok(())
}

/// Whether an object of the chart says who may do what.
fn is_a_right(object: &Value) -> bool {
    let kind = object["kind"].as_str().unwrap_or_default();
    kind.contains("Role") || kind == "ServiceAccount"
}

/// A client that may do what the operator's account may.
async fn account_of(server: &ApiServer, namespace: &str) -> Client {
    let user = format!("system:serviceaccount:{namespace}:switchboard-operator");
    let group = format!("system:serviceaccounts:{namespace}");
    let groups = ["system:serviceaccounts", &group, "system:authenticated"];
    server.client_as(&user, &groups).await
}

/// The API server takes a moment to heed new Roles.
async fn until_granted(account: &Client, namespace: &str) {
    let nodes: Api<Node> = Api::all(account.clone());
    let bindings: Api<RoleBinding> = Api::namespaced(account.clone(), namespace);
    let end = Instant::now() + PATIENCE;
    while nodes.get_opt("any").await.is_err()
        || bindings.list(&ListParams::default()).await.is_err()
    {
        assert!(Instant::now() < end, "waited {PATIENCE:?} for the Roles");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An operator with the command line that the chart gives it, elections and all.
fn start(client: Client, namespace: &str, objects: &[Value]) -> tokio::task::JoinHandle<()> {
    let deployment = find(objects, "Deployment", "switchboard-operator");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let arguments = container["args"].as_array().unwrap().iter();
    let arguments = arguments.map(|it| it.as_str().unwrap().replace("$(POD_NAMESPACE)", namespace));
    let options = Options::parse_from(["operator".to_owned()].into_iter().chain(arguments));
    assert_eq!(options.namespaces(), [namespace]);
    let options = Arc::new(options);
    let metrics = Metrics::new().unwrap();
    let namespace = namespace.to_owned();
    tokio::spawn(async move {
        let candidate = Candidate::new(client.clone(), &options, metrics.clone());
        let work = || {
            let context =
                Context::new(client.clone(), &namespace, options.clone(), metrics.clone());
            operator::namespace::run(Arc::new(context))
        };
        candidate.lead(work, std::future::pending()).await;
    })
}

/// What an operator makes, waited for.
struct Made<'a> {
    client: &'a Client,
    namespace: &'a str,
}

impl Made<'_> {
    async fn until<K>(&self, name: &str)
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), self.namespace);
        let end = Instant::now() + PATIENCE;
        while api.get_opt(name).await.unwrap().is_none() {
            assert!(Instant::now() < end, "waited {PATIENCE:?} for {name}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until an object of ours has a condition.
    async fn until_status<K>(&self, name: &str)
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned + serde::Serialize,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), self.namespace);
        let end = Instant::now() + PATIENCE;
        loop {
            let object = serde_json::to_value(api.get(name).await.unwrap()).unwrap();
            if object["status"]["conditions"][0].is_object() {
                return;
            }
            assert!(
                Instant::now() < end,
                "waited {PATIENCE:?} for {name}'s status"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_an_event(&self) {
        let events: Api<Event> = Api::namespaced(self.client.clone(), self.namespace);
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = events.list(&ListParams::default()).await.unwrap();
            if seen.iter().any(|event| !event.name_any().is_empty()) {
                return;
            }
            assert!(Instant::now() < end, "waited {PATIENCE:?} for an Event");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

const PATIENCE: Duration = Duration::from_mins(1);
