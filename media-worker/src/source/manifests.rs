//! Manifests in a folder and the state folder: the source of a worker that stands alone.
use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crds::{Directory, Objects, Problem, UserSettings, UserSettingsSpec, secrets};
use tokio::sync::watch;

use super::{
    Complaint, Loaded, Reached, Snapshot, Watching, check, complaint, folder::Folder, overlay,
    unset,
};
use crate::state::{FirstSeen, State, StateError};

/// A folder of manifests and a state folder, compiled on every change.
#[derive(Debug)]
pub struct Manifests {
    given: Mutex<Given>,
    state: State,
    snapshots: watch::Sender<Arc<Snapshot>>,
}

/// What is given, and what came of it.
#[derive(Debug)]
struct Given {
    folder: Folder,
    /// What the state folder has of [`Folder::seen`].
    kept: FirstSeen,
    compiled: Option<Compiled>,
}

/// A directory, with what it was compiled from.
#[derive(Debug)]
struct Compiled {
    objects: Objects,
    directory: Arc<Directory>,
    credentials: Arc<secrets::Credentials>,
    problems: Vec<Problem>,
}

/// The manifests do not allow a start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Some file can't be read, or there is no `PhoneSystem`: exit code 2.
    #[error("{}", complaint::lines(.0))]
    Manifests(Vec<Complaint>),
    /// The state folder can't be written: exit code 1.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Manifests {
    /// Reads the folder, generates the Secrets that are missing into the state folder, and compiles. The state folder is opened only once the
    /// manifests allow a start.
    pub fn open(
        manifests: &Path,
        state: impl FnOnce() -> Result<State, StateError>,
    ) -> Result<Self, OpenError> {
        let mut folder = Folder::new(manifests);
        folder.read();
        if folder.unreadable().iter().any(Complaint::is_error) {
            return Err(OpenError::Manifests(folder.unreadable().to_vec()));
        }
        if folder.objects().phone_systems.is_empty() {
            return Err(OpenError::Manifests(check::judge(&folder)));
        }
        let state = state()?;
        let kept = state.first_seen();
        folder.recall(kept.clone());
        let mut given = Given {
            folder,
            kept,
            compiled: None,
        };
        given.date(&state);
        let snapshot = given.compile(&state)?;
        Ok(Self {
            given: Mutex::new(given),
            state,
            snapshots: watch::Sender::new(Arc::new(snapshot)),
        })
    }

    /// The snapshot now in force, and each next one. Where nothing in force has changed, but only what is wrong, the directory is the same one.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.subscribe()
    }

    /// The state folder.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Reads the folder again and publishes what came of it. What can't be read stays as it was before and is named in the complaints. Blocks for
    /// the disk.
    pub fn reload(&self) -> Result<(), StateError> {
        let mut given = self.given();
        given.folder.read();
        given.date(&self.state);
        self.publish(&mut given)
    }

    /// Changes what this user set by phone or web: on disk when this returns, and in the next snapshot. Of two changes
    /// the last one wins. Blocks for the disk.
    pub fn update_settings(
        &self,
        user: &str,
        change: impl FnOnce(&mut UserSettingsSpec),
    ) -> Result<(), StateError> {
        let mut given = self.given();
        let written = || {
            given
                .folder
                .objects()
                .user_settings
                .iter()
                .find(|s| s.metadata.name.as_deref() == Some(user))
                .map(|found| UserSettings::clone(found))
        };
        let mut settings = self
            .state
            .settings(user)
            .or_else(written)
            .unwrap_or_else(|| unset(user));
        change(&mut settings.spec);
        self.state.put_settings(user, settings)?;
        self.publish(&mut given)
    }

    /// Watches the folder from a thread of its own, until what is returned is dropped.
    pub fn watch(self: &Arc<Self>) -> Result<Watching, notify::Error> {
        let folder = self.given().folder.path().to_owned();
        Watching::start(&folder, Arc::clone(self))
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, given: &mut Given) -> Result<(), StateError> {
        let snapshot = given.compile(&self.state)?;
        self.snapshots.send_replace(Arc::new(snapshot));
        Ok(())
    }
}

impl Given {
    /// Gives each object the time since when it is there, and keeps it over a restart. A change is in force even if that fails.
    fn date(&mut self, state: &State) {
        self.folder.date();
        let seen = self.folder.seen();
        if *seen == self.kept {
            return;
        }
        match state.put_first_seen(seen) {
            Ok(()) => self.kept = seen.clone(),
            Err(error) => {
                tracing::warn!(%error, "who came first is forgotten at a restart");
            }
        }
    }

    fn compile(&mut self, state: &State) -> Result<Snapshot, StateError> {
        let mut objects = self.folder.objects();
        overlay(&mut objects, state.all_settings());
        let unwritten = secrets::unwritten(&objects);
        let missing = secrets::missing(&objects);
        objects.secrets.extend(state.secrets(&missing, &objects)?);
        // The same objects give the same directory: whoever has it then sees that nothing has changed.
        let compiled = match self.compiled.take() {
            Some(compiled) if compiled.objects == objects => compiled,
            Some(_) | None => Compiled::of(objects),
        };
        let problems = unwritten.iter().chain(&compiled.problems);
        let problems = problems.map(|problem| self.folder.locate(problem.clone()));
        let mut complaints = self.folder.unreadable().to_vec();
        complaints.extend(problems);
        let snapshot = Snapshot {
            directory: Arc::clone(&compiled.directory),
            complaints,
            credentials: Arc::clone(&compiled.credentials),
            loaded: Loaded::default(),
            reached: Reached::default(),
        };
        self.compiled = Some(compiled);
        Ok(snapshot)
    }
}

impl Compiled {
    fn of(objects: Objects) -> Self {
        let (directory, problems) = crds::compile(&objects);
        Self {
            directory: Arc::new(directory),
            credentials: Arc::new(secrets::Credentials::of(&objects)),
            objects,
            problems,
        }
    }
}
