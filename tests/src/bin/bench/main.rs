//! The benchmark: a release worker in a process of its own, driven over loopback; `docs/src/benchmarks.md` explains it.
//!
//! `cargo run --release -p switchboard-tests --bin bench [-- ROW…]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that can't go on panics"
)]
#![allow(clippy::print_stdout, reason = "the table is its output")]

mod bridged;
mod cadence;
mod company;
mod floor;
mod inbox;
mod lamp;
mod many;
mod memory;
mod message;
mod playback;
mod register;
mod relay;
mod report;
mod session;
mod start;
mod stores;

use clap::{Parser, ValueEnum};
use report::Line;

/// Measures what a worker costs, beside a floor measured in the same run.
#[derive(Debug, Parser)]
struct Options {
    /// The rows to measure; all when none is named.
    #[arg(value_enum)]
    rows: Vec<Row>,
    /// Do a tenth of the work: a quick look, not a figure to publish.
    #[arg(long)]
    quick: bool,
    /// Wait for Enter before each measurement, with the worker's process id shown: for attaching a profiler.
    #[arg(long)]
    pause: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Row {
    Register,
    Bridged,
    Message,
    Playback,
    Session,
    Relay,
    Memory,
    Cadence,
    Start,
    Lamp,
    Many,
    Inbox,
}

/// How much work a row does.
#[derive(Clone, Copy, Debug)]
struct Scale {
    quick: bool,
    pause: bool,
}

impl Scale {
    fn of(self, whole: usize) -> usize {
        if self.quick {
            (whole / 10).max(1)
        } else {
            whole
        }
    }

    fn ready(self, pid: u32) {
        if self.pause {
            eprintln!("the worker is process {pid}; press Enter to measure");
            let _ = std::io::stdin().read_line(&mut String::new());
        }
    }
}

fn main() {
    let Options { rows, quick, pause } = Options::parse();
    let rows = if rows.is_empty() {
        Row::value_variants().to_vec()
    } else {
        rows
    };
    let scale = Scale { quick, pause };
    let mut lines = Vec::new();
    for row in rows {
        eprintln!("measuring: {row:?}");
        let measured = measure(row, scale);
        for line in &measured {
            eprintln!("  {line}");
        }
        lines.extend(measured);
    }
    println!("{}", report::table(&lines));
}

fn measure(row: Row, scale: Scale) -> Vec<Line> {
    match row {
        Row::Register => register::measure(scale),
        Row::Bridged => bridged::measure(scale),
        Row::Message => message::measure(scale),
        Row::Playback => playback::measure(scale),
        Row::Session => session::measure(scale),
        Row::Relay => relay::measure(scale),
        Row::Memory => memory::measure(scale),
        Row::Cadence => cadence::measure(scale),
        Row::Start => start::measure(scale),
        Row::Lamp => lamp::measure(scale),
        Row::Many => many::measure(scale),
        Row::Inbox => inbox::measure(scale),
    }
}
