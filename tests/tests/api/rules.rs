//! Every rule of every Kind refuses what it is for, with its message; and standalone refuses the same.

mod table;

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use crds::{Kind, Objects, Severity, secrets};
use k8s_openapi::api::core::v1::Secret;
use kube::Error;
use kube::core::response::StatusCause;
use serde_json::{Value, json};
use switchboard_tests::api_server::{ApiServer, documents, dry_run};
use switchboard_tests::root;

use self::table::rows;

#[tokio::test]
async fn every_rule_refuses_with_its_message_and_standalone_refuses_the_same() {
    let server = ApiServer::shared();
    let (client, namespace) = (server.client().await, server.namespace().await);
    let mut tried = BTreeSet::new();
    for row in rows() {
        let manifest = row.manifest();
        let refused = dry_run(&client, &namespace, &manifest).await;
        let causes = causes(refused).unwrap_or_else(|| panic!("{row} was accepted"));
        let cause = causes
            .iter()
            .find(|cause| cause.message.ends_with(row.message));
        let field = &cause
            .unwrap_or_else(|| panic!("{row} was refused for {causes:?}"))
            .field;
        let field = if field == "<nil>" { "" } else { field.as_str() };
        let standalone = standalone(with(&manifest));
        assert!(
            standalone
                .iter()
                .any(|(kind, at)| *kind == row.kind && at.starts_with(field)),
            "{row}: the API server refuses {field:?}, standalone {standalone:?}"
        );
        tried.insert((
            row.kind.as_str().to_owned(),
            without_indices(field),
            row.message.to_owned(),
        ));
    }
    let untried: Vec<_> = declared().difference(&tried).cloned().collect();
    assert_eq!(untried, [], "these rules have no row in rules/table.rs");
}

#[tokio::test]
async fn the_objects_that_rules_are_tried_on_are_valid_themselves() {
    let server = ApiServer::shared();
    let (client, namespace) = (server.client().await, server.namespace().await);
    for manifest in every_kind() {
        let accepted = dry_run(&client, &namespace, &manifest).await;
        accepted.unwrap_or_else(|error| panic!("{manifest}: {error}"));
    }
    assert_eq!(standalone(every_kind()), []);
}

#[tokio::test]
async fn what_is_no_length_of_time_is_refused_with_examples() {
    let server = ApiServer::shared();
    let (client, namespace) = (server.client().await, server.namespace().await);
    let mary = json!({
        "apiVersion": "switchboard.dev/v1alpha1", "kind": "User", "metadata": {"name": "mary"},
        "spec": {"displayName": "Mary Miller", "voicemail": {"trashRetention": "a week"}},
    });
    let causes = causes(dry_run(&client, &namespace, &mary).await).unwrap();
    let told = causes.iter().any(|cause| {
        cause.field == "spec.voicemail.trashRetention" && cause.message.ends_with(LENGTH_OF_TIME)
    });
    assert!(told, "{causes:?}");
}

/// The documents of `crds/examples/every-kind.yaml`.
fn every_kind() -> Vec<Value> {
    static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let text = fs::read_to_string(root().join("crds/examples/every-kind.yaml"));
        documents(&text.unwrap())
    });
    DOCUMENTS.clone()
}

fn causes<T>(result: Result<T, Error>) -> Option<Vec<StatusCause>> {
    match result {
        Ok(_) => None,
        Err(Error::Api(status)) => Some(status.details.map(|it| it.causes).unwrap_or_default()),
        Err(other) => panic!("the API server did not judge: {other}"),
    }
}

/// Every object, with this one in the place of the first of its Kind.
fn with(manifest: &Value) -> Vec<Value> {
    let mut objects = every_kind();
    let place = objects.iter_mut().find(|it| it["kind"] == manifest["kind"]);
    *place.unwrap() = manifest.clone();
    objects
}

/// What standalone finds wrong with these manifests: Kinds and fields.
fn standalone(manifests: Vec<Value>) -> Vec<(Kind, String)> {
    let mut objects = Objects::default();
    for manifest in manifests {
        objects.add(kind_of(&manifest), manifest).unwrap();
    }
    for wanted in secrets::missing(&objects) {
        let entry = [(wanted.entry.key, "8361507294".to_owned())].into();
        objects
            .secrets
            .push(secrets::secret(&wanted.entry.name, entry));
    }
    objects.secrets.extend(given());
    let (_, problems) = crds::compile(&objects);
    let errors = problems
        .into_iter()
        .filter(|problem| problem.severity == Severity::Error);
    errors
        .map(|problem| (problem.object.kind, problem.field))
        .collect()
}

/// The Secrets that the examples refer to and nobody generates.
fn given() -> [Secret; 2] {
    let entry = |key: &str| (key.to_owned(), "open sesame".to_owned());
    let login = [secrets::MAIL_USERNAME, secrets::MAIL_PASSWORD].map(entry);
    [
        secrets::secret("smtp", login.into()),
        secrets::secret("provider", [entry("password")].into()),
    ]
}

fn kind_of(manifest: &Value) -> Kind {
    let name = manifest["kind"].as_str().unwrap();
    let kind = Kind::OURS.iter().find(|kind| kind.as_str() == name);
    *kind.unwrap_or_else(|| panic!("no Kind {name}"))
}

/// Every rule of `crds/manifests`: Kind, field and message.
fn declared() -> BTreeSet<(String, String, String)> {
    let mut rules = BTreeSet::new();
    for text in switchboard_tests::api_server::manifests() {
        for crd in documents(&text) {
            let kind = crd["spec"]["names"]["kind"].as_str().unwrap();
            let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            collect(schema, kind, "", &mut rules);
        }
    }
    rules
}

fn collect(schema: &Value, kind: &str, path: &str, rules: &mut BTreeSet<(String, String, String)>) {
    let here = schema["x-kubernetes-validations"].as_array();
    for rule in here.into_iter().flatten() {
        let message = rule["message"].as_str().unwrap();
        // Standalone does not get as far as a rule with a text that it can't read.
        if message == LENGTH_OF_TIME {
            continue;
        }
        rules.insert((kind.to_owned(), path.to_owned(), message.to_owned()));
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        collect(field, kind, &path, rules);
    }
    if schema["items"].is_object() {
        collect(&schema["items"], kind, &format!("{path}[]"), rules);
    }
}

/// `spec.keys[0]` as `spec.keys[]`.
fn without_indices(path: &str) -> String {
    let mut steps = path.split('[');
    let first = steps.next().unwrap_or_default().to_owned();
    steps.fold(first, |path, step| {
        let rest = step.split_once(']').map_or("", |(_, rest)| rest);
        path + "[]" + rest
    })
}

const LENGTH_OF_TIME: &str =
    "a length of time is a number and a unit; write for example 30s, 5m, 12h or 7d";
