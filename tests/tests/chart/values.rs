//! The chart's values: each is documented, described by the schema, and refused when it is wrong.

use std::fs;

use crds::manifests::chart_values;
use serde_json::Value;
use switchboard_tests::chart::{self, template};

#[test]
fn every_value_has_a_comment_and_a_place_in_the_schema() {
    let read = |name| fs::read_to_string(chart::folder().join(name)).unwrap();
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
    let values = chart_values(&read("values.yaml"));
    assert!(values.len() > 30);
    for value in &values {
        assert!(!value.meaning.is_empty(), "{}: no comment", value.path);
        let steps = value.path.split('.');
        let described = steps.fold(&schema, |level, step| &level["properties"][step]);
        assert!(described.is_object(), "{}: not in the schema", value.path);
    }
    let mut paths = vec![];
    leaves(&schema, "", &mut paths);
    paths.retain(|path| path != "global");
    let mut documented: Vec<&str> = values.iter().map(|value| value.path.as_str()).collect();
    documented.sort_unstable();
    paths.sort_unstable();
    assert_eq!(paths, documented);
}

#[test]
fn a_wrong_value_is_refused_by_its_name() {
    for (wrong, named) in [
        ("operator.replica=2", "replica"),
        ("operator.replicas=two", "/operator/replicas"),
        ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
        ("image.pullSecrets={registry}", "/image/pullSecrets/0"),
        ("watchNamespaces={Sales}", "/watchNamespaces/0"),
        ("watchNamespaces={sales,sales}", "/watchNamespaces"),
        ("worker.image.digest=latest", "/worker/image/digest"),
        ("operator.logFormat=xml", "/operator/logFormat"),
        ("worker.logFormat=xml", "/worker/logFormat"),
        ("crds.install=perhaps", "/crds/install"),
        (
            "monitoring.podMonitor.interval=often",
            "/monitoring/podMonitor/interval",
        ),
        ("test.extension=mary", "/test/extension"),
        ("test.sipPort=0", "/test/sipPort"),
    ] {
        let said = template(&["--set", wrong]).expect_err(wrong);
        assert!(said.contains(named), "{wrong}: {said}");
    }
}

/// The paths of what has no properties of its own.
fn leaves(schema: &Value, path: &str, found: &mut Vec<String>) {
    let Some(properties) = schema["properties"].as_object() else {
        found.push(path.to_owned());
        return;
    };
    for (name, property) in properties {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        leaves(property, &path, found);
    }
}
