//! Alerts: each fires when it should, is about figures that exist, and has a page that says what to do.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;
use switchboard_tests::chart::{self, find, objects};
use switchboard_tests::root;

#[test]
fn alerts_fire_when_they_should_and_only_then() {
    for arguments in [
        ["check", "rules", "charts/switchboard/files/alerts.yaml"],
        ["test", "rules", "tests/alerts/alerts.yaml"],
    ] {
        let run = Command::new("promtool")
            .args(arguments)
            .current_dir(root())
            .output()
            .expect("promtool runs: .ci/peers installs it with prometheus");
        let said = [run.stdout, run.stderr].concat();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&said));
    }
    let tests = fs::read_to_string(root().join("tests/alerts/alerts.yaml")).unwrap();
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        let runbook = format!("runbook_url: docs/runbooks/{name}.md");
        assert!(tests.contains(&runbook), "no test in which {name} fires");
        let cases: Vec<&str> = tests.split("  - name: ").collect();
        let about = |case: &&&str| case.contains(&format!("alertname: {name}\n"));
        let silent = cases.iter().filter(about);
        assert!(
            silent
                .filter(|case| case.contains("exp_alerts: []"))
                .count()
                > 0,
            "no test in which {name} is silent"
        );
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let folder = root().join("docs/runbooks");
    let book = fs::read_to_string(root().join("docs/src/how-to/monitoring.md")).unwrap();
    let mut known = BTreeSet::from(["README.md".to_owned()]);
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        let url = alert["annotations"]["runbook_url"].as_str().unwrap();
        assert_eq!(url, format!("docs/runbooks/{name}.md"));
        let page = fs::read_to_string(root().join(url)).unwrap_or_default();
        for heading in ["Meaning", "Impact", "Diagnosis", "Mitigation"] {
            assert!(
                page.contains(&format!("\n## {heading}\n")),
                "{url}: {heading}"
            );
        }
        let list = fs::read_to_string(folder.join("README.md")).unwrap();
        assert!(
            list.contains(&format!("[{name}]({name}.md)")),
            "{name} is not listed"
        );
        let severity = alert["labels"]["severity"].as_str().unwrap();
        let row = format!("| [{name}](../../runbooks/{name}.md) | {severity} | ");
        assert!(book.contains(&row), "{name} is not in the book");
        known.insert(format!("{name}.md"));
    }
    let pages = fs::read_dir(folder).unwrap();
    let pages: BTreeSet<String> = pages
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(pages, known);
}

#[test]
fn the_chart_points_alerts_at_their_runbooks() {
    let switches = "--set=monitoring.prometheusRule.enabled=true,monitoring.prometheusRule.runbooks=https://docs.example.com/rb/";
    let objects = objects(&[switches]);
    let rule = find(&objects, "PrometheusRule", "switchboard");
    let groups = rule["spec"]["groups"].as_array().unwrap();
    let mut count = 0;
    for alert in groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap())
    {
        let name = alert["alert"].as_str().unwrap();
        let url = format!("https://docs.example.com/rb/{name}.md");
        assert_eq!(alert["annotations"]["runbook_url"], url);
        count += 1;
    }
    assert_eq!(count, alerts().len());
}

/// The alerts as the chart has them.
pub(super) fn alerts() -> Vec<Value> {
    let text = fs::read_to_string(chart::folder().join("files/alerts.yaml")).unwrap();
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    let groups = file["groups"].as_array().unwrap().iter();
    groups
        .flat_map(|group| group["rules"].as_array().unwrap().clone())
        .collect()
}

/// Queries for the series that an alert is about: its selectors, but with any value of a label.
pub(super) fn selectors(expression: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in expression.match_indices("switchboard_") {
        let rest = &expression[at..];
        let name = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let mut selector = rest[..name].to_owned();
        if let Some((matchers, _)) = rest[name..]
            .strip_prefix('{')
            .and_then(|r| r.split_once('}'))
        {
            let labels = matchers.split(',').filter_map(|m| m.split_once('='));
            let any: Vec<String> = labels.map(|(label, _)| format!("{label}!=\"\"")).collect();
            selector = format!("{selector}{{{}}}", any.join(","));
        }
        found.insert(selector);
    }
    found
}
