//! Log lines: short ones for people, JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::cli::LogFormat;

/// Begins to write log lines to standard output. `RUST_LOG` chooses what is written; without it, what a person running a telephone
/// system wants to see: registrations, calls, messages, and what is wrong.
pub fn begin(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = SILENT
        .iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stdout().is_terminal());
    match format {
        LogFormat::Text => lines.with_timer(Clock).init(),
        LogFormat::Json => lines.json().init(),
    }
}

/// Begins to write log lines to standard error, only of what is wrong: the answer goes to standard output.
pub fn quietly() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

/// Libraries that would write passwords into a log that is asked to tell all.
const SILENT: [&str; 1] = ["async_imap=warn"];

/// The date and time where the worker runs, with the zone: lines of several machines, and of yesterday, can be put in order.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        let now = jiff::Zoned::now();
        write!(writer, "{}", now.strftime("%Y-%m-%d %H:%M:%S%:z"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn lines_for_people_have_the_date_and_the_zone() {
        let mut line = String::new();
        Clock.format_time(&mut Writer::new(&mut line)).unwrap();
        let time: jiff::Timestamp = line.parse().unwrap();
        assert!(jiff::Timestamp::now().duration_since(time).as_secs() < 60);
    }

    #[test]
    fn no_field_of_a_log_line_is_called_as_its_text_is() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for folder in ["src", "apps/src", "mailbox/src", "mail/src"] {
            gather(&here.join(folder), &mut files);
        }
        assert!(files.len() > 100, "{files:?}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let fields = ["message = %", "message = ?", "(%message", ", %message,"];
            let found = fields.iter().find(|field| text.contains(**field));
            assert_eq!(found, None, "{}: call the field id", file.display());
        }
    }

    fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, files);
            } else if path.file_name() != Some("logs.rs".as_ref()) {
                files.push(path);
            }
        }
    }
}
