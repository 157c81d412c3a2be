//! YAML with the line of every value.
use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use serde_saphyr::Spanned;

/// Where the values of one document are written: a tree of lines, without the values themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    line: u64,
    below: Vec<(Box<str>, Lines)>,
}

impl Lines {
    /// The line of the field at this path, `spec.attempts[0].rings`; of the nearest one above it that is written.
    pub(super) fn of(&self, path: &str) -> u64 {
        let mut at = self;
        for step in path
            .split(['.', '['])
            .map(|step| step.trim_end_matches(']'))
        {
            match at.below.iter().find(|(name, _)| **name == *step) {
                Some((_, lines)) => at = lines,
                None => break,
            }
        }
        at.line
    }
}

/// Why a text is no YAML.
#[derive(Debug)]
pub(super) struct NotYaml {
    pub(super) line: u64,
    pub(super) message: String,
    pub(super) remedy: &'static str,
}

/// Every document of a text that is not empty.
pub(super) fn documents(text: &str) -> Result<Vec<(Value, Lines)>, NotYaml> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_documents: MAX_DOCUMENTS,
            max_events: MAX_NODES * 2,
            max_nodes: MAX_NODES,
        },
    };
    let nodes: Vec<Node> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| not_yaml(text, &error))?;
    Ok(nodes
        .into_iter()
        .map(|node| (node.value, node.lines))
        .filter(|(value, _)| !value.is_null())
        .collect())
}

fn not_yaml(text: &str, error: &serde_saphyr::Error) -> NotYaml {
    let line = error.location().map_or(0, |location| location.line());
    let message = error.without_snippet().to_string();
    let message = message.lines().next().unwrap_or_default();
    // The parser may name the line before, whose value it takes the tab to go on with.
    let is_tab = message.contains("tab");
    if let Some(line) = tab(text, line).filter(|_| is_tab) {
        return NotYaml {
            line,
            message: "this line begins with a tab".to_owned(),
            remedy: "indent with spaces",
        };
    }
    NotYaml {
        line,
        message: message.to_owned(),
        remedy: "correct it at this line",
    }
}

/// The first line that is indented with a tab, from this one on.
fn tab(text: &str, from: u64) -> Option<u64> {
    let is_indented = |line: &str| {
        let mut blank = line.chars().take_while(|it| matches!(it, ' ' | '\t'));
        blank.any(|it| it == '\t')
    };
    let lines = (1..).zip(text.lines());
    lines
        .filter(|(number, _)| *number >= from)
        .find_map(|(number, line)| is_indented(line).then_some(number))
}

/// Enough for some 50,000 users.
const MAX_DOCUMENTS: usize = 200_000;
const MAX_NODES: usize = 10_000_000;

struct Node {
    value: Value,
    lines: Lines,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Unlocated>::deserialize(deserializer)?;
        let Unlocated(mut node) = spanned.value;
        node.lines.line = spanned.referenced.line();
        Ok(node)
    }
}

/// A node whose own line is not known yet.
struct Unlocated(Node);

impl<'de> Deserialize<'de> for Unlocated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(leaf(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(leaf(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(leaf(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut values = Vec::new();
        let mut below = Vec::new();
        while let Some(item) = items.next_element::<Node>()? {
            below.push((values.len().to_string().into(), item.lines));
            values.push(item.value);
        }
        Ok(Node {
            value: Value::Array(values),
            lines: Lines { line: 0, below },
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut values = serde_json::Map::new();
        let mut below = Vec::new();
        while let Some((name, mut member)) = members.next_entry::<Spanned<String>, Node>()? {
            member.lines.line = name.referenced.line();
            below.push((name.value.as_str().into(), member.lines));
            values.insert(name.value, member.value);
        }
        Ok(Node {
            value: Value::Object(values),
            lines: Lines { line: 0, below },
        })
    }
}

fn leaf(value: Value) -> Node {
    Node {
        value,
        lines: Lines::default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "\
# two documents
kind: User
spec:
  extension: \"101\"
  voicemail:
    monitoredBy:
      - name: john
---
kind: Handset
---
";

    #[test]
    fn values_are_found_with_their_lines() {
        let documents = documents(TEXT).unwrap();
        assert_eq!(documents.len(), 2);
        let (value, lines) = &documents[0];
        assert_eq!(value["spec"]["extension"], json!("101"));
        assert_eq!(lines.of("spec.extension"), 4);
        assert_eq!(lines.of("spec.voicemail"), 5);
        assert_eq!(lines.of("spec.voicemail.monitoredBy[0].name"), 7);
        assert_eq!(
            lines.of("spec.voicemail.email.mode"),
            5,
            "the nearest above that is written"
        );
        assert_eq!(documents[1].1.of("kind"), 9);
    }

    #[test]
    fn what_is_no_yaml_is_refused_at_its_line() {
        let error = documents("kind: User\nspec:\n  extension: [1\n").unwrap_err();
        assert!(error.line >= 3, "{error:?}");
        let twice = documents("kind: User\nkind: User\n").unwrap_err();
        assert_eq!(twice.line, 2, "{twice:?}");
    }

    #[test]
    fn a_tab_is_told_at_the_line_that_begins_with_it() {
        for text in ["kind: User\n\tspec: {}\n", "spec:\n\textension: x\n"] {
            let error = documents(text).unwrap_err();
            let told = (error.line, error.message.as_str());
            assert_eq!(told, (2, "this line begins with a tab"), "{text:?}");
        }
    }
}
