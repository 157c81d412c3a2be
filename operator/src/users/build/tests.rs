use super::*;

fn read<K: serde::de::DeserializeOwned>(yaml: &str) -> K {
    serde_saphyr::from_str(yaml).unwrap()
}

fn shared<K: serde::de::DeserializeOwned>(yaml: &str) -> Arc<K> {
    Arc::new(read(yaml))
}

fn mary(extension: &str) -> User {
    read(&format!(
        "{{apiVersion: switchboard.dev/v1alpha1, kind: User, metadata: {{name: mary, namespace: telephony, uid: u1}}, \
         spec: {{extension: '{extension}'}}}}"
    ))
}

fn number(name: &str, user: &str, owner: &str) -> Arc<Extension> {
    shared(&format!(
        "{{metadata: {{name: '{name}', ownerReferences: [{{apiVersion: switchboard.dev/v1alpha1, kind: User, \
         name: {user}, uid: {owner}}}]}}, spec: {{target: {{user: {{name: {user}}}}}}}}}"
    ))
}

fn phone(name: &str, owner: &str, contacts: &str) -> Arc<Handset> {
    shared(&format!(
        "{{metadata: {{name: {name}, ownerReferences: {owner}}}, spec: {{ownerRef: {{name: mary}}}}, \
         status: {{contacts: {contacts}}}}}"
    ))
}

const MADE: &str = "[{apiVersion: switchboard.dev/v1alpha1, kind: User, name: mary, uid: u1}]";

#[test]
fn a_user_alone_gets_all_he_needs_and_owns_it() {
    let found = Found {
        first: true,
        ..Found::default()
    };
    let children = build(&mary("101"), &found).unwrap();
    let extension = children.extension.unwrap();
    assert_eq!(extension.name_any(), "101");
    assert_eq!(extension.spec.target.user, Some(NameRef::new("mary")));
    let handset = children.handset.unwrap();
    assert_eq!(handset.name_any(), "mary");
    let secrets: Vec<String> = children.secrets.iter().map(ResourceExt::name_any).collect();
    assert_eq!(secrets, ["mary-pin", "mary-portal"]);
    assert_eq!(children.secrets[0].labels()[USE_LABEL], "pin");
    let owners = [
        extension.owner_references(),
        handset.owner_references(),
        children.secrets[0].owner_references(),
        children.settings.as_ref().unwrap().owner_references(),
    ];
    assert!(owners.iter().all(|it| it.len() == 1 && it[0].uid == "u1"));
}

#[test]
fn what_exists_is_used() {
    let found = Found {
        extension: Some(number("101", "mary", "u1")),
        first: true,
        made: vec![number("101", "mary", "u1")],
        namesake: Some(phone("mary", MADE, "[]")),
        handsets: vec![phone("mary", MADE, "[]")],
        settings: Some(shared("{metadata: {name: mary}, spec: {}}")),
        secrets: ["mary-pin", "mary-portal"].map(str::to_owned).into(),
        restored: Vec::new(),
    };
    let children = build(&mary("101"), &found).unwrap();
    assert!(children.extension.is_none() && children.mended.is_none());
    assert!(children.handset.is_none() && children.settings.is_none());
    assert!(children.secrets.is_empty() && children.old_extensions.is_empty());
}

#[test]
fn the_old_number_is_kept_until_the_new_one_is_granted() {
    let refused = Found {
        extension: Some(number("102", "john", "u2")),
        made: vec![number("101", "mary", "u1")],
        ..Found::default()
    };
    let children = build(&mary("102"), &refused).unwrap();
    assert!(children.extension.is_none() && children.old_extensions.is_empty());
    let granted = Found {
        extension: Some(number("102", "mary", "u1")),
        made: vec![number("101", "mary", "u1"), number("102", "mary", "u1")],
        ..Found::default()
    };
    let children = build(&mary("102"), &granted).unwrap();
    let old: Vec<String> = children
        .old_extensions
        .iter()
        .map(|it| it.name_any())
        .collect();
    assert_eq!(old, ["101"]);
}

#[test]
fn the_older_of_two_who_ask_for_a_number_gets_it() {
    let children = build(&mary("101"), &Found::default()).unwrap();
    assert!(children.extension.is_none());
}

#[test]
fn an_extension_of_his_that_leads_elsewhere_is_put_right() {
    let found = Found {
        extension: Some(number("101", "john", "u1")),
        ..Found::default()
    };
    let children = build(&mary("101"), &found).unwrap();
    assert_eq!(
        children.mended.unwrap().spec.target.user,
        Some(NameRef::new("mary"))
    );
}

#[test]
fn the_implied_handset_goes_when_he_has_another_and_no_phone_uses_it() {
    let contact = "[{id: a, uri: 'sip:a@192.0.2.1', worker: office-worker-0, registeredAt: '2026-01-01T00:00:00Z'}]";
    let with = |contacts: &str| Found {
        namesake: Some(phone("mary", MADE, contacts)),
        handsets: vec![
            phone("mary", MADE, contacts),
            phone("mary-desk", "[]", "[]"),
        ],
        ..Found::default()
    };
    let unused = build(&mary("101"), &with("[]")).unwrap();
    assert!(unused.old_handset.is_some() && !unused.waits);
    let used = build(&mary("101"), &with(contact)).unwrap();
    assert!(used.old_handset.is_none() && used.waits);
    let given = Found {
        namesake: Some(phone("mary", "[]", "[]")),
        handsets: vec![phone("mary", "[]", "[]"), phone("mary-desk", "[]", "[]")],
        ..Found::default()
    };
    assert!(build(&mary("101"), &given).unwrap().old_handset.is_none());
}
