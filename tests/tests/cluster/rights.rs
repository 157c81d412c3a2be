//! What worker and operator may not do, tried with their own accounts.

use switchboard_tests::cluster::{SYSTEM, Shared, Site, kubectl, refusal};
use switchboard_tests::office::{JOHN, MARY, Office};

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
fn an_operator_has_no_rights_outside_its_namespaces() {
    let _cluster = Shared::cluster();
    let site = Site::prepare("operator-rights", Office::of(&[]), &[]);
    let account = site.field(
        "deployment",
        ".items[0].spec.template.spec.serviceAccountName",
    );
    let operator = Account::of(&site, &account);
    operator.may(&["get", "secrets"]);

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
    operator.may_not(&["delete", "namespace", &site.namespace]);
    operator.may_not(&[
        "delete",
        "customresourcedefinition",
        "users.switchboard.dev",
    ]);
    // Nor can it give away what it hasn't got.
    let role = ["role", "mighty", "--verb=*", "--resource=*"];
    operator.may_not(&[&["create"], &role[..]].concat());
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
