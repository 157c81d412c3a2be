//! The catalogue of one language: its prompts and its grammar, read from `catalogue.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::condition::{Condition, Variables};
use crate::rules::{RuleSet, RuleSets};
use crate::template::{Part, Template};

/// A catalogue that has been read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    pub(crate) name: String,
    pub(crate) prompts: BTreeMap<String, Template>,
    pub(crate) counts: BTreeMap<String, Form>,
    pub(crate) forms: BTreeMap<String, Form>,
    pub(crate) rules: RuleSets,
    pub(crate) characters: BTreeMap<char, String>,
}

/// A way of putting something: the first case whose condition holds is said.
#[derive(Clone, Debug)]
pub(crate) struct Form(Vec<(Condition, Template)>);

/// What is wrong with a catalogue: every fault, each with its place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CatalogueError {
    /// It is not YAML of the right shape.
    #[error("{0}")]
    Yaml(String),
    /// Entries that make no sense.
    #[error("{}", .0.join("; "))]
    Entries(Vec<String>),
}

impl Catalogue {
    /// Reads and checks the text of a `catalogue.yaml`.
    pub(crate) fn parse(yaml: &str) -> Result<Self, CatalogueError> {
        let source: Source = serde_saphyr::from_str(yaml)
            .map_err(|error| CatalogueError::Yaml(error.to_string()))?;
        let mut faults = Vec::new();
        let catalogue = source.compile(&mut faults);
        catalogue.check(&mut faults);
        if faults.is_empty() {
            Ok(catalogue)
        } else {
            Err(CatalogueError::Entries(faults))
        }
    }

    /// Every stretch of words of the grammar: of counts, forms, rules and characters.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let forms = self.counts.values().chain(self.forms.values());
        let templates = forms.flat_map(|form| form.0.iter().map(|(_, template)| template));
        let rules = self.rules.values().flat_map(RuleSet::words);
        let characters = self.characters.values().map(String::as_str);
        templates
            .flat_map(Template::words)
            .chain(rules)
            .chain(characters)
    }

    /// Names that stand for nothing: forms, rules and variables that do not exist.
    fn check(&self, faults: &mut Vec<String>) {
        let named = |kind, forms: &BTreeMap<String, Form>, faults: &mut Vec<String>| {
            for (name, form) in forms {
                form.check(self, &format!("{kind}.{name}"), faults);
            }
        };
        named("counts", &self.counts, faults);
        named("forms", &self.forms, faults);
        for (name, template) in &self.prompts {
            self.check_template(template, &format!("prompts.{name}"), faults);
        }
        for (name, rules) in &self.rules {
            for set in rules
                .sets()
                .into_iter()
                .filter(|set| !self.rules.contains_key(*set))
            {
                faults.push(format!("rules.{name}: there are no rules `{set}`"));
            }
        }
    }

    fn check_template(&self, template: &Template, at: &str, faults: &mut Vec<String>) {
        for part in &template.0 {
            match part {
                Part::Words(_) | Part::Mark(_) | Part::Place(_) => {}
                Part::Form(form) => {
                    if !self.forms.contains_key(form) {
                        faults.push(format!("{at}: there is no form `{form}`"));
                    }
                }
                Part::Spelled { variable, rules } => {
                    check_variable(variable, at, faults);
                    if !self.rules.contains_key(rules) {
                        faults.push(format!("{at}: there are no rules `{rules}`"));
                    }
                }
            }
        }
    }
}

impl Form {
    /// The template of the first case that holds.
    pub(crate) fn choose(&self, variables: &Variables) -> Option<&Template> {
        let case = self
            .0
            .iter()
            .find(|(condition, _)| condition.holds(variables));
        case.map(|(_, template)| template)
    }

    fn check(&self, catalogue: &Catalogue, at: &str, faults: &mut Vec<String>) {
        for (condition, template) in &self.0 {
            for variable in condition.variables() {
                check_variable(variable, at, faults);
            }
            catalogue.check_template(template, at, faults);
        }
    }
}

fn check_variable(variable: &str, at: &str, faults: &mut Vec<String>) {
    if !VARIABLES.contains(&variable) {
        let known = VARIABLES.join(", ");
        faults.push(format!(
            "{at}: there is no variable `{variable}`; there are {known}"
        ));
    }
}

/// The file as it stands. Lists of one-entry maps keep the order of their lines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    #[serde(default)]
    prompts: BTreeMap<String, String>,
    #[serde(default)]
    counts: BTreeMap<String, Lines>,
    #[serde(default)]
    plurals: BTreeMap<String, String>,
    #[serde(default)]
    forms: BTreeMap<String, Lines>,
    #[serde(default)]
    rules: BTreeMap<String, Lines>,
    #[serde(default)]
    characters: BTreeMap<char, String>,
}

type Lines = Vec<BTreeMap<String, String>>;

impl Source {
    fn compile(self, faults: &mut Vec<String>) -> Catalogue {
        let plurals = self.plurals;
        let prompts = compile("prompts", self.prompts, faults, |text| {
            Template::parse(text)
        });
        let counts = compile("counts", self.counts, faults, |lines| form(lines, &plurals));
        let forms = compile("forms", self.forms, faults, |lines| form(lines, &plurals));
        let rules = compile("rules", self.rules, faults, |lines| {
            RuleSet::parse(pairs(lines))
        });
        Catalogue {
            name: self.name,
            prompts,
            counts,
            forms,
            rules,
            characters: self.characters,
        }
    }
}

/// Compiles every entry of a section; those that fail are told and left out.
fn compile<S, T>(
    section: &str,
    entries: BTreeMap<String, S>,
    faults: &mut Vec<String>,
    compile: impl Fn(&S) -> Result<T, String>,
) -> BTreeMap<String, T> {
    let mut compiled = BTreeMap::new();
    for (name, source) in entries {
        match compile(&source) {
            Ok(value) => {
                compiled.insert(name, value);
            }
            Err(fault) => faults.push(format!("{section}.{name}: {fault}")),
        }
    }
    compiled
}

fn form(lines: &Lines, plurals: &BTreeMap<String, String>) -> Result<Form, String> {
    let case = |(condition, text): (&str, &str)| {
        let condition = plurals.get(condition).map_or(condition, String::as_str);
        Ok((Condition::parse(condition)?, Template::parse(text)?))
    };
    pairs(lines).map(case).collect::<Result<_, _>>().map(Form)
}

fn pairs(lines: &Lines) -> impl Iterator<Item = (&str, &str)> {
    lines
        .iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value.as_str()))
}

/// What forms may speak of: `n` of a count or number; the parts of a moment, where `weekday` counts
/// from Monday = 1, `age` is days before today and `years` is years before this one; the parts of a
/// length of time.
const VARIABLES: [&str; 13] = [
    "n", "year", "years", "month", "day", "weekday", "age", "hour", "hour12", "minute", "hours",
    "minutes", "seconds",
];
