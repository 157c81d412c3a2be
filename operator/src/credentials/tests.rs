use std::collections::BTreeSet;

use super::*;

fn read<K: serde::de::DeserializeOwned>(yaml: &str) -> K {
    serde_saphyr::from_str(yaml).unwrap()
}

/// An office with mary, her PIN and her phone; the Secrets are labelled so.
fn office(pin_label: &str) -> Objects {
    let secret = |name: &str, label: &str, key: &str| {
        // "MTM1Nzk=" is 13579.
        read(&format!(
            "{{metadata: {{name: {name}, labels: {{switchboard.dev/use: {label}}}, \
             annotations: {{switchboard.dev/generated: 'true'}}}}, data: {{{key}: MTM1Nzk=}}}}"
        ))
    };
    Objects {
        phone_systems: vec![read(
            "{metadata: {name: office}, spec: {domain: Office.Example.com}}",
        )],
        users: vec![read("{metadata: {name: mary}, spec: {extension: '101'}}")],
        handsets: vec![read(
            "{metadata: {name: mary-desk}, spec: {ownerRef: {name: mary}, username: mary1}}",
        )],
        secrets: vec![
            secret("office-keys", "system", "pin"),
            secret("mary-pin", pin_label, "pin"),
            secret("mary-desk-sip", "sip", "password"),
        ],
        ..Objects::default()
    }
}

fn compiled(objects: &Objects) -> Vec<Compiled> {
    let unlabelled = BTreeSet::new();
    let secrets = Labelled::new("telephony", &objects.secrets, &unlabelled);
    compile(objects, &objects.phone_systems[0], &secrets).unwrap()
}

#[test]
fn a_phone_and_a_pin_are_compiled_into_the_shards_of_their_names() {
    let shards = compiled(&office("pin"));
    assert_eq!(shards.len(), SHARDS as usize);
    let of = |name: &str| &shards[shard_of(name) as usize].shard;
    let expected = HandsetCredentials::new("mary1", "office.example.com", "13579");
    assert!(of("mary-desk").handsets["mary-desk"] == expected);
    let mary = &of("mary").users["mary"];
    assert_eq!(
        mary.pin_verifier,
        PinKey::new(b"13579").verifier("mary", "13579")
    );
    assert!(mary.initial);
}

#[test]
fn a_secret_labelled_for_something_else_is_left_out() {
    let shards = compiled(&office("imap"));
    assert!(shards.iter().all(|it| it.shard.users.is_empty()));
    assert!(shards.iter().any(|it| !it.shard.handsets.is_empty()));
}

#[test]
fn without_the_systems_keys_nothing_is_compiled() {
    let mut objects = office("pin");
    objects.secrets.remove(0);
    assert!(compiled(&objects).is_empty());
}

#[test]
fn what_a_worker_reads_is_what_was_compiled() {
    for shard in compiled(&office("pin")) {
        let read: Shard = serde_json::from_slice(&shard.json).unwrap();
        assert!(read == shard.shard);
    }
}

#[test]
fn logins_at_mail_servers_are_compiled_from_secrets_that_allow_it() {
    let login = |label: &str| {
        // "bWFpbA==" is mail.
        read(&format!(
            "{{metadata: {{name: {label}-login, labels: {{switchboard.dev/use: {label}}}}}, \
             data: {{username: bWFpbA==, password: MTM1Nzk=}}}}"
        ))
    };
    let mut objects = office("pin");
    objects.secrets.extend([login("smtp"), login("imap")]);
    let given = |smtp: &str, imap: &str, objects: &mut Objects| {
        objects.phone_systems = vec![read(&format!(
            "{{metadata: {{name: office}}, spec: {{domain: office.example.com, mail: {{smtp: {{host: mail, \
             from: a@b, credentialsSecretRef: {{name: {smtp}-login}}}}}}}}}}"
        ))];
        objects.users = vec![read(&format!(
            "{{metadata: {{name: mary}}, spec: {{voicemail: {{imap: {{host: mail, \
             credentialsSecretRef: {{name: {imap}-login}}}}}}}}}}"
        ))];
        let shards = compiled(objects);
        let of = |name: &str| shards[shard_of(name) as usize].shard.clone();
        (of("office").smtp, of("mary").imap.get("mary").cloned())
    };
    let mail = Some(MailLogin::new("mail", "13579", None));
    assert_eq!(given("smtp", "imap", &mut objects), (mail.clone(), mail));
    assert_eq!(given("imap", "smtp", &mut objects), (None, None));
}
