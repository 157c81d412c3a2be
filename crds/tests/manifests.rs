//! The generated manifests, as the repository has them.
use std::{fs, path::Path};

use serde_json::Value;

#[test]
fn the_manifests_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    let files = crds::manifests::files().unwrap();
    for (name, text) in &files {
        let kept = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            kept == *text,
            "{name} is out of date: cargo run -p switchboard-crds --bin crdgen"
        );
    }
    assert_eq!(
        fs::read_dir(folder).unwrap().count(),
        files.len(),
        "a manifest of a Kind that is no more"
    );
}

#[test]
fn the_reference_is_that_of_the_types() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(crds::manifests::REFERENCE);
    assert!(
        fs::read_to_string(page).unwrap_or_default() == crds::manifests::reference(),
        "{} is out of date: cargo run -p switchboard-crds --bin crdgen",
        crds::manifests::REFERENCE
    );
}

#[test]
fn every_field_is_documented_and_every_kind_has_columns_names_and_status() {
    for crd in crds::manifests::definitions() {
        let kind = &crd.spec.names.kind;
        assert_eq!(
            crd.spec.names.categories.as_deref(),
            Some(&["switchboard".to_owned()][..]),
            "{kind}"
        );
        assert!(crd.spec.names.short_names.is_some(), "{kind}");
        let version = &crd.spec.versions[0];
        assert!(
            version
                .additional_printer_columns
                .as_ref()
                .is_some_and(|columns| columns.len() >= 3),
            "{kind}"
        );
        assert!(
            version
                .subresources
                .as_ref()
                .is_some_and(|s| s.status.is_some()),
            "{kind}"
        );
        undocumented(
            &serde_json::to_value(&version.schema).unwrap()["openAPIV3Schema"],
            kind,
        );
    }
}

fn undocumented(schema: &Value, path: &str) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        let told = field["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        assert!(
            told || path.ends_with(".status"),
            "{path} has no documentation"
        );
        undocumented(field, &path);
        undocumented(&field["items"], &path);
    }
}

#[test]
fn every_rule_says_what_to_write_instead() {
    let mut found = 0;
    for crd in crds::manifests::definitions() {
        let schema = serde_json::to_value(&crd.spec.versions[0].schema).unwrap();
        rules(&schema["openAPIV3Schema"], &crd.spec.names.kind, &mut found);
    }
    assert!(found > 15, "{found}");
}

fn rules(schema: &Value, path: &str, found: &mut usize) {
    for rule in schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let message = rule["message"].as_str().unwrap_or_default();
        let helps = ["write", "give", "leave"]
            .iter()
            .any(|verb| message.contains(verb));
        assert!(helps, "{path}: {rule}");
        *found += 1;
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        rules(field, &format!("{path}.{name}"), found);
    }
    if schema["items"].is_object() {
        rules(&schema["items"], &format!("{path}[]"), found);
    }
}
