//! Two want the same number: whoever holds it keeps it, and the other is told.

use crds::{CallRoute, Extension, NameRef, User};
use switchboard_tests::operator::{Namespace, Operator};

fn user(name: &str, extension: &str) -> String {
    format!(
        "{{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {{name: {name}}}, spec: {{extension: '{extension}'}}}}"
    )
}

async fn leads_to(namespace: &Namespace, number: &str) -> Option<NameRef> {
    let extension: Extension = namespace.comes(number).await;
    extension.spec.target.user
}

#[tokio::test]
async fn the_old_number_is_kept_until_the_new_one_is_granted() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace.apply(&user("john", "102")).await;
    namespace.apply(&user("mary", "101")).await;
    namespace
        .condition::<User>("john", "Accepted", "True", "Valid")
        .await;
    namespace
        .condition::<User>("mary", "Accepted", "True", "Valid")
        .await;

    namespace.apply(&user("mary", "102")).await;
    let refused = namespace
        .condition::<User>("mary", "Accepted", "False", "NumberTaken")
        .await;
    assert_eq!(
        refused.message,
        "spec.extension: the User john has extension 102 already; write a number that is free"
    );
    namespace
        .condition::<User>("mary", "Ready", "False", "NumberTaken")
        .await;
    assert_eq!(
        leads_to(&namespace, "101").await,
        Some(NameRef::new("mary"))
    );
    assert_eq!(
        leads_to(&namespace, "102").await,
        Some(NameRef::new("john"))
    );

    // John gives his number back, as the garbage collector would when he is deleted.
    namespace.apply(&user("john", "103")).await;
    namespace
        .condition::<User>("mary", "Accepted", "True", "Valid")
        .await;
    namespace.goes::<Extension>("101").await;
    assert_eq!(
        leads_to(&namespace, "102").await,
        Some(NameRef::new("mary"))
    );
    assert_eq!(
        leads_to(&namespace, "103").await,
        Some(NameRef::new("john"))
    );
}

#[tokio::test]
async fn an_extension_that_somebody_wrote_is_not_taken_from_him() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply(
            "{apiVersion: switchboard.dev/v1alpha1, kind: Extension, metadata: {name: '101'}, spec: {target: {messageCenter: {}}}}",
        )
        .await;
    namespace.apply(&user("mary", "101")).await;
    let refused = namespace
        .condition::<User>("mary", "Accepted", "False", "NumberTaken")
        .await;
    assert!(
        refused
            .message
            .contains("the Extension 101 leads elsewhere"),
        "{}",
        refused.message
    );
    assert_eq!(leads_to(&namespace, "101").await, None);
}

#[tokio::test]
async fn a_reference_to_nobody_names_what_is_missing() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace
        .apply(
            "{apiVersion: switchboard.dev/v1alpha1, kind: Handset, metadata: {name: desk}, spec: {ownerRef: {name: nobody}}}",
        )
        .await;
    let refused = namespace
        .condition::<crds::Handset>("desk", "Accepted", "False", "NotFound")
        .await;
    assert!(
        refused.message.contains("there is no User nobody"),
        "{}",
        refused.message
    );
    namespace.apply(&user("nobody", "101")).await;
    namespace
        .condition::<crds::Handset>("desk", "Accepted", "True", "Valid")
        .await;
}

#[tokio::test]
async fn a_route_that_leads_back_is_told_the_way_round() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply_office().await;
    namespace.apply(&user("mary", "101")).await;
    namespace.apply(&user("john", "102")).await;
    let route = |name: &str, of: &str, to: &str| {
        format!(
            "{{apiVersion: switchboard.dev/v1alpha1, kind: CallRoute, metadata: {{name: {name}}}, \
             spec: {{userRef: {{name: {of}}}, finally: {{extension: {{number: '{to}'}}}}}}}}"
        )
    };
    namespace.apply(&route("a-of-mary", "mary", "102")).await;
    namespace
        .condition::<CallRoute>("a-of-mary", "Accepted", "True", "Valid")
        .await;
    namespace.apply(&route("b-of-john", "john", "101")).await;
    let refused = namespace
        .condition::<CallRoute>("b-of-john", "Accepted", "False", "RoutingLoop")
        .await;
    assert_eq!(
        refused.message,
        "spec: calls would go round: john to mary to john; forward to somebody whose calls do not come back, or to voicemail"
    );
    // The older route stays in force.
    namespace
        .condition::<CallRoute>("a-of-mary", "Accepted", "True", "Valid")
        .await;
}
