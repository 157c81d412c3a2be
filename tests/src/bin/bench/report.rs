//! What was measured, beside its gates.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    work: String,
    figure: String,
    gate: String,
    floor: Option<Floor>,
    met: bool,
    note: String,
}

#[derive(Clone, Debug)]
struct Floor {
    figure: String,
    ratio: f64,
    gate: f64,
}

impl Line {
    /// Processor time per unit of work; `gate` is orientation, `ratio` to the floor is the gate.
    pub(crate) fn per_unit(work: &str, cost: Duration, gate: Duration, floor: Duration, ratio: f64) -> Self {
        Self::with_floor(work, (micros(cost), micros(gate), micros(floor)), cost, floor, ratio)
    }

    /// Processor time as a share of one core during `wall`.
    pub(crate) fn share(work: &str, cost: Duration, wall: Duration, gate: f64, floor: Duration, ratio: f64) -> Self {
        let percent = |time: Duration| format!("{:.2} %", 100.0 * time.as_secs_f64() / wall.as_secs_f64());
        Self::with_floor(work, (percent(cost), format!("{gate} %"), percent(floor)), cost, floor, ratio)
    }

    /// Any other figure.
    pub(crate) fn figure(work: &str, figure: String, gate: String, met: bool) -> Self {
        Self { work: work.to_owned(), figure, gate, floor: None, met, note: String::new() }
    }

    /// Adds what else one should know.
    pub(crate) fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn with_floor(work: &str, figures: (String, String, String), cost: Duration, floor: Duration, gate: f64) -> Self {
        let (figure, orientation, floor_figure) = figures;
        let ratio = cost.as_secs_f64() / floor.as_secs_f64().max(1e-9);
        Self {
            work: work.to_owned(),
            figure,
            gate: format!("≤ {orientation}"),
            floor: Some(Floor { figure: floor_figure, ratio, gate }),
            met: ratio <= gate,
            note: String::new(),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, figure, gate, floor, met, note } = self;
        let (floor, ratio, ratio_gate) = match floor {
            Some(Floor { figure, ratio, gate }) => (figure.clone(), format!("{ratio:.1}"), format!("≤ {gate}")),
            None => Default::default(),
        };
        let verdict = if *met { "met" } else { "**missed**" };
        write!(f, "| {work} | {figure} | {gate} | {floor} | {ratio} | {ratio_gate} | {verdict} | {note} |")
    }
}

/// The lines as a Markdown table.
pub(crate) fn table(lines: &[Line]) -> String {
    let mut table = String::from(
        "| work | measured | orientation | floor | × floor | gate | | |\n|---|---|---|---|---|---|---|---|\n",
    );
    for line in lines {
        let _ = writeln!(table, "{line}");
    }
    table
}

/// Kilobytes with one decimal.
pub(crate) fn kilobytes(bytes: f64) -> String {
    format!("{:.1} KB", bytes / 1024.0)
}

fn micros(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 100.0 { format!("{micros:.1} µs") } else { format!("{:.2} ms", micros / 1000.0) }
}
