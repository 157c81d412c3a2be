//! What a worker says of e-mail is a condition of the `PhoneSystem` and Events of Users.

use crds::conditions::Reason;
use crds::credentials::{MailLogin, SHARD_ENTRY, Shard, shard_name, shard_of};
use crds::report::{Finding, RefusedMail};
use crds::{PhoneSystem, Secret};
use jiff::Timestamp;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, Operator, PlayedWorker};

const MARY: &str = "
apiVersion: v1
kind: Secret
metadata: {name: smtp, labels: {switchboard.dev/use: smtp}}
stringData: {username: voicemail, password: open sesame}
---
apiVersion: switchboard.dev/v1alpha1
kind: User
metadata: {name: mary}
spec: {email: mary@example.com, voicemail: {email: {mode: Attach}}}
";
const MAIL: &str = "mail: {smtp: {host: mail.example.com, from: voicemail@example.com, credentialsSecretRef: {name: smtp}}}";

/// An office that mails, and Mary who is mailed to.
async fn apply(namespace: &Namespace) {
    namespace.apply(MARY).await;
    namespace.apply_office_with(MAIL).await;
}

fn finding(ok: bool, reason: Reason, message: &str) -> Finding {
    Finding {
        ok,
        reason: reason.to_string(),
        message: message.to_owned(),
    }
}

#[tokio::test]
async fn the_condition_says_how_the_mail_server_does_and_a_refused_mail_is_an_event_of_its_user() {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    apply(&namespace).await;
    worker.run().await;
    namespace
        .condition::<PhoneSystem>("office", "Ready", "True", "Loaded")
        .await;
    let office: PhoneSystem = namespace.comes("office").await;
    let conditions = office.status.unwrap().conditions;
    assert!(
        conditions.iter().all(|it| it.type_ != "MailReady"),
        "nothing was mailed yet"
    );

    worker.says(|report| report.mail = Some(finding(false, Reason::MailServerAway, "it hangs")));
    let away = namespace
        .condition::<PhoneSystem>("office", "MailReady", "False", "MailServerAway")
        .await;
    assert_eq!(away.message, "it hangs");
    let told = namespace.event("MailServerAway").await;
    assert_eq!(told.note, Some(away.message));
    worker.says(|report| {
        report.mail = Some(finding(true, Reason::MailTaken, "it takes e-mails"));
        report.refused_mails.push(RefusedMail {
            at: Timestamp::now().to_string(),
            user: "mary".to_owned(),
            reason: Reason::MailRefused.to_string(),
            message: "there is no such address".to_owned(),
        });
    });
    namespace
        .condition::<PhoneSystem>("office", "MailReady", "True", "MailTaken")
        .await;
    let event = namespace.event("MailRefused").await;
    let regarding = event.regarding.unwrap();
    assert_eq!(
        (regarding.kind.as_deref(), regarding.name.as_deref()),
        (Some("User"), Some("mary"))
    );
    assert_eq!(event.note.as_deref(), Some("there is no such address"));
}

#[tokio::test]
async fn workers_get_the_login_in_the_compiled_credentials_and_read_no_other_secret() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    apply(&namespace).await;
    let name = shard_name("office", shard_of("office"));
    let expected = MailLogin::new("voicemail", "open sesame", None);
    eventually("the login in its shard", || async {
        let secret: Secret = namespace.get(&name).await?;
        let bytes = secret.data?.get(SHARD_ENTRY)?.0.clone();
        let shard: Shard = serde_json::from_slice(&bytes).unwrap();
        (shard.smtp.as_ref() == Some(&expected)).then_some(())
    })
    .await;
    let role: k8s_openapi::api::rbac::v1::Role = namespace.comes("office-worker").await;
    let rules = role.rules.unwrap();
    let secrets = rules
        .iter()
        .filter(|rule| rule.resources.iter().flatten().any(|it| it == "secrets"));
    for rule in secrets {
        let named = rule.resource_names.as_ref().unwrap();
        assert!(!named.iter().any(|name| name == "smtp"), "{named:?}");
    }
}
