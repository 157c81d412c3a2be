//! What a Trunk's conditions say: the operator whether it is in force, the worker whether its far side knows us.

use crds::Trunk;
use crds::trunk::Registration;
use kube::Api;
use serde_json::json;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::cluster_office::{ClusterOffice, object};
use switchboard_tests::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};
use switchboard_tests::raw::RawPhone;

const TRUNK: &str = "
apiVersion: switchboard.dev/v1alpha1
kind: Trunk
metadata: {name: provider}
spec:
  server: {host: 192.0.2.1}
  account: {username: acme, passwordSecretRef: {name: provider, key: password}}
";

#[tokio::test]
async fn a_trunk_is_ready_once_the_worker_has_its_password() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    worker.run().await;
    namespace.apply(TRUNK).await;
    namespace
        .condition::<Trunk>("provider", "Accepted", "False", "SecretMissing")
        .await;
    namespace
        .condition::<Trunk>("provider", "Ready", "False", "SecretMissing")
        .await;
    namespace
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: provider}, stringData: {password: secret}}")
        .await;
    let refused = namespace
        .condition::<Trunk>("provider", "Accepted", "False", "SecretNotLabelled")
        .await;
    assert!(
        refused.message.contains("switchboard.dev/use=trunk"),
        "{}",
        refused.message
    );
    namespace
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: provider, labels: {switchboard.dev/use: trunk}}, stringData: {password: secret}}")
        .await;
    namespace
        .condition::<Trunk>("provider", "Accepted", "True", "Valid")
        .await;
    namespace
        .condition::<Trunk>("provider", "Ready", "True", "Loaded")
        .await;
}

#[tokio::test]
async fn the_worker_tells_whether_the_far_side_has_taken_the_registration() {
    let server = ApiServer::shared();
    let office = ClusterOffice::open(server).await;
    office.set_trunk_password("provider", "secret").await;
    let worker = office.worker();
    let provider = RawPhone::new(worker.sip);
    let port = provider.address().port();
    let account =
        json!({"username": "acme", "passwordSecretRef": {"name": "provider", "key": "password"}});
    let server_of = json!({"host": "127.0.0.1", "port": port});
    let spec = json!({"server": server_of, "account": account});
    office.apply(&object("Trunk", "provider", &spec)).await;
    office
        .apply(&object("Trunk", "gateway", &json!({"server": server_of})))
        .await;
    let answering = std::thread::spawn(move || {
        let mut provider = provider;
        for status in [403, 200] {
            let register = provider.expect_request("REGISTER");
            provider.answer(&register, status);
        }
    });
    let trunks: Api<Trunk> = Api::namespaced(server.client().await, office.namespace());
    let told = async |name: &str, registration, status: &str| {
        eventually(&format!("{name} to be {registration:?}"), async || {
            let shown = trunks.get(name).await.unwrap().status?;
            let condition = shown
                .conditions
                .iter()
                .find(|it| it.type_ == "Registered")?;
            let so = shown.registration == Some(registration) && condition.status == status;
            so.then_some(())
        })
        .await;
    };
    told("gateway", Registration::NotNeeded, "True").await;
    told("provider", Registration::Refused, "False").await;
    told("provider", Registration::Registered, "True").await;
    answering.join().unwrap();
    let shown = trunks.get("provider").await.unwrap().status.unwrap();
    assert_eq!(shown.worker.as_deref(), Some("office-worker-0"));
    assert_eq!(shown.calls, Some(0));
}
