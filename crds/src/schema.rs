//! Checks a manifest against the structural schema of its Kind, as a strict `kubectl apply` does: unknown fields,
//! missing fields, types, enumerations, bounds.
mod choices;

use std::sync::OnceLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::Value;

use crate::{Kind, ObjectRef, Period, Problem, conditions::Reason, manifests, period};
use choices::Choices;

/// What the API server would refuse in this object, patterns and CEL rules aside, which [`crate::compile`] checks.
/// Empty for a Secret, which has no definition of ours.
pub fn check(object: &ObjectRef, manifest: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(schema) = of(object.kind) {
        Check {
            object,
            problems: &mut problems,
        }
        .value(schema, manifest, "");
    }
    problems
}

/// The one of `known` that `unknown` was probably meant to be.
pub fn suggestion<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = unknown.to_lowercase();
    known
        .into_iter()
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// For choices of an optional field, which says itself what they mean: a description here would stand in its place.
pub(crate) fn leave_to_the_field(schema: &mut schemars::Schema) {
    schema.remove("description");
}

struct Check<'a> {
    object: &'a ObjectRef,
    problems: &'a mut Vec<Problem>,
}

impl Check<'_> {
    fn value(&mut self, schema: &JSONSchemaProps, value: &Value, path: &str) {
        if value.is_null() {
            if schema.nullable != Some(true) && !path.is_empty() {
                let remedy = "write a value, or leave the field out";
                self.report(
                    path,
                    Reason::InvalidValue,
                    "the field is empty".to_owned(),
                    remedy.to_owned(),
                );
            }
            return;
        }
        if schema.x_kubernetes_int_or_string != Some(true)
            && let Some(wanted) = schema.type_.as_deref()
            && !has_type(value, wanted)
        {
            self.report(
                path,
                Reason::InvalidValue,
                wrong_type(value, wanted),
                typed_remedy(schema, value, wanted),
            );
            return;
        }
        match value {
            Value::Object(members) => self.members(schema, members, path),
            Value::Array(items) => self.items(schema, items, path),
            Value::Number(_) => self.bounds(schema, value, path),
            Value::String(text) => self.text(schema, text, path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn members(
        &mut self,
        schema: &JSONSchemaProps,
        members: &serde_json::Map<String, Value>,
        path: &str,
    ) {
        let Some(known) = &schema.properties else {
            return;
        };
        for (name, value) in members {
            let at = joined(path, name);
            if let Some(schema) = known.get(name) {
                self.value(schema, value, &at);
            } else if !path.is_empty() || !ROOT.contains(&name.as_str()) {
                self.unknown(&at, known.keys().map(String::as_str), name);
            }
        }
        for name in schema
            .required
            .iter()
            .flatten()
            .filter(|name| !members.contains_key(*name))
        {
            let message = format!("{name} is missing");
            let purpose = known
                .get(name)
                .and_then(|s| s.description.as_deref())
                .unwrap_or_default();
            let purpose = purpose
                .split(". ")
                .next()
                .unwrap_or_default()
                .trim_end_matches('.');
            let remedy = if purpose.is_empty() {
                format!("add {name}")
            } else {
                format!("add {name}: {purpose}")
            };
            self.report(&joined(path, name), Reason::MissingField, message, remedy);
        }
    }

    fn unknown<'n>(&mut self, at: &str, known: impl Iterator<Item = &'n str> + Clone, name: &str) {
        let remedy = match suggestion(name, known.clone()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!(
                "the fields here are {}",
                known.collect::<Vec<_>>().join(", ")
            ),
        };
        self.report(at, Reason::UnknownField, "unknown field".to_owned(), remedy);
    }

    fn items(&mut self, schema: &JSONSchemaProps, items: &[Value], path: &str) {
        use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaPropsOrArray::Schema;
        if let Some(Schema(each)) = &schema.items {
            for (i, item) in items.iter().enumerate() {
                self.value(each, item, &format!("{path}[{i}]"));
            }
        }
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if schema.min_items.is_some_and(|min| count < min) {
            self.report(
                path,
                Reason::InvalidValue,
                "the list is too short".into(),
                "add an entry".into(),
            );
        }
        if let Some(max) = schema.max_items.filter(|max| count > *max) {
            let remedy = format!("write at most {max} entries");
            self.report(
                path,
                Reason::InvalidValue,
                "the list is too long".into(),
                remedy,
            );
        }
        self.unique(schema, items, path);
    }

    /// List-map keys and sets (`x-kubernetes-list-type`).
    fn unique(&mut self, schema: &JSONSchemaProps, items: &[Value], path: &str) {
        let identity = |item: &Value| -> Option<Value> {
            match schema.x_kubernetes_list_type.as_deref()? {
                "set" => Some(item.clone()),
                "map" => {
                    let keys = schema.x_kubernetes_list_map_keys.iter().flatten();
                    Some(
                        keys.map(|key| item.get(key).cloned().unwrap_or_default())
                            .collect(),
                    )
                }
                _ => None,
            }
        };
        let mut seen: Vec<Value> = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let Some(identity) = identity(item) else {
                return;
            };
            if seen.contains(&identity) {
                let at = format!("{path}[{i}]");
                self.report(
                    &at,
                    Reason::Duplicate,
                    "the list has this entry already".into(),
                    "remove one of the two".into(),
                );
            }
            seen.push(identity);
        }
    }

    fn bounds(&mut self, schema: &JSONSchemaProps, value: &Value, path: &str) {
        let number = value.as_f64().unwrap_or_default();
        let low = schema.minimum.filter(|min| number < *min);
        let high = schema.maximum.filter(|max| number > *max);
        let remedy = match (low, high) {
            (Some(min), _) => format!("write at least {min}"),
            (None, Some(max)) => format!("write at most {max}"),
            (None, None) => return,
        };
        self.report(
            path,
            Reason::InvalidValue,
            format!("{value} is out of bounds"),
            remedy,
        );
    }

    fn text(&mut self, schema: &JSONSchemaProps, text: &str, path: &str) {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if let Some(choices) = Choices::of(schema) {
            if !choices.contain(text) {
                self.report(
                    path,
                    Reason::InvalidValue,
                    format!("{text:?} is none of the choices"),
                    choices.instead_of_word(text),
                );
            }
        } else if schema.min_length.is_some_and(|min| length < min) {
            self.report(
                path,
                Reason::InvalidValue,
                format!("{text:?} is too short"),
                "write more".into(),
            );
        } else if let Some(max) = schema.max_length.filter(|max| length > *max) {
            let remedy = format!("write at most {max} characters");
            self.report(
                path,
                Reason::InvalidValue,
                format!("{length} characters are too many"),
                remedy,
            );
        } else if period::is_in(schema) && text.parse::<Period>().is_err() {
            let remedy = "write a number and a unit, such as 30s, 5m, 12h or 7d";
            self.report(
                path,
                Reason::InvalidValue,
                format!("{text:?} is no length of time"),
                remedy.into(),
            );
        }
    }

    fn report(&mut self, path: &str, reason: Reason, message: String, remedy: String) {
        let problem = Problem::error(self.object.clone(), path, reason);
        self.problems.push(problem.because(message).remedy(remedy));
    }
}

