//! One file of manifests: its documents as objects, with where they are written.
use std::{path::PathBuf, sync::Arc};

use crds::{GROUP, Kind, ObjectRef, Objects, Problem, Severity, VERSION, problem::Reason, schema};
use serde_json::Value;

use super::{
    complaint::{Complaint, Fault, Place},
    located::{self, Lines},
};

/// The objects of one file.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    pub(super) file: Arc<PathBuf>,
    pub(super) objects: Objects,
    pub(super) lines: Vec<(ObjectRef, Lines)>,
    /// What should be known of it though it is in force.
    pub(super) warnings: Vec<Complaint>,
}

/// Reads a file's text. Anything that a strict `kubectl apply` would refuse refuses the file.
pub(super) fn read(file: &Arc<PathBuf>, text: &str) -> Result<Manifest, Vec<Complaint>> {
    let documents = located::documents(text).map_err(|e| {
        vec![Complaint::file(
            file,
            e.line,
            format!("this is not YAML: {}", e.message),
            "correct it at this line",
        )]
    })?;
    let mut reading = Reading {
        manifest: Manifest {
            file: Arc::clone(file),
            objects: Objects::default(),
            lines: Vec::with_capacity(documents.len()),
            warnings: Vec::new(),
        },
        refused: Vec::new(),
    };
    for (value, lines) in documents {
        reading.document(value, lines);
    }
    if reading.refused.is_empty() {
        Ok(reading.manifest)
    } else {
        Err(reading.refused)
    }
}

struct Reading {
    manifest: Manifest,
    refused: Vec<Complaint>,
}

impl Reading {
    fn document(&mut self, value: Value, lines: Lines) {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("apiVersion"), text("kind"));
        let Some(kind) = self.kind(version, kind, &lines) else {
            return;
        };
        let name = value.pointer("/metadata/name");
        let Some(name) = name.and_then(Value::as_str).filter(|name| is_name(name)) else {
            let (message, remedy) = unnamed(kind, name);
            let line = lines.of("metadata.name");
            return self
                .refused
                .push(Complaint::file(&self.manifest.file, line, message, remedy));
        };
        let object = ObjectRef::new(kind, name);
        let mut problems = schema::check(&object, &value);
        problems.extend(unknown_members(&object, &value));
        if problems.is_empty()
            && let Err(error) = self.manifest.objects.add(kind, value)
        {
            let problem = Problem::error(object.clone(), "", Reason::InvalidValue);
            problems.push(
                problem
                    .because(error.to_string())
                    .remedy("correct the value"),
            );
        }
        let file = &self.manifest.file;
        self.refused.extend(problems.into_iter().map(|problem| {
            let place = Place {
                file: Arc::clone(file),
                line: lines.of(&problem.field),
            };
            Complaint {
                place: Some(place),
                fault: Fault::Object(problem),
            }
        }));
        self.manifest.lines.push((object, lines));
    }

    /// None for what is not ours: refused if it claims to be, else passed over with a warning.
    fn kind(&mut self, version: &str, kind: &str, lines: &Lines) -> Option<Kind> {
        let ours = format!("{GROUP}/{VERSION}");
        if version == "v1" && kind == Kind::Secret.as_str() {
            return Some(Kind::Secret);
        }
        let found = Kind::OURS
            .iter()
            .copied()
            .find(|known| known.as_str() == kind);
        if version == ours && found.is_some() {
            return found;
        }
        let names = || Kind::OURS.iter().map(|known| known.as_str());
        let near = schema::suggestion(kind, names());
        let file = &self.manifest.file;
        let refused = if kind.is_empty() {
            Complaint::file(
                file,
                lines.of(""),
                "a document without kind",
                "begin it with apiVersion and kind",
            )
        } else if found.is_some() {
            let remedy = format!("write apiVersion: {ours}");
            Complaint::file(
                file,
                lines.of("apiVersion"),
                format!("{kind} of apiVersion {version:?}"),
                remedy,
            )
        } else if version.starts_with(GROUP) {
            let kinds = names().collect::<Vec<_>>().join(", ");
            let remedy = near.map_or_else(
                || format!("write one of {kinds}"),
                |near| format!("did you mean {near}?"),
            );
            Complaint::file(
                file,
                lines.of("kind"),
                format!("this version has no Kind {kind}"),
                remedy,
            )
        } else {
            let message =
                format!("{version} {kind} is passed over: it is no part of a PhoneSystem");
            let fault = Fault::File {
                severity: Severity::Warning,
                message,
                remedy: "keep it elsewhere".into(),
            };
            let place = Some(Place {
                file: Arc::clone(file),
                line: lines.of("kind"),
            });
            self.manifest.warnings.push(Complaint { place, fault });
            return None;
        };
        self.refused.push(refused);
        None
    }
}

const SECRET_FIELDS: [&str; 7] = [
    "apiVersion",
    "kind",
    "metadata",
    "type",
    "data",
    "stringData",
    "immutable",
];

const METADATA_FIELDS: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// A DNS subdomain (RFC 1123), which is what the API server takes as a name.
fn is_name(name: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.len() <= 253
        && name.bytes().all(inside)
        && edge(name.bytes().next())
        && edge(name.bytes().last())
}

fn unnamed(kind: Kind, name: Option<&Value>) -> (String, String) {
    match name {
        None | Some(Value::Null) => (
            format!("a {kind} without a name"),
            "write metadata: {name: ...}".to_owned(),
        ),
        Some(Value::Number(number)) => (
            format!("{kind}: metadata.name: this is a number"),
            format!("put it in quotes: \"{number}\""),
        ),
        Some(other) => (
            format!("{kind}: metadata.name: {other} is no name"),
            "write lower-case letters, digits and -, for example mary-desk".to_owned(),
        ),
    }
}

/// Members that no schema of ours speaks of: those of `metadata`, and a Secret's.
fn unknown_members(object: &ObjectRef, value: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut check = |members: Option<&Value>, known: &[&str], prefix: &str| {
        let names = members
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, _)| name);
        for name in names.filter(|name| !known.contains(&name.as_str())) {
            let remedy = match schema::suggestion(name, known.iter().copied()) {
                Some(meant) => format!("did you mean {meant}?"),
                None => "remove it".to_owned(),
            };
            let problem = Problem::error(
                object.clone(),
                format!("{prefix}{name}"),
                Reason::UnknownField,
            );
            problems.push(problem.because("unknown field").remedy(remedy));
        }
    };
    check(value.get("metadata"), &METADATA_FIELDS, "metadata.");
    if object.kind == Kind::Secret {
        check(Some(value), &SECRET_FIELDS, "");
    }
    problems
}
