//! What a worker says of its TLS certificate is a condition of the `PhoneSystem`.

use crds::PhoneSystem;
use crds::conditions::Reason;
use crds::report::Finding;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

const OFFICE: &str = "
apiVersion: v1
kind: Secret
metadata: {name: office-tls, labels: {switchboard.dev/use: tls}}
type: kubernetes.io/tls
stringData: {tls.crt: no certificate, tls.key: no key}
---
apiVersion: switchboard.dev/v1alpha1
kind: PhoneSystem
metadata: {name: office}
spec:
  domain: office.example.com
  network:
    sip: {tlsSecretRef: {name: office-tls}, advertised: {addresses: [203.0.113.5]}}
    media: {advertised: [{slot: 0, addresses: [203.0.113.6], firstPort: 20000}]}
";

#[tokio::test]
async fn the_condition_says_whether_the_certificate_can_be_used() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply(OFFICE).await;
    worker.run().await;
    for (ok, status, reason) in [
        (false, "False", Reason::CertificateUnusable),
        (true, "True", Reason::CertificateUsable),
    ] {
        worker.says(|report| {
            report.certificate = Some(Finding {
                ok,
                reason: reason.to_string(),
                message: "as it is".to_owned(),
            });
        });
        let told = namespace
            .condition::<PhoneSystem>("office", "CertificateReady", status, reason.as_str())
            .await;
        assert_eq!(told.message, "as it is");
        if !ok {
            let event = namespace.event(reason.as_str()).await;
            assert_eq!(event.note, Some(told.message));
        }
    }
}
