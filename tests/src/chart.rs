//! The Helm chart, rendered as its users render it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::root;

/// The chart's folder.
pub fn folder() -> PathBuf {
    root().join("charts/switchboard")
}

/// Runs helm; what it says on standard output.
///
/// # Errors
/// What it says on standard error.
pub fn helm(arguments: &[&str]) -> Result<String, String> {
    let program = root().join(".tools/kubernetes/bin/helm");
    assert!(program.exists(), "no {}", program.display());
    let run = Command::new(program)
        .args(arguments)
        .output()
        .expect("helm runs");
    if run.status.success() {
        Ok(String::from_utf8(run.stdout).expect("text"))
    } else {
        Err(String::from_utf8_lossy(&run.stderr).into_owned())
    }
}

/// `helm template` of a release `switchboard` in the namespace `telephony`.
///
/// # Errors
/// Why helm refuses these arguments.
pub fn template(arguments: &[&str]) -> Result<String, String> {
    let folder = folder();
    let release = ["template", "switchboard", folder.to_str().expect("UTF-8")];
    helm(&[&release[..], &["--namespace=telephony"], arguments].concat())
}

/// The objects that `helm template` gives with these arguments.
pub fn objects(arguments: &[&str]) -> Vec<Value> {
    let text = template(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
    objects
        .into_iter()
        .filter(|object| !object.is_null())
        .collect()
}

/// The one object of this kind and name among these.
///
/// # Panics
/// When there is none.
pub fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    let found = objects.iter().find(is);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}
