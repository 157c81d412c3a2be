//! An object that this version cannot read, as a newer one may have stored it.

use crds::User;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use kube::core::ApiResource;
use serde_json::{Value, json};
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

#[tokio::test]
async fn an_object_that_cannot_be_read_says_so_and_the_others_become_ready() {
    let server = ApiServer::start();
    let namespace = Namespace {
        name: server.namespace().await,
        client: server.client().await,
    };
    let many = user("bob", "102", "many");
    let before = namespace.try_apply(&many).await;
    assert!(before.is_err(), "the definition takes it already");
    loosen(&namespace).await;
    eventually("texts to be taken", || async {
        namespace.try_apply(&many).await.ok()
    })
    .await;

    // One that is there at the start, and one that comes later, by a change.
    let worker = PlayedWorker::start(&namespace).await;
    let operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    worker.run().await;
    namespace.apply(&user("mary", "101", "50")).await;
    is_ready(&namespace, "mary").await;
    is_unreadable(&namespace, "bob", "many").await;
    namespace.apply(&user("mary", "101", "several")).await;
    is_unreadable(&namespace, "mary", "several").await;
    has_event(&namespace, "mary").await;
    counted(&operator, &namespace, 2).await;
    namespace.apply(&user("john", "103", "50")).await;
    is_ready(&namespace, "john").await;

    // What is put right is taken up again.
    namespace.apply(&user("mary", "101", "60")).await;
    is_ready(&namespace, "mary").await;
    namespace
        .condition::<User>("mary", "Accepted", "True", "Valid")
        .await;
    counted(&operator, &namespace, 1).await;
}

fn user(name: &str, extension: &str, messages: &str) -> String {
    format!(
        "{{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {{name: {name}}}, \
         spec: {{extension: '{extension}', voicemail: {{maxMessages: {messages}}}}}}}"
    )
}

/// Has the API server take texts where this version has numbers.
async fn loosen(namespace: &Namespace) {
    let definitions: Api<CustomResourceDefinition> = Api::all(namespace.client.clone());
    let name = "users.switchboard.dev";
    let stored = definitions.get(name).await.expect("the definition");
    let mut changed = serde_json::to_value(stored).expect("JSON");
    let field = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/voicemail/properties/maxMessages";
    let field = changed.pointer_mut(field).expect("the field");
    *field = json!({"x-kubernetes-int-or-string": true, "default": 100});
    let changed = serde_json::from_value(changed).expect("a definition");
    let replaced = definitions
        .replace(name, &PostParams::default(), &changed)
        .await;
    replaced.expect("a definition that is taken");
}

async fn is_ready(namespace: &Namespace, name: &str) {
    namespace
        .condition::<User>(name, "Ready", "True", "Loaded")
        .await;
}

/// Returns once the User's conditions name the value that cannot be read.
async fn is_unreadable(namespace: &Namespace, name: &str, value: &str) {
    let resource = ApiResource::erase::<User>(&());
    let api: Api<DynamicObject> =
        Api::namespaced_with(namespace.client.clone(), &namespace.name, &resource);
    let what = format!("{name} to say that it cannot be read");
    eventually(&what, || async {
        let stored = api.get(name).await.expect("the User");
        let conditions = stored.data.pointer("/status/conditions")?;
        let of = |wanted: &str| {
            let mut all = conditions.as_array().into_iter().flatten();
            all.find(|it| it["type"] == wanted).cloned()
        };
        let (accepted, ready) = (of("Accepted")?, of("Ready")?);
        let told = |it: &Value| it["status"] == "False" && it["reason"] == "Unreadable";
        let why = accepted["message"].as_str()?.contains(value);
        (told(&accepted) && told(&ready) && why).then_some(())
    })
    .await;
}

async fn has_event(namespace: &Namespace, name: &str) {
    eventually("an Event about it", || async {
        let events = namespace.api::<Event>().list(&ListParams::default()).await;
        let mut events = events.expect("Events").items.into_iter();
        let about = |event: Event| {
            event.reason.as_deref() == Some("Unreadable")
                && event.regarding.and_then(|it| it.name).as_deref() == Some(name)
        };
        events.any(about).then_some(())
    })
    .await;
}

async fn counted(operator: &Operator, namespace: &Namespace, objects: u64) {
    let figure = format!(
        "switchboard_operator_unreadable_objects{{kind=\"User\",namespace=\"{}\"}} ",
        namespace.name
    );
    let what = format!("{objects} to be counted");
    eventually(&what, || async {
        (operator.figure(&figure) == Some(objects)).then_some(())
    })
    .await;
}
