//! What the Helm chart has of ours: the definitions that it installs, and the tables of its values.
use super::definitions;

/// The chart's folder in the repository.
pub const CHART: &str = "charts/switchboard";
/// The page of [`values_page`] in the repository.
pub const VALUES_PAGE: &str = "docs/src/reference/chart.md";

/// The definitions as the chart installs them: they stay when the release goes, and with them every object of theirs.
pub fn chart_files() -> Result<Vec<(String, String)>, serde_saphyr::SerializeError> {
    definitions()
        .into_iter()
        .map(|mut crd| {
            let annotations = crd.metadata.annotations.get_or_insert_default();
            annotations.insert("helm.sh/resource-policy".to_owned(), "keep".to_owned());
            let name = format!("{}.yaml", crd.spec.names.plural);
            Ok((name, serde_saphyr::to_string(&crd)?))
        })
        .collect()
}

/// One value of the chart, as `values.yaml` documents it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartValue {
    /// Its path, such as `operator.image.tag`.
    pub path: String,
    /// What it is without being set, as written.
    pub default: String,
    /// What it means: the comment above it. Empty where there is none.
    pub meaning: String,
}

/// Every value of a `values.yaml` that is written in two-space steps with one value a line.
pub fn chart_values(text: &str) -> Vec<ChartValue> {
    let mut path: Vec<&str> = Vec::new();
    let mut comment = Vec::new();
    let mut values = Vec::new();
    for line in text.lines() {
        let content = line.trim_start();
        if let Some(text) = content.strip_prefix("# ") {
            comment.push(text);
            continue;
        }
        if let Some((key, default)) = content.split_once(':') {
            path.truncate((line.len() - content.len()) / 2);
            path.push(key);
            if !default.is_empty() {
                values.push(ChartValue {
                    path: path.join("."),
                    default: default.trim().to_owned(),
                    meaning: comment.join(" "),
                });
            }
        }
        comment.clear();
    }
    values
}

/// The values as a table of Markdown.
pub fn values_table(text: &str) -> String {
    let rows = chart_values(text).into_iter().map(|value| {
        let ChartValue {
            path,
            default,
            meaning,
        } = value;
        format!("| `{path}` | `{default}` | {meaning} |\n")
    });
    format!(
        "| value | default | |\n|---|---|---|\n{}",
        rows.collect::<String>()
    )
}

/// The chart's README with its table brought up to date: what stands between the marks is replaced.
pub fn chart_readme(readme: &str, values: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    let table = values_table(values);
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

/// The values as a page of the book.
pub fn values_page(values: &str) -> String {
    format!("{PAGE_HEAD}\n{}", values_table(values))
}

const BEGIN: &str = "<!-- values -->";
const END: &str = "<!-- end of values -->";
const PAGE_HEAD: &str = "# The chart's values

<!-- Made from charts/switchboard/values.yaml: cargo run -p switchboard-crds --bin crdgen -->

Give them with `--set PATH=VALUE` or in a file with `--values FILE`. What a value may be stands in `values.schema.json`: Helm refuses
the others by name. `charts/switchboard/README.md` tells how to install, update and remove.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_comment_above_it_and_the_path_of_the_keys_around_it() {
        let text = "# About the file.\n\n# One\n# word.\nname: \"\"\nimage:\n  # Where.\n  registry: here:5000/x\n  tag: {}\n";
        let value = |path: &str, default: &str, meaning: &str| ChartValue {
            path: path.to_owned(),
            default: default.to_owned(),
            meaning: meaning.to_owned(),
        };
        assert_eq!(
            chart_values(text),
            [
                value("name", "\"\"", "One word."),
                value("image.registry", "here:5000/x", "Where."),
                value("image.tag", "{}", ""),
            ]
        );
    }

    #[test]
    fn a_readme_keeps_what_is_around_its_table() {
        let readme = "# Chart\n<!-- values -->old<!-- end of values -->\nThe end.\n";
        let renewed = chart_readme(readme, "# A.\na: 1\n").unwrap();
        assert!(renewed.starts_with("# Chart\n<!-- values -->\n"));
        assert!(renewed.contains("| `a` | `1` | A. |\n"));
        assert!(renewed.ends_with("<!-- end of values -->\nThe end.\n"));
        assert!(!renewed.contains("old"));
    }
}
