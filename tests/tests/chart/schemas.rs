//! `helm template | kubeconform` with the schemas of our Kinds, as those do who check manifests before they commit them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crds::manifests::definitions;
use serde_json::{Value, json};
use switchboard_tests::chart::template;
use switchboard_tests::root;
use tempfile::TempDir;

#[test]
fn what_the_chart_renders_and_the_examples_fit_the_schemas_of_our_kinds() {
    let schemas = schemas();
    let rendered = template(&[]).unwrap();
    assert!(rendered.contains("\nkind: User\n"));
    assert_eq!(kubeconform(schemas.path(), &rendered), Ok(()));
    for file in fs::read_dir(root().join("crds/examples/cluster")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert_eq!(kubeconform(schemas.path(), &text), Ok(()));
    }
}

#[test]
fn a_misspelt_field_does_not_fit() {
    let user = "apiVersion: switchboard.dev/v1alpha1\nkind: User\nmetadata: {name: mary}\nspec: {extention: \"101\"}\n";
    let said = kubeconform(schemas().path(), user).unwrap_err();
    assert!(said.contains("extention"), "{said}");
}

/// The schema of each of our Kinds in a file of its own, with nothing allowed that is not named.
fn schemas() -> TempDir {
    let folder = TempDir::new().unwrap();
    for crd in definitions() {
        let version = serde_json::to_value(&crd.spec.versions[0]).unwrap();
        let mut schema = version["schema"]["openAPIV3Schema"].clone();
        close(&mut schema);
        for (name, kind) in [
            ("apiVersion", "string"),
            ("kind", "string"),
            ("metadata", "object"),
        ] {
            schema["properties"][name] = json!({"type": kind});
        }
        let file = format!("{}.json", crd.spec.names.kind.to_lowercase());
        fs::write(folder.path().join(file), schema.to_string()).unwrap();
    }
    folder
}

fn close(schema: &mut Value) {
    if schema["properties"].is_object() && schema["additionalProperties"].is_null() {
        schema["additionalProperties"] = json!(false);
    }
    match schema {
        Value::Object(fields) => fields.values_mut().for_each(close),
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What kubeconform has against these manifests. Kinds of Kubernetes itself are passed over: the API server judges them.
fn kubeconform(schemas: &Path, manifests: &str) -> Result<(), String> {
    let mut child = Command::new(root().join(".tools/kubernetes/bin/kubeconform"))
        .arg("-schema-location")
        .arg(schemas.join("{{.ResourceKind}}.json"))
        .args(["-ignore-missing-schemas", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubeconform runs: .ci/kubernetes installs it");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(manifests.as_bytes()).unwrap();
    drop(stdin);
    let ran = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    if ran.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}
