//! The lines that tell what was heard.

use std::io::Write;
use std::time::{Duration, Instant};

use super::Outcome;

/// Writes one line a thing, with the time since the INVITE.
pub(super) struct Report<'a, W> {
    out: &'a mut W,
    begin: Instant,
}

impl<'a, W: Write> Report<'a, W> {
    /// A report of a call that begins now.
    pub(super) fn new(out: &'a mut W, begin: Instant) -> Self {
        Report { out, begin }
    }

    /// The time since the INVITE.
    pub(super) fn since(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.begin)
    }

    /// Something happened now.
    pub(super) fn now(&mut self, text: &str) -> std::io::Result<()> {
        self.at(self.since(Instant::now()), text)
    }

    /// Something happened at a time.
    pub(super) fn at(&mut self, time: Duration, text: &str) -> std::io::Result<()> {
        writeln!(self.out, "{:>7.2} s  {text}", time.as_secs_f64())?;
        self.out.flush()
    }

    /// The last line.
    pub(super) fn outcome(&mut self, outcome: &Outcome) -> std::io::Result<()> {
        match outcome {
            Outcome::Done => writeln!(self.out, "done: the call went as it should"),
            Outcome::Unanswered(sentence) | Outcome::Failed(sentence) => {
                writeln!(self.out, "failed: {sentence}")
            }
            Outcome::Usage(sentence) => writeln!(self.out, "{sentence}"),
        }
    }
}
