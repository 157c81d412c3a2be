//! One file of manifests: its documents as objects, with where they are written.
use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use crds::{GROUP, Kind, ObjectRef, Objects, Problem, Severity, VERSION, problem::Reason, schema};
use serde_json::Value;

use super::{
    complaint::{Complaint, Fault, Meanwhile, Place},
    located::{self, Lines, NotYaml},
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

/// What was in force of a file before it changed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Before<'a> {
    /// Nothing: the worker has not started.
    Start,
    /// Nothing: the file is new.
    Nothing,
    /// This.
    Version(&'a Manifest),
}

/// What is in force of a file, and what of its text is not.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) in_force: Option<Manifest>,
    pub(super) refused: Vec<Complaint>,
}

/// Reads a file's text. A document that a strict `kubectl apply` would refuse stays as it was before, or is left out; what is no YAML stays
/// so as a whole.
pub(super) fn read(file: &Arc<PathBuf>, text: &str, before: Before<'_>) -> Read {
    let documents = match located::documents(text) {
        Ok(documents) => documents,
        Err(error) => return unreadable(file, &error, before),
    };
    let mut reading = Reading {
        manifest: Manifest {
            file: Arc::clone(file),
            objects: Objects::default(),
            lines: Vec::with_capacity(documents.len()),
            warnings: Vec::new(),
        },
        refused: Vec::new(),
        spoilt: HashMap::new(),
    };
    for (value, lines) in documents {
        reading.document(value, lines);
    }
    reading.end(before)
}

/// What is no YAML.
fn unreadable(file: &Arc<PathBuf>, error: &NotYaml, before: Before<'_>) -> Read {
    let is_json = file.extension().is_some_and(|it| it == "json");
    let language = if is_json { "JSON" } else { "YAML" };
    let message = format!("this is not {language}: {}", error.message);
    let complaint = Complaint::file(file, error.line, message, error.remedy);
    let (in_force, meanwhile) = match before {
        Before::Start => (None, None),
        Before::Nothing => (None, Some(Meanwhile::LeftOut)),
        Before::Version(version) => (Some(version.clone()), Some(Meanwhile::Previous)),
    };
    Read {
        in_force,
        refused: vec![Complaint {
            meanwhile,
            ..complaint
        }],
    }
}

struct Reading {
    manifest: Manifest,
    /// What is wrong with documents, and which object each was to be, where one can tell.
    refused: Vec<(Option<ObjectRef>, Complaint)>,
    /// The objects among them.
    spoilt: HashMap<ObjectRef, Lines>,
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
            let complaint = Complaint::file(&self.manifest.file, line, message, remedy);
            return self.refused.push((None, complaint));
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
        if problems.is_empty() {
            return self.manifest.lines.push((object, lines));
        }
        let file = &self.manifest.file;
        self.refused.extend(problems.into_iter().map(|problem| {
            let place = Place {
                file: Arc::clone(file),
                line: lines.of(&problem.field),
            };
            let complaint = Complaint::new(Some(place), Fault::Object(problem));
            (Some(object.clone()), complaint)
        }));
        self.spoilt.insert(object, lines);
    }

    /// What is in force, and what is said of the rest.
    fn end(mut self, before: Before<'_>) -> Read {
        let kept = match before {
            Before::Start | Before::Nothing => Kept::default(),
            Before::Version(version) => self.keep(version),
        };
        let meanwhile = |object: Option<&ObjectRef>| match (before, object) {
            (Before::Start, _) => None,
            (_, Some(object)) if kept.spoilt.contains(object) => Some(Meanwhile::Previous),
            (_, None) if !kept.gone.is_empty() => Some(Meanwhile::Kept(kept.gone.clone())),
            (Before::Nothing | Before::Version(_), _) => Some(Meanwhile::LeftOut),
        };
        let refused = self
            .refused
            .into_iter()
            .map(|(object, complaint)| Complaint {
                meanwhile: meanwhile(object.as_ref()),
                ..complaint
            });
        Read {
            refused: refused.collect(),
            in_force: Some(self.manifest),
        }
    }

    /// Leaves objects as they were before: those whose documents are refused; and if one can't tell of a document which object it was to be,
    /// whatever the file has no more, since it may be that.
    fn keep(&mut self, before: &Manifest) -> Kept {
        let written = self.manifest.lines.iter().map(|(object, _)| object.clone());
        let mut written: HashSet<ObjectRef> = written.collect();
        let is_anybody = self.refused.iter().any(|(object, _)| object.is_none());
        let mut kept = Kept::default();
        for (object, lines) in &before.lines {
            let spoilt = self.spoilt.get(object);
            let is_kept = spoilt.is_some() || is_anybody;
            if !is_kept || !written.insert(object.clone()) {
                continue;
            }
            let lines = spoilt.unwrap_or(lines).clone();
            let objects = &mut self.manifest.objects;
            objects.take_over(object.kind, &object.name, &before.objects);
            self.manifest.lines.push((object.clone(), lines));
            if spoilt.is_some() {
                kept.spoilt.insert(object.clone());
            } else {
                kept.gone.push(object.clone());
            }
        }
        kept
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
            self.manifest.warnings.push(Complaint::new(place, fault));
            return None;
        };
        self.refused.push((None, refused));
        None
    }
}

/// What is in force as it was before.
#[derive(Default)]
struct Kept {
    /// What is written, but refused.
    spoilt: HashSet<ObjectRef>,
    /// What is not written any more.
    gone: Vec<ObjectRef>,
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
