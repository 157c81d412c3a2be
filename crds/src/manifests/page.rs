//! The definitions as a page of Markdown: one table of fields for each Kind.
use std::fmt::Write as _;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use serde_json::Value;

use crate::conditions::Reason;

/// The page of these definitions, in their order.
pub(super) fn of(definitions: &[CustomResourceDefinition]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for crd in definitions {
        section(&mut page, crd);
    }
    page.push_str("\n## Reasons\n\n");
    page.push_str("Why a condition of a status has its value.\n\n");
    page.push_str("| reason | meaning |\n|---|---|\n");
    for reason in Reason::ALL {
        let _ = writeln!(page, "| `{reason}` | {} |", cell(reason.meaning()));
    }
    page
}

/// One Kind: what it is, how kubectl calls it, and the fields of its spec and its status.
fn section(page: &mut String, crd: &CustomResourceDefinition) {
    let names = &crd.spec.names;
    let Some(schema) = crd
        .spec
        .versions
        .first()
        .and_then(|version| version.schema.as_ref()?.open_api_v3_schema.as_ref())
    else {
        return;
    };
    let _ = writeln!(page, "\n## {}\n", names.kind);
    let _ = write!(
        page,
        "{}",
        schema.description.as_deref().unwrap_or_default()
    );
    let short = names.short_names.iter().flatten().next();
    let _ = writeln!(
        page,
        " `kubectl get {}`.\n",
        short.map_or(names.plural.as_str(), String::as_str)
    );
    for (part, default) in [("spec", true), ("status", false)] {
        let Some(fields) = schema.properties.as_ref().and_then(|all| all.get(part)) else {
            continue;
        };
        let mut table = Table::new(default);
        table.members(fields, "");
        let heading = if default { "" } else { "\nStatus:\n\n" };
        let _ = write!(page, "{heading}{}", table.text);
    }
}

/// A table of fields, those of an object following their object.
struct Table {
    text: String,
    /// Whether there is a column of defaults.
    defaults: bool,
    /// Objects that the table has already, so that they need not be told twice.
    told: Vec<(JSONSchemaProps, String)>,
}

impl Table {
    fn new(defaults: bool) -> Self {
        let head = if defaults {
            "| field | type | default | meaning |\n|---|---|---|---|\n"
        } else {
            "| field | type | meaning |\n|---|---|---|\n"
        };
        Self {
            text: head.to_owned(),
            defaults,
            told: Vec::new(),
        }
    }

    /// A row for each member of an object: the required ones first.
    fn members(&mut self, object: &JSONSchemaProps, path: &str) {
        let required = |name: &String| object.required.iter().flatten().any(|each| each == name);
        let mut fields: Vec<_> = object.properties.iter().flatten().collect();
        fields.sort_by_key(|(name, _)| !required(name));
        for (name, field) in fields {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            self.field(&path, field, required(name));
        }
    }

    fn field(&mut self, path: &str, field: &JSONSchemaProps, required: bool) {
        let (path, inner) = match items(field) {
            Some(item) if is_told_apart(item) => (format!("{path}[]"), item),
            Some(_) | None => (path.to_owned(), field),
        };
        let object = bare(inner);
        let told = self.told.iter().find(|(known, _)| *known == object);
        let again = told.map(|(_, first)| first.clone());
        let kind = match &again {
            Some(first) => format!("as `{first}`"),
            None => type_of(field),
        };
        let description = field.description.as_deref().unwrap_or_default();
        let (meaning, stated) = split_default(description);
        let is_group = again.is_none() && is_told_apart(inner);
        let default = match (
            required,
            literal(field.default.as_ref().map(|json| &json.0)),
        ) {
            (true, _) => "required".to_owned(),
            (false, Some(literal)) => format!("`{literal}`"),
            (false, None) if is_group => stated.unwrap_or_default(),
            (false, None) => stated.unwrap_or_else(|| "–".to_owned()),
        };
        let _ = write!(self.text, "| `{path}` | {} |", cell(&kind));
        if self.defaults {
            let _ = write!(self.text, " {} |", cell(&default));
        }
        let _ = writeln!(self.text, " {} |", cell(&meaning));
        if is_group {
            self.told.push((object, path.clone()));
            self.members(inner, &path);
        }
    }
}

/// An object without what the field says of it that has it.
fn bare(object: &JSONSchemaProps) -> JSONSchemaProps {
    JSONSchemaProps {
        description: None,
        default: None,
        ..object.clone()
    }
}

