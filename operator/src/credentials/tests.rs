use crds::{Handset, Shared, User};

use super::*;

fn read<K: serde::de::DeserializeOwned>(yaml: &str) -> K {
    serde_saphyr::from_str(yaml).unwrap()
}

fn system(spec: &str) -> Shared<PhoneSystem> {
    read::<PhoneSystem>(&format!("{{metadata: {{name: office}}, spec: {spec}}}")).into()
}

fn mary(spec: &str) -> Shared<User> {
    read::<User>(&format!("{{metadata: {{name: mary}}, spec: {spec}}}")).into()
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
        phone_systems: vec![system("{domain: Office.Example.com}")],
        users: vec![mary("{extension: '101'}")],
        handsets: vec![
            read::<Handset>(
                "{metadata: {name: mary-desk}, spec: {ownerRef: {name: mary}, username: mary1}}",
            )
            .into(),
        ],
        secrets: vec![
            secret("office-keys", "system", "pin"),
            secret("mary-pin", pin_label, "pin"),
            secret("mary-desk-sip", "sip", "password"),
        ],
        ..Objects::default()
    }
}

fn compiled(objects: &Objects, earlier: &[Arc<Compiled>]) -> Vec<Arc<Compiled>> {
    let unlabelled = BTreeSet::new();
    let secrets = objects.secrets.iter().cloned().map(KeptSecret::from);
    let secrets: Vec<KeptSecret> = secrets.collect();
    let secrets = Labelled::new("telephony", &secrets, &unlabelled);
    compile(objects, &objects.phone_systems[0], &secrets, earlier).unwrap()
}

/// As workers read them.
fn shards(objects: &Objects) -> Vec<Shard> {
    let read = |it: &Arc<Compiled>| serde_json::from_slice(&it.json).unwrap();
    compiled(objects, &[]).iter().map(read).collect()
}

#[test]
fn a_phone_and_a_pin_are_compiled_into_the_shards_of_their_names() {
    let shards = shards(&office("pin"));
    assert_eq!(shards.len(), SHARDS as usize);
    let of = |name: &str| &shards[shard_of(name) as usize];
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
    let shards = shards(&office("imap"));
    assert!(shards.iter().all(|it| it.users.is_empty()));
    assert!(shards.iter().any(|it| !it.handsets.is_empty()));
}

#[test]
fn a_pin_that_nobody_can_enter_is_left_out() {
    let mut objects = office("pin");
    // "YWJj" is abc.
    objects.secrets[1] =
        read("{metadata: {name: mary-pin, labels: {switchboard.dev/use: pin}}, data: {pin: YWJj}}");
    let shards = shards(&objects);
    assert!(shards.iter().all(|it| it.users.is_empty()));
    assert!(shards.iter().any(|it| !it.handsets.is_empty()));
}

#[test]
fn without_the_systems_keys_nothing_is_compiled() {
    let mut objects = office("pin");
    objects.secrets.remove(0);
    assert!(shards(&objects).is_empty());
}

#[test]
fn a_shard_tells_whose_credentials_are_in_it() {
    let compiled = compiled(&office("pin"), &[]);
    let of = |name: &str| &compiled[shard_of(name) as usize];
    assert!(of("mary").has(Credential::User("mary")));
    assert!(of("mary-desk").has(Credential::Handset("mary-desk")));
    assert!(!of("john").has(Credential::User("john")));
    assert!(!of("mary").has(Credential::Trunk("mary")));
}

#[test]
fn only_shards_for_which_something_has_changed_are_compiled_again() {
    let mut objects = office("pin");
    let first = compiled(&objects, &[]);
    let same = |one: &[Arc<Compiled>], other: &[Arc<Compiled>]| {
        let both = one.iter().zip(other);
        both.filter(|(one, other)| Arc::ptr_eq(one, other)).count()
    };
    let all = SHARDS as usize;
    objects.secrets.reverse();
    assert_eq!(same(&compiled(&objects, &first), &first), all);

    let new_pin = read(
        "{metadata: {name: mary-pin, labels: {switchboard.dev/use: pin}}, data: {pin: MjQ2OA==}}",
    );
    objects.secrets[1] = new_pin;
    let second = compiled(&objects, &first);
    assert_eq!(same(&second, &first), all - 1, "that of mary");
    assert_eq!(second, compiled(&objects, &[]));

    objects.phone_systems = vec![system("{domain: elsewhere.example.com}")];
    assert_eq!(
        same(&compiled(&objects, &second), &second),
        0,
        "each has another realm"
    );
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
        objects.phone_systems = vec![system(&format!(
            "{{domain: office.example.com, mail: {{smtp: {{host: mail, \
             from: a@b, credentialsSecretRef: {{name: {smtp}-login}}}}}}}}"
        ))];
        objects.users = vec![mary(&format!(
            "{{voicemail: {{imap: {{host: mail, credentialsSecretRef: {{name: {imap}-login}}}}}}}}"
        ))];
        let shards = shards(objects);
        let of = |name: &str| shards[shard_of(name) as usize].clone();
        (of("office").smtp, of("mary").imap.get("mary").cloned())
    };
    let mail = Some(MailLogin::new("mail", "13579", None));
    assert_eq!(given("smtp", "imap", &mut objects), (mail.clone(), mail));
    assert_eq!(given("imap", "smtp", &mut objects), (None, None));
}
