//! The documentation, held to the tree: what it points at is there, what it claims has a test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod links;
mod parity;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's root.
fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().unwrap().to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
