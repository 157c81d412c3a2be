//! The generated manifests, as the repository has them.
use std::{
    fs,
    path::{Path, PathBuf},
};

use crds::manifests::{CHART, VALUES_PAGE};
use serde_json::Value;

#[test]
fn the_manifests_are_those_of_the_types() {
    are_the_files_of(
        Path::new("crds/manifests"),
        &crds::manifests::files().unwrap(),
    );
}

#[test]
fn the_chart_installs_the_manifests_and_leaves_them_behind() {
    let folder = Path::new(CHART).join("files/crds");
    let files = crds::manifests::chart_files().unwrap();
    are_the_files_of(&folder, &files);
    for ((name, text), (_, plain)) in files.iter().zip(crds::manifests::files().unwrap()) {
        let annotation = "  annotations:\n    helm.sh/resource-policy: keep\n";
        assert_eq!(text.replacen(annotation, "", 1), plain, "{name}");
    }
}

#[test]
fn the_pages_are_those_of_the_types_and_of_the_values() {
    is_the_page(crds::manifests::REFERENCE, &crds::manifests::reference());
    let values = read(&Path::new(CHART).join("values.yaml"));
    is_the_page(VALUES_PAGE, &crds::manifests::values_page(&values));
    let readme = format!("{CHART}/README.md");
    let renewed = crds::manifests::chart_readme(&read(Path::new(&readme)), &values);
    is_the_page(&readme, &renewed.unwrap());
}

/// Panics unless a folder has these files and no others.
fn are_the_files_of(folder: &Path, files: &[(String, String)]) {
    for (name, text) in files {
        is_the_page(&folder.join(name).to_string_lossy(), text);
    }
    let kept = fs::read_dir(root().join(folder)).map_or(0, Iterator::count);
    assert_eq!(kept, files.len(), "a manifest of a Kind that is no more");
}

fn is_the_page(path: &str, text: &str) {
    assert!(
        read(Path::new(path)) == text,
        "{path} is out of date: cargo run -p switchboard-crds --bin crdgen"
    );
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
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
