//! After a restore, what the operator had made is its owner's again, and nothing else is.

use std::fmt::Debug;

use crds::{Extension, Handset, PhoneSystem, Secret, User, UserSettings};
use k8s_openapi::NamespaceResourceScope;
use kube::{Resource, ResourceExt};
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{MARY, Namespace, Operator};

/// What a backup holds of Mary, as the how-to restores it. 105 was her number before, and had not been given back yet.
const RESTORED: &str = "
apiVersion: v1
kind: Secret
metadata: {name: mary-pin, labels: {switchboard.dev/use: pin}, annotations: {switchboard.dev/made-for: User/mary}}
stringData: {pin: '24680'}
---
apiVersion: v1
kind: Secret
metadata: {name: mary-portal, labels: {switchboard.dev/use: portal}, annotations: {switchboard.dev/made-for: User/mary}}
stringData: {password: portal}
---
apiVersion: v1
kind: Secret
metadata: {name: mary-sip, labels: {switchboard.dev/use: sip}, annotations: {switchboard.dev/made-for: Handset/mary}}
stringData: {password: sip}
---
apiVersion: v1
kind: Secret
metadata: {name: office-keys, labels: {switchboard.dev/use: system}, annotations: {switchboard.dev/made-for: PhoneSystem/office}}
stringData: {pin: 0123456789abcdef0123456789abcdef, nonce: 0123456789abcdef0123456789abcdef}
---
apiVersion: switchboard.dev/v1alpha1
kind: Extension
metadata: {name: '101', annotations: {switchboard.dev/made-for: User/mary}}
spec: {target: {user: {name: mary}}}
---
apiVersion: switchboard.dev/v1alpha1
kind: Extension
metadata: {name: '105', annotations: {switchboard.dev/made-for: User/mary}}
spec: {target: {user: {name: mary}}}
---
apiVersion: switchboard.dev/v1alpha1
kind: Handset
metadata: {name: mary, annotations: {switchboard.dev/made-for: User/mary}}
spec: {ownerRef: {name: mary}}
---
apiVersion: switchboard.dev/v1alpha1
kind: UserSettings
metadata: {name: mary, annotations: {switchboard.dev/made-for: User/mary}}
spec: {presence: AtHome}
";

/// Of a number that leads to Mary a person made one without her, and had the other lead elsewhere after the restore.
const OF_A_PERSON: &str = "
apiVersion: switchboard.dev/v1alpha1
kind: Extension
metadata: {name: '102'}
spec: {target: {user: {name: mary}}}
---
apiVersion: switchboard.dev/v1alpha1
kind: Extension
metadata: {name: '103', annotations: {switchboard.dev/made-for: User/mary}}
spec: {target: {messageCenter: {}}}
";

#[tokio::test]
async fn what_was_made_for_a_user_is_his_again_and_goes_as_it_did_before() {
    let namespace = Namespace::new().await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    namespace.apply(RESTORED).await;
    namespace.apply(OF_A_PERSON).await;
    namespace.apply_office().await;
    namespace.apply(MARY).await;
    let mary: User = namespace.comes("mary").await;
    let office: PhoneSystem = namespace.comes("office").await;
    is_given_back::<Extension>(&namespace, "101", &mary).await;
    is_given_back::<Handset>(&namespace, "mary", &mary).await;
    is_given_back::<UserSettings>(&namespace, "mary", &mary).await;
    is_given_back::<Secret>(&namespace, "mary-pin", &mary).await;
    is_given_back::<Secret>(&namespace, "mary-portal", &mary).await;
    is_given_back::<Secret>(&namespace, "office-keys", &office).await;
    let handset: Handset = namespace.comes("mary").await;
    is_given_back::<Secret>(&namespace, "mary-sip", &handset).await;
    let settings: UserSettings = namespace.comes("mary").await;
    assert_eq!(settings.spec.presence, Some(crds::Presence::AtHome));
    let pin: Secret = namespace.comes("mary-pin").await;
    assert_eq!(pin.data.unwrap()["pin"].0, b"24680");

    // Her old number is given back, and so is this one when she gets another.
    namespace.goes::<Extension>("105").await;
    namespace.apply(&MARY.replace("'101'", "'111'")).await;
    namespace.goes::<Extension>("101").await;
    for number in ["102", "103"] {
        let of_a_person: Extension = namespace.comes(number).await;
        assert!(of_a_person.owner_references().is_empty(), "{number}");
    }
}

/// As it is restored after its owner was looked at, or from a backup that did not say whose it was.
const LATER: &str = "
apiVersion: v1
kind: Secret
metadata: {name: mary-pin, labels: {switchboard.dev/use: pin}}
stringData: {pin: '24680'}
---
apiVersion: switchboard.dev/v1alpha1
kind: UserSettings
metadata: {name: mary}
spec: {presence: AtHome}
";

#[tokio::test]
async fn what_is_marked_when_its_owner_is_there_already_is_given_back_too() {
    let namespace = Namespace::new().await;
    namespace.apply(LATER).await;
    namespace.apply_office().await;
    namespace.apply(MARY).await;
    let _operator = Operator::start(namespace.client.clone(), &namespace.name, 1);
    let mary: User = namespace.comes("mary").await;
    namespace
        .condition::<User>("mary", "Accepted", "True", "Valid")
        .await;
    let pin: Secret = namespace.comes("mary-pin").await;
    assert!(
        pin.owner_references().is_empty(),
        "a person may have made it"
    );
    let mark = "{name: mary, annotations: {switchboard.dev/made-for: User/mary}}";
    let pin = LATER.replace(
        "labels:",
        "annotations: {switchboard.dev/made-for: User/mary}, labels:",
    );
    namespace.apply(&pin.replace("{name: mary}", mark)).await;
    is_given_back::<Secret>(&namespace, "mary-pin", &mary).await;
    is_given_back::<UserSettings>(&namespace, "mary", &mary).await;
}

/// Returns once the object is this one's, and nothing says any more that it has to become so.
async fn is_given_back<K>(
    namespace: &Namespace,
    name: &str,
    owner: &impl Resource<DynamicType = ()>,
) where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + serde::de::DeserializeOwned,
{
    let wanted = owner.controller_owner_ref(&());
    eventually(&format!("the owner of {name}"), || async {
        let object: K = namespace.get(name).await?;
        let marked = object
            .annotations()
            .contains_key("switchboard.dev/made-for");
        let is_owner = object.owner_references().first() == wanted.as_ref();
        (is_owner && !marked).then_some(())
    })
    .await;
}
