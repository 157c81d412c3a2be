//! An operator that starts over what is reconciled already changes nothing.

use crds::{Extension, Handset, PhoneSystem, User, UserSettings};
use kube::api::ListParams;
use operator::ours::Ours;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};
use switchboard_tests::writes::Writes;

const USERS: usize = 30;

#[tokio::test]
async fn an_operator_restarted_over_reconciled_users_writes_nothing() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    worker.run().await;
    for n in 0..USERS {
        let user = format!(
            "{{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {{name: user-{n}}}, spec: {{extension: '{}'}}}}",
            200 + n
        );
        namespace.apply(&user).await;
    }
    everything_is_told(&namespace).await;
    drop(operator);

    let writes = Writes::default();
    let client = writes.client(ApiServer::shared().config().await);
    let again = Operator::start(client, &namespace.name, worker.port);
    eventually("all to be reconciled", || async {
        let all = ["User", "UserSettings", "Handset", "Extension"];
        let done = all
            .iter()
            .all(|kind| again.reconciles(kind) >= USERS as u64);
        (done && again.reconciles("PhoneSystem") > 0).then_some(())
    })
    .await;
    // What the worker says from now on is news. Once it is written, what it said before has been judged.
    worker.says(|report| report.registrations = 7);
    registered(&namespace, 7).await;
    let path = format!(
        "PATCH /apis/switchboard.dev/v1alpha1/namespaces/{}/phonesystems/office/status",
        namespace.name
    );
    assert_eq!(writes.all(), [path]);
}

/// Returns once every status says all that it will say.
async fn everything_is_told(namespace: &Namespace) {
    every::<User>(namespace, "Ready").await;
    every::<Handset>(namespace, "Ready").await;
    every::<Extension>(namespace, "Ready").await;
    every::<UserSettings>(namespace, "Accepted").await;
    for (condition, status, reason) in [
        ("Ready", "True", "Loaded"),
        ("Updating", "False", "UpToDate"),
        ("MediaAddressKnown", "True", "AddressKnown"),
    ] {
        namespace
            .condition::<PhoneSystem>("office", condition, status, reason)
            .await;
    }
    registered(namespace, 0).await;
}

async fn every<K: Ours>(namespace: &Namespace, condition: &str) {
    let what = format!("{USERS} times {} to be {condition}", K::kind(&()));
    eventually(&what, || async {
        let list = namespace.api::<K>().list(&ListParams::default()).await;
        let list = list.expect("a list");
        let settled = |object: &&K| {
            let mut conditions = object.conditions().iter();
            conditions.any(|it| {
                it.type_ == condition
                    && it.status == "True"
                    && it.observed_generation == object.meta().generation
            })
        };
        (list.iter().filter(settled).count() == USERS).then_some(())
    })
    .await;
}

async fn registered(namespace: &Namespace, phones: u32) {
    let what = format!("{phones} registrations and one worker in the status");
    eventually(&what, || async {
        let system: PhoneSystem = namespace.get("office").await?;
        let status = system.status?;
        (status.registrations == Some(phones)
            && status.calls == Some(0)
            && status.workers_ready == Some(1))
        .then_some(())
    })
    .await;
}
