//! The state folder: what a worker standing alone keeps beside the manifests, which it never changes.
//!
//! `lock` is held while a worker runs; `settings/` has a `UserSettings` for each user who changed something by phone
//! or web; `secrets/` has the Secrets that no manifest gave, readable by the owner only; `first-seen.yaml` since when each
//! object is among the manifests.
mod durable;
mod first_seen;
mod generated;

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crds::{Objects, Secret, UserSettings, secrets::Wanted};
use mailbox::{LockError, SpoolLock};

pub use self::first_seen::FirstSeen;

/// The state folder of one worker, locked.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    _lock: SpoolLock,
    settings: Mutex<BTreeMap<String, UserSettings>>,
}

/// The state folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another worker runs on it.
    #[error("another worker uses the state folder {}; stop it, or give this one its own with --state", .0.display())]
    InUse(PathBuf),
    /// It can't be made, or nothing can be written there.
    #[error("the state folder {} can't be used: {error}; name another with --state, or make this one a folder that may be written", folder.display())]
    Unusable {
        /// Which.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file of it can't be read or written.
    #[error("{}: {error}; let it be read and written, and see that the disk has room", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file of it is not what a worker wrote.
    #[error("{}: {message}; correct it, or remove it and it begins anew", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
}

impl State {
    /// Opens the folder, which is made if need be, and locks it.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        Self::open_within(folder, MOMENT)
    }

    /// The same where a sidecar may have the spool, which is given some time to end what it carries. Blocks meanwhile.
    pub fn open_within(folder: &Path, patience: Duration) -> Result<Self, StateError> {
        for part in [
            folder.to_owned(),
            folder.join(SETTINGS),
            folder.join(SECRETS),
        ] {
            let made = fs::DirBuilder::new()
                .recursive(true)
                .mode(OWNERS_FOLDER)
                .create(&part);
            made.map_err(|error| unusable(folder, error))?;
        }
        let lock = SpoolLock::take(folder, patience).map_err(|error| match error {
            LockError::InUse(folder) => StateError::InUse(folder),
            LockError::Io { error, .. } => unusable(folder, error),
        })?;
        let settings = Mutex::new(read_settings(&folder.join(SETTINGS))?);
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock,
            settings,
        })
    }

    /// The folder itself, in which mailboxes and the spool have folders of their own.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What this user set by phone or web.
    pub fn settings(&self, user: &str) -> Option<UserSettings> {
        self.settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(user)
            .cloned()
    }

    /// What all users set, by user.
    pub fn all_settings(&self) -> BTreeMap<String, UserSettings> {
        self.settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps what this user set: on disk when this returns.
    pub fn put_settings(&self, user: &str, settings: UserSettings) -> Result<(), StateError> {
        let path = self.folder.join(SETTINGS).join(format!("{user}.yaml"));
        let mut all = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        durable::write_yaml(&path, &settings)?;
        all.insert(user.to_owned(), settings);
        Ok(())
    }

    /// Keeps no longer what this user set: it is kept elsewhere.
    pub fn remove_settings(&self, user: &str) -> Result<(), StateError> {
        let path = self.folder.join(SETTINGS).join(format!("{user}.yaml"));
        let mut all = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StateError::Io { path, error })
            }
            Ok(()) | Err(_) => {
                all.remove(user);
                Ok(())
            }
        }
    }

    /// Since when each object is among the manifests. What can't be read is none: no start is worth less than who comes first.
    pub fn first_seen(&self) -> FirstSeen {
        let path = self.folder.join(FIRST_SEEN);
        let read = durable::read_yaml(&path).unwrap_or_else(|error| {
            tracing::warn!(%error, "who has a number that several want is decided anew");
            None
        });
        read.unwrap_or_default()
    }

    /// Keeps since when each object is among the manifests.
    pub fn put_first_seen(&self, seen: &FirstSeen) -> Result<(), StateError> {
        durable::write_yaml(&self.folder.join(FIRST_SEEN), seen)
    }

    /// The Secrets that hold these entries: those generated before, and the rest generated now.
    pub fn secrets(&self, wanted: &[Wanted], objects: &Objects) -> Result<Vec<Secret>, StateError> {
        generated::secrets(&self.folder.join(SECRETS), wanted, objects)
    }
}

/// Its owner only looks into it: there are passwords and recordings in it.
const OWNERS_FOLDER: u32 = 0o700;
const SETTINGS: &str = "settings";
const SECRETS: &str = "secrets";
const FIRST_SEEN: &str = "first-seen.yaml";
/// Long enough for an idle `upload` to notice and give way.
const MOMENT: Duration = Duration::from_millis(300);

fn unusable(folder: &Path, error: io::Error) -> StateError {
    let folder = folder.to_owned();
    // A file that is no folder is said to exist.
    let is_file = matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory
    );
    let error = if is_file {
        io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder")
    } else {
        error
    };
    StateError::Unusable { folder, error }
}

fn read_settings(folder: &Path) -> Result<BTreeMap<String, UserSettings>, StateError> {
    let io = |error| StateError::Io {
        path: folder.to_owned(),
        error,
    };
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .filter(|name| !name.starts_with('.'));
        let yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml");
        if let Some(name) = name.filter(|_| yaml)
            && let Some(settings) = durable::read_yaml(&path)?
        {
            all.insert(name.to_owned(), settings);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
