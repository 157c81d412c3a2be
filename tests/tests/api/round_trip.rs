//! What is applied is kept as it was written.

use serde_json::json;
use switchboard_tests::api_server::{ApiServer, apply};

#[tokio::test]
async fn applying_twice_changes_nothing() {
    let server = ApiServer::shared();
    let (client, namespace) = (server.client().await, server.namespace().await);
    let mary = json!({
        "apiVersion": "switchboard.dev/v1alpha1", "kind": "User", "metadata": {"name": "mary"},
        "spec": {"extension": "101"},
    });
    let once = apply(&client, &namespace, &mary).await.unwrap();
    let twice = apply(&client, &namespace, &mary).await.unwrap();
    assert_eq!(
        once.metadata.resource_version,
        twice.metadata.resource_version
    );
}
