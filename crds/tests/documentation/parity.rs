//! `docs/parity.md`: a row for every requirement, with a legal state and tests that exist.
use super::{read, root};

#[test]
fn every_requirement_has_one_row_with_a_state_that_its_tests_bear_out() {
    let page = read(&root().join("docs/parity.md"));
    let rows: Vec<Row> = page.lines().filter_map(row).collect();
    let known = requirements();
    for id in &known {
        let count = rows.iter().filter(|row| row.id == id).count();
        assert_eq!(count, 1, "{id}: rows");
    }
    for row in &rows {
        let Row { id, state, rest } = row;
        assert!(known.iter().any(|known| known == id), "{id}: unknown");
        let tests: Vec<&str> = named_tests(rest).collect();
        match *state {
            "works" => assert!(!tests.is_empty(), "{id} works, but no test shows it"),
            "partly" => assert!(
                !tests.is_empty() && rest.contains("; "),
                "{id} works partly: name a test, and say behind `; ` what is missing"
            ),
            "not yet" => assert!(tests.is_empty(), "{id} has a test: what does it show?"),
            other => panic!("{id}: {other} is none of works, partly, not yet"),
        }
        for test in tests {
            exists(id, test);
        }
    }
}

struct Row<'a> {
    id: &'a str,
    state: &'a str,
    rest: &'a str,
}

/// A row of a requirement: `| MB-1 | works | … |`.
fn row(line: &str) -> Option<Row<'_>> {
    let mut cells = line.strip_prefix("| ")?.splitn(3, " |");
    let (id, state, rest) = (cells.next()?, cells.next()?, cells.next()?);
    let is_id = id.contains('-') && id.starts_with(|c: char| c.is_ascii_uppercase());
    is_id.then(|| Row {
        id,
        state: state.trim(),
        rest,
    })
}

/// What stands in backticks and has `::`.
fn named_tests(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').filter(|text| text.contains("::"))
}

/// Panics unless the file has a test of that name.
fn exists(id: &str, test: &str) {
    let (file, name) = test.split_once("::").unwrap();
    let text = read(&root().join(file));
    let function = format!("fn {name}(");
    let Some((before, _)) = text.split_once(&function) else {
        panic!("{id}: there is no {name} in {file}");
    };
    let attributes = before.lines().rev().take(4);
    let is_test = attributes
        .map(str::trim)
        .any(|line| line.starts_with("#[test") || line.starts_with("#[tokio::test"));
    assert!(is_test, "{id}: {name} in {file} is no test");
}

/// Every ID of the specification.
fn requirements() -> Vec<String> {
    let numbered = NUMBERED
        .iter()
        .flat_map(|(prefix, last)| (1..=*last).map(move |n| format!("{prefix}-{n}")));
    let keys = MESSAGE_CENTER.split_whitespace();
    numbered
        .chain(keys.map(|key| format!("MC-{key}")))
        .collect()
}

/// Prefixes whose numbers have no gap, and the last number.
const NUMBERED: [(&str, u32); 15] = [
    ("MB", 9),
    ("LV", 4),
    ("VM", 3),
    ("PR", 4),
    ("CR", 10),
    ("FM", 5),
    ("PH", 7),
    ("TR", 2),
    ("DP", 2),
    ("AA", 1),
    ("AC", 1),
    ("CD", 1),
    ("CF", 13),
    ("PO", 14),
    ("K8", 10),
];

/// The message center's, named after keys.
const MESSAGE_CENTER: &str = "A1 A2 A3 A4 A5 A6 A7 M1 M2 M3 M4 M7 M8 M* M# L0 L1 L2 L3 L4 L5 L6 L9 L# L* \
    S1 S2 S3 P1 P2 P3 P5 P# AO O1 O2 O3";
