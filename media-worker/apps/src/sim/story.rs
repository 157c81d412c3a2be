//! What happened in a call.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::{Exit, Step};

/// What happened in a call.
#[derive(Clone, Debug)]
pub struct Story {
    /// How it ended.
    pub exit: Exit,
    /// How long it took.
    pub length: Duration,
    /// What the caller heard, in order.
    pub heard: Vec<Heard>,
    /// Which ways he took.
    pub steps: BTreeSet<Step>,
    /// In which language he was spoken to last.
    pub language: String,
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// In writing; recordings in brackets.
    pub text: String,
    /// The same in English, in which scripts are written.
    pub english: String,
    /// When it began.
    pub from: Duration,
    /// When it ended, whole or cut short.
    pub to: Duration,
    /// Whether it was said to its end.
    pub whole: bool,
}

impl Heard {
    /// Whether these words are in it, in its own language or in English.
    pub fn says(&self, words: &str) -> bool {
        self.text.contains(words) || self.english.contains(words)
    }
}

impl Story {
    /// Whether something that contains this was said to its end.
    pub fn has(&self, text: &str) -> bool {
        self.count(text) > 0
    }

    /// How often something that contains this was said to its end.
    pub fn count(&self, text: &str) -> usize {
        self.heard
            .iter()
            .filter(|h| h.whole && h.says(text))
            .count()
    }

    /// All that was heard whole, line by line.
    pub fn transcript(&self) -> String {
        let whole = self.heard.iter().filter(|h| h.whole);
        let lines = whole.map(|h| format!("{:7.1} {}", h.from.as_secs_f64(), h.text));
        lines.collect::<Vec<_>>().join("\n")
    }
}