/// What may be written, in words.
fn type_of(field: &JSONSchemaProps) -> String {
    if let Some(item) = items(field) {
        return list_type(item);
    }
    if let Some(choices) = &field.enum_ {
        let choices = choices.iter().filter_map(|choice| choice.0.as_str());
        return choices
            .map(|choice| format!("`{choice}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    if field.x_kubernetes_int_or_string == Some(true) {
        return "quantity".to_owned();
    }
    match field.type_.as_deref() {
        Some("object") => object_type(field),
        Some("integer") => integer_type(field),
        Some("string") if crate::period::is_in(field) => "period".to_owned(),
        Some("string") if field.format.as_deref() == Some("date-time") => "time".to_owned(),
        Some(other) => other.to_owned(),
        None => "any".to_owned(),
    }
}

fn list_type(item: &JSONSchemaProps) -> String {
    if is_foreign(item) {
        "list, as Kubernetes has it".to_owned()
    } else if is_told_apart(item) {
        "list of objects".to_owned()
    } else if item.enum_.is_none() && item.type_.as_deref() == Some("string") {
        "list of strings".to_owned()
    } else {
        format!("list of {}", type_of(item))
    }
}

fn object_type(field: &JSONSchemaProps) -> String {
    if field.additional_properties.is_some() {
        return "map of strings".to_owned();
    }
    if is_foreign(field) {
        return "as Kubernetes has it".to_owned();
    }
    if is_told_apart(field) {
        return "object".to_owned();
    }
    let names = field.properties.iter().flat_map(|fields| fields.keys());
    let members: Vec<&str> = names.map(String::as_str).collect();
    format!("`{{{}}}`", members.join(", "))
}

fn integer_type(field: &JSONSchemaProps) -> String {
    let at_most = field.maximum.filter(|max| *max < f64::from(u32::MAX));
    match (field.minimum, at_most) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(_) | None, _) => "integer".to_owned(),
    }
}

/// Whether an object's members get rows of their own: not so for `{name: …}` and the like, nor for what Kubernetes defines.
fn is_told_apart(field: &JSONSchemaProps) -> bool {
    let reference = |name: &String| REFERENCE.contains(&name.as_str());
    let fields = || field.properties.iter().flat_map(|fields| fields.keys());
    fields().count() > 0 && !fields().all(reference) && !is_foreign(field)
}

/// Whether an object is Kubernetes' own, told by the names of its members.
fn is_foreign(field: &JSONSchemaProps) -> bool {
    let has = |name: &str| {
        let fields = field.properties.as_ref();
        fields.is_some_and(|fields| fields.contains_key(name))
    };
    FOREIGN.into_iter().any(has)
}

fn items(field: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match field.items.as_ref()? {
        JSONSchemaPropsOrArray::Schema(item) => Some(item),
        JSONSchemaPropsOrArray::Schemas(_) => None,
    }
}

/// A default as YAML; none for objects, whose members tell theirs.
fn literal(default: Option<&Value>) -> Option<String> {
    match default? {
        Value::String(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
            Some(format!("\"{text}\""))
        }
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Object(_) | Value::Null => None,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_)) => Some(other.to_string()),
    }
}

/// A description without its sentence `Default: ….`, and what that says.
fn split_default(description: &str) -> (String, Option<String>) {
    let Some((before, after)) = description.split_once("Default: ") else {
        return (description.to_owned(), None);
    };
    let (default, rest) = after
        .split_once(". ")
        .unwrap_or((after.trim_end_matches('.'), ""));
    let meaning = [before.trim_end(), rest.trim()].join(" ");
    (meaning.trim().to_owned(), Some(default.to_owned()))
}

/// Text that fits into a cell of a table.
fn cell(text: &str) -> String {
    text.trim().replace('\n', " ").replace('|', "\\|")
}

/// Members of objects that only point at something.
const REFERENCE: [&str; 3] = ["name", "key", "number"];

/// A member of each object of Kubernetes that Kinds contain.
const FOREIGN: [&str; 5] = [
    "nodeAffinity",
    "claims",
    "effect",
    "topologyKey",
    "lastTransitionTime",
];

const INTRODUCTION: &str = "\
<!-- Generated from crds/src: change it there, then run `cargo run -p switchboard-crds --bin crdgen`. -->
# Resources

API group `switchboard.dev`, version `v1alpha1`, all namespaced, category `switchboard`. The same manifests serve a cluster
and `media-worker standalone`. Fields are those of `spec`; `kubectl explain` says the same. A status is written in a cluster
only: standalone, the terminal and `media-worker check` say what a condition would.

- A *period* is a number and a unit: `500ms`, `30s`, `5m`, `12h`, `7d`, or several of them: `1h30m`.
- `{name}` refers to an object of that name in the same namespace, `{key, name}` to one entry of a Secret.
- A Secret that a manifest refers to carries the label `switchboard.dev/use: sip`, `pin`, `imap`, `smtp`, `trunk`, `s3` or `tls`, so that
  whoever may write a User may not thereby send any Secret anywhere. Standalone does not ask for the label.
- Extensions, PINs and codes are text: write them in quotes.

Fields are checked and kept also where nothing uses them yet; which behaviour works stands in `docs/parity.md`.
";
