//! A folder of manifests, file by file: of each file is in force what is right in it, and of what is not, the version before.
use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crds::{Kind, ObjectRef, Objects, Problem, problem::Reason};
use kube::ResourceExt;

use super::{
    complaint::{Complaint, Fault, Meanwhile, Place},
    manifest::{self, Before, Manifest},
};
use crate::state::FirstSeen;

/// A folder of manifests.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    files: BTreeMap<PathBuf, File>,
    /// What kept the newest version of a file, or of an object in it, out.
    unreadable: Vec<Complaint>,
    /// Since when each object is there.
    seen: FirstSeen,
    /// Whether it was read once, so that there are versions before.
    was_read: bool,
}

/// One file of the folder.
#[derive(Debug)]
struct File {
    /// The text last seen, readable or not.
    text: String,
    in_force: Option<Manifest>,
    refused: Vec<Complaint>,
}

impl Folder {
    /// The folder at this path, not read yet.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            files: BTreeMap::new(),
            unreadable: Vec::new(),
            seen: FirstSeen::default(),
            was_read: false,
        }
    }

    /// The folder's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what has changed; [`Self::unreadable`] says what is wrong with it.
    pub(super) fn read(&mut self) {
        self.unreadable.clear();
        match list(&self.path) {
            Ok(paths) if paths.is_empty() => {
                self.refuse(&self.path.clone(), "there is no .yaml file in it", EMPTY);
            }
            Ok(paths) => {
                self.files.retain(|path, _| paths.contains(path));
                for path in paths {
                    self.read_file(&path);
                }
            }
            Err(error) => self.refuse(
                &self.path.clone(),
                &error.to_string(),
                "name a folder that can be read",
            ),
        }
        let refused = self.files.values().flat_map(|file| &file.refused).cloned();
        self.unreadable.extend(refused);
        let warnings = self
            .manifests()
            .flat_map(|manifest| &manifest.warnings)
            .cloned()
            .collect::<Vec<_>>();
        self.unreadable.extend(warnings);
        self.unreadable.extend(self.duplicates());
        self.was_read = true;
    }

    /// Why the newest version of some file or object is not in force, and what else is wrong with files rather than with objects.
    pub(super) fn unreadable(&self) -> &[Complaint] {
        &self.unreadable
    }

    /// What was known before the worker started.
    pub(super) fn recall(&mut self, seen: FirstSeen) {
        self.seen = seen;
    }

    /// Since when each object is there.
    pub(super) fn seen(&self) -> &FirstSeen {
        &self.seen
    }

    /// Gives each object the time since when it is there. Those that are new follow each other by file and line.
    pub(super) fn date(&mut self) {
        let numbers: Vec<_> = self.manifests().map(|it| asked_for(&it.objects)).collect();
        let present = self
            .manifests()
            .zip(&numbers)
            .flat_map(|(manifest, numbers)| {
                let dated = manifest.lines.iter().map(|(object, _)| object);
                dated
                    .filter(|object| !matches!(object.kind, Kind::Secret | Kind::UserSettings))
                    .map(move |object| (object, numbers.get(object).map(String::as_str)))
            });
        let seen = self.seen.renewed(present);
        let files = self.files.values_mut();
        for manifest in files.filter_map(|file| file.in_force.as_mut()) {
            manifest.objects.date(|kind, name| seen.of(kind, name));
        }
        self.seen = seen;
    }

    /// Every object in force; of two with one Kind and name, the one in the first file by name.
    pub(super) fn objects(&self) -> Objects {
        let mut all = Objects {
            numbers_by_age: true,
            ..Objects::default()
        };
        for manifest in self.manifests() {
            all.extend_from(&manifest.objects);
        }
        all
    }

    /// Says where the object of a problem is written; what is missing altogether is missing in the folder.
    pub(super) fn locate(&self, problem: Problem) -> Complaint {
        let written = self.manifests().find_map(|manifest| {
            let (_, lines) = manifest
                .lines
                .iter()
                .find(|(object, _)| *object == problem.object)?;
            Some(Place {
                file: Arc::clone(&manifest.file),
                line: lines.of(&problem.field),
            })
        });
        let is_missing = problem.object.name.is_empty();
        let folder = is_missing.then(|| Place {
            file: Arc::new(self.path.clone()),
            line: 0,
        });
        Complaint::new(written.or(folder), Fault::Object(problem))
    }

    fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.files
            .values()
            .filter_map(|file| file.in_force.as_ref())
    }

    fn read_file(&mut self, path: &Path) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return, // removed since it was listed
            Err(error) => {
                return self.refuse(path, &error.to_string(), "make it a text that can be read");
            }
        };
        let known = self.files.get(path);
        if known.is_some_and(|file| file.text == text) {
            return;
        }
        let before = match known.and_then(|file| file.in_force.as_ref()) {
            Some(version) => Before::Version(version),
            None if self.was_read => Before::Nothing,
            None => Before::Start,
        };
        let read = manifest::read(&Arc::new(path.to_owned()), &text, before);
        let file = File {
            text,
            in_force: read.in_force,
            refused: read.refused,
        };
        self.files.insert(path.to_owned(), file);
    }

    /// Says of a file, or of the folder, that it can't be read.
    fn refuse(&mut self, path: &Path, message: &str, remedy: &str) {
        let is_known = path == self.path || self.files.contains_key(path);
        let meanwhile = match (self.was_read, is_known) {
            (false, _) => None,
            (true, false) => Some(Meanwhile::LeftOut),
            (true, true) => Some(Meanwhile::Previous),
        };
        let complaint = Complaint::file(&Arc::new(path.to_owned()), 0, message, remedy);
        self.unreadable.push(Complaint {
            meanwhile,
            ..complaint
        });
    }

    fn duplicates(&self) -> Vec<Complaint> {
        let mut first: HashMap<&ObjectRef, Place> = HashMap::new();
        let mut found = Vec::new();
        for manifest in self.manifests() {
            for (object, lines) in &manifest.lines {
                let place = Place {
                    file: Arc::clone(&manifest.file),
                    line: lines.of("metadata.name"),
                };
                let Some(other) = first.get(object) else {
                    first.insert(object, place);
                    continue;
                };
                let message = format!(
                    "it is already written in {}:{}",
                    other.file.display(),
                    other.line
                );
                let problem = Problem::error(object.clone(), "metadata.name", Reason::Duplicate);
                let fault = Fault::Object(
                    problem
                        .because(message)
                        .remedy("remove one or give it another name"),
                );
                found.push(Complaint::new(Some(place), fault));
            }
        }
        found
    }
}

/// The numbers that objects ask for, by object.
fn asked_for(objects: &Objects) -> HashMap<ObjectRef, String> {
    let users = objects.users.iter().filter_map(|user| {
        let number = user.spec.extension.clone()?;
        Some((ObjectRef::new(Kind::User, user.name_any()), number))
    });
    let aliases = objects.message_aliases.iter().map(|alias| {
        let object = ObjectRef::new(Kind::MessageAlias, alias.name_any());
        (object, alias.spec.extension.clone())
    });
    users.chain(aliases).collect()
}

const EMPTY: &str = "name a folder with manifests, such as crds/examples/office";

/// The YAML files of a folder, by name. Subfolders and hidden files are no part of it, as with `kubectl apply -f`.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_none_or(|name| name.starts_with('.'));
        let yaml = path
            .extension()
            .and_then(|e| e.to_str())
            .is_some_and(|e| EXTENSIONS.contains(&e));
        if yaml && !hidden && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];