/// What every object has beside the fields of its schema.
const ROOT: [&str; 3] = ["apiVersion", "kind", "metadata"];

fn of(kind: Kind) -> Option<&'static JSONSchemaProps> {
    static SCHEMAS: OnceLock<Vec<(String, JSONSchemaProps)>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| {
        let definitions = manifests::definitions().into_iter();
        definitions
            .filter_map(|crd| {
                let version = crd.spec.versions.into_iter().next()?;
                Some((crd.spec.names.kind, version.schema?.open_api_v3_schema?))
            })
            .collect()
    });
    schemas
        .iter()
        .find(|(name, _)| name == kind.as_str())
        .map(|(_, schema)| schema)
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn has_type(value: &Value, wanted: &str) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

fn wrong_type(value: &Value, wanted: &str) -> String {
    let found = match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a yes or no",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    };
    let wanted = match wanted {
        "object" => "a map",
        "array" => "a list",
        "string" => "text",
        "boolean" => "true or false",
        _ => "a whole number",
    };
    format!("this is {found} and must be {wanted}")
}

fn typed_remedy(schema: &JSONSchemaProps, value: &Value, wanted: &str) -> String {
    match (value, wanted) {
        (Value::Bool(read), "string") => match Choices::of(schema) {
            Some(choices) => choices.instead_of(*read),
            None => quoted(value),
        },
        (Value::Number(_), "string") => quoted(value),
        (Value::String(text), "integer" | "boolean") => format!("write it without quotes: {text}"),
        (Value::String(text), "object") => format!("write a map, for example {{name: {text}}}"),
        (_, "array") => "begin each entry with - or write [one, two]".to_owned(),
        (_, "object") => "write its fields below it, or {}".to_owned(),
        _ => format!("write a value of type {wanted}"),
    }
}

