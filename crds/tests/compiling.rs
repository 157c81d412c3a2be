//! From objects to the directory: what is implied, and what degrades.
mod common;

use common::{directory, faulty, objects};
use crds::{
    Presence, compile,
    directory::{Ha1s, MailAuth},
    phone_system::Class,
    problem::Reason,
    user::Permission,
    user_settings::GreetingSlot,
};

#[test]
fn a_user_alone_has_extension_handset_password_and_pin() {
    let directory = directory(
        "kind: User\nmetadata: {name: mary}\nspec: {extension: '101', displayName: Mary Miller}\n",
    );
    let mary = directory.user("mary").unwrap();
    let told = (
        mary.extension.as_deref(),
        &*mary.display_name,
        &*mary.mailbox,
    );
    assert_eq!(told, (Some("101"), "Mary Miller", "mary"));
    assert_eq!(mary.handsets, ["mary".into()]);
    let phone = directory.account("mary").unwrap();
    assert_eq!(
        (phone.extension.as_deref(), &*phone.display_name),
        (Some("101"), "Mary Miller")
    );
    assert_eq!(
        phone.ha1,
        Some(Ha1s::new("mary", "office.example.com", "8361507294"))
    );
    assert!(mary.pin.verify("8361507294"));
    assert_eq!(mary.presence, Presence::InOffice);
}

#[test]
fn a_user_with_a_handset_of_his_own_gets_no_other() {
    let directory = directory(
        "kind: User\nmetadata: {name: mary}\nspec: {}\n---\n\
         kind: Handset\nmetadata: {name: mary-desk}\nspec: {ownerRef: {name: mary}, username: m1}\n",
    );
    assert!(directory.account("mary").is_none());
    assert_eq!(&*directory.account("m1").unwrap().handset, "mary-desk");
    assert_eq!(&*directory.handset("mary-desk").unwrap().username, "m1");
}

#[test]
fn a_mailbox_belongs_to_the_uid() {
    let directory = directory("kind: User\nmetadata: {name: mary, uid: 1b2c}\nspec: {}\n");
    assert_eq!(&*directory.user("mary").unwrap().mailbox, "1b2c");
}

#[test]
fn a_user_takes_over_the_mailbox_of_one_who_was_deleted() {
    let adopting = "kind: User\nmetadata: {name: mary, uid: new, annotations: {switchboard.dev/adopt-mailbox: old}}\nspec: {}\n";
    let directory = directory(adopting);
    assert_eq!(&*directory.user("mary").unwrap().mailbox, "old");
    let found = directory.user_of_mailbox("old").unwrap();
    assert_eq!(&*found.name, "mary");
}

#[test]
fn a_mailbox_that_is_somebodys_is_not_given_to_another() {
    let (directory, problems) = faulty(
        "kind: User\nmetadata: {name: mary, uid: m, creationTimestamp: '2026-01-01T00:00:00Z'}\nspec: {}\n---\n\
         kind: User\nmetadata: {name: ann, uid: a, creationTimestamp: '2026-01-02T00:00:00Z', \
         annotations: {switchboard.dev/adopt-mailbox: m}}\nspec: {}\n---\n\
         kind: User\nmetadata: {name: bob, uid: b, creationTimestamp: '2026-01-04T00:00:00Z', \
         annotations: {switchboard.dev/adopt-mailbox: old}}\nspec: {}\n---\n\
         kind: User\nmetadata: {name: zoe, uid: z, creationTimestamp: '2026-01-03T00:00:00Z', \
         annotations: {switchboard.dev/adopt-mailbox: old}}\nspec: {}\n---\n\
         kind: User\nmetadata: {name: eve, uid: e, annotations: {switchboard.dev/adopt-mailbox: ../m}}\nspec: {}\n",
    );
    let mailbox = |user| &*directory.user(user).unwrap().mailbox;
    assert_eq!((mailbox("mary"), mailbox("ann")), ("m", "a"));
    assert_eq!((mailbox("zoe"), mailbox("bob")), ("old", "b"));
    assert_eq!(mailbox("eve"), "e");
    let field = "metadata.annotations[switchboard.dev/adopt-mailbox]";
    let remove = "remove the annotation, or delete that User or his annotation first";
    assert_eq!(
        problems,
        [
            format!("User ann: {field}: the mailbox m belongs to User mary; {remove}"),
            format!("User bob: {field}: the mailbox old belongs to User zoe; {remove}"),
            format!(
                "User eve: {field}: \"../m\" is no UID; write the metadata.uid of the User whose mailbox it was, \
                 as a backup of the resources has it"
            ),
        ]
    );
}

