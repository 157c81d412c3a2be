//! What is applied is kept as it was written, also when others write beside it.

use std::fs;

use crds::{User, UserSettings};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, Error};
use serde_json::{Value, json};
use switchboard_tests::api_server::{ApiServer, apply, apply_as, documents, texts};
use switchboard_tests::root;

#[tokio::test]
async fn applying_any_object_twice_changes_nothing() {
    let (client, namespace) = place().await;
    let text = fs::read_to_string(root().join("crds/examples/every-kind.yaml")).unwrap();
    unchanged_by_a_second_apply(&client, &namespace, &documents(&text)).await;
}

#[tokio::test]
async fn the_demo_company_is_accepted_and_applying_it_twice_changes_nothing() {
    let (client, namespace) = place().await;
    unchanged_by_a_second_apply(&client, &namespace, &example("office")).await;
}

#[tokio::test]
async fn the_cluster_example_is_accepted_and_its_secret_may_be_referred_to() {
    let (client, namespace) = place().await;
    let documents = example("cluster");
    let placed = documents
        .iter()
        .find(|it| !it["metadata"]["namespace"].is_null());
    assert_eq!(placed, None, "the examples go where `kubectl -n` says");
    for document in &documents {
        apply(&client, &namespace, document).await.unwrap();
    }
    let system = documents
        .iter()
        .find(|it| it["kind"] == "PhoneSystem")
        .unwrap();
    let named = &system["spec"]["storage"]["s3"]["credentialsSecretRef"]["name"];
    let secrets: Api<Secret> = Api::namespaced(client, &namespace);
    let secret = secrets.get(named.as_str().unwrap()).await.unwrap();
    let labels = secret.metadata.labels.unwrap_or_default();
    assert_eq!(
        labels.get(crds::secrets::USE_LABEL).map(String::as_str),
        Some("s3")
    );
    let entries: Vec<_> = secret.data.unwrap_or_default().into_keys().collect();
    assert_eq!(entries, ["accessKeyId", "secretAccessKey"]);
}

#[tokio::test]
async fn two_who_apply_different_fields_leave_each_other_alone() {
    let (client, namespace) = place().await;
    let number = mary(&json!({"extension": "101", "permissions": ["EditRoutes"]}));
    let mail = mary(&json!({"email": "mary@example.com", "permissions": ["SendToAll"]}));
    apply_as("kubectl", &client, &namespace, &number)
        .await
        .unwrap();
    let both = apply_as("gitops", &client, &namespace, &mail)
        .await
        .unwrap();
    assert_eq!(both.data["spec"]["extension"], "101");
    assert_eq!(both.data["spec"]["email"], "mary@example.com");
    assert_eq!(
        both.data["spec"]["permissions"],
        json!(["EditRoutes", "SendToAll"])
    );
    for (manager, manifest) in [("kubectl", &number), ("gitops", &mail)] {
        let again = apply_as(manager, &client, &namespace, manifest)
            .await
            .unwrap();
        assert_eq!(
            again.metadata.resource_version, both.metadata.resource_version,
            "{manager}"
        );
    }
    let other = mary(&json!({"extension": "102"}));
    let refused = apply_as("gitops", &client, &namespace, &other)
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, Error::Api(status) if status.code == 409),
        "{refused}"
    );
}

#[tokio::test]
async fn operator_and_worker_write_parts_of_one_status() {
    let (client, namespace) = place().await;
    apply(&client, &namespace, &mary(&json!({"extension": "101"})))
        .await
        .unwrap();
    let users: Api<User> = Api::namespaced(client, &namespace);
    let condition = json!({
        "type": "Ready", "status": "True", "reason": "Loaded", "message": "",
        "lastTransitionTime": "2027-01-04T09:00:00Z",
    });
    let of_operator = json!({"conditions": [condition], "presence": "AtHome"});
    let of_worker = json!({"messages": {"new": 2, "saved": 5}, "handsets": [{"name": "mary", "registered": true}]});
    for round in ["first", "second"] {
        for (manager, status) in [("operator", &of_operator), ("worker", &of_worker)] {
            let mut status_of_mary = mary(&json!({}));
            status_of_mary["status"] = status.clone();
            let params = PatchParams::apply(manager).validation_strict();
            let applied = users
                .patch_status("mary", &params, &Patch::Apply(status_of_mary))
                .await;
            applied.unwrap_or_else(|error| panic!("{manager}, {round}: {error}"));
        }
    }
    let status = users.get("mary").await.unwrap().status.unwrap();
    assert_eq!(status.conditions.len(), 1);
    assert_eq!(status.messages.map(|it| (it.new, it.saved)), Some((2, 5)));
    assert!(status.handsets[0].registered);
}

#[tokio::test]
async fn a_presence_set_by_phone_survives_a_new_apply_of_the_manifests() {
    let (client, namespace) = place().await;
    let manifest = mary(&json!({"extension": "101"}));
    let settings = |spec: Value| {
        let mut settings = mary(&spec);
        settings["kind"] = "UserSettings".into();
        settings
    };
    apply(&client, &namespace, &manifest).await.unwrap();
    let made = settings(json!({}));
    apply_as("operator", &client, &namespace, &made)
        .await
        .unwrap();
    let by_phone = settings(json!({"presence": "OnVacation"}));
    apply_as("worker", &client, &namespace, &by_phone)
        .await
        .unwrap();

    apply(&client, &namespace, &manifest).await.unwrap();
    apply_as("operator", &client, &namespace, &made)
        .await
        .unwrap();

    let kept: Api<UserSettings> = Api::namespaced(client, &namespace);
    let presence = kept.get("mary").await.unwrap().spec.presence;
    assert_eq!(presence, Some(crds::Presence::OnVacation));
}

#[tokio::test]
async fn an_unknown_field_is_refused_when_asked_strictly_and_warned_of_otherwise() {
    let (client, namespace) = place().await;
    let misspelt = mary(&json!({"extention": "101"}));
    let refused = apply(&client, &namespace, &misspelt).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains(".spec.extention: field not declared in schema"),
        "{refused}"
    );

    let path =
        format!("/apis/switchboard.dev/v1alpha1/namespaces/{namespace}/users?fieldValidation=Warn");
    let request = http::Request::post(path).header("content-type", "application/json");
    let body = serde_json::to_vec(&misspelt).unwrap().into();
    let answer = client.send(request.body(body).unwrap()).await.unwrap();
    assert_eq!(answer.status(), http::StatusCode::CREATED);
    let warning = answer.headers()["warning"].to_str().unwrap();
    assert!(
        warning.contains("unknown field \\\"spec.extention\\\""),
        "{warning}"
    );
}

async fn place() -> (Client, String) {
    let server = ApiServer::shared();
    (server.client().await, server.namespace().await)
}

fn mary(spec: &Value) -> Value {
    json!({
        "apiVersion": "switchboard.dev/v1alpha1", "kind": "User",
        "metadata": {"name": "mary"}, "spec": spec,
    })
}

fn example(name: &str) -> Vec<Value> {
    let texts = texts(&root().join("crds/examples").join(name));
    texts.iter().flat_map(|text| documents(text)).collect()
}

async fn unchanged_by_a_second_apply(client: &Client, namespace: &str, manifests: &[Value]) {
    for manifest in manifests {
        let once = apply(client, namespace, manifest).await;
        let once = once
            .unwrap_or_else(|error| panic!("{manifest}: {error}"))
            .metadata;
        let twice = apply(client, namespace, manifest).await.unwrap().metadata;
        assert_eq!(once.resource_version, twice.resource_version, "{manifest}");
    }
}