fn quoted(value: &Value) -> String {
    format!("put it in quotes: \"{value}\"")
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((y, pair), left) in b.iter().zip(row.windows(2)).zip(1..) {
            let [diagonal, above] = pair else { continue };
            let substituted = diagonal + usize::from(x != *y);
            let inserted = next.get(left - 1).map_or(usize::MAX, |n| n + 1);
            next.push(substituted.min(above + 1).min(inserted));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(kind: Kind, manifest: &Value) -> Vec<(String, Reason, String)> {
        let object = ObjectRef::new(kind, "x");
        check(&object, manifest)
            .into_iter()
            .map(|p| (p.field, p.reason, p.remedy))
            .collect()
    }

    #[test]
    fn a_misspelt_field_is_named_with_the_right_one() {
        let found = problems(
            Kind::User,
            &json!({"metadata": {"name": "x"}, "spec": {"extention": "101"}}),
        );
        let remedy = "did you mean extension?".to_owned();
        assert_eq!(
            found,
            [("spec.extention".to_owned(), Reason::UnknownField, remedy)]
        );
    }

    #[test]
    fn a_number_where_text_is_wanted_is_to_be_quoted() {
        let found = problems(Kind::User, &json!({"spec": {"extension": 101}}));
        let remedy = "put it in quotes: \"101\"".to_owned();
        assert_eq!(
            found,
            [("spec.extension".to_owned(), Reason::InvalidValue, remedy)]
        );
    }

    #[test]
    fn missing_fields_choices_bounds_and_lengths_of_time_are_checked() {
        let route = json!({"spec": {"presences": ["InOfice"], "attempts": [{"destinations": [], "rings": 16}]}});
        let fields: Vec<_> = problems(Kind::CallRoute, &route)
            .into_iter()
            .map(|p| p.0)
            .collect();
        assert_eq!(
            fields,
            [
                "spec.attempts[0].destinations",
                "spec.attempts[0].rings",
                "spec.presences[0]",
                "spec.userRef"
            ]
        );
        let user = json!({"spec": {"voicemail": {"maxMessageLength": "5 minutes"}}});
        assert_eq!(
            problems(Kind::User, &user)[0].0,
            "spec.voicemail.maxMessageLength"
        );
    }

    #[test]
    fn entries_of_sets_and_maps_are_unique() {
        let user = json!({"spec": {"permissions": ["SendToAll", "SendToAll"]}});
        assert_eq!(problems(Kind::User, &user)[0].1, Reason::Duplicate);
        let phone = json!({"spec": {"keys": [{"position": 1, "extension": "1"}, {"position": 1, "extension": "2"}]}});
        assert_eq!(problems(Kind::Handset, &phone)[0].0, "spec.keys[1]");
    }

    #[test]
    fn suggestions_are_near_and_only_near() {
        assert_eq!(
            suggestion("timezone", ["timeZone", "domain"]),
            Some("timeZone")
        );
        assert_eq!(suggestion("colour", ["timeZone", "domain"]), None);
    }
}