#[test]
fn the_user_goes_before_his_settings_and_they_before_the_system() {
    let settings = "---\nkind: UserSettings\nmetadata: {name: mary}\n\
                    spec: {presence: AtHome, language: es, announceOnly: [OnVacation], email: {mode: Notify}}\n";
    let free = "kind: User\nmetadata: {name: mary}\nspec: {}\n";
    let (free, problems) = faulty(&(free.to_owned() + settings));
    assert_eq!(
        problems,
        [
            "User mary: spec.email: messages are to be mailed, and there is no address; \
             write the user's address, for example email: mary@example.com",
            "User mary: spec.voicemail.email: messages are to be mailed, and the PhoneSystem has no mail server; \
             write PhoneSystem.spec.mail, or set the mode to \"Off\"",
        ]
    );
    let mary = free.user("mary").unwrap();
    assert_eq!(
        (mary.presence, &*mary.language, mary.presence_managed),
        (Presence::AtHome, "es", false)
    );
    assert_eq!(mary.announce_only, [GreetingSlot::OnVacation]);
    let bound = "kind: User\nmetadata: {name: mary}\nspec: {presence: Busy, language: fr, timeZone: Europe/Berlin}\n";
    let (bound, _) = faulty(&(bound.to_owned() + settings));
    let mary = bound.user("mary").unwrap();
    assert_eq!(
        (mary.presence, &*mary.language, mary.presence_managed),
        (Presence::Busy, "fr", true)
    );
    assert_eq!(mary.time_zone.iana_name(), Some("Europe/Berlin"));
    let plain = directory("kind: User\nmetadata: {name: mary}\nspec: {}\n");
    let mary = plain.user("mary").unwrap();
    assert_eq!(
        (&*mary.language, mary.time_zone.iana_name()),
        ("en", Some("UTC"))
    );
}

#[test]
fn whoever_is_logged_in_to_a_shared_handset_has_it() {
    let directory = directory(
        "kind: User\nmetadata: {name: mary}\nspec: {extension: '101'}\n---\n\
         kind: Handset\nmetadata: {name: lobby}\nspec: {}\n---\n\
         kind: UserSettings\nmetadata: {name: mary}\nspec: {hotDesk: {handsetRef: {name: lobby}}}\n",
    );
    let lobby = directory.account("lobby").unwrap();
    let told = (
        lobby.owner.as_deref(),
        lobby.user.as_deref(),
        lobby.extension.as_deref(),
    );
    assert_eq!(told, (None, Some("mary"), Some("101")));
}

#[test]
fn a_login_to_a_handset_that_does_not_exist_is_told() {
    let (_, problems) = faulty(
        "kind: User\nmetadata: {name: mary}\nspec: {extension: '101'}\n---\n\
         kind: UserSettings\nmetadata: {name: mary}\nspec: {hotDesk: {handsetRef: {name: none}}}\n",
    );
    assert_eq!(
        problems,
        [
            "UserSettings mary: spec.hotDesk.handsetRef.name: there is no Handset none; \
             write the name of a Handset that exists, or create it"
        ]
    );
}

#[test]
fn permissions_are_those_of_the_class_and_his_own() {
    let mut objects = objects(
        "kind: User\nmetadata: {name: mary}\nspec: {class: staff, permissions: [SendToAll]}\n",
    );
    objects.phone_systems[0].spec.classes = vec![Class {
        name: "staff".into(),
        permissions: vec![Permission::OutsideLine],
        barred_prefixes: vec!["+1900".into()],
    }];
    let (directory, problems) = compile(&objects);
    assert_eq!(problems, []);
    let mary = directory.user("mary").unwrap();
    assert!(
        mary.permissions.allows(Permission::OutsideLine)
            && mary.permissions.allows(Permission::SendToAll)
    );
    assert!(!mary.permissions.allows(Permission::Administrator));
    assert_eq!(&*mary.barred_prefixes, ["+1900".to_owned()]);
}

#[test]
fn of_two_that_want_the_same_the_older_has_it_and_the_other_keeps_the_rest() {
    let (directory, problems) = faulty(
        "kind: User\nmetadata: {name: adam, creationTimestamp: '2026-02-01T00:00:00Z'}\nspec: {extension: '101'}\n---\n\
         kind: User\nmetadata: {name: mary, creationTimestamp: '2026-01-01T00:00:00Z'}\nspec: {extension: '101'}\n---\n\
         kind: Handset\nmetadata: {name: one}\nspec: {username: desk}\n---\n\
         kind: Handset\nmetadata: {name: two}\nspec: {username: desk}\n",
    );
    assert_eq!(
        directory.user_by_extension("101").unwrap().name,
        "mary".into()
    );
    assert_eq!(directory.user("adam").unwrap().extension, None);
    assert!(directory.account("adam").is_some());
    assert_eq!(&*directory.account("desk").unwrap().handset, "one");
    assert_eq!(
        problems,
        [
            "User adam: spec.extension: the User mary has extension 101 already; write a number that is free",
            "Handset two: spec.username: the Handset one has the username desk already; write another username",
        ]
    );
}

