//! A program that runs no longer than whoever started it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::root;

/// A running program, killed when this is dropped or when our process ends, however it ends.
#[derive(Debug)]
pub(super) struct Held {
    keeper: Child,
    name: &'static str,
    /// Can be read also when the folder is gone.
    log: File,
}

impl Held {
    /// Starts `command`, which writes its log into `folder`. The folder goes when it ends.
    pub(super) fn spawn(folder: &Path, name: &'static str, command: &[String]) -> Self {
        let mut log = OpenOptions::new();
        let log = log.create(true).append(true).read(true);
        let log = log.open(folder.join(name).with_extension("log"));
        let log = log.expect("a log");
        let write = || log.try_clone().expect("the same log");
        let keeper = Command::new(root().join("tests/peers/while-held"))
            .arg(folder)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(write())
            .stderr(write())
            .spawn()
            .expect("tests/peers/while-held starts");
        Self { keeper, name, log }
    }

    /// The last lines of its log.
    pub(super) fn last_words(&mut self) -> String {
        let mut log = String::new();
        let read = self
            .log
            .rewind()
            .and_then(|()| self.log.read_to_string(&mut log));
        read.expect("a log");
        let skipped = log.lines().count().saturating_sub(20);
        let last: Vec<&str> = log.lines().skip(skipped).collect();
        format!(
            "--- the end of what {} said:\n{}\n",
            self.name,
            last.join("\n")
        )
    }

    /// Whether it is gone already.
    pub(super) fn has_ended(&mut self) -> bool {
        self.keeper.try_wait().expect("its state").is_some()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.last_words());
        }
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
