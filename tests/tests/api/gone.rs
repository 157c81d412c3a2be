//! A watch that the API server cannot continue, since what it would tell is forgotten (410 Gone), begins anew.

use std::pin::pin;

use crds::{Handset, User};
use futures::StreamExt;
use kube::api::{WatchEvent, WatchParams};
use kube::{Error, ResourceExt};
use operator::ours::Ours;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::late::Late;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

#[tokio::test]
async fn what_came_and_went_while_watches_were_away_is_made_up_for() {
    let server = ApiServer::start_without_cache();
    let namespace = Namespace {
        name: server.namespace().await,
        client: server.client().await,
    };
    let (gate, config) = Namespace::gate_before(&server).await;
    let extensions = Late::reads("extensions");
    let worker = PlayedWorker::start(&namespace).await;
    let client = extensions.client(config);
    let _operator = Operator::start(client, &namespace.name, worker.port);
    namespace.apply_office().await;
    worker.run().await;
    hire(&namespace, "mary", "101").await;
    is_ready::<User>(&namespace, "mary").await;
    let seen = version(&namespace, "mary").await;

    gate.shut();
    namespace.delete::<User>("mary").await;
    hire(&namespace, "john", "102").await;
    server.compact(&version(&namespace, "john").await);
    assert!(is_gone(&namespace, &seen).await, "nothing is forgotten");

    // When all else is there, it is a list that tells John's controller of his number, and not a watch.
    extensions.hold();
    gate.open();
    is_ready::<Handset>(&namespace, "john").await;
    namespace
        .condition::<User>("john", "Ready", "False", "Loading")
        .await;
    extensions.release();
    is_ready::<User>(&namespace, "john").await;
    namespace
        .condition::<Handset>("mary", "Accepted", "False", "NotFound")
        .await;
}

async fn hire(namespace: &Namespace, name: &str, extension: &str) {
    let user = format!(
        "{{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {{name: {name}}}, spec: {{extension: '{extension}'}}}}"
    );
    namespace.apply(&user).await;
}

async fn is_ready<K: Ours>(namespace: &Namespace, name: &str) {
    namespace
        .condition::<K>(name, "Ready", "True", "Loaded")
        .await;
}

async fn version(namespace: &Namespace, name: &str) -> String {
    let user: User = namespace.comes(name).await;
    user.resource_version().unwrap()
}

/// Whether a watch from this version is refused as too old.
async fn is_gone(namespace: &Namespace, version: &str) -> bool {
    let users = namespace.api::<User>();
    let told = match users.watch(&WatchParams::default(), version).await {
        Ok(events) => pin!(events).next().await.expect("an event"),
        Err(error) => Err(error),
    };
    match told {
        Ok(WatchEvent::Error(status)) | Err(Error::Api(status)) => status.code == 410,
        _ => false,
    }
}