#[test]
fn a_bad_field_degrades_alone() {
    let (directory, problems) = faulty(
        "kind: User\nmetadata: {name: mary}\nspec: {extension: 1o1, timeZone: Mars/Base, class: nobles, \
         quickTransfer: '555', voicemail: {monitoredBy: [{name: ghost}]}}\n",
    );
    let mary = directory.user("mary").unwrap();
    assert_eq!(
        (mary.extension.as_deref(), mary.time_zone.iana_name()),
        (None, Some("UTC"))
    );
    assert!(
        directory
            .account("mary")
            .is_some_and(|phone| phone.ha1.is_some())
    );
    let fields: Vec<_> = problems
        .iter()
        .map(|p| p.split(": ").nth(1).unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "spec.class",
            "spec.extension",
            "spec.quickTransfer",
            "spec.timeZone",
            "spec.voicemail.monitoredBy[0].name"
        ]
    );
}

#[test]
fn a_missing_secret_leaves_an_account_that_nothing_opens() {
    let mut objects = objects("kind: User\nmetadata: {name: mary}\nspec: {extension: '101'}\n");
    objects.secrets.clear();
    let (directory, problems) = compile(&objects);
    assert_eq!(directory.account("mary").unwrap().ha1, None);
    assert!(!directory.user("mary").unwrap().pin.verify(""));
    let missing = "there is no Secret mary-sip with an entry password";
    assert!(
        problems.iter().any(|p| p.message == missing),
        "{problems:?}"
    );
}

#[test]
fn only_the_oldest_phone_system_is_in_force() {
    let mut objects = objects("kind: User\nmetadata: {name: mary}\nspec: {}\n");
    let mut second = objects.phone_systems[0].clone();
    second.metadata.name = Some("another".into());
    second.metadata.creation_timestamp =
        serde_json::from_value("2026-01-01T00:00:00Z".into()).unwrap();
    objects.phone_systems.insert(0, second);
    let (directory, problems) = compile(&objects);
    assert_eq!(&*directory.system().name, "office");
    assert!(
        problems.iter().any(|p| p.reason == Reason::NotOldest),
        "{problems:?}"
    );
}

#[test]
fn the_directory_is_a_function_of_the_objects_whatever_their_order() {
    let user = |i: usize| {
        format!(
            "kind: User\nmetadata: {{name: u{i}}}\nspec: {{extension: '{}'}}\n",
            1000 + i % 30
        )
    };
    let mut objects = objects(&(0..40).map(user).collect::<Vec<_>>().join("---\n"));
    let (before, problems) = compile(&objects);
    objects.users.reverse();
    objects.secrets.reverse();
    let (after, again) = compile(&objects);
    assert_eq!(problems, again);
    assert_eq!(problems.len(), 10);
    for user in before.users() {
        assert_eq!(user.extension, after.user(&user.name).unwrap().extension);
    }
}

#[test]
fn who_logs_in_at_mail_servers_is_read_from_secrets_and_never_printed() {
    let mary = "kind: User\nmetadata: {name: mary}\nspec: {email: mary@example.com, voicemail: {email: {mode: Attach}, \
         imap: {host: imap.example.com, port: 993, credentialsSecretRef: {name: mary-imap}}}}\n";
    let mut objects = objects(mary);
    let entries = [
        ("username", "mary"),
        ("password", "open sesame"),
        ("ca.crt", ""),
    ];
    let entries = entries.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let secret = crds::secrets::secret("mary-imap", entries.into());
    objects.secrets.push(secret);
    objects.phone_systems[0].spec.mail = Some(crds::phone_system::Mail {
        smtp: crds::phone_system::Smtp {
            host: "mail.example.com".into(),
            port: 587,
            from: "voicemail@example.com".into(),
            credentials_secret_ref: Some(crds::reference::SecretRef {
                name: "smtp".into(),
            }),
            ..Default::default()
        },
    });
    let (directory, problems) = compile(&objects);
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "username and password: {told:?}");
    assert!(told[0].contains("there is no Secret smtp with an entry"));
    let mary = directory.user("mary").unwrap();
    let login = crds::credentials::MailLogin::new("mary", "open sesame", None);
    let account = mary.imap.as_ref().unwrap();
    assert_eq!(account.login, MailAuth::Known(login.into()));
    assert!(!format!("{mary:?}").contains("sesame"));
    let server = directory.system().mail.as_ref().unwrap();
    assert_eq!(server.login, MailAuth::Missing("smtp".into()));
    assert_eq!(&*directory.user_of_mailbox("mary").unwrap().name, "mary");
}
