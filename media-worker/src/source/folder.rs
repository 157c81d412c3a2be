//! A folder of manifests, file by file: each file's newest version that can be read is in force.
use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crds::{ObjectRef, Objects, Problem, problem::Reason};

use super::{
    complaint::{Complaint, Fault, Place},
    manifest::{self, Manifest},
};

/// A folder of manifests.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    files: BTreeMap<PathBuf, File>,
    /// What kept the newest version of a file out.
    unreadable: Vec<Complaint>,
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
        }
    }

    /// The folder's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what has changed. Returns why the newest version of some file is not in force, and what else is wrong
    /// with files rather than with objects.
    pub(super) fn read(&mut self) -> Vec<Complaint> {
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
        self.unreadable.clone()
    }

    /// What the last [`Self::read`] returned.
    pub(super) fn unreadable(&self) -> &[Complaint] {
        &self.unreadable
    }

    /// Every object in force; of two with one Kind and name, the one in the first file by name.
    pub(super) fn objects(&self) -> Objects {
        let mut all = Objects::default();
        for manifest in self.manifests() {
            all.extend_from(&manifest.objects);
        }
        all
    }

    /// Says where the object of a problem is written.
    pub(super) fn locate(&self, problem: Problem) -> Complaint {
        let place = self.manifests().find_map(|manifest| {
            let (_, lines) = manifest
                .lines
                .iter()
                .find(|(object, _)| *object == problem.object)?;
            Some(Place {
                file: Arc::clone(&manifest.file),
                line: lines.of(&problem.field),
            })
        });
        Complaint {
            place,
            fault: Fault::Object(problem),
        }
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
        let previous = known.and_then(|file| file.in_force.clone());
        let (in_force, refused) = match manifest::read(&Arc::new(path.to_owned()), &text) {
            Ok(manifest) => (Some(manifest), Vec::new()),
            Err(refused) => (previous, refused),
        };
        self.files.insert(
            path.to_owned(),
            File {
                text,
                in_force,
                refused,
            },
        );
    }

    fn refuse(&mut self, path: &Path, message: &str, remedy: &str) {
        self.unreadable.push(Complaint::file(
            &Arc::new(path.to_owned()),
            0,
            message,
            remedy,
        ));
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
                found.push(Complaint {
                    place: Some(place),
                    fault,
                });
            }
        }
        found
    }
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
