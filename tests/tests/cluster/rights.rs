//! What worker and operator may not do, tried with their own accounts.

use switchboard_tests::cluster::{SYSTEM, Setup, Shared, Site, kubectl, refusal};
use switchboard_tests::office::{JOHN, MARY, Office};
use switchboard_tests::phone::Phone;

use crate::scenes::leave_message;

#[test]
fn a_worker_reads_its_directory_and_writes_what_its_phones_change_and_nothing_else() {
    let _cluster = Shared::cluster();
    let site = Site::open("worker-rights", Office::of(&[MARY, JOHN]));
    let worker = Account::of(&site, &format!("{SYSTEM}-worker"));
    worker.may(&["get", "users"]);
    worker.may(&["get", "secret", &format!("{SYSTEM}-credentials-0")]);

    let rename = [
        "--type=merge",
        "--patch",
        r#"{"spec":{"displayName":"Mallory"}}"#,
    ];
    worker.may_not(&[&["patch", "user", MARY.name], &rename[..]].concat());
    worker.may_not(&["delete", "user", MARY.name]);
    worker.may_not(&["delete", "usersettings", MARY.name]);
    worker.may_not(&["get", "secrets"]);
    worker.may_not(&["get", "secret", "mary-pin"]);
    worker.may_not(&["get", "secret", "s3"]);
    worker.may_not(&["get", "pods"]);
    worker.may_not(&["create", "configmap", "note"]);
    worker.may_not(&["get", "users", "--namespace", "default"]);
    worker.may_not(&["get", "nodes"]);
}

#[test]
fn an_operator_serves_the_namespace_it_watches_and_has_no_rights_in_any_other() {
    let _cluster = Shared::cluster();
    let mut branch = Site::empty("watched", Office::of(&[MARY, JOHN]));
    let watched = format!("watchNamespaces={{{}}}", branch.namespace);
    // The operator's own namespace is not among those that it watches.
    let home = Site::prepare("operator-rights", Office::of(&[MARY]), &[&watched]);
    home.apply();
    branch.start(Setup::default());
    let mut mary = Phone::of(&MARY, branch.sip);
    let mut john = Phone::of(&JOHN, branch.sip);
    leave_message(&branch, &mut john, &MARY);
    mary.expect_lamp(1, 0);

    let statuses = "jsonpath={.items[*].status}";
    let told = home.kubectl(&["get", "users,phonesystems", "--output", statuses]);
    assert_eq!(told, "", "what came before all that was left alone");
    let made = home.kubectl(&["get", "extensions,services", "--output", "name"]);
    assert_eq!(made, "");
    has_no_rights_but_in(&branch.namespace, &home);
}

/// Tries what the operator of a site, which watches that one namespace, may do there and what it may not do anywhere.
fn has_no_rights_but_in(watched: &str, home: &Site) {
    let account = home.field(
        "deployment",
        ".items[0].spec.template.spec.serviceAccountName",
    );
    let operator = Account::of(home, &account);
    operator.may(&["get", "secrets", "--namespace", watched]);

    operator.may_not(&["get", "secrets"]);
    operator.may_not(&["get", "secrets", "--namespace", "default"]);
    operator.may_not(&["get", "secrets", "--all-namespaces"]);
    operator.may_not(&[
        "create",
        "serviceaccount",
        "other",
        "--namespace",
        "default",
    ]);
    operator.may_not(&["get", "users", "--namespace", "default"]);
    operator.may_not(&["delete", "namespace", watched]);
    operator.may_not(&[
        "delete",
        "customresourcedefinition",
        "users.switchboard.dev",
    ]);
    // Nor can it give away what it hasn't got.
    operator.may_not(&[
        "create",
        "role",
        "mighty",
        "--verb=*",
        "--resource=*",
        "--namespace",
        watched,
    ]);
}

/// A service account of a site.
struct Account<'a> {
    site: &'a Site,
    user: String,
}

impl<'a> Account<'a> {
    fn of(site: &'a Site, name: &str) -> Self {
        let user = format!("system:serviceaccount:{}:{name}", site.namespace);
        Self { site, user }
    }

    fn may(&self, arguments: &[&str]) {
        kubectl(&self.with(arguments));
    }

    fn may_not(&self, arguments: &[&str]) {
        let said = refusal(&self.with(arguments));
        assert!(said.contains("forbidden"), "{arguments:?}: {said}");
    }

    fn with<'b>(&'b self, arguments: &[&'b str]) -> Vec<&'b str> {
        let mut all = vec!["--as", self.user.as_str()];
        // What names no namespace means the site's.
        let named = ["--namespace", "--all-namespaces"];
        if !arguments.iter().any(|argument| named.contains(argument)) {
            all.extend(["--namespace", self.site.namespace.as_str()]);
        }
        all.extend(arguments);
        all
    }
}
