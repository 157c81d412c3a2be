//! kubectl and helm, as a person uses them.

use std::path::Path;
use std::process::{Command, Stdio};

/// Runs kubectl; what it says.
///
/// # Panics
/// When it fails.
pub fn kubectl(arguments: &[&str]) -> String {
    try_kubectl(arguments).unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
}

/// Runs kubectl.
///
/// # Errors
/// What it says when it fails.
pub fn try_kubectl(arguments: &[&str]) -> Result<String, String> {
    run(Path::new("kubectl"), arguments)
}

/// What the cluster says to something that it must refuse.
///
/// # Panics
/// When it doesn't refuse.
pub fn refusal(arguments: &[&str]) -> String {
    match try_kubectl(arguments) {
        Ok(said) => panic!("kubectl {arguments:?} was not refused: {said}"),
        Err(error) => error,
    }
}

/// Runs helm; what it says.
///
/// # Panics
/// When it fails.
pub fn helm(arguments: &[&str]) -> String {
    run(Path::new("helm"), arguments).unwrap_or_else(|error| panic!("helm {arguments:?}: {error}"))
}

/// Runs a program; its output, or on failure what it says.
pub(super) fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(said.into_owned());
    }
    Err(format!("{said}{}", String::from_utf8_lossy(&output.stderr)))
}
