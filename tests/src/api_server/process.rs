//! A program that runs no longer than whoever started it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::root;

/// A running program, killed when this is dropped or when our process ends, however it ends.
#[derive(Debug)]
pub(super) struct Held {
    keeper: Child,
    log: PathBuf,
}

impl Held {
    /// Starts `command` with a log of this name in `folder`, which goes when it ends.
    pub(super) fn spawn(folder: &Path, name: &str, command: &[String]) -> Self {
        let log = folder.join(name).with_extension("log");
        let output = File::create(&log).expect("a log");
        let keeper = Command::new(root().join("tests/peers/while-held"))
            .arg(folder)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("the same log"))
            .stderr(output)
            .spawn()
            .expect("tests/peers/while-held starts");
        Self { keeper, log }
    }

    /// Whether it is gone already.
    pub(super) fn has_ended(&mut self) -> bool {
        self.keeper.try_wait().expect("its state").is_some()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("--- the end of {}:", self.log.display());
            end.iter().rev().for_each(|line| eprintln!("{line}"));
        }
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
